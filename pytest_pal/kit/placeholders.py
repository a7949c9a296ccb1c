"""Placeholders: any value as a golden file has it, with ids and times typed and numbered."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ..canonical import escape, wrapped
from ..errors import PalError


class Names:
    """Placeholders by kind and value, numbered by first appearance."""

    def __init__(self) -> None:
        self._given: dict[str, dict[Any, str]] = defaultdict(dict)

    def show(self, kind: str, item: Any) -> Any:
        if kind in ("measured", "free"):
            return f"<{kind}>"
        if kind not in ("id", "time") or item is None:
            return item
        if isinstance(item, list):
            return [self.show(kind, each) for each in item]
        known = self._given[kind]
        return known.setdefault(item, f"<{kind} {len(known) + 1}>")

    def known(self, leaf: Any) -> Any:
        return self._given["id"].get(leaf, leaf) if isinstance(leaf, str) else leaf


def shown(value: Any, classes: Mapping[str, str]) -> Any:
    """Any value that JSON can say as a golden file has it; ``classes`` gives field classes by pointer.

    Instants and UUIDs are placeholders by their type, payloads by their fields. Raises PalError for what
    JSON cannot say.
    """
    names = Names()
    return wrapped(_shown(value, classes, names, ""))


def _shown(value: Any, classes: Mapping[str, str], names: Names, pointer: str) -> Any:
    if hasattr(type(value), "model_fields"):
        value = _payload(value, names)
    kind = classes.get(pointer) or _KINDS.get(type(value))
    if kind is not None:
        return names.show(kind, value if isinstance(value, list) else str(value))
    if isinstance(value, Mapping):
        members = ((_name(key, pointer), item) for key, item in value.items())
        return {name: _shown(item, classes, names, f"{pointer}/{escape(name)}") for name, item in members}
    if isinstance(value, list | tuple):
        return [_shown(item, classes, names, f"{pointer}/*") for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise PalError(f"{pointer or '/'}: a {type(value).__name__} is no JSON; hand in its text, or give it a class")


def _payload(value: Any, names: Names) -> Any:
    """Loaded only where there are payloads: tests without any need not wait for pydantic."""
    from ..compare.normal import mapped

    return mapped(value, names.show)


def _name(key: Any, pointer: str) -> str:
    if not isinstance(key, str):
        raise PalError(f"{pointer or '/'}: the key {key!r} is a {type(key).__name__}; JSON has only text there")
    return key


_KINDS = {datetime: "time", UUID: "id"}


def every_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with each of its leaves changed."""
    if isinstance(value, Mapping):
        return {key: every_leaf(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [every_leaf(item, change) for item in value]
    return change(value)
