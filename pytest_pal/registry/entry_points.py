"""Adapters, harnesses and capabilities that installed distributions offer."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

CAPABILITIES = "pytest_pal.capabilities"
ADAPTERS = "pytest_pal.adapters"
HARNESSES = "pytest_pal.harnesses"
OURS = "pytest-pal"
_PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@dataclass(frozen=True)
class Entry:
    """One entry point; ``distribution`` is the normalised name of who offers it."""

    group: str
    name: str
    value: str
    distribution: str

    def load(self) -> Any:
        """The object. Raises whatever its module raises on import, or AttributeError."""
        return metadata.EntryPoint(self.name, self.value, self.group).load()


def normalised(name: str) -> str:
    """A distribution's name in the one spelling that compares (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def entries(group: str) -> tuple[Entry, ...]:
    """All entries of a group, sorted by name. A clone that is not installed offers what its pyproject says."""
    found = [
        Entry(group, point.name, point.value, normalised(point.dist.name) if point.dist else "")
        for point in metadata.entry_points(group=group)
    ]
    if not any(entry.distribution == OURS for entry in found):
        found += _from_clone(group)
    return tuple(sorted(set(found), key=lambda entry: (entry.name, entry.distribution)))


def _from_clone(group: str) -> list[Entry]:
    if not _PYPROJECT.is_file():
        return []
    table = tomllib.loads(_PYPROJECT.read_text("utf-8"))["project"]["entry-points"].get(group, {})
    return [Entry(group, name, value, OURS) for name, value in table.items()]
