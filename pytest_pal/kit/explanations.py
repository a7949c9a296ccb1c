"""Why a clause matters, how to mend an adapter that fails it, and where the public has seen the mistake."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ..compare.strict_yaml import bare, load_yaml
from ..errors import PalError

FILE = "explanations.yaml"
FAMILIES = f"{__package__}.families"
_FIELDS = {"why", "mend", "seen"}


@dataclass(frozen=True)
class Explanation:
    """``seen`` are addresses of public reports of the mistake."""

    why: str = ""
    mend: str = ""
    seen: tuple[str, ...] = ()


def explanation(id: str, package: str = FAMILIES) -> Explanation:
    """The most special one: by operation, family and check, then by family and check, then by family.

    ``id`` is a clause's, or family.check alone. A capability has its own in ``explanations.yaml`` beside its
    clauses, in ``package``; those of the families are ours. Raises PalError for a file that says something else.
    """
    files = (_read(package), _read(FAMILIES))
    found = [by_name[name] for name in _names(id) for by_name in files if name in by_name]
    return found[0] if found else Explanation()


def is_special(id: str, package: str) -> bool:
    """Whether the capability's own file speaks of the clause, and not that of the families alone."""
    return any(name in _read(package) for name in _names(id))


def named_in(package: str) -> frozenset[str]:
    """The names that a package's file explains."""
    return frozenset(_read(package))


def _names(id: str) -> list[str]:
    parts = id.split(".")[-3:]
    return [".".join(parts[start:]) for start in range(len(parts) - 1)] + [parts[-2]]


@cache
def _read(package: str) -> Mapping[str, Explanation]:
    file = resources.files(package) / FILE
    if not file.is_file():
        return {}
    try:
        rows = bare(load_yaml(file.read_text("utf-8")))
    except PalError as error:
        raise PalError(f"{file}: {error}") from error
    if not isinstance(rows, Mapping):
        raise PalError(f"{file}: must map operation.family.check, family.check or family to why, mend and seen")
    return {name: _explanation(f"{file}: {name}", row) for name, row in rows.items()}


def _explanation(where: str, row: Any) -> Explanation:
    if not isinstance(row, Mapping) or not set(row) <= _FIELDS:
        raise PalError(f"{where}: write why, mend and, where there are some, seen with a list of addresses")
    why, mend, seen = row.get("why"), row.get("mend"), row.get("seen", [])
    if not all(isinstance(text, str) and text.strip() for text in (why, mend)):
        raise PalError(f"{where}: why and mend are texts, and both are needed")
    if not isinstance(seen, list) or not all(str(address).startswith("https://") for address in seen):
        raise PalError(f"{where}: seen is a list of addresses that begin with https://")
    return Explanation(str(why), str(mend), tuple(seen))
