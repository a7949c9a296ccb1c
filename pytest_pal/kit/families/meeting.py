"""Which clauses on the wire speak of an adapter: by its reach, and by what it says of an operation."""

from collections.abc import Callable
from typing import Any

from ...faults.catalogue import Fault
from ...model.operation import Operation
from ..contract import Contract

PURE = ("pure",)
LATER = ("pure", "deferred")
"""Operations of which no call is answered by the vendor's reply to it."""
NOT_EACH_TIME = (*LATER, "local")
"""Operations of which not each call makes a request."""


def meeting(
    operation: Operation, *reaches: str, fault: Fault | None = None, but: tuple[str, ...] = PURE
) -> Callable[[Any], str]:
    """Why a clause on the wire says nothing of an adapter, by the adapter's reach and what it says of the operation.

    ``but`` are the claims of ``meets_wire`` under which it says nothing.
    """

    def why_not(target: Any) -> str:
        if target.reach not in reaches:
            return f"its reach is {target.reach}"
        if target.meets_wire(operation.name) in but:
            return f"{operation.name} is {target.meets_wire(operation.name)}"
        vendor = target.harness.vendor
        if fault is not None and vendor is not None and not vendor.plays(fault):
            return f"its vendor has no words for {fault.name}"
        return ""

    return why_not


def answered(contract: Contract, target: Any) -> list[Operation]:
    """The operations each call of which meets the wire."""
    operations = contract.capability.operations.values()
    return [found for found in operations if not meeting(found, "http", but=NOT_EACH_TIME)(target)]


def unanswered(contract: Contract, target: Any) -> str:
    """Why nothing can be said of an adapter by any one of its operations; "" where one is `answered`."""
    if target.reach != "http":
        return f"its reach is {target.reach}"
    return "" if answered(contract, target) else "no operation is answered by a request of its own"
