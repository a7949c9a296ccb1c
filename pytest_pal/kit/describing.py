"""A contract as plain data: what it asks, with the version in which each part came in."""

from collections.abc import Iterator
from typing import Any

from ..errors import PalError
from ..model.fields import FieldClass, field_class, places, since
from ..model.operation import Operation
from ..model.versions import version
from .contract import Contract


def described(contract: Contract) -> dict[str, Any]:
    """The whole contract as JSON."""
    capability = contract.capability
    return {
        "capability": capability.name,
        "version": capability.version,
        "protocol": capability.protocol.__name__,
        "versions": list(contract.versions),
        "operations": [_operation(contract, found) for found in capability.operations.values()],
        "fields": list(_fields(contract)),
        "scenarios": [{"name": s.name, "title": s.title, "since": s.since} for s in contract.scenarios],
        "clauses": [
            {"id": c.id, "level": str(c.level), "since": c.since, "sentence": c.sentence} for c in contract.clauses
        ],
    }


def added(contract: Contract, old: str, new: str) -> dict[str, Any]:
    """What came in after ``old`` and up to ``new``, as JSON. Raises PalError for versions that it does not have."""
    for asked in (old, new):
        if asked not in contract.versions:
            known = ", ".join(contract.versions)
            raise PalError(f"{contract.capability.name} has no version {asked!r}; it has {known}")
    if version(old) > version(new):
        name = contract.capability.name
        raise PalError(f"{old} is newer than {new}; name the older one first: pal contract diff {name} {new} {old}")
    whole = described(contract)
    parts = {
        part: [row for row in whole[part] if version(old) < version(row["since"]) <= version(new)]
        for part in ("fields", "scenarios", "clauses")
    }
    return {"capability": whole["capability"], "from": old, "to": new, **parts}


def _operation(contract: Contract, operation: Operation) -> dict[str, Any]:
    return {
        "name": operation.name,
        "arguments": [parameter.name for parameter in operation.parameters],
        "returns": operation.output.__name__,
        "effect": operation.effect,
        "idempotency": operation.idempotency,
        "key": operation.key,
        "deadline_s": operation.deadline_s,
        "optional": operation.optional,
        "optional_parts": [part.name for part in contract.parts.values() if part.operation == operation.name],
    }


def _fields(contract: Contract) -> Iterator[dict[str, Any]]:
    """Every field by operation and RFC 6901 pointer, into the arguments or the output; outputs have classes."""
    for operation in contract.capability.operations.values():
        for pointer, found in places(operation.arguments).items():
            yield {"operation": operation.name, "in": "arguments", "pointer": pointer, "since": since(*found[0])}
        for pointer, found in places(operation.output).items():
            row = {"operation": operation.name, "in": "output", "pointer": pointer, "since": since(*found[0])}
            yield {**row, "class": class_text(field_class(*found[0]))}


def class_text(found: FieldClass) -> str:
    """``exact``, ``tolerance(0.01)``, or ``tolerance(traits.recall)`` where a trait says how far."""
    if found.name != "tolerance":
        return found.name
    return f"tolerance({f'traits.{found.trait}' if found.trait else f'{found.tolerance:g}'})"
