"""Frozen versions: what a version of a contract asks, held by digest. Later versions may add; nothing may change.

A version that nobody froze is open: `changes` has nothing to say of it.
"""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from ..canonical import digest, file_text, write_atomically
from ..errors import PalError, did_you_mean
from ..kit.contract import Contract
from ..kit.describing import described
from ..model.versions import version

PARTS = ("operations", "fields", "scenarios", "clauses")


def file_of(contract: Contract, frozen: str) -> Path:
    """Beside the contract: ``frozen-1.0.json``."""
    return Path(str(resources.files(contract.capability.package))).resolve() / f"frozen-{frozen}.json"


def asked(contract: Contract, by: str) -> dict[str, Any]:
    """What a contract asked up to a version, as JSON; what came later is left out."""
    whole = described(contract)
    parts = {part: [_own(row) for row in whole[part] if _came(row, by)] for part in PARTS}
    return {"capability": whole["capability"], "version": by, **parts}


def _came(row: dict[str, Any], by: str) -> bool:
    return version(row.get("since", "1.0")) <= version(by)


def _own(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the names of arguments: these are fields, and each came in with a version of its own."""
    return {name: value for name, value in row.items() if name != "arguments"}


def freeze(contract: Contract, by: str) -> str:
    """Holds a version from now on; gives its digest. Raises PalError for a version that there is not, or is held."""
    if by not in contract.versions:
        raise PalError(f"{contract.capability.name} has no version {by!r}; {did_you_mean(by, contract.versions)}")
    file, found = file_of(contract, by), asked(contract, by)
    if file.is_file():
        raise PalError(f"{file}: {contract.capability.name} {by} is frozen already; a change is a new version")
    held = digest(found)
    write_atomically(file, file_text({"digest": held, "asked": found}))
    return held


def changes(contract: Contract) -> Iterator[str]:
    """What is no longer as it was frozen, one line each."""
    for by in contract.versions:
        file = file_of(contract, by)
        if file.is_file():
            yield from (f"{contract.capability.name} {by} is frozen: {text}" for text in _changed(contract, by, file))


def _changed(contract: Contract, by: str, file: Path) -> Iterator[str]:
    kept, now = json.loads(file.read_text("utf-8")), asked(contract, by)
    if digest(kept["asked"]) != kept["digest"]:
        yield f"{file.name} was changed by hand"
    for part in PARTS:
        before, after = (_by_name(found[part]) for found in (kept["asked"], now))
        yield from (f"{part}: {name} has left" for name in sorted(before.keys() - after.keys()))
        yield from (
            f"{part}: {name} came in, and says no later version" for name in sorted(after.keys() - before.keys())
        )
        both = sorted(before.keys() & after.keys())
        yield from (f"{part}: {name} has changed" for name in both if before[name] != after[name])


def _by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {_name(row): row for row in rows}


def _name(row: dict[str, Any]) -> str:
    if "pointer" in row:
        return f"{row['operation']} {row['in']} {row['pointer']}"
    return str(row.get("id", row.get("name")))
