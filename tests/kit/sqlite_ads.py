"""An ads adapter over SQLite that shares nothing with the mock, and its harness with the levers of a real engine."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pytest_pal.canonical import digest
from pytest_pal.contracts.ads.protocol import AdsTraits, CampaignSpec, ObservedCampaign, ReportQuery
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.kit.harness import Harness
from pytest_pal.model.context import Context

SCHEMA = "CREATE TABLE IF NOT EXISTS events (kind TEXT, campaign TEXT, body TEXT, key TEXT UNIQUE)"
FIELDS = ("name", "budget", "currency", "objective", "start", "end")
CODES: dict[int, tuple[type[ProviderError], str]] = {
    sqlite3.SQLITE_BUSY: (RetryableError, "unavailable"),
    sqlite3.SQLITE_FULL: (NonRetryableError, "quota_exhausted"),
    sqlite3.SQLITE_READONLY: (NonRetryableError, "forbidden"),
    sqlite3.SQLITE_NOTADB: (NonRetryableError, "malformed_reply"),
}


class SqliteAds:
    """Keeps a log of what happened. config: path; connect (as ``sqlite3.connect``)."""

    capability = "ads"
    contract = "1.0"
    traits = AdsTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path, self._connect = config["path"], config.get("connect", sqlite3.connect)
        self._ctx = ctx

    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: str) -> Any:
        body = spec.plain()
        with self._transaction() as db:
            known = db.execute("SELECT campaign, body FROM events WHERE key = ?", (idempotency_key,)).fetchone()
            if known is not None and digest(json.loads(known[1])) != digest(body):
                raise NonRetryableError("key_conflict")
            id = known[0] if known else f"c-{self._ctx.ids.new()}"
            if known is None:
                row = ("create", id, json.dumps(body), idempotency_key)
                db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)
        return {**{field: body[field] for field in FIELDS}, "id": id, "status": "active"}

    def pause(self, campaign_id: str) -> Any:
        with self._transaction() as db:
            if not self._paused(db, campaign_id):
                db.execute("INSERT INTO events VALUES ('pause', ?, NULL, NULL)", (campaign_id,))
            body = json.loads(self._one(db, campaign_id))
        return {**{field: body[field] for field in FIELDS}, "id": campaign_id, "status": "paused"}

    def report(self, query: ReportQuery) -> Any:
        with self._translated(), closing(self._opened()) as db:
            ids = [id for (id,) in db.execute("SELECT campaign FROM events WHERE kind = 'create'")]
        counters = dict.fromkeys(("impressions", "clicks", "conversions", "spend", "revenue"), 0)
        days = [query.from_ + timedelta(days=n) for n in range((query.to - query.from_).days)]
        return {
            "timezone": "UTC",
            "currency": "USD",
            "as_of": self._ctx.clock.now(),
            "attribution": "none",
            "rows": [_row(id, day, counters) for id in ids for day in days],
            "totals": {**counters, "roas": None},
        }

    def observe(self) -> "SqliteAds":
        return self

    def campaigns(self) -> list[ObservedCampaign]:
        with closing(self._opened()) as db:
            made = db.execute("SELECT campaign, body FROM events WHERE kind = 'create'").fetchall()
            return [_seen(id, json.loads(body), self._paused(db, id)) for id, body in made]

    def _one(self, db: sqlite3.Connection, id: str) -> str:
        found = db.execute("SELECT body FROM events WHERE kind = 'create' AND campaign = ?", (id,)).fetchone()
        if found is None:
            raise NonRetryableError("not_found")
        body: str = found[0]
        return body

    def _paused(self, db: sqlite3.Connection, id: str) -> bool:
        return bool(db.execute("SELECT 1 FROM events WHERE kind = 'pause' AND campaign = ?", (id,)).fetchone())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), closing(self._opened()) as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            with self._translated(outcome_unknown=True):
                db.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        db: sqlite3.Connection = self._connect(self._path, timeout=self._ctx.timeout, isolation_level=None)
        try:
            db.execute(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    @contextmanager
    def _translated(self, *, outcome_unknown: bool = False) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if error.sqlite_errorcode in CODES:
                kind, code = CODES[error.sqlite_errorcode]
                raise kind(code, str(error)) from error
            raise RetryableError("unavailable", str(error), outcome_unknown=outcome_unknown) from error


def _row(id: str, day: date, counters: Mapping[str, int]) -> dict[str, Any]:
    return {"campaign_id": id, "day": day.isoformat(), **counters}


def _seen(id: str, body: Mapping[str, Any], paused: bool) -> ObservedCampaign:
    return ObservedCampaign(id=id, name=body["name"], status="paused" if paused else "active")


class Disk:
    """A database whose pages hold little, so that it is soon full."""

    def __init__(self, directory: Path) -> None:
        self.path = str(directory / "ads.sqlite3")
        self.pragma = ""
        self.factory: type[sqlite3.Connection] = sqlite3.Connection
        with closing(sqlite3.connect(self.path)) as db:
            db.execute("PRAGMA page_size = 512")
            db.execute("PRAGMA synchronous = OFF")
            db.execute(SCHEMA)

    def connect(self, path: str, **options: Any) -> sqlite3.Connection:
        db = sqlite3.connect(path, factory=self.factory, **options)
        db.execute("PRAGMA synchronous = OFF")
        db.execute(self.pragma)
        return db


@contextmanager
def busy(disk: Disk) -> Iterator[None]:
    with closing(sqlite3.connect(disk.path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def full(disk: Disk) -> Iterator[None]:
    """Somebody else fills the pages to the last byte."""
    with closing(sqlite3.connect(disk.path, isolation_level=None)) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        limit = f"PRAGMA max_page_count = {pages}"
        db.execute(limit)
        try:
            while True:
                db.execute("INSERT INTO events (kind) VALUES ('')")
        except sqlite3.OperationalError as error:
            assert error.sqlite_errorcode == sqlite3.SQLITE_FULL
        disk.pragma = limit
        yield
        disk.pragma = ""
        db.execute("DELETE FROM events WHERE kind = ''")


@contextmanager
def read_only(disk: Disk) -> Iterator[None]:
    disk.pragma = "PRAGMA query_only = 1"
    yield
    disk.pragma = ""


@contextmanager
def corrupt(disk: Disk) -> Iterator[None]:
    kept = Path(disk.path).read_bytes()
    Path(disk.path).write_bytes(b"no database " * 100)
    yield
    Path(disk.path).write_bytes(kept)


class CommitsThenFails(sqlite3.Connection):
    def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *rest)
        if sql == "COMMIT" and self.total_changes:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return cursor


@contextmanager
def commit_then_fail(disk: Disk) -> Iterator[None]:
    disk.factory = CommitsThenFails
    yield
    disk.factory = sqlite3.Connection


LEVERS: dict[str, Callable[[Disk], Any]] = {
    "engine_busy": busy,
    "engine_full": full,
    "engine_read_only": read_only,
    "engine_corrupt": corrupt,
    "engine_commit_then_fail": commit_then_fail,
}


def over_sqlite(cls: type, **levers: Callable[[Disk], Any]) -> Harness:
    return Harness(
        cls,
        fresh=Disk,
        config=lambda disk: {"path": disk.path, "connect": disk.connect},
        inject={**LEVERS, **levers},
    )
