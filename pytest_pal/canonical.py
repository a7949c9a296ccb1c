"""One spelling per value: bytes for files that people review, digests that other languages recompute."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import PalError

DEEPEST = 500
PREFIX = "pal:"


def file_text(value: Any) -> str:
    """JSON for a file: keys by code point, two-space indent, ASCII, LF, one trailing newline, no NaN.

    Raises ValueError for NaN and infinities, TypeError for what JSON cannot say.
    """
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def digest(value: Any) -> str:
    """``sha256:<hex>`` of the RFC 8785 form of `wrapped`; values are never held equal by it.

    Raises PalError for more than 500 levels, with a pointer.
    """
    import rfc8785

    return "sha256:" + hashlib.sha256(rfc8785.dumps(wrapped(value))).hexdigest()


def wrapped(value: Any) -> Any:
    """The value with everything outside the domain of RFC 8785 as a typed text, one-to-one.

    An integer from 2**53 in magnitude is ``pal:int:9007199254740993``; floats are ``pal:float:nan``,
    ``pal:float:inf``, ``pal:float:-inf`` and ``pal:float:-0.0``; a text that begins with ``pal:`` is
    ``pal:str:`` and itself. Raises PalError for more than 500 levels, with a pointer.
    """
    return _wrapped(value, value, 0)


def _wrapped(value: Any, whole: Any, depth: int) -> Any:
    if depth == DEEPEST and isinstance(value, list | tuple | Mapping):
        raise PalError(f"{str(too_deep(whole))[:200]}... is nested deeper than {DEEPEST} levels")
    # Loops, since a comprehension would take a second frame for each level.
    if isinstance(value, Mapping):
        members = {}
        for key, item in value.items():
            members[key] = _wrapped(item, whole, depth + 1)
        return members
    if isinstance(value, list | tuple):
        items = []
        for item in value:
            items.append(_wrapped(item, whole, depth + 1))
        return items
    return _wrapped_leaf(value)


def _wrapped_leaf(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return f"{PREFIX}str:{leaf}" if leaf.startswith(PREFIX) else leaf
    if isinstance(leaf, int) and abs(leaf) >= 2**53:
        return f"{PREFIX}int:{_digits(leaf)}"
    if isinstance(leaf, float) and (not math.isfinite(leaf) or (leaf == 0 and math.copysign(1, leaf) < 0)):
        return f"{PREFIX}float:{leaf}"
    return leaf


def _digits(whole: int) -> str:
    """In decimal; in hexadecimal where Python does not write so many digits."""
    try:
        return str(whole)
    except ValueError:
        return hex(whole)


def too_deep(value: Any) -> str | None:
    """The RFC 6901 pointer of something more than 500 levels down, or None."""
    level: list[tuple[Any, Any]] = [(value, None)]
    for _ in range(DEEPEST):
        level = [(item, (path, key)) for inner, path in level for key, item in _members(inner)]
        if not level:
            return None
    return next((_pointer(path) for inner, path in level if isinstance(inner, Mapping | list | tuple)), None)


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


def escape(token: str) -> str:
    """One reference token of an RFC 6901 pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def _pointer(path: Any) -> str:
    tokens = []
    while path is not None:
        path, token = path
        tokens.append(escape(str(token)))
    return "".join(f"/{token}" for token in reversed(tokens))


def write_atomically(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace ``path`` so that a reader sees the old text or the new one, never a part.

    ``durable`` also waits until the bytes are on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
