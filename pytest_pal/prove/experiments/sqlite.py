"""A correct adapter over SQLite, which shares nothing with the mock: shares by MD5, reports by one query."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import md5
from itertools import accumulate
from pathlib import Path
from typing import Any

from ...canonical import digest
from ...contracts.experiments.protocol import (
    ExperimentsTraits,
    ObservedExperiment,
    ObservedFlag,
    ObservedRecord,
    ObservedUnit,
    Rule,
)
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context

Json = dict[str, Any]
SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (key TEXT PRIMARY KEY, kind TEXT, settings TEXT, percent INTEGER DEFAULT 100);
CREATE TABLE IF NOT EXISTS unit (key TEXT, id TEXT, variant TEXT, PRIMARY KEY (key, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (key TEXT, id TEXT, value);
CREATE INDEX IF NOT EXISTS record_of ON record (key, id);
CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, payload TEXT);
"""
COUNTS = """
SELECT variant, count(DISTINCT unit.id), count(value), total(value)
FROM unit LEFT JOIN record ON record.key = unit.key AND record.id = unit.id WHERE unit.key = ? GROUP BY variant
"""
KINDS: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "string"}
TABLES = {"ab": "variants", "bandit": "arms"}


class SqliteExperiments:
    """ExperimentsProvider over a file. config: path."""

    capability = "experiments"
    contract = "1.0"
    traits = ExperimentsTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path, self._ctx = config["path"], ctx
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def set_flag(self, key: str, value: Any, rules: Sequence[Rule]) -> Json:
        settings = {"value": value, "type": KINDS[type(value)], "rules": [rule.plain() for rule in rules]}
        with self._transaction() as db:
            known = _thing(db, key)
            if known and (known[0] != "flag" or known[1]["type"] != settings["type"]):
                raise NonRetryableError("conflict", f"{key} is something else")
            percent = _put(db, key, "flag", settings)
        return {"key": key, **settings, "percent": percent}

    def get_flag(self, key: str) -> Json:
        with self._transaction() as db:
            _, settings, percent = _known(db, key, "flag")
        return {"key": key, **settings, "percent": percent}

    def ramp(self, key: str, percent: int) -> Json:
        with self._transaction() as db:
            _known(db, key, "flag", "ab", "bandit")
            db.execute("UPDATE thing SET percent = ? WHERE key = ?", (percent, key))
        return {"key": key, "percent": percent}

    def start_ab(self, key: str, variants: Sequence[str], weights: Sequence[int], metric: str) -> Json:
        return self._start(key, "ab", {"variants": [*variants], "weights": [*weights], "metric": metric})

    def start_bandit(self, key: str, arms: Sequence[str], floor: int) -> Json:
        return self._start(key, "bandit", {"arms": [*arms], "floor": floor})

    def _start(self, key: str, kind: str, settings: Json) -> Json:
        with self._transaction() as db:
            known = _thing(db, key)
            if known and known[:2] != (kind, settings):
                raise NonRetryableError("conflict", f"{key} is something else")
            return {"key": key, **settings, "percent": _put(db, key, kind, settings)}

    def assign(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Json:
        with self._transaction() as db:
            kind, settings, percent = _known(db, key, "flag", "ab", "bandit")
            is_in = _part("in", key, unit_id) < percent * 100
            variant: str | None
            if kind == "flag":
                variant, reason = _switched(settings, attributes, is_in)
            else:
                variant = self._exposed(db, key, unit_id, settings) if is_in else None
                reason = "assigned" if is_in else "not_in_ramp"
        value = settings["value"] if kind == "flag" and variant == "on" else None
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}

    def _exposed(self, db: sqlite3.Connection, key: str, unit: str, settings: Json) -> str:
        row = db.execute("SELECT variant FROM unit WHERE key = ? AND id = ?", (key, unit)).fetchone()
        if row is None:
            row = (_drawn(key, unit, settings) or _best(db, key, settings["arms"]),)
            db.execute("INSERT INTO unit VALUES (?, ?, ?)", (key, unit, *row))
        return str(row[0])

    def report(self, key: str) -> Json:
        with self._transaction() as db:
            kind, settings, _ = _known(db, key, "ab", "bandit")
            found = {variant: counts for variant, *counts in db.execute(COUNTS, (key,))}
        names = settings[TABLES[kind]]
        means = {name: found[name][2] / found[name][0] if name in found else 0.0 for name in names}
        first = means[names[0]]
        rows = [
            {
                "variant": name,
                "units": found.get(name, (0,))[0],
                "conversions": found[name][1] if name in found else 0,
                "mean": means[name],
                "lift": means[name] / first - 1 if first else 0.0 if name == names[0] else None,
            }
            for name in names
        ]
        return {"key": key, "variants": rows, "method": "none", "as_of": self._ctx.clock.now()}

    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        payload = {"key": key, "unit_id": unit_id, "value": value}
        with self._transaction() as db:
            seen = db.execute("SELECT payload FROM seen WHERE key = ?", (idempotency_key,)).fetchone()
            if seen is None:
                _known(db, key, "ab", "bandit")
                db.execute("INSERT INTO seen VALUES (?, ?)", (idempotency_key, digest(payload)))
                db.execute("INSERT INTO record VALUES (?, ?, ?)", (key, unit_id, value))
            elif seen[0] != digest(payload):
                raise NonRetryableError("key_conflict", "the key has another payload")
        return payload

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._db is None:
                self._db = _opened(self._path)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _opened(path: str | Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.executescript(f"PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; {SCHEMA}")
    return db


def _thing(db: sqlite3.Connection, key: str) -> tuple[str, Json, int] | None:
    row = db.execute("SELECT kind, settings, percent FROM thing WHERE key = ?", (key,)).fetchone()
    return row and (row[0], json.loads(row[1]), row[2])


def _known(db: sqlite3.Connection, key: str, *kinds: str) -> tuple[str, Json, int]:
    found = _thing(db, key)
    if found is None or found[0] not in kinds:
        raise NonRetryableError("not_found", f"there is no {' or '.join(kinds)} {key}")
    return found


def _put(db: sqlite3.Connection, key: str, kind: str, settings: Json) -> int:
    """Writes the settings, and gives the percent, which stays."""
    upsert = "ON CONFLICT DO UPDATE SET settings = excluded.settings RETURNING percent"
    row = (key, kind, json.dumps(settings))
    return int(db.execute(f"INSERT INTO thing (key, kind, settings) VALUES (?, ?, ?) {upsert}", row).fetchone()[0])


def _part(*names: str) -> int:
    """0..9,999."""
    return int(md5("\n".join(names).encode(), usedforsecurity=False).hexdigest(), 16) % 10_000


def _switched(flag: Json, attributes: Mapping[str, Any], is_in: bool) -> tuple[str, str]:
    for rule in flag["rules"]:
        wanted = rule["value"] if rule["op"] == "in" else [rule["value"]]
        seen = attributes.get(rule["attribute"])
        if any(KINDS.get(type(seen)) == KINDS[type(value)] and seen == value for value in wanted):
            return rule["variant"], "rule"
    if not is_in:
        return "off", "not_in_ramp"
    return ("off", "off") if flag["value"] is False else ("on", "assigned")


def _drawn(key: str, unit: str, settings: Json) -> str | None:
    """By the weights; of a bandit by the floors, and None where the best is to be taken."""
    part = _part("which", key, unit)
    names: list[str] = settings.get("arms") or settings["variants"]
    ends = accumulate(settings.get("weights") or [settings["floor"]] * len(names))
    return next((name for name, end in zip(names, ends, strict=True) if part < end), None)


def _best(db: sqlite3.Connection, key: str, arms: list[str]) -> str:
    """The arm with the greatest mean of its values; one without values goes first."""
    found = {arm: total / values for arm, _, values, total in db.execute(COUNTS, (key,)) if values}
    return max(arms, key=lambda arm: found.get(arm, 2.0))


class Reader:
    """Reads the file by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _rows(self, query: str) -> list[Any]:
        db = _opened(self._path)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()

    def _things(self) -> list[tuple[str, str, Json, int]]:
        found = self._rows("SELECT key, kind, settings, percent FROM thing ORDER BY key DESC")
        return [(key, kind, json.loads(settings), percent) for key, kind, settings, percent in found]

    def flags(self) -> Sequence[ObservedFlag]:
        return [
            ObservedFlag(key=key, value=settings["value"], rules=settings["rules"], percent=percent)
            for key, kind, settings, percent in self._things()
            if kind == "flag"
        ]

    def experiments(self) -> Sequence[ObservedExperiment]:
        return [
            ObservedExperiment(key=key, variants=settings[TABLES[kind]], percent=percent)
            for key, kind, settings, percent in self._things()
            if kind != "flag"
        ]

    def units(self) -> Sequence[ObservedUnit]:
        return [ObservedUnit(key=k, unit_id=id, variant=v) for k, id, v in self._rows("SELECT * FROM unit")]

    def records(self) -> Sequence[ObservedRecord]:
        return [ObservedRecord(key=k, unit_id=id, value=v) for k, id, v in self._rows("SELECT * FROM record")]


SQLITE = Harness(
    SqliteExperiments,
    fresh=lambda directory: directory / "project.sqlite3",
    config=lambda path: {"path": str(path)},
    observe=Reader,
)
