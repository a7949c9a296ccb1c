"""The part of outputs that must be equal, in a form in which it can be compared."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from ..model.fields import FieldClass, field_class, places
from ..model.payload import Payload

NEVER_EQUAL = frozenset({"measured", "free"})


LEFT_OUT = object()
"""What `mapped` is given for a field that is not to be shown."""


def comparable(output: Payload, *, drop: frozenset[str] = NEVER_EQUAL, ids: Mapping[Any, str] | None = None) -> Any:
    """The output as JSON, without fields of the classes in ``drop``; ``ids`` renames fields of class id."""
    names = ids or {}

    def show(kind: str, item: Any) -> Any:
        if kind in drop:
            return LEFT_OUT
        return names.get(item, item) if kind == "id" else item

    return mapped(output, show)


def mapped(output: Payload, show: Callable[[str, Any], Any]) -> dict[str, Any]:
    """A payload as JSON, each of its fields as ``show(name of its field class, its JSON)`` has it.

    ``extensions`` are left out: they never mismatch.
    """
    return _members(output, output.plain(), show)


def ids_in(output: Payload) -> list[Any]:
    """The values of all fields of class id, in the order in which they stand."""
    found: list[Any] = []
    for model, name, value in _fields(output):
        if field_class(model, name).name == "id" and value is not None:
            found.append(value)
    return found


def renaming(outputs: list[Payload]) -> dict[Any, str]:
    """A consistent one-to-one renaming of the ids of a trace: the n-th new id becomes ``id:n``."""
    names: dict[Any, str] = {}
    for output in outputs:
        for value in ids_in(output):
            names.setdefault(value, f"id:{len(names) + 1}")
    return names


def tolerances(model: type[BaseModel], traits: Any) -> Callable[[str], float]:
    """How far the number at an RFC 6901 pointer into such an output may be off, by its field class."""
    classes = _classes(model)

    def of(pointer: str) -> float:
        found = classes.get(re.sub(r"/\d+(?=/|$)", "/*", pointer))
        if found is None:
            return 0.0
        return float(getattr(traits, found.trait)) if found.trait else found.tolerance

    return of


@cache
def _classes(model: type[BaseModel]) -> dict[str, FieldClass]:
    return {pointer: field_class(*found[-1]) for pointer, found in places(model).items()}


def _fields(value: Any) -> list[tuple[type[BaseModel], str, Any]]:
    if isinstance(value, tuple):
        return [found for item in value for found in _fields(item)]
    if not isinstance(value, BaseModel):
        return []
    found: list[tuple[type[BaseModel], str, Any]] = []
    for name in type(value).model_fields:
        item = getattr(value, name)
        found += [(type(value), name, item), *_fields(item)]
    return found


def _members(value: BaseModel, plain: dict[str, Any], show: Callable[[str, Any], Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, field in type(value).model_fields.items():
        if name == "extensions":
            continue
        wire = field.alias or name
        item = show(field_class(type(value), name).name, _inside(getattr(value, name), plain[wire], show))
        if item is not LEFT_OUT:
            shown[wire] = item
    return shown


def _inside(value: Any, plain: Any, show: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, tuple):
        return [_inside(item, plain[index], show) for index, item in enumerate(value)]
    return _members(value, plain, show) if isinstance(value, BaseModel) else plain
