"""Correct, and nothing of the mock in them: vectors in SQLite, in files, in snapshots."""

import fcntl
import json
import math
import os
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ...contracts.vectorstore.protocol import Condition, Record, VectorStoreTraits
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...model.values import thaw
from ..saboteur import Benign

Json = dict[str, Any]
Row = tuple[str, Sequence[float], Json, str | None]
SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (name TEXT PRIMARY KEY, metric TEXT, dimension INTEGER);
CREATE TABLE IF NOT EXISTS aliases (alias TEXT PRIMARY KEY, collection TEXT);
CREATE TABLE IF NOT EXISTS records (
  collection TEXT, id TEXT, vector BLOB, metadata TEXT, body TEXT, PRIMARY KEY (collection, id)
);
"""


def score(metric: str, one: Sequence[float], other: Sequence[float]) -> float:
    if metric == "euclidean":
        return -math.dist(one, other) or 0.0
    product = dot(one, other)
    return product if metric == "dot" else product / math.sqrt(dot(one, one) * dot(other, other))


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def is_met(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    """An absent field meets no condition."""
    if condition.field not in metadata:
        return False
    found, wanted = metadata[condition.field], condition.value
    if condition.op in ("eq", "in"):
        return any(_alike(found, one) for one in (wanted if condition.op == "in" else [wanted]))
    if isinstance(found, bool | str | list | dict):
        return False
    return bool(
        {"gt": found > wanted, "gte": found >= wanted, "lt": found < wanted, "lte": found <= wanted}[condition.op]
    )


def _alike(found: Any, wanted: Any) -> bool:
    kinds = {bool: "flag", str: "text", int: "number", float: "number"}
    return kinds.get(type(found)) == kinds.get(type(wanted)) and bool(found == wanted)


def best(metric: str, rows: Iterable[Row], vector: Sequence[float], k: int, filter: Sequence[Condition]) -> Json:
    fitting = (row for row in rows if all(is_met(one, row[2]) for one in filter))
    scored = sorted((-score(metric, vector, kept), id, metadata, text) for id, kept, metadata, text in fitting)
    hits = [{"id": id, "score": -worse, "metadata": dict(of), "text": text} for worse, id, of, text in scored[:k]]
    return {"hits": hits}


def refuse_query(metric: str, dimension: int, vector: Sequence[float]) -> None:
    if len(vector) != dimension or (metric == "cosine" and not any(vector)):
        raise NonRetryableError("invalid", f"a query has {dimension} components, under cosine not only zeros")


def flat(record: Record) -> Json:
    """Its metadata without nulls. Raises NonRetryableError(invalid) where it is nested."""
    if any(isinstance(value, Mapping | tuple) for value in record.metadata.values()):
        raise NonRetryableError("invalid", f"{record.id}: nested metadata")
    return {name: value for name, value in record.metadata.items() if value is not None}


class InSqlite:
    """Vectors are blobs of doubles."""

    capability = "vectorstore"
    contract = "1.0"
    traits = VectorStoreTraits(recall=1.0)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path = config["path"] / "vectors.sqlite3"

    def index(self, collection: str, records: Sequence[Record], metric: str, dimension: int) -> Json:
        rows = [(collection, r.id, array("d", r.vector).tobytes(), json.dumps(flat(r)), r.text) for r in records]
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM aliases WHERE alias = ?", (collection,)).fetchone():
                raise NonRetryableError("conflict", f"{collection} is an alias")
            db.execute("INSERT OR IGNORE INTO collections VALUES (?, ?, ?)", (collection, metric, dimension))
            if self._shape(db, collection) != (metric, dimension):
                raise NonRetryableError("conflict", f"{collection} has another shape")
            db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", rows)
        return {"stored": len(rows)}

    def search(self, target: str, vector: Sequence[float], k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._transaction() as db:
            alias = db.execute("SELECT collection FROM aliases WHERE alias = ?", (target,)).fetchone()
            name = alias[0] if alias else target
            metric, dimension = self._shape(db, name)
            refuse_query(metric, dimension, vector)
            return best(metric, self._rows(db, name), vector, k, filter)

    def swap(self, alias: str, collection: str) -> Json:
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM collections WHERE name = ?", (alias,)).fetchone():
                raise NonRetryableError("conflict", f"{alias} is a collection")
            self._shape(db, collection)
            previous = db.execute("SELECT collection FROM aliases WHERE alias = ?", (alias,)).fetchone()
            db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?)", (alias, collection))
        return {"alias": alias, "collection": collection, "previous": previous and previous[0]}

    def observe(self) -> "InSqlite":
        return self

    def collections(self) -> list[Json]:
        with self._transaction() as db:
            found = db.execute("SELECT * FROM collections").fetchall()
        return [{"name": name, "metric": metric, "dimension": dimension} for name, metric, dimension in found]

    def records(self) -> list[Json]:
        with self._transaction() as db:
            names = [name for (name,) in db.execute("SELECT name FROM collections").fetchall()]
            rows = [(name, row) for name in names for row in self._rows(db, name)]
        return [_observed(name, row) for name, row in rows]

    def aliases(self) -> list[Json]:
        with self._transaction() as db:
            found = db.execute("SELECT * FROM aliases").fetchall()
        return [{"alias": alias, "collection": collection} for alias, collection in found]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def _shape(self, db: sqlite3.Connection, name: str) -> tuple[str, int]:
        found = db.execute("SELECT metric, dimension FROM collections WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise NonRetryableError("not_found", name)
        metric, dimension = found
        return metric, dimension

    def _rows(self, db: sqlite3.Connection, name: str) -> Iterator[Row]:
        wanted = "SELECT id, vector, metadata, body FROM records WHERE collection = ?"
        for id, blob, metadata, text in db.execute(wanted, (name,)).fetchall():
            yield id, array("d", blob), json.loads(metadata), text


class InFiles:
    """A file per collection, which is replaced whole; an alias is a symbolic link, which moves in one step."""

    capability = "vectorstore"
    contract = "1.0"
    traits = VectorStoreTraits(recall=1.0, stores_text=False)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path: Path = config["path"]
        self._read: dict[tuple[int, int], Json] = {}
        self._ctx = ctx

    def index(self, collection: str, records: Sequence[Record], metric: str, dimension: int) -> Json:
        rows = {record.id: [list(record.vector), flat(record)] for record in records}
        with self._alone():
            if self._file(collection).is_symlink():
                raise NonRetryableError("conflict", f"{collection} is an alias")
            kept = self._kept(collection) or {"metric": metric, "dimension": dimension, "rows": {}}
            if (kept["metric"], kept["dimension"]) != (metric, dimension):
                raise NonRetryableError("conflict", f"{collection} has another shape")
            self._put(collection, {**kept, "rows": {**kept["rows"], **rows}})
        return {"stored": len(rows), "failed": []}

    def search(self, target: str, vector: Sequence[float], k: int, filter: Sequence[Condition] = ()) -> Json:
        kept = self._kept(target)
        if kept is None:
            raise NonRetryableError("not_found", target)
        refuse_query(kept["metric"], kept["dimension"], vector)
        rows = ((id, of, metadata, None) for id, (of, metadata) in kept["rows"].items())
        return best(kept["metric"], rows, vector, k, filter)

    def swap(self, alias: str, collection: str) -> Json:
        link, file = self._file(alias), self._file(collection)
        with self._alone():
            if link.exists() and not link.is_symlink():
                raise NonRetryableError("conflict", f"{alias} is a collection")
            if not file.exists() or file.is_symlink():
                raise NonRetryableError("not_found", collection)
            previous = link.readlink().stem if link.is_symlink() else None
            passing = self._path / f".{self._ctx.ids.new()}"
            passing.symlink_to(file.name)
            passing.replace(link)
        return {"alias": alias, "collection": collection, "previous": previous}

    def observe(self) -> Json:
        files = [file for file in sorted(self._path.glob("*.json")) if not file.is_symlink()]
        kept = {file.stem: json.loads(file.read_text("utf-8")) for file in files}
        links = [file for file in sorted(self._path.glob("*.json")) if file.is_symlink()]
        return {
            "collections": [
                {"name": name, "metric": one["metric"], "dimension": one["dimension"]} for name, one in kept.items()
            ],
            "records": [
                _observed(name, (id, *row, None)) for name, one in kept.items() for id, row in one["rows"].items()
            ],
            "aliases": [{"alias": link.stem, "collection": link.readlink().stem} for link in links],
        }

    def _kept(self, name: str) -> Json | None:
        """What a file says; read again only where another one stands in its place."""
        try:
            with self._file(name).open(encoding="utf-8") as file:
                at = os.fstat(file.fileno())
                known = self._read.get((at.st_ino, at.st_mtime_ns))
                found: Json = json.load(file) if known is None else known
        except FileNotFoundError:
            return None
        self._read = {(at.st_ino, at.st_mtime_ns): found}
        return found

    def _put(self, name: str, kept: Json) -> None:
        passing = self._path / f".{self._ctx.ids.new()}"
        passing.write_text(json.dumps(kept), "utf-8")
        passing.replace(self._file(name))

    def _file(self, name: str) -> Path:
        return self._path / f"{name}.json"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._path / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Snapshots:
    """A vendor in memory, whose collections are never changed, only replaced."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now: dict[str, tuple[str, int, tuple[Row, ...]]] = {}


