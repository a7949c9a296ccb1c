"""A real SMTP server on loopback for each item, behind a relay, with an inbox that keeps what it accepted."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from ..adapters.smtp_lifecycle import OUTBOX, SmtpLifecycle
from ..adapters.smtp_mail import METADATA
from ..faults.relay import Relay
from ..kit.harness import Harness

SUPPRESSED = "opted-out@example.com"
HOST = "127.0.0.1"


class Inbox:
    """aiosmtpd's handler: takes mail for everybody but who opted out."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self._read: list[dict[str, Any]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == SUPPRESSED:
            return "550 5.7.1 recipient address suppressed due to customer policy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.received += [(to, envelope.content) for to in envelope.rcpt_tos]
        return "250 OK"

    def rows(self) -> list[dict[str, Any]]:
        """What was received, each mail read once."""
        self._read += [{"to": to, **_parsed(content)} for to, content in self.received[len(self._read) :]]
        return list(self._read)


class Serving:
    """aiosmtpd on a free port of loopback, in a thread of its own; ``options`` are those of its SMTP class."""

    def __init__(self, inbox: Inbox, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        made = self._loop.create_server(lambda: SMTP(inbox, hostname="localhost", loop=self._loop, **options), HOST, 0)
        self._server = self._loop.run_until_complete(made)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.run_until_complete(_cancel(asyncio.all_tasks(self._loop)))
        self._loop.close()


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Ends the conversations that still go on."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class MailVendor:
    """The server of one item, and the second pair of eyes on it and on what the adapter still holds.

    The adapter talks to ``relay``, which stands before the server and can fail.
    """

    def __init__(self, directory: Path) -> None:
        self._outboxes = directory.parent
        self._inbox = Inbox()
        self._serving = Serving(self._inbox)
        # A line with spaces to come is not whole; and whatever befalls the goodbye, the mail is delivered.
        self.relay = Relay(HOST, self._serving.port, filler=b" ", uncounted=[b"quit"])

    def config(self) -> dict[str, Any]:
        # Nobody cuts the power during a test, so nothing waits for the disk.
        return {"host": HOST, "port": self.relay.port, "sender": "Kit <sender@example.com>", "durable": False}

    def close(self) -> None:
        self.relay.close()
        self._serving.close()

    def delivered(self) -> list[dict[str, Any]]:
        return self._inbox.rows()

    def scheduled(self) -> list[dict[str, Any]]:
        return [row for path in self._outboxes.glob(f"*/{OUTBOX}") for row in _waiting(path)]


def _parsed(content: bytes) -> dict[str, Any]:
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    return {
        "id": str(mail["Message-ID"]).strip("<>").partition("@")[0],
        "channel": "email",
        "subject": str(mail["Subject"]),
        "text": _body(mail, "plain"),
        "html": _body(mail, "html"),
        "metadata": json.loads(str(mail.get(METADATA, "{}"))),
        "at": mail["Date"].datetime,
    }


def _body(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return None if part is None else str(part.get_content())


def _waiting(path: Path) -> Iterator[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT send_at, mail FROM outbox WHERE state = 'waiting'").fetchall()
    for send_at, mail in rows:
        yield {**json.loads(mail), "channel": "email", "send_at": datetime.fromisoformat(send_at)}


HARNESS = Harness(
    SmtpLifecycle,
    reach="tcp",
    fresh=MailVendor,
    config=lambda vendor: vendor.config(),
    given={"suppressed": SUPPRESSED},
    observe=lambda vendor: vendor,
)
