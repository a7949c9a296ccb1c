"""A defect: one way to be wrong, that can be given to an operation of any capability by what it declares."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from ...kit.contract import Contract
from ...model.capability import Capability
from ...model.clause import WHOLE
from ...model.operation import Operation

Body = Callable[[type, Operation], dict[str, Any]]
"""What a wrong class has of its own, given the right class and the operation that goes wrong."""
WIRE = ("twin", "paged", "token", "rpc")
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
    ``adapter.`` before it of the adapter as a whole, or several with `` or `` between, of which the first counts that
    the contract has; where it has none of them, the defect is none.

    ``on`` says what goes wrong: the mock, the mock over an engine that fails, the reference client on the wire, that
    with a vendor that sends pages or gives tokens, one that speaks gRPC, or the contract. Not ``everywhere``: of
    operations of one effect and idempotency the first has it. One that is not ``stateless`` needs a vendor that keeps
    something. Without ``rules`` it takes time with all that is stored. Of reads a ``read_back`` one is given to those
    that show the effect of a write. A ``whole`` one is of the adapter, not of an operation; it is handed the first
    one.
    """

    name: str
    what: str
    breaks: str
    body: Body
    applies: Callable[[Operation], bool] = always
    on: Literal["mock", "engine", "twin", "paged", "token", "rpc", "contract"] = "mock"
    whole: bool = False
    stateless: bool = True
    everywhere: bool = True
    rules: bool = True
    read_back: bool = False

    def clause(self, contract: Contract, operation: Operation) -> str:
        """The ID of the clause that must fail it; "" where there is none."""
        name = contract.capability.name
        if not self._fits(contract, operation):
            return ""
        if self.breaks == REFUSAL:
            return _refusal(contract, operation)
        known = {clause.id for clause in contract.clauses}
        named = (_id(name, operation, breaks) for breaks in self.breaks.split(" or "))
        return next((id for id in named if id in known), "")

    def _fits(self, contract: Contract, operation: Operation) -> bool:
        """Whether it could show: the mock keeps something, shows it, refuses something."""
        shown = {name for found in contract.capability.operations.values() for name in found.reads}
        hidden = self.read_back and operation.effect == "read" and operation.name not in shown
        refuses = bool(_refusal(contract, operation)) or not self.breaks.endswith("refused_is_free")
        return refuses and not hidden and (self.stateless or bool(contract.capability.observed))

    def seat(self, operation: Operation) -> str:
        """What it is named after."""
        return WHOLE if self.whole else operation.name


def mock_of(capability: Capability) -> Any:
    """The mock of a capability that names one."""
    module, _, name = str(capability.mock).partition(":")
    return getattr(import_module(module), name)


def _id(capability: str, operation: Operation, breaks: str) -> str:
    return f"{capability}.{breaks}" if breaks.startswith(f"{WHOLE}.") else f"{capability}.{operation.name}.{breaks}"


def _refusal(contract: Contract, operation: Operation) -> str:
    traits = mock_of(contract.capability).traits
    for each in contract.refusals:
        if each.operation == operation.name and each.applies(traits) and not each.needs:
            return f"{contract.capability.name}.{operation.name}.bad_input.{each.name}"
    return ""
