"""Saboteurs that nobody wrote: every defect, given to every operation where it makes sense."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

from ...kit.contract import Contract
from ...kit.engine import with_engine
from ...kit.harness import Harness
from ...model.operation import Operation
from ..saboteur import RECORDED, Saboteur, renamed
from . import rpc
from .contracts import lenient
from .defect import WIRE, Defect

TABLES = (
    "keys",
    "effects",
    "errors",
    "outputs",
    "engines",
    "life",
    "clients",
    "paged",
    "parts",
    "tokens",
    "rpc",
    "coroutines",
    "contracts",
)


@cache
def defects() -> tuple[Defect, ...]:
    return tuple(defect for table in TABLES for defect in import_module(f".{table}", __name__).DEFECTS)


def find(operation: Operation, name: str) -> Defect:
    """The defect of this name as it concerns an operation."""
    return next(defect for defect in defects() if defect.name == name and defect.applies(operation))


def derived(contract: Contract) -> Iterator[Saboteur]:
    """None for a capability without a mock; what nobody can observe cannot be doubled or lost."""
    if contract.capability.mock is None:
        return
    for defect in defects():
        if defect.on == "rpc" and not rpc.is_installed():
            continue
        for operation in _seats(contract, defect):
            id = defect.clause(contract, operation)
            if id:
                yield _saboteur(contract, operation, defect, id)


def _seats(contract: Contract, defect: Defect) -> list[Operation]:
    """The operations that a defect is given to; of alike ones the first, where that is enough."""
    operations = [found for found in contract.capability.operations.values() if defect.applies(found)]
    if defect.whole:
        return operations[:1]
    if defect.everywhere:
        return operations
    return list({(found.effect, found.idempotency): found for found in reversed(operations)}.values())


def _saboteur(contract: Contract, operation: Operation, defect: Defect, breaks: str) -> Saboteur:
    return Saboteur(
        name=f"{defect.seat(operation)}.{defect.name}",
        wrong=_harness(contract, operation, defect),
        breaks=breaks,
        also=RECORDED,
        reason=defect.what,
        operations=() if defect.whole else (operation.name,),
        contract=lenient(contract, operation) if defect.on == "contract" else None,
        rules=defect.rules and defect.on != "engine",
        derived=True,
    )


def _harness(contract: Contract, operation: Operation, defect: Defect) -> Harness:
    from .classes import wrong_class
    from .twins import as_asked, twin_of

    wrong = wrong_class(contract, operation, defect)
    if defect.on in WIRE:
        return as_asked(renamed(twin_of(contract.capability), wrong), operation, defect)
    return with_engine(Harness(wrong)) if defect.on == "engine" else Harness(wrong)
