"""Anything as JSON types: what a sink writes of values and exceptions that are not its own."""

import dataclasses
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from .named import MARK
from .secret_names import is_secret_name

DEEP = "[deeper]"
CUT = "[more]"
CYCLE = "[itself]"
_DEEPEST = 60
_MOST = 20_000
_MOST_BITS = 512
_AS_TEXT = (date, time, Decimal, UUID, PurePath)
_ARRAYS = (list, tuple, deque)
_SETS = (set, frozenset)
_NAMING = ("name", "key", "header")


class Plain:
    """One walk: each text goes through ``text``, each value under a secret name is `MARK`.

    Mappings, dataclasses, models and named tuples become objects (keys as text; of equal keys the later ones end in
    ``#2``, ``#3``), sequences and sets arrays (sets sorted), octets the text they spell, NaN and infinities texts,
    integers over 512 bits a text that says so, everything else its repr. What lies below 60 levels is `DEEP`, what
    comes after 20,000 values is `CUT`, what holds itself is `CYCLE` there.
    """

    def __init__(self, text: Callable[[str], str]) -> None:
        self._text = text
        self._left = _MOST
        self._above: set[int] = set()

    def value(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        try:
            return self._plain(value, depth)
        except Exception:  # noqa: BLE001 - an object of somebody else's may raise anything when it is looked at
            return self._text(f"<{type(value).__name__}: unreadable>")

    def error(self, error: BaseException) -> dict[str, Any]:
        found = self.value(error)
        return found if isinstance(found, dict) else {"class": found}

    def _plain(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(str.__str__(value))
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._text(_spelt(value))
        return self._container(value, depth)

    def _number(self, value: int | float) -> Any:
        if isinstance(value, float):
            number: int | float = float.__float__(value)
            if not math.isfinite(number):
                return repr(number)
        else:
            number = int.__int__(value)
            if number.bit_length() > _MOST_BITS:
                return f"<integer of {number.bit_length()} bits>"
        shown = repr(number)
        return number if self._text(shown) == shown else MARK

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._above:
            return CYCLE
        self._above.add(id(value))
        try:
            return self._read(value, depth)
        finally:
            self._above.discard(id(value))

    def _read(self, value: Any, depth: int) -> Any:
        members = _members(value)
        if members is not None:
            return DEEP if depth >= _DEEPEST else self._object(members, depth + 1)
        if isinstance(value, _ARRAYS):
            return DEEP if depth >= _DEEPEST else self._array(value, depth + 1)
        if isinstance(value, _SETS):
            return DEEP if depth >= _DEEPEST else self._array(sorted(value, key=repr), depth + 1)
        return self._text(str(value) if isinstance(value, _AS_TEXT) else repr(value))

    def _object(self, members: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        named = any(is_secret_name(_name(members.get(key))) for key in _NAMING)
        plain: dict[str, Any] = {}
        for key, value in list(members.items()):
            if self._left <= 0:
                plain[CUT] = CUT
                break
            name = _name(key) if isinstance(key, str | bytes) else repr(key)
            secret = is_secret_name(name) or (named and name == "value")
            plain[_free(self._text(name), plain)] = _hidden(value) if secret else self.value(value, depth)
        return plain

    def _array(self, values: Iterable[Any], depth: int) -> list[Any]:
        items = list(values)
        named = len(items) == 2 and issubclass(type(items[1]), str | bytes) and _is_header(_name(items[0]))
        plain: list[Any] = []
        for place, value in enumerate(items):
            if self._left <= 0:
                plain.append(CUT)
                break
            option = _name(items[place - 1]) if place else ""
            secret = place > 0 and (named or (option.startswith("--") and _is_header(option)))
            plain.append(_hidden(value) if secret else self.value(value, depth))
        return plain


def _members(value: Any) -> Mapping[Any, Any] | None:
    """The members of what has named ones, None for anything else."""
    if isinstance(value, dict):
        return dict(dict.items(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseException):
        return _told(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if hasattr(type(value), "model_fields"):
        return dict(vars(value))
    names = getattr(type(value), "_fields", None) if isinstance(value, tuple) else None
    return dict(zip(names, value, strict=False)) if names else None


def _told(error: BaseException) -> dict[str, Any]:
    cause = error.__cause__
    context = None if error.__suppress_context__ else error.__context__
    told = {
        "text": _text_of(error),
        "args": error.args,
        "attributes": {key: value for key, value in vars(error).items() if not key.startswith("__")},
        "notes": getattr(error, "__notes__", None),
        "errors": list(error.exceptions) if isinstance(error, BaseExceptionGroup) else None,
        "cause": cause,
        "context": context if cause is None else None,
    }
    return {"class": class_name(error)} | {key: value for key, value in told.items() if value}


def class_name(error: BaseException) -> str:
    """As a traceback names it: ``httpx.ReadTimeout``, ``ValueError``."""
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__qualname__}"
    )


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide that there was an error
        return f"<{type(error).__name__}: unreadable>"


def _name(value: Any) -> str:
    """A value as the name it may be; empty for what is no text. By type, since a proxy may raise for its class."""
    kind = type(value)
    return str.__str__(value) if issubclass(kind, str) else _spelt(value) if issubclass(kind, bytes) else ""


def _is_header(name: str) -> bool:
    """Whether the item after this one is a secret: a word of text that happens to end like a name is none."""
    return is_secret_name(name) and not re.search(r"[^\w.%-]", name)


def _spelt(octets: bytes | bytearray | memoryview) -> str:
    return bytes(octets).decode("utf-8", "backslashreplace")


def _hidden(value: Any) -> Any:
    """`MARK`, except for what says only that there is no secret, or that there is one."""
    empty = type(value) in {str, list, dict} and not value
    return value if value is None or value is True or value is False or empty else MARK


def _free(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"
