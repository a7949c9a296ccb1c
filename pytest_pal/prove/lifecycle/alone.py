"""Correct, and nothing of the mock in them: messages in SQLite, in files, in a journal."""

import asyncio
import json
import os
import re
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from ...canonical import digest
from ...contracts.lifecycle.protocol import LifecycleTraits, Message
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...primitives.render import missing_variables, render
from ..saboteur import Benign

Json = dict[str, Any]
MONTH_S = 30 * 86_400
PARTS = ("subject", "text", "html")


class Kept(ABC):
    """A message is a row under its operation and key: whoever writes it first has sent it."""

    capability = "lifecycle"
    contract = "1.0"
    traits = LifecycleTraits(schedule_max_ahead_s=MONTH_S)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path, self._suppressed, self._templates = config["path"], config["suppressed"], config["templates"]
        self._ctx = ctx

    @abstractmethod
    def first(self, slot: str, row: Json) -> Json:
        """Keeps the row unless there is one; the one that is there."""

    @abstractmethod
    def rows(self, slot: str | None = None) -> list[Json]:
        """All that are kept, or the one under a slot."""

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return self._take(f"send/{idempotency_key}", message, None)

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        return self._take(f"schedule/{idempotency_key}", message, send_at)

    def preview(self, message: Message) -> Json:
        given = message.variables
        return {**self._shown(message, given), "missing": missing_variables(given, *self._parts(message).values())}

    def observe(self) -> "Kept":
        return self

    def delivered(self) -> list[Json]:
        return [{**row["message"], "at": _at(row)} for row in self._posted() if row["due"] <= self._now()]

    def scheduled(self) -> list[Json]:
        return [{**row["message"], "send_at": _at(row)} for row in self._posted() if row["due"] > self._now()]

    def _take(self, slot: str, message: Message, send_at: datetime | None) -> Json:
        print_ = digest([message.plain(), send_at and send_at.isoformat()])
        found = self.rows(slot)
        row = found[0] if found else self.first(slot, self._row(message, send_at, print_))
        if row["print"] != print_:
            raise NonRetryableError("key_conflict", "the key was used for another message")
        receipt: Json = row["receipt"]
        return receipt

    def _row(self, message: Message, send_at: datetime | None, print_: str) -> Json:
        ahead = 1.0 if send_at is None else send_at.timestamp() - self._now()
        if not 0 < ahead <= MONTH_S:
            raise NonRetryableError("invalid", "send_at must be within a month")
        blank = dict.fromkeys(missing_variables(message.variables, *self._parts(message).values()))
        shown = self._shown(message, {**blank, **message.variables})
        status = "accepted" if send_at is None else "scheduled"
        if message.to in self._suppressed:
            status = "suppressed"
        receipt = {"id": f"{self._ctx.ids.new()}.{status[0]}", "status": status}
        due = self._now() if send_at is None else send_at.timestamp()
        posted = {**shown, "id": receipt["id"], "metadata": dict(message.metadata)}
        return {"print": print_, "receipt": receipt, "due": due, "message": posted}

    def _shown(self, message: Message, given: Mapping[str, Any]) -> Json:
        parts = {name: text and render(text, given, html=name == "html") for name, text in self._parts(message).items()}
        if {"\r", "\n"} & set(parts["subject"] or ""):
            raise NonRetryableError("invalid", "a subject is one line")
        return {"to": message.to, "channel": message.channel, **parts}

    def _parts(self, message: Message) -> dict[str, str | None]:
        if message.template is None:
            return {name: getattr(message, name) for name in PARTS}
        if message.template not in self._templates:
            raise NonRetryableError("not_found", message.template)
        return {name: self._templates[message.template].get(name) for name in PARTS}

    def _posted(self) -> list[Json]:
        return [row for row in self.rows() if row["receipt"]["status"] != "suppressed"]

    def _now(self) -> float:
        return self._ctx.clock.now().timestamp()


def _at(row: Json) -> datetime:
    return datetime.fromtimestamp(row["due"], UTC)


class InSqlite(Kept):
    def first(self, slot: str, row: Json) -> Json:
        with closing(self._opened()) as db:
            db.execute("INSERT OR IGNORE INTO rows VALUES (?, ?)", (slot, json.dumps(row)))
        return self.rows(slot)[0]

    def rows(self, slot: str | None = None) -> list[Json]:
        with closing(self._opened()) as db:
            found = db.execute("SELECT body FROM rows WHERE slot = ? OR ? IS NULL", (slot, slot)).fetchall()
        return [json.loads(body) for (body,) in found]

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path / "rows.sqlite3", isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TABLE IF NOT EXISTS rows (slot TEXT PRIMARY KEY, body TEXT)")
        return db


