"""Correct, and nothing of the mock in them: customer data in SQLite, in a log file, in memory."""

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ...canonical import digest
from ...contracts.cdp.protocol import CDPTraits
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...model.values import instant_text, thaw
from ..saboteur import Benign

Json = dict[str, Any]
SCHEMA = """
CREATE TABLE IF NOT EXISTS profiles (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS traits (profile TEXT, name TEXT, value TEXT, PRIMARY KEY (profile, name));
CREATE TABLE IF NOT EXISTS identifiers (name TEXT, value TEXT, profile TEXT, PRIMARY KEY (profile, name));
CREATE UNIQUE INDEX IF NOT EXISTS owned ON identifiers (name, value);
CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, profile TEXT, time TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS members (audience TEXT, profile TEXT, PRIMARY KEY (audience, profile));
"""


class InSqlite:
    """A table for each thing; objects are replaced whole, and twelve events are shown."""

    capability = "cdp"
    contract = "1.0"
    traits = CDPTraits(nested="replace")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path = config["path"] / "customers.sqlite3"

    def upsert_profile(self, id: str, traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO profiles VALUES (?)", (id,))
            for name, value in thaw(traits).items():
                db.execute("DELETE FROM traits WHERE profile = ? AND name = ?", (id, name))
                if value is not None:
                    db.execute("INSERT INTO traits VALUES (?, ?, ?)", (id, name, json.dumps(value)))
            for name, owned in identifiers.items():
                self._claim(db, id, name, owned)
            return self._shown(db, id)

    def ingest_event(
        self, event_id: str, profile_id: str, name: str, time: datetime, properties: Mapping[str, Any]
    ) -> Json:
        event = {"event_id": event_id, "name": name, "time": instant_text(time), "properties": thaw(properties)}
        with self._transaction() as db:
            known = db.execute("SELECT profile, body FROM events WHERE id = ?", (event_id,)).fetchone()
            if known is None:
                row = (event_id, profile_id, event["time"], json.dumps(event))
                db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)
                db.execute("INSERT OR IGNORE INTO profiles VALUES (?)", (profile_id,))
            elif (known[0], digest(json.loads(known[1]))) != (profile_id, digest(event)):
                raise NonRetryableError("key_conflict", "there is another event of that id")
        return {"event_id": event_id, "profile_id": profile_id}

    def sync_audience(self, key: str, members: tuple[str, ...]) -> Json:
        wanted = set(members)
        with self._transaction() as db:
            for id in wanted:
                self._known(db, id)
            before = {id for (id,) in db.execute("SELECT profile FROM members WHERE audience = ?", (key,))}
            db.execute("DELETE FROM members WHERE audience = ?", (key,))
            db.executemany("INSERT INTO members VALUES (?, ?)", [(key, id) for id in wanted] or [(key, "")])
        before.discard("")
        return {"added": len(wanted - before), "removed": len(before - wanted), "size": len(wanted)}

    def get_profile(self, id: str) -> Json:
        with self._transaction() as db:
            self._known(db, id)
            return self._shown(db, id)

    def observe(self) -> "InSqlite":
        return self

    def profiles(self) -> list[Json]:
        with self._transaction() as db:
            shown = [self._shown(db, id) for (id,) in db.execute("SELECT id FROM profiles").fetchall()]
        return [{name: row[name] for name in ("id", "traits", "identifiers")} for row in shown]

    def events(self) -> list[Json]:
        with self._transaction() as db:
            found = db.execute("SELECT profile, body FROM events").fetchall()
        return [{**json.loads(body), "profile_id": profile} for profile, body in found]

    def audiences(self) -> list[Json]:
        """An empty one has a row without a member."""
        with self._transaction() as db:
            found = db.execute("SELECT audience, profile FROM members ORDER BY audience, profile").fetchall()
        audiences: dict[str, list[str]] = {}
        for key, profile in found:
            audiences.setdefault(key, []).extend([profile] if profile else [])
        return [{"key": key, "members": members} for key, members in audiences.items()]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def _claim(self, db: sqlite3.Connection, id: str, name: str, value: str | None) -> None:
        db.execute("DELETE FROM identifiers WHERE profile = ? AND name = ?", (id, name))
        if value is None:
            return
        try:
            db.execute("INSERT INTO identifiers VALUES (?, ?, ?)", (name, value, id))
        except sqlite3.IntegrityError as error:
            raise NonRetryableError("conflict", f"another profile owns this {name}") from error

    def _known(self, db: sqlite3.Connection, id: str) -> None:
        if db.execute("SELECT 1 FROM profiles WHERE id = ?", (id,)).fetchone() is None:
            raise NonRetryableError("not_found", id)

    def _shown(self, db: sqlite3.Connection, id: str) -> Json:
        traits = db.execute("SELECT name, value FROM traits WHERE profile = ?", (id,)).fetchall()
        owned = db.execute("SELECT name, value FROM identifiers WHERE profile = ?", (id,)).fetchall()
        newest = "SELECT body FROM events WHERE profile = ? ORDER BY time DESC, id DESC LIMIT 12"
        events = [json.loads(body) for (body,) in db.execute(newest, (id,)).fetchall()][::-1]
        return {
            "id": id,
            "traits": {name: json.loads(value) for name, value in traits},
            "identifiers": dict(owned),
            "events": events,
        }


