"""Field classes: how a field of an output compares with the same field of another run or vendor.

A field says its class in its annotation, ``id: Annotated[Key, ID]``; without one it is exact.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel


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
