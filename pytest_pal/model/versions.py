"""Versions of a contract: their order, and a value as an older version had it.

Versions only add. What changes its meaning gets a new ID, a new name, and the version it came with.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

from ..canonical import escape
from .fields import FIRST, places, since


def version(text: str) -> tuple[int, int]:
    """``"1.10"`` as (1, 10), so that versions sort as numbers. Raises ValueError for other text."""
    found = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is not a version; write it like '1.0'")
    return int(found[1]), int(found[2])


def in_id(came: str) -> str:
    """What the ID of a clause ends with that is made for a later version: nothing for 1.0, ``_1_1`` for 1.1."""
    return "" if came == FIRST else f"_{came.replace('.', '_')}"


def newer_places(model: type[BaseModel], pinned: str) -> frozenset[str]:
    """The pointers of fields that came in after a version, as `places` has them."""
    return frozenset(
        pointer
        for pointer, found in places(model).items()
        if all(version(since(*place)) > version(pinned) for place in found)
    )


def project(value: Any, model: type[BaseModel], pinned: str) -> Any:
    """The JSON of a payload as the version ``pinned`` had it: without the fields that came later.

    ``value`` need not be valid: recorded values may stand where the model has ids and instants.
    """
    return _without(value, newer_places(model, pinned), places(model), "")


def _without(value: Any, newer: Collection[str], known: Collection[str], pointer: str) -> Any:
    if isinstance(value, Mapping):
        named = {key: f"{pointer}/{escape(str(key))}" for key in value}
        where = {key: at if at in known else f"{pointer}/*" for key, at in named.items()}
        return {k: _without(item, newer, known, where[k]) for k, item in value.items() if where[k] not in newer}
    if isinstance(value, list | tuple):
        return [_without(item, newer, known, f"{pointer}/*") for item in value]
    return value
