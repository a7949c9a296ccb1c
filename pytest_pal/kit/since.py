"""Checks that what a contract says about versions holds: nothing is older than 1.0, or newer than the contract."""

from typing import TypeGuard

from pydantic import BaseModel

from ..errors import PalError
from ..model.capability import Capability
from ..model.fields import FIRST, places, since
from ..model.operation import Operation
from ..model.versions import version


def not_since(capability: Capability, came: object) -> str:
    """Why nothing of a contract can have come in with a version, or ''."""
    if _is_version(came) and version(came) <= version(capability.version):
        return ""
    return f"since is {came!r}; name a version from {FIRST!r} to the contract's {capability.version!r}, in quotes"


def _is_version(text: object) -> TypeGuard[str]:
    try:
        return isinstance(text, str) and version(text) >= version(FIRST)
    except ValueError:
        return False


def check_versions(capability: Capability) -> None:
    """Raises PalError where the capability has no version, or a field none that there is."""
    if not _is_version(capability.version):
        raise PalError(f"capability {capability.name}: its version is {capability.version!r}; begin with {FIRST!r}")
    for operation in capability.operations.values():
        for model in (operation.arguments, operation.output):
            for place in (place for found in places(model).values() for place in found):
                _check_field(capability, operation, *place)


def _check_field(capability: Capability, operation: Operation, model: type[BaseModel], name: str) -> None:
    came = since(model, name)
    wrong = not_since(capability, came)
    if model is operation.arguments and came != FIRST:
        wrong = "an argument cannot be younger than its operation; make it a field of a payload"
    elif model.model_fields[name].is_required() and came != FIRST:
        wrong = f"since {came}, so it needs a default for adapters that are pinned to an older version"
    if wrong:
        raise PalError(f"capability {capability.name}, {operation.name}: field {model.__name__}.{name}: {wrong}")
