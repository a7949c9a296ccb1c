"""A defect: one way to be wrong, that can be given to an operation of any capability by what it declares."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ...kit.contract import Contract
from ...model.clause import WHOLE
from ...model.operation import Operation

Body = Callable[[type, Operation], dict[str, Any]]
"""What a wrong class has of its own, given the right class and the operation that goes wrong."""
WIRE = ("twin", "paged")
REFUSAL = "the first refusal"
"""For ``breaks``: the clause of the first thing that the operation must refuse."""


def always(operation: Operation) -> bool:
    return True


def writes(operation: Operation) -> bool:
    return operation.effect == "write"


def reads(operation: Operation) -> bool:
    return operation.effect == "read"


def keyed(operation: Operation) -> bool:
    return operation.idempotency == "key"


def natural(operation: Operation) -> bool:
    return operation.idempotency == "natural"


@dataclass(frozen=True)
class Defect:
    """``what`` is wrong, as the reason of what it breaks. ``breaks`` is family.check of the operation, or with
    ``adapter.`` before it of the adapter as a whole; where the contract has no such clause, the defect is none.

    ``on`` says what goes wrong: the mock, the mock over an engine that fails, the reference client on the wire, that
    with a vendor that sends pages, or the contract. Not ``everywhere``: of operations of one effect and idempotency
    the first has it. One that is not ``stateless`` needs a vendor that keeps something. Without ``rules`` it takes time
    with all that is stored. A ``whole`` one is of the
    adapter, not of an operation; it is handed the first one.
    """

    name: str
    what: str
    breaks: str
    body: Body
    applies: Callable[[Operation], bool] = always
    on: Literal["mock", "engine", "twin", "paged", "contract"] = "mock"
    whole: bool = False
    stateless: bool = True
    everywhere: bool = True
    rules: bool = True

    def clause(self, contract: Contract, operation: Operation) -> str:
        """The ID of the clause that must fail it."""
        name = contract.capability.name
        if self.breaks == REFUSAL:
            return _refusal(contract, operation)
        whole = self.breaks.startswith(f"{WHOLE}.")
        return f"{name}.{self.breaks}" if whole else f"{name}.{operation.name}.{self.breaks}"

    def seat(self, operation: Operation) -> str:
        """What it is named after."""
        return WHOLE if self.whole else operation.name


def _refusal(contract: Contract, operation: Operation) -> str:
    for each in contract.refusals:
        if each.operation == operation.name and each.applies(contract.capability.traits()):
            return f"{contract.capability.name}.{operation.name}.bad_input.{each.name}"
    return ""
