"""How strong the judge is: how many wrong adapters it caught when it was last proven, and by which contract."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ..canonical import digest
from .contract import Contract
from .describing import described

FILE = Path(str(resources.files("pytest_pal"))) / "prove" / "evidence.json"
"""Written by ``pal prove --write``: figures by capability."""
SHOWN, WIDTH = 12, 79
COUNTS = ("saboteurs", "caught", "benign", "false_alarms")


@cache
def evidence() -> Mapping[str, Mapping[str, Any]]:
    """By capability: saboteurs, caught, benign, false_alarms, and the version and digest of its contract."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {}
    return found


def digest_of(contract: Contract) -> str:
    """``sha256:<hex>`` of all that a contract asks: operations, fields, scenarios, clauses and their sentences."""
    return digest(described(contract))


def headline(contracts: Iterable[Contract]) -> list[str]:
    """What a verdict by these contracts rests on; no line where none of them was proven."""
    told = evidence()
    proven = [contract for contract in contracts if contract.capability.name in told]
    if not proven:
        return []
    total = {name: sum(told[contract.capability.name][name] for contract in proven) for name in COUNTS}
    caught = f"{total['caught']} of {total['saboteurs']} wrong adapters caught"
    text = f"judge: {caught}, {total['false_alarms']} of {total['benign']} correct failed, "
    return textwrap.wrap(text + ", ".join(_digests(proven, told)), WIDTH - len("pal: "), break_on_hyphens=False)


def _digests(contracts: Iterable[Contract], told: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for contract in contracts:
        name, now = contract.capability.name, digest_of(contract)
        changed = "" if told[name]["digest"] == now else " (changed since it was proven)"
        yield f"{name} {contract.capability.version} {now[: len('sha256:') + SHOWN]}{changed}"
