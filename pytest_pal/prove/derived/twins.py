"""Reference clients with one method that is wrong for one operation."""

from typing import Any

from ...kit.harness import Harness
from ...kit.twins import harness
from ...kit.twins.client import Client, Twin
from ...kit.twins.harness import twin
from ...model.capability import Capability
from ...model.operation import Operation
from .defect import Defect


def twin_of(capability: Capability) -> Harness:
    """The harness of the reference client; that of somebody else's capability is made here."""
    ours = (found for found in vars(harness).values() if isinstance(found, Harness))
    for found in ours:
        if found.cls.capability == capability.name:  # type: ignore[attr-defined]
            return found
    return twin(type("DerivedTwin", (Twin,), {"traits": capability.traits()}, of=capability))


def wrong_twin(name: str, right: Harness, about: dict[str, Any], operation: Operation, defect: Defect) -> type:
    """The twin's class with a client of its own; ``_class`` has members of the class, or makes them."""
    from .tokens import WithTokens

    base = WithTokens if defect.on == "token" else Client
    body = defect.body(base, operation)
    own = body.pop("_class", {})
    own = own(right.cls) if callable(own) else own
    client = type(f"{name}_client", (base,), body)
    found: type = type(name, (right.cls,), {**about, **own}, client=client)
    return found