class InALog:
    """What was asked for is appended to a file, and read from its beginning each time; the first body wins."""

    capability = "cdp"
    contract = "1.0"
    traits = CDPTraits(nested="replace", event_conflict="first_wins", unknown_members="reported")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._file: Path = config["path"] / "log.jsonl"

    def upsert_profile(self, id: str, traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
        with self._locked() as lines:
            owners = {(n, v): own for own, row in _folded(lines).items() for n, v in row["identifiers"].items()}
            if any(owners.get(pair, id) != id for pair in identifiers.items()):
                raise NonRetryableError("conflict", "another profile owns it")
            lines.append({"id": id, "traits": thaw(traits), "identifiers": dict(identifiers)})
            found = _folded(lines)[id]
        return {"id": id, "extensions": {"revision": len(lines)}, **found}

    def ingest_event(
        self, event_id: str, profile_id: str, name: str, time: datetime, properties: Mapping[str, Any]
    ) -> Json:
        event = {"event_id": event_id, "name": name, "time": instant_text(time), "properties": thaw(properties)}
        with self._locked() as lines:
            known = next((line["id"] for line in lines if line.get("event", {}).get("event_id") == event_id), None)
            if known is None:
                lines.append({"id": profile_id, "event": event})
        return {"event_id": event_id, "profile_id": known or profile_id}

    def sync_audience(self, key: str, members: tuple[str, ...]) -> Json:
        with self._locked() as lines:
            known = _folded(lines).keys() & members
            before: set[str] = set(_audiences(lines).get(key, ()))
            lines.append({"audience": key, "members": sorted(known)})
        counts = {"added": len(known - before), "removed": len(before - known), "size": len(known)}
        return {**counts, "unknown": sorted({*members} - known)}

    def get_profile(self, id: str) -> Json:
        with self._locked() as lines:
            profiles = _folded(lines)
            if id not in profiles:
                raise NonRetryableError("not_found", id)
            events = [line["event"] for line in lines if line.get("id") == id and "event" in line]
        events.sort(key=lambda event: (event["time"], event["event_id"]))
        return {"id": id, **profiles[id], "events": events}

    def observe(self) -> "InALog":
        return self

    def profiles(self) -> list[Json]:
        with self._locked() as lines:
            return [{"id": id, **row} for id, row in _folded(lines).items()]

    def events(self) -> list[Json]:
        with self._locked() as lines:
            return [{**line["event"], "profile_id": line["id"]} for line in lines if "event" in line]

    def audiences(self) -> list[Json]:
        with self._locked() as lines:
            return [{"key": key, "members": members} for key, members in _audiences(lines).items()]

    @contextmanager
    def _locked(self) -> Iterator[list[Json]]:
        """The lines; what is appended to them is written at the end."""
        with self._file.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = [json.loads(line) for line in file]
            known = len(lines)
            yield lines
            file.writelines(json.dumps(line) + "\n" for line in lines[known:])


def _folded(lines: list[Json]) -> dict[str, Json]:
    """What the lines make of each profile."""
    profiles: dict[str, Json] = {}
    for line in (line for line in lines if "id" in line):
        row = profiles.setdefault(line["id"], {"traits": {}, "identifiers": {}})
        for part in row.keys() & line.keys():
            row[part] = {name: v for name, v in {**row[part], **line[part]}.items() if v is not None}
    return profiles


def _audiences(lines: list[Json]) -> dict[str, list[str]]:
    return {line["audience"]: line["members"] for line in lines if "audience" in line}


class Person:
    """What a vendor in memory keeps of one profile."""

    def __init__(self) -> None:
        self.traits: Json = {}
        self.owned: dict[str, str] = {}


class Platform:
    """A vendor in memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.people: dict[str, Person] = {}
        self.history: dict[str, tuple[str, Json]] = {}
        self.groups: dict[str, frozenset[str]] = {}


class InMemory:
    """Coroutines over a vendor in memory: no objects, no history, whoever claims an identifier last owns it."""

    capability = "cdp"
    contract = "1.0"
    traits = CDPTraits(nested="unsupported", event_history="none", event_conflict="last_wins", identity="merges")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._platform: Platform = config["platform"]

    async def upsert_profile(self, id: str, traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
        _flat({name: value for name, value in traits.items() if name != "consent"})
        with self._platform.lock:
            person = self._platform.people.setdefault(id, Person())
            person.traits = _without_nulls({**person.traits, **thaw(traits)})
            for name, value in identifiers.items():
                for other in self._platform.people.values():
                    if value is not None and other.owned.get(name) == value:
                        del other.owned[name]
            person.owned = _without_nulls({**person.owned, **identifiers})
            return self._shown(id)

    async def ingest_event(
        self, event_id: str, profile_id: str, name: str, time: datetime, properties: Mapping[str, Any]
    ) -> Json:
        _flat(properties)
        with self._platform.lock:
            self._platform.people.setdefault(profile_id, Person())
            self._platform.history[event_id] = (
                profile_id,
                {"name": name, "time": time, "properties": thaw(properties)},
            )
        return {"event_id": event_id, "profile_id": profile_id}

    async def sync_audience(self, key: str, members: tuple[str, ...]) -> Json:
        wanted = frozenset(members)
        with self._platform.lock:
            if wanted - self._platform.people.keys():
                raise NonRetryableError("not_found", "a member is unknown")
            before = self._platform.groups.get(key, frozenset())
            self._platform.groups[key] = wanted
        return {"added": len(wanted - before), "removed": len(before - wanted), "size": len(wanted)}

    async def get_profile(self, id: str) -> Json:
        with self._platform.lock:
            if id not in self._platform.people:
                raise NonRetryableError("not_found", id)
            return self._shown(id)

    async def aclose(self) -> None:
        return None

    def observe(self) -> Json:
        return {"profiles": self._profiles, "events": self._events, "audiences": self._groups}

    def _shown(self, id: str) -> Json:
        person = self._platform.people[id]
        return {"id": id, "traits": thaw(person.traits), "identifiers": dict(person.owned)}

    def _profiles(self) -> list[Json]:
        return [self._shown(id) for id in self._platform.people]

    def _events(self) -> list[Json]:
        kept = self._platform.history.items()
        return [{"event_id": id, "profile_id": profile, **event} for id, (profile, event) in kept]

    def _groups(self) -> list[Json]:
        return [{"key": key, "members": sorted(ids)} for key, ids in self._platform.groups.items()]


def _flat(values: Mapping[str, Any]) -> None:
    if any(isinstance(value, Mapping) for value in values.values()):
        raise NonRetryableError("invalid", "no objects")


def _without_nulls(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def over_a_folder(cls: type) -> Harness:
    return Harness(cls, fresh=lambda folder: folder, config=lambda folder: {"path": folder})


ALONE = (
    Benign("in_sqlite", over_a_folder(InSqlite), "a table for each thing, and objects are replaced", alone=True),
    Benign("in_a_log", over_a_folder(InALog), "a file that only grows, in which the first body wins", alone=True),
    Benign(
        "in_memory",
        Harness(InMemory, fresh=Platform, config=lambda platform: {"platform": platform}),
        "coroutines; no objects, no history, and the last one wins",
        alone=True,
    ),
)
