"""A correct adapter over SQLite, which shares nothing with the mock: a table each, and queries that recur."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ...canonical import digest
from ...contracts.llm_observability.protocol import CONTENT_ATTRIBUTES, LLMObservabilityTraits, ObservedTrace
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...model.values import instant_text, thaw

Json = dict[str, Any]
SCHEMA = """
CREATE TABLE trace (
    n INTEGER PRIMARY KEY, parent INTEGER, name TEXT, attributes TEXT, started TEXT, ended TEXT, status TEXT,
    output TEXT
);
CREATE TABLE evaluation (n INTEGER PRIMARY KEY, trace INTEGER, name TEXT, score REAL, label TEXT);
CREATE TABLE link (trace INTEGER, run TEXT, PRIMARY KEY (trace, run));
CREATE TABLE seen (operation TEXT, key TEXT, payload TEXT, result TEXT, PRIMARY KEY (operation, key));
"""
BELOW = """
WITH RECURSIVE below(n) AS (
    SELECT n FROM trace WHERE parent = :n UNION SELECT trace.n FROM trace JOIN below ON trace.parent = below.n
)
UPDATE trace SET status = 'aborted', ended = :now WHERE status IS NULL AND n IN below
"""
STOP = "UPDATE trace SET status = :status, ended = :now, output = :output WHERE n = :n"


class SqliteTraces:
    """LLMObservabilityProvider over a file. config: path, capture_content."""

    capability = "llm_observability"
    contract = "1.0"
    traits = LLMObservabilityTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path, self._captures = config["path"], config.get("capture_content") is True
        self._ctx = ctx
        self._mine: list[int] = []

    def trace_start(
        self, name: str, attributes: Mapping[str, Any], parent: str | None, *, idempotency_key: str
    ) -> Json:
        payload = {"name": name, "attributes": thaw(attributes), "parent": parent}
        with self._opened() as db:
            return _once(db, "trace_start", idempotency_key, payload, lambda: self._insert(db, **payload))

    def _insert(self, db: sqlite3.Connection, name: str, attributes: Json, parent: str | None) -> Json:
        above = None if parent is None else _found(db, parent)[0]
        kept = {key: value for key, value in attributes.items() if self._captures or key not in CONTENT_ATTRIBUTES}
        row = (above, name, json.dumps(kept), self._now())
        n = db.execute("INSERT INTO trace (parent, name, attributes, started) VALUES (?, ?, ?, ?)", row).lastrowid or 0
        self._mine.append(n)
        return {"id": f"tr.{n:012d}", "name": name, "parent": parent}

    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._opened() as db:
            n, first = _found(db, id)
            if first is None:
                self._stop(db, n, status, thaw(output) if self._captures else None)
            return {"id": id, "status": first or status}

    def _stop(self, db: sqlite3.Connection, n: int, status: str, output: Any) -> None:
        db.execute(BELOW, {"n": n, "now": self._now()})
        db.execute(STOP, {"n": n, "now": self._now(), "status": status, "output": json.dumps(output)})

    def log_eval(self, id: str, name: str, score: float | None, label: str | None, *, idempotency_key: str) -> Json:
        def insert() -> Json:
            row = (_found(db, id)[0], name, score, label)
            added = db.execute("INSERT INTO evaluation (trace, name, score, label) VALUES (?, ?, ?, ?)", row)
            return {"id": f"ev.{added.lastrowid}"}

        payload = {"id": id, "name": name, "score": score, "label": label}
        with self._opened() as db:
            return _once(db, "log_eval", idempotency_key, payload, insert)

    def link(self, id: str, run_id: str) -> Json:
        with self._opened() as db:
            db.execute("INSERT OR IGNORE INTO link VALUES (?, ?)", (_found(db, id)[0], run_id))
        return {"id": id, "run_id": run_id}

    def close(self) -> None:
        with self._opened() as db:
            while self._mine:
                n = self._mine.pop()
                if db.execute("SELECT 1 FROM trace WHERE n = ? AND status IS NULL", (n,)).fetchone():
                    self._stop(db, n, "aborted", None)

    def _now(self) -> str:
        return instant_text(self._ctx.clock.now())

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db, db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("BEGIN IMMEDIATE")
            yield db


def _once(db: sqlite3.Connection, operation: str, key: str, payload: Json, effect: Callable[[], Json]) -> Json:
    query = "SELECT payload, result FROM seen WHERE operation = ? AND key = ?"
    known = db.execute(query, (operation, key)).fetchone()
    if known is None:
        result = effect()
        db.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", (operation, key, digest(payload), json.dumps(result)))
        return result
    if known[0] != digest(payload):
        raise NonRetryableError("key_conflict", "the key has another payload")
    stored: Json = json.loads(known[1])
    return stored


def _found(db: sqlite3.Connection, id: str) -> tuple[int, str | None]:
    """The number and the status of a trace."""
    word, _, number = id.partition(".")
    known = word == "tr" and number.isdecimal() and number.isascii() and len(number) == 12
    row = db.execute("SELECT n, status FROM trace WHERE n = ?", (int(number) if known else -1,)).fetchone()
    if row is None:
        raise NonRetryableError("not_found", "there is no such trace")
    return row[0], row[1]


class Reader:
    """Reads the file by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def traces(self) -> Sequence[ObservedTrace]:
        with closing(sqlite3.connect(self._path)) as db:
            return self._below(db, None)

    def _below(self, db: sqlite3.Connection, parent: int | None) -> tuple[ObservedTrace, ...]:
        query = "SELECT n, name, attributes, started, ended, status, output FROM trace WHERE parent IS ? ORDER BY n"
        return tuple(self._row(db, *row) for row in db.execute(query, (parent,)))

    def _row(self, db: sqlite3.Connection, n: int, name: str, attributes: str, *rest: Any) -> ObservedTrace:
        started, ended, status, output = rest
        evals = db.execute("SELECT name, score, label FROM evaluation WHERE trace = ? ORDER BY n DESC", (n,))
        links = db.execute("SELECT run FROM link WHERE trace = ? ORDER BY run", (n,))
        found = {
            "id": f"tr.{n:012d}",
            "name": name,
            "status": status,
            "started": started,
            "ended": ended,
            "children": self._below(db, n),
            "evals": [dict(zip(("name", "score", "label"), row, strict=True)) for row in evals],
            "links": [{"run_id": run} for (run,) in links],
            "attributes": json.loads(attributes),
            "output": json.loads(output or "null"),
        }
        return ObservedTrace.model_validate(found)


def _fresh(directory: Path) -> Path:
    path = directory / "traces.sqlite3"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")
    return path


SQLITE = Harness(SqliteTraces, fresh=_fresh, config=lambda path: {"path": str(path)}, observe=Reader)
