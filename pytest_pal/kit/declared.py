"""What a Protocol declares, checked before it is used: a slip there would else pass, or fail every adapter."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

from ..errors import PalError
from ..model.capability import Capability
from ..model.operation import Effect, Idempotency, Operation
from ..model.payload import Payload


def check_declared(capability: Capability) -> None:
    """Raises PalError for the first operation, or list of the observer, that is not declared as it must be."""
    for operation in capability.operations.values():
        for wrong in _of_operation(capability, operation):
            raise PalError(f"{_name(capability.protocol)}.{operation.name}: {wrong}")
    for name in capability.observed:
        if not _gives_rows(get_type_hints(getattr(capability.observe, name)).get("return")):
            raise PalError(
                f"{_name(capability.observe)}.{name}: it returns Sequence[Row], and Row is a subclass of Observed"
            )


def _of_operation(capability: Capability, operation: Operation) -> Iterator[str]:
    for value, known in ((operation.effect, get_args(Effect)), (operation.idempotency, get_args(Idempotency))):
        if value not in known:
            yield f"{value!r} is none of {', '.join(known)}"
    if operation.key and operation.key not in {parameter.name for parameter in operation.parameters}:
        yield f"it has a key, and no argument {operation.key!r}; write `*, {operation.key}: Key`"
    if not _is_payload(get_type_hints(operation.function).get("return")):
        yield "what it returns is no payload; let it be a subclass of Output"
    reads = [name for name, other in capability.operations.items() if other.effect == "read"]
    for name in (name for name in operation.reads if name not in reads):
        yield f"reads={name!r} is no operation that reads; there are {', '.join(reads) or 'none'}"


def _gives_rows(returned: Any) -> bool:
    return get_origin(returned) is not None and any(map(_is_payload, get_args(returned)[:1]))


def _is_payload(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Payload)


def _name(protocol: Any) -> str:
    return f"{protocol.__module__}.{protocol.__qualname__}"
