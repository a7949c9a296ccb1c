"""Reference clients with one method that is wrong for one operation."""

from typing import Any

from ...kit.harness import Harness
from ...kit.twins import harness
from ...kit.twins.client import Client, Twin
from ...kit.twins.harness import twin
from ...model.capability import Capability
from ...model.operation import Operation
from .defect import Defect
from .paged import in_parts
from .rpc import RpcClient, over_rpc
from .tokens import WithTokens, with_tokens


def twin_of(capability: Capability) -> Harness:
    """The harness of the reference client; that of somebody else's capability is made here."""
    ours = (found for found in vars(harness).values() if isinstance(found, Harness))
    for found in ours:
        if found.cls.capability == capability.name:  # type: ignore[attr-defined]
            return found
    return twin(type("DerivedTwin", (Twin,), {"traits": capability.traits()}, of=capability))


def as_asked(harness: Harness, operation: Operation, defect: Defect) -> Harness:
    """The harness with the kind of vendor that a defect needs."""
    if defect.on == "paged":
        return in_parts(harness, operation)
    return {"token": with_tokens, "rpc": over_rpc}.get(defect.on, lambda found: found)(harness)


def wrong_twin(name: str, right: Harness, about: dict[str, Any], operation: Operation, defect: Defect) -> type:
    """The twin's class with a client of its own; ``_class`` has members of the class, or makes them."""
    base = {"token": WithTokens, "rpc": RpcClient}.get(defect.on, Client)
    body = defect.body(base, operation)
    own = body.pop("_class", {})
    own = own(right.cls) if callable(own) else own
    client = type(f"{name}_client", (base,), body)
    found: type = type(name, (right.cls,), {**about, **own}, client=client)
    return found
