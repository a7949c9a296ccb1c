"""Idempotency keys: the stored result of an operation, and what a repeat of its key means."""

import copy
from collections.abc import Callable
from typing import Any

from ..canonical import digest
from ..errors import NonRetryableError

Json = dict[str, Any]


def once(keys: Json, operation: str, key: str, payload: Json, effect: Callable[[], Json]) -> Json:
    """The result of ``effect`` for a new key, the stored result for a known one.

    ``keys`` is the part of a vendor's state that remembers; a key's scope is the operation. An effect
    that raises leaves the key free. Raises NonRetryableError(key_conflict) where the key came with
    another payload before.
    """
    slot, print_ = f"{operation}/{key}", digest(payload)
    if slot in keys:
        if keys[slot]["payload"] != print_:
            raise NonRetryableError("key_conflict", f"key {key!r} was used with another payload")
        return copy.deepcopy(keys[slot]["result"])
    result = effect()
    keys[slot] = {"payload": print_, "result": copy.deepcopy(result)}
    return result