class InFiles(Kept):
    """A file per message. A name cannot be linked twice, so that the first one wins over processes, too."""

    traits = LifecycleTraits(schedule_max_ahead_s=MONTH_S, delivery="at_most_once", key_ttl_s=MONTH_S)

    def first(self, slot: str, row: Json) -> Json:
        whole = self._path / f".{self._ctx.ids.new()}"
        whole.write_text(json.dumps(row), "utf-8")
        try:
            os.link(whole, self._file(slot))
        except FileExistsError:
            pass
        finally:
            whole.unlink()
        return self.rows(slot)[0]

    def rows(self, slot: str | None = None) -> list[Json]:
        files = sorted(self._path.glob("*.json")) if slot is None else [self._file(slot)]
        return [json.loads(file.read_text("utf-8")) for file in files if file.exists()]

    def _file(self, slot: str) -> Path:
        """Named by a digest: file systems fold cases."""
        return Path(self._path / f"{digest(slot).replace(':', '-')}.json")


class Journal:
    """A vendor in memory: what happened, in order."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: list[tuple[str, str, float, Json]] = []


class InJournal:
    """Coroutines over a list that only grows; it renders by itself, and numbers its messages."""

    capability = "lifecycle"
    contract = "1.0"
    traits = LifecycleTraits(channels=("email", "push"))
    unsupported: ClassVar = dict.fromkeys(("send.template", "preview.template"), "no templates here")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._journal: Journal = config["journal"]
        self._suppressed, self._ctx = config["suppressed"], ctx

    async def send(self, message: Message, *, idempotency_key: str) -> Json:
        return self._enter(f"now {idempotency_key}", message, self._ctx.clock.now())

    async def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        return self._enter(f"later {idempotency_key}", message, send_at)

    async def preview(self, message: Message) -> Json:
        await asyncio.sleep(0)
        missing: set[str] = set()
        shown = _filled(self._offered(message), missing)
        return {**{name: shown[name] for name in ("to", "channel", *PARTS)}, "missing": sorted(missing)}

    def observe(self) -> Json:
        return {"delivered": lambda: self._seen(waits=False), "scheduled": lambda: self._seen(waits=True)}

    def _enter(self, slot: str, message: Message, at: datetime) -> Json:
        posted = _filled(self._offered(message), set())
        print_ = digest([message.plain(), at.isoformat() if slot.startswith("later") else None])
        with self._journal.lock:
            number = next((n for n, entry in enumerate(self._journal.entries) if entry[0] == slot), None)
            if number is None:
                if slot.startswith("later") and at <= self._ctx.clock.now():
                    raise NonRetryableError("invalid", "too late")
                number = len(self._journal.entries)
                self._journal.entries.append((slot, print_, at.timestamp(), posted))
            elif self._journal.entries[number][1] != print_:
                raise NonRetryableError("key_conflict")
        return self._receipt(number, slot, message.to)

    def _receipt(self, number: int, slot: str, to: str) -> Json:
        status = "scheduled" if slot.startswith("later") else "accepted"
        return {"id": f"No-{number:09}", "status": "suppressed" if to in self._suppressed else status}

    def _offered(self, message: Message) -> Message:
        if message.channel == "sms" or message.template:
            raise NonRetryableError("unsupported", f"no {message.channel} here, and no templates")
        return message

    def _seen(self, *, waits: bool) -> Iterator[Json]:
        now, name = self._ctx.clock.now().timestamp(), "send_at" if waits else "at"
        for number, (_, _, at, posted) in enumerate(self._journal.entries):
            if (at > now) is waits and posted["to"] not in self._suppressed:
                yield {**posted, "id": f"No-{number:09}", name: datetime.fromtimestamp(at, UTC)}


def _filled(message: Message, missing: set[str]) -> Json:
    """The message as it is delivered; ``missing`` gets the names of variables that are not given."""

    def put(found: re.Match[str]) -> str:
        if found[1] in message.variables:
            return _word(message.variables[found[1]])
        missing.add(found[1])
        return found[0]

    def part(text: str | None, made: Any) -> str | None:
        return text and re.sub(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}", made, text)

    plain = {"to": message.to, "channel": message.channel, "metadata": dict(message.metadata)}
    texts = {"subject": part(message.subject, put), "text": part(message.text, put)}
    return {**plain, **texts, "html": part(message.html, lambda found: _escaped(found, put))}


def _escaped(found: re.Match[str], put: Any) -> str:
    filled: str = put(found)
    return filled if filled == found[0] else escape(filled)


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    whole = isinstance(value, float) and value.is_integer()
    return value if isinstance(value, str) else json.dumps(int(value) if whole else value)


def over_a_folder(cls: type[Kept]) -> Harness:
    return Harness(cls, fresh=lambda folder: folder, config=lambda folder: {"path": folder})


ALONE = (
    Benign("in_sqlite", over_a_folder(InSqlite), "a message is a row of a database", alone=True),
    Benign("in_files", over_a_folder(InFiles), "a message is a file, and its vendor has no keys", alone=True),
    Benign(
        "in_journal",
        Harness(InJournal, fresh=Journal, config=lambda journal: {"journal": journal}),
        "coroutines over a list, without templates and sms; ids are numbers",
        alone=True,
    ),
)
