"""Why a clause matters, how to mend an adapter that fails it, and where the public has seen the mistake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ..compare.strict_yaml import bare, load_yaml
from ..errors import PalError
from ..model.capability import Capability
from ..model.clause import Clause

FILE = "explanations.yaml"
FIELDS = {"why", "mend", "seen"}


@dataclass(frozen=True)
class Explanation:
    """``seen`` are addresses of public reports of the mistake."""

    why: str = ""
    mend: str = ""
    seen: tuple[str, ...] = ()


def explanation(capability: Capability, clause: Clause) -> Explanation:
    """The most special one: by operation, family and check, then by family and check, then by family.

    A capability has its own in ``explanations.yaml`` beside its clauses; those of the families are ours.
    Raises PalError for a file with other members.
    """
    operation, family, check = clause.id.split(".")[1:]
    names = (f"{operation}.{family}.{check}", f"{family}.{check}", family)
    found = [by_name[name] for name in names for by_name in _files(capability.package) if name in by_name]
    return found[0] if found else Explanation()


def _files(package: str) -> Iterable[Mapping[str, Explanation]]:
    return _read(package), _read(f"{__package__}.families")


@cache
def _read(package: str) -> Mapping[str, Explanation]:
    file = resources.files(package) / FILE
    rows = bare(load_yaml(file.read_text("utf-8"))) if file.is_file() else {}
    return {name: _explanation(f"{file}: {name}", row) for name, row in rows.items()}


def _explanation(where: str, row: Any) -> Explanation:
    if not isinstance(row, Mapping) or not set(row) <= FIELDS or not row.get("why") or not row.get("mend"):
        raise PalError(f"{where}: write why and mend, and seen with a list of addresses where there are some")
    return Explanation(row["why"], row["mend"], tuple(row.get("seen", ())))
