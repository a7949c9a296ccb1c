"""Wrong contracts: a check that lets through what it must refuse, which no adapter can show."""

from dataclasses import dataclass, replace
from typing import Any

from ...errors import NonRetryableError
from ...kit.contract import Contract
from ...model.capability import Capability
from ...model.operation import Operation
from .defect import Defect


@dataclass(frozen=True)
class Lenient(Capability):
    """Gives the arguments of one operation as they came where they are wrong."""

    lenient: str = ""

    def check(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        try:
            return super().check(operation, **arguments)
        except NonRetryableError:
            if operation != self.lenient:
                raise
            return arguments


def lenient(contract: Contract, operation: Operation) -> Contract:
    """The contract whose check refuses nothing of this operation."""
    right = contract.capability
    own = {name: getattr(right, name) for name in Capability.__dataclass_fields__}
    return replace(contract, capability=Lenient(**own, lenient=operation.name))


DEFECTS = (
    Defect(
        "check_refuses_nothing",
        "the contract's check lets everything through",
        "bad_input.check",
        lambda base, operation: {},
        on="contract",
    ),
)
