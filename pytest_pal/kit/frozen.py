"""The clause IDs that a contract has had: a committed list beside it, from which none may leave."""

from importlib import resources
from pathlib import Path

from ..canonical import write_atomically
from .contract import Contract

FILE = "ids.txt"


def file_of(contract: Contract) -> Path:
    """The list of a contract, whether there is one or not."""
    return Path(str(resources.files(contract.capability.package))).resolve() / FILE


def ids_of(contract: Contract) -> list[str]:
    return sorted(clause.id for clause in contract.clauses)


def gone(contract: Contract) -> list[str]:
    """IDs that stand in the list and that no clause has any more."""
    return sorted(_listed(contract) - set(ids_of(contract)))


def missing(contract: Contract) -> list[str]:
    """IDs of clauses that the list does not have yet."""
    return sorted(set(ids_of(contract)) - _listed(contract))


def write(contract: Contract) -> None:
    """Adds what is missing; what is gone stays, so that it goes on being missed."""
    ids = sorted({*ids_of(contract), *_listed(contract)})
    write_atomically(file_of(contract), "".join(f"{id}\n" for id in ids))


def _listed(contract: Contract) -> set[str]:
    file = file_of(contract)
    return set(file.read_text("utf-8").split()) if file.is_file() else set()