class InSnapshots:
    """Coroutines over snapshots: vectors in single precision, nested metadata, no aliases."""

    capability = "vectorstore"
    contract = "1.0"
    traits = VectorStoreTraits(nested_metadata=True, score_tolerance=1e-3)
    unsupported: ClassVar = {"swap": "snapshots have no other names"}
    swap: ClassVar[None] = None

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._vendor: Snapshots = config["vendor"]

    async def index(self, collection: str, records: Sequence[Record], metric: str, dimension: int) -> Json:
        if len(records) > 200 or dimension > 2_048:
            raise NonRetryableError("payload_too_large", "200 records of 2,048 components")
        new = {record.id: self._row(record) for record in records}
        with self._vendor.lock:
            kind, size, rows = self._vendor.now.get(collection, (metric, dimension, ()))
            if (kind, size) != (metric, dimension):
                raise NonRetryableError("conflict", f"{collection} has another shape")
            kept = {row[0]: row for row in rows}
            self._vendor.now = {**self._vendor.now, collection: (kind, size, tuple({**kept, **new}.values()))}
        return {"stored": len(new), "extensions": {"snapshot": len(kept)}}

    async def search(self, target: str, vector: Sequence[float], k: int, filter: Sequence[Condition] = ()) -> Json:
        if target not in self._vendor.now:
            raise NonRetryableError("not_found", target)
        metric, dimension, rows = self._vendor.now[target]
        refuse_query(metric, dimension, vector)
        return {name: thaw(found) for name, found in best(metric, rows, vector, k, filter).items()}

    def observe(self) -> Json:
        now = self._vendor.now
        return {
            "collections": [
                {"name": name, "metric": metric, "dimension": dimension} for name, (metric, dimension, _) in now.items()
            ],
            "records": [_observed(name, row) for name, (_, _, rows) in now.items() for row in rows],
            "aliases": [],
        }

    def _row(self, record: Record) -> Row:
        metadata = {name: thaw(value) for name, value in record.metadata.items() if value is not None}
        return record.id, array("f", record.vector), metadata, record.text


def _observed(collection: str, row: Row) -> Json:
    id, vector, metadata, text = row
    return {"collection": collection, "id": id, "vector": list(vector), "metadata": metadata, "text": text}


def over_a_folder(cls: type) -> Harness:
    return Harness(cls, fresh=lambda folder: folder, config=lambda folder: {"path": folder})


ALONE = (
    Benign("in_sqlite", over_a_folder(InSqlite), "its vectors are blobs of a database", alone=True),
    Benign("in_files", over_a_folder(InFiles), "an alias is a symbolic link, and no text is kept", alone=True),
    Benign(
        "in_snapshots",
        Harness(InSnapshots, fresh=Snapshots, config=lambda vendor: {"vendor": vendor}),
        "coroutines; single precision, nested metadata, no aliases",
        alone=True,
    ),
)
