"""Strict JSON, RFC 8259: what other readers take silently is refused, with line and column.

Refused are NaN and infinities, numbers that no double holds, integers of more digits than Python reads, members
that stand twice, more than 500 levels, and what is not UTF-8. A byte order mark is refused too: the RFC forbids
writing one.
"""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from ..canonical import DEEPEST, too_deep
from ..errors import PalError

_TOKEN = re.compile(r'(?P<member>"(?:[^"\\]|\\.)*"(?=\s*:))|"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{}:,"]+', re.DOTALL)


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
    if (deep := too_deep(value)) is not None:
        raise PalError(f"{name}: {deep[:200]}... is nested deeper than {DEEPEST} levels")
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


_HOOKS: dict[str, Any] = {
    "object_pairs_hook": _once,
    "parse_constant": _refused,
    "parse_float": _finite,
    "parse_int": _whole,
}


def _first_fault(text: str) -> str:
    """What is wrong first, and where; the text is JSON but for that."""
    names: list[set[str]] = []
    for found in _TOKEN.finditer(text):
        fault = _fault(found, names)
        if fault:
            return f"{_position(text, found.start())}: {fault}"
    return "it cannot be read"


def _fault(found: re.Match[str], names: list[set[str]]) -> str:
    token = found[0]
    if token in "{[":
        names.append(set())
        return f"more than {DEEPEST} levels" if len(names) > DEEPEST else ""
    if token in "}]":
        names.pop()
    elif found["member"]:
        name = json.loads(token)
        if name in names[-1]:
            return f"the member {token} stands twice in one object"
        names[-1].add(name)
    elif token in ("NaN", "Infinity", "-Infinity"):
        return f"{token} is no JSON; write null, or a text"
    elif token[0] in "-0123456789":
        return _number_fault(token)
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
