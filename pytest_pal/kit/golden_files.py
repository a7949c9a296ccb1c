"""Golden files: where they stand, how one is held against what was seen, and how it is written."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..canonical import file_text, write_atomically
from ..compare.diff import diff
from ..compare.strict_json import read_json
from ..compare.walk import Mismatch
from ..errors import PalError
from ..model.clause import ClauseFailed
from ..model.differences import MISSING, Difference

SHOWN_CHANGES, LONGEST_NAME = 12, 80


@dataclass(frozen=True)
class Recording:
    """What a golden file is to hold, as JSON; ``accept`` is the command that writes it."""

    path: Path
    value: Any
    accept: str


class GoldenDiffers(ClauseFailed):
    """A golden file is missing, or holds something else than what was seen."""

    def __init__(self, recording: Recording, mismatches: Iterable[Mismatch]) -> None:
        self.recording = recording
        self.missing = not recording.path.exists()
        what = "there is no golden file" if self.missing else "what was seen is not what the golden file says"
        super().__init__(f"{what}: {recording.path}\naccept it: {recording.accept}", differences_of(mismatches))

    def may_be_accepted(self, mode: str, root: Path) -> bool:
        """Whether a run in this mode takes what was seen for the golden from now on; only below ``root``."""
        wanted = mode == "update" or (mode == "new" and self.missing)
        return wanted and root.resolve() in self.recording.path.resolve().parents


def hold(recording: Recording) -> None:
    """Raises `GoldenDiffers` where the file is missing or differs, PalError where it cannot be read."""
    if not recording.path.exists():
        raise GoldenDiffers(recording, ())
    found = diff(read_json(recording.path), recording.value).mismatches
    if found:
        raise GoldenDiffers(recording, found)


def differences_of(mismatches: Iterable[Mismatch]) -> Iterator[Difference]:
    """Mismatches as a clause tells them."""
    for found in mismatches:
        expected = MISSING if found.kind == "added" else found.reference
        yield Difference(found.path, expected, MISSING if found.kind == "removed" else found.candidate)


def write(path: Path, value: Any) -> list[str]:
    """Writes a golden file, and tells what changed, field by field."""
    lines = _changes(path, value)
    write_atomically(path, file_text(value))
    return lines


def _changes(path: Path, value: Any) -> list[str]:
    if not path.exists():
        return [f"{path}: new"]
    try:
        found = diff(read_json(path), value).mismatches
    except PalError as error:
        return [f"{path}: written anew, since it could not be read ({error})"]
    told = [f"  {each.path} {each.kind}: {_short(each.reference)} -> {_short(each.candidate)}" for each in found]
    more = [f"  and {len(found) - SHOWN_CHANGES} more"] if len(found) > SHOWN_CHANGES else []
    return [f"{path}: {len(found)} changed", *told[:SHOWN_CHANGES], *more] if found else []


def _short(value: Any) -> str:
    text = file_text(value).strip().replace("\n", " ")
    return text if len(text) <= 60 else f"{text[:56]} ..."


def folder_for(root: Path, module: str) -> Path:
    """Where the golden files of a test module stand: ``tests/test_a.py`` has ``<root>/tests/test_a/``."""
    return root / Path(module).with_suffix("")


def file_for(root: Path, nodeid: str, name: str = "") -> Path:
    """The golden file of a test; names that not every disk can hold are shortened and get a digest."""
    module, _, test = nodeid.partition("::")
    stem = ".".join(_safe(part) for part in (*test.split("::"), name) if part)
    return folder_for(root, module) / f"{stem}.json"


def _safe(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[:LONGEST_NAME]
    return plain if plain == text else f"{plain.strip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def strays(folder: Path, names: Iterable[str]) -> list[Path]:
    """Golden files in a folder that no name stands for."""
    known = set(names)
    return sorted(file for file in folder.glob("*.json") if file.stem not in known)


def collisions(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """Paths that are one file on a disk that ignores case or unicode form."""
    groups: Mapping[str, set[str]] = defaultdict(set)
    for path in paths:
        groups[unicodedata.normalize("NFC", path).casefold()].add(path)
    return [tuple(sorted(group)) for group in groups.values() if len(group) > 1]
