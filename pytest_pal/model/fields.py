"""Field classes: how a field of an output compares with the same field of another run or vendor.

A field says its class in its annotation, ``id: Annotated[Key, ID]``; without one it is exact. One that is
younger than its contract says that too: ``region: Annotated[Text, Since("1.1")] = ""``.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from ..canonical import escape


@dataclass(frozen=True)
class FieldClass:
    """``name`` is one of exact, id, time, tolerance, measured, free.

    ``tolerance`` is relative to max(1, |value|); ``trait`` names the trait that replaces it.
    """

    name: str
    tolerance: float = 0.0
    trait: str | None = None


EXACT = FieldClass("exact")
"""Equal, type and value."""
ID = FieldClass("id")
"""A vendor's id: consistent one-to-one renaming."""
TIME = FieldClass("time", tolerance=0.001)
"""An instant, within 1 ms."""
MEASURED = FieldClass("measured")
"""Never a mismatch; invariants and statistics judge it."""
FREE = FieldClass("free")
"""Any value of the field's type."""


def tolerance(relative: float, trait: str | None = None) -> FieldClass:
    """Numbers that may differ by ``relative`` x max(1, |value|), or by what the adapter's trait says."""
    return FieldClass("tolerance", tolerance=relative, trait=trait)


def field_class(model: type[BaseModel], field: str) -> FieldClass:
    """The declared class of one field; `EXACT` where nothing is declared."""
    metadata: list[Any] = model.model_fields[field].metadata
    return next((mark for mark in metadata if isinstance(mark, FieldClass)), EXACT)


@dataclass(frozen=True)
class Since:
    """Marks a field that came in with a later version of its contract.

    It has a default, for adapters that are pinned to an older one: they leave it out. Adapters that are
    pinned to ``version`` or later give it, as a clause of the family shape demands.
    """

    version: str


FIRST = "1.0"
"""The version in which contracts begin."""


def since(model: type[BaseModel], field: str) -> str:
    """The version a field came in with."""
    metadata: list[Any] = model.model_fields[field].metadata
    return next((mark.version for mark in metadata if isinstance(mark, Since)), FIRST)


Place = tuple[type[BaseModel], str]
"""The model that declares a field, and the field's name."""


@cache
def places(model: type[BaseModel]) -> Mapping[str, tuple[Place, ...]]:
    """Every field of a model and of the models inside it, by RFC 6901 pointer; any element or key is ``*``.

    Where a field may hold one of several models, a pointer may be declared by each of them. A model inside
    itself is not followed.
    """
    return {pointer: tuple(declared) for pointer, declared in _places(model, ()).items()}


def _places(model: type[BaseModel], above: tuple[type[BaseModel], ...]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for name, field in model.model_fields.items():
        pointer = f"/{escape(field.alias or name)}"
        found[pointer].append((model, name))
        for inner, star in _inner_models(field.annotation):
            if inner not in (*above, model):
                for rest, declared in _places(inner, (*above, model)).items():
                    found[pointer + star + rest] += declared
    return found


def _inner_models(annotation: Any, star: str = "") -> list[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, star)]
    origin = get_origin(annotation)
    deeper = f"{star}/*" if origin is tuple or origin is Mapping else star
    return [found for inner in get_args(annotation) for found in _inner_models(inner, deeper)]
