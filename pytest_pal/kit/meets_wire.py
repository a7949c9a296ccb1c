"""What an adapter says of how its operations meet the wire, checked when it is found. CONTRACTS, section 5."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from ..model.capability import Capability
from .plan import Problem

CLAIMS = ("wire", "local", "deferred", "pure")


def meeting_wire(cls: Any, capability: Capability) -> Iterator[Problem]:
    """What is wrong with the class attribute ``meets_wire``."""
    claims = getattr(cls, "meets_wire", {})
    if not isinstance(claims, Mapping):
        yield _problem(cls, f"must map operations to one of {', '.join(CLAIMS)}")
        return
    for name, claim in claims.items():
        each = list(claim.values()) if isinstance(claim, Mapping) else [claim]
        if name not in capability.operations:
            yield _problem(cls, f"has no operation {name!r}; there are {', '.join(capability.operations)}")
        elif not each or any(word not in CLAIMS for word in each):
            yield _problem(cls, f"says {claim!r} of {name}; say one of {', '.join(CLAIMS)}")
        elif "deferred" in each and not _may_be_deferred(cls, capability, name):
            yield _problem(cls, f"says deferred of {name}, whose caller must know what came of it")


def _may_be_deferred(cls: Any, capability: Capability, name: str) -> bool:
    """A repeat with another payload is found out by the vendor only, so no caller may be told at once."""
    operation = capability.operation(name)
    if operation.conflict_trait is None:
        return operation.deferrable
    with suppress(ValidationError):  # wrong traits are a problem of their own
        traits = capability.traits.of(getattr(cls, "traits", None))
        return operation.deferrable and getattr(traits, operation.conflict_trait) != "detect"
    return False


def _problem(cls: Any, text: str) -> Problem:
    return Problem("meets_wire", f"{cls.__name__}.meets_wire {text}")
