"""A capability: its Protocol, its operations, and the check that every call passes first."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from ..canonical import escape
from ..errors import NonRetryableError, PalError
from .operation import Operation, declared_operations
from .payload import Output, Traits

SHOWN_FAULTS = 5


@dataclass(frozen=True)
class Capability:
    """One interface that vendors are swappable behind.

    ``package`` is the folder's dotted name: its modules ``samples`` and ``clauses`` and its file
    ``scenarios.yaml`` are read by the kit only. ``mock`` is ``module:Class``, ``golden`` is
    ``package/folder`` of the mock's recorded traces, one file per scenario. ``observe`` is the
    Protocol of the second pair of eyes: one method per list of what the vendor keeps.
    """

    name: str
    version: str
    package: str
    protocol: type
    traits: type[Traits] = Traits
    observe: type | None = None
    mock: str | None = None
    golden: str | None = None

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        return declared_operations(self.protocol)

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The names of the lists that an observer gives, in the order in which they are written."""
        public = vars(self.observe) if self.observe else {}
        return tuple(name for name, member in public.items() if not name.startswith("_") and callable(member))

    def operation(self, name: str) -> Operation:
        """Raises PalError for a name that the contract does not have."""
        if name not in self.operations:
            raise PalError(f"{self.name} has no operation {name!r}; it has {', '.join(self.operations)}")
        return self.operations[name]

    def check(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        """The arguments, validated and frozen, by name.

        Raises NonRetryableError(invalid) for what the contract does not allow, with the JSON pointer
        of each fault.
        """
        model = self.operation(operation).arguments
        try:
            checked = model.model_validate(arguments)
        except ValidationError as error:
            raise NonRetryableError("invalid", f"{operation}: {faults(error)}") from None
        return {name: getattr(checked, name) for name in model.model_fields}

    def accept(self, operation: str, returned: Any) -> Output:
        """What an adapter returned, as the declared output. Raises pydantic's ValidationError."""
        return self.operation(operation).output.model_validate(returned)


def faults(error: ValidationError) -> str:
    """A validation error as ``pointer: what is wrong``, without the values (they may be secret); at most five."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"{''.join('/' + escape(str(part)) for part in fault['loc']) or '/'}: {fault['msg']}"
        for fault in found[:SHOWN_FAULTS]
    ]
    return "; ".join([*told, *([f"and {len(found) - SHOWN_FAULTS} more"] if len(found) > SHOWN_FAULTS else [])])
