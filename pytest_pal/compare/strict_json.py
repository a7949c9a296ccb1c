"""Strict JSON, RFC 8259: what other readers take silently is refused, with line and column.

Refused are NaN and infinities, numbers that no double holds, integers of more digits than Python reads, members
that stand twice, more than 500 levels, and what is not UTF-8. A byte order mark is refused too: the RFC forbids
writing one.
"""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from ..canonical import DEEPEST, escape, too_deep
from ..errors import PalError

_TOKEN = re.compile(r'(?P<member>"(?:[^"\\]|\\.)*"(?=\s*:))|"(?:[^"\\]|\\.)*"|[\[\]{},]|[^\s\[\]{}:,"]+', re.DOTALL)


def read_json(path: Path) -> Any:
    """The value that a file holds. Raises PalError, with file, line and column."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PalError(f"{path}: {error.strerror or error}") from error
    return parse_json(data, str(path))


def parse_json(data: bytes, name: str = "JSON") -> Any:
    """The value of a text in UTF-8; ``name`` is what errors call it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PalError(f"{name}: byte {error.start} is not UTF-8; JSON is written in UTF-8") from error
    if text.startswith("\ufeff"):
        raise PalError(f"{name}: begins with a byte order mark; take it away")
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise PalError(f"{name}: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (_Refused, RecursionError):
        raise PalError(f"{name}: {_first_fault(text)}") from None
    if too_deep(value) is not None:
        raise PalError(f"{name}: {_first_fault(text)}")
    return value


class _Refused(Exception):
    """Something that JSON does not have; `_first_fault` finds where it stands."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused
    return found


def _refused(text: str) -> NoReturn:
    raise _Refused


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Refused
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _Refused from None


class _Level:
    """An object or array that the scan is inside of: the names that stood in it, and where it is now."""

    def __init__(self, opening: str) -> None:
        self.names: set[str] | None = set() if opening == "{" else None
        self.at = "" if opening == "{" else "0"


def _first_fault(text: str) -> str:
    """What is wrong first, and where; the text is JSON but for that."""
    levels: list[_Level] = []
    for found in _TOKEN.finditer(text):
        fault = _fault(found, levels)
        if fault:
            pointer = "".join(f"/{escape(level.at)}" for level in levels)
            return f"{_position(text, found.start())}{_shortened(pointer)}: {fault}"
    return "it cannot be read"


def _shortened(pointer: str) -> str:
    return f" ({pointer if len(pointer) <= 60 else pointer[:60] + '...'})" if pointer else ""


def _fault(found: re.Match[str], levels: list[_Level]) -> str:
    token = found[0]
    if token in "{[":
        if len(levels) == DEEPEST:
            return f"more than {DEEPEST} levels"
        levels.append(_Level(token))
    elif token in "}]":
        levels.pop()
    elif token == ",":
        levels[-1].at = levels[-1].at if levels[-1].names is not None else str(int(levels[-1].at) + 1)
    elif found["member"]:
        return _member_fault(token, levels[-1])
    elif token in ("NaN", "Infinity", "-Infinity"):
        return f"{token} is no JSON; write null, or a text"
    elif token[0] in "-0123456789":
        return _number_fault(token)
    return ""


def _member_fault(token: str, level: _Level) -> str:
    level.at = json.loads(token)
    assert level.names is not None
    if level.at in level.names:
        return f"the member {token} stands twice in one object"
    level.names.add(level.at)
    return ""


def _number_fault(token: str) -> str:
    try:
        _finite(token) if {".", "e", "E"} & set(token) else _whole(token)
    except _Refused:
        return f"the number {token[:20]}{'...' if len(token) > 20 else ''} is too large; write it as a text"
    return ""


def _position(text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    return f"line {line}, column {index - text.rfind(chr(10), 0, index)}"
