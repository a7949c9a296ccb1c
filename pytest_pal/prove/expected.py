"""What saboteurs break besides the clause they were made for: reviewed data, one file per capability.

A pull request that changes a clause shows here what changes in the kill matrix.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from ..canonical import file_text, write_atomically
from ..errors import PalError
from ..kit.contract import Contract
from .saboteur import Saboteur

FOLDER = "expected"
Also = Mapping[str, Sequence[str]]
"""The IDs by the name of the saboteur; one that breaks nothing besides has an empty list."""


def file_of(contract: Contract) -> Path:
    """The file of a capability: in this room for ours, beside ``saboteurs`` for somebody else's."""
    package = contract.capability.package
    if package.startswith("pytest_pal.contracts."):
        return Path(str(resources.files(__package__))) / FOLDER / f"{contract.capability.name}.json"
    return Path(str(resources.files(package))) / "saboteurs.json"


def read(contract: Contract) -> Also:
    """Empty where there is no file. Raises PalError for one that is not as `write` makes it."""
    file = file_of(contract)
    if not file.is_file():
        return {}
    try:
        found: Also = json.loads(file.read_text("utf-8"))
        if file_text(found) != file.read_text("utf-8"):
            raise ValueError("it is not as it was written")
    except ValueError as error:
        raise PalError(f"{file}: {error}; type: pal prove --write -C {contract.capability.name}") from error
    return found


def write(contract: Contract, also: Also) -> None:
    """Keeps these rows, sorted, and no others."""
    file = file_of(contract)
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, file_text({name: sorted(ids) for name, ids in also.items()}))


def filled(saboteurs: Iterable[Saboteur], also: Also) -> tuple[Saboteur, ...]:
    """The saboteurs with what is recorded of them; a new one has nothing yet."""
    return tuple(_filled(each, also) if each.also is None else each for each in saboteurs)


def _filled(saboteur: Saboteur, also: Also) -> Saboteur:
    known = also.get(saboteur.name)
    return replace(saboteur, also=None if known is None else tuple(known), recorded=True)


def orphans(contract: Contract, saboteurs: Iterable[Saboteur]) -> list[str]:
    """Names that stand in the data and that no saboteur has which says that it is recorded."""
    return sorted(read(contract).keys() - {each.name for each in saboteurs if each.recorded})
