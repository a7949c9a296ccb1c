"""The waivers of a project: ``[[tool.pytest-pal.waivers]]`` in the pyproject.toml of its root folder."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import PalError
from ..model.capability import faults
from ..model.waiver import Waiver
from .verdict import NEVER_WAIVED

FILE, TABLE = "pyproject.toml", "tool.pytest-pal.waivers"
_HEADER = re.compile(r"\s*\[\[")


@dataclass(frozen=True)
class Entry:
    """A waiver and its place: ``pyproject.toml, lines 12-17``, those of its table."""

    waiver: Waiver
    place: str


def read_waivers(root: Path) -> tuple[Entry, ...]:
    """The waivers in the order in which they are written. Raises PalError for what is not as it must be."""
    try:
        text = (root / FILE).read_text("utf-8")
        rows = _rows(text)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PalError(f"{root / FILE}: {error}") from error
    if not isinstance(rows, list):
        raise PalError(f"{FILE}: {TABLE} is not a list; write each waiver as a table [[{TABLE}]]")
    places = _places(text, len(rows))
    entries = tuple(Entry(_waiver(row, place), place) for row, place in zip(rows, places, strict=True))
    _refuse_twins(entries)
    return entries


def _rows(text: str) -> Any:
    found: Any = tomllib.loads(text)
    for key in TABLE.split("."):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found or []


def _waiver(row: Any, place: str) -> Waiver:
    try:
        found = Waiver.model_validate(row)
    except ValidationError as error:
        needed = "adapter, clause, reason, owner, expires = 2026-12-31 and, if you like, link"
        raise PalError(f"{place}: a waiver in [[{TABLE}]]: {faults(error)}; it has {needed}") from None
    family = found.clause.split(".")[2]
    if family in NEVER_WAIVED:
        raise PalError(f"{place}: {found.clause} cannot be waived: {family} clauses never are; mend {found.adapter}")
    return found


def _refuse_twins(entries: tuple[Entry, ...]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for entry in entries:
        what = entry.waiver.adapter, entry.waiver.clause
        if what in seen:
            raise PalError(f"{entry.place}: {' '.join(what)} is waived already at {seen[what]}; delete one of the two")
        seen[what] = entry.place


def _places(text: str, count: int) -> list[str]:
    """Where each waiver stands: by line numbers, or by number where they are written as one inline array."""
    lines = [f"{line}\n" for line in text.split("\n")]
    starts = [n for n in range(len(lines)) if _HEADER.match(lines[n]) and _opens_waiver(lines, n)]
    if len(starts) != count:
        return [f"{FILE}, entry {n + 1} of {TABLE}" for n in range(count)]
    return [f"{FILE}, lines {start + 1}-{_end(lines, start)}" for start in starts]


def _opens_waiver(lines: list[str], n: int) -> bool:
    return _count(lines[: n + 1]) > _count(lines[:n]) >= 0


def _count(lines: list[str]) -> int:
    """How many waivers stand in these lines; -1 where they end in the middle of a value."""
    try:
        return len(_rows("".join(lines)))
    except tomllib.TOMLDecodeError:
        return -1


def _end(lines: list[str], start: int) -> int:
    """The number of the last line of the table that begins at index ``start``, without what only parts it."""
    later = range(start + 1, len(lines))
    end = next((n for n in later if lines[n].lstrip().startswith("[") and _count(lines[:n]) >= 0), len(lines))
    return end - sum(1 for _ in _blank(lines[start:end]))


def _blank(lines: list[str]) -> Iterator[str]:
    """The lines at the end that are empty or comments: those belong to what follows."""
    for line in reversed(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            return
        yield line
