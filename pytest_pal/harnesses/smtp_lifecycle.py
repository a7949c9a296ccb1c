"""A real SMTP server on loopback for each item, with an inbox that keeps what it accepted."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from ..adapters.smtp_lifecycle import OUTBOX, SmtpLifecycle
from ..adapters.smtp_mail import METADATA
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


class Relay:
    """The server of one item, and the second pair of eyes on it and on what the adapter still holds."""

    def __init__(self, directory: Path) -> None:
        self._outboxes = directory.parent
        self._inbox = Inbox()
        self._controller = _started(self._inbox)

    def config(self) -> dict[str, Any]:
        # Nobody cuts the power during a test, so nothing waits for the disk.
        return {"host": HOST, "port": self._controller.port, "sender": "Kit <sender@example.com>", "durable": False}

    def close(self) -> None:
        self._controller.stop()

    def delivered(self) -> list[dict[str, Any]]:
        return self._inbox.rows()

    def scheduled(self) -> list[dict[str, Any]]:
        return [row for path in self._outboxes.glob(f"*/{OUTBOX}") for row in _waiting(path)]


def _started(inbox: Inbox, attempts: int = 5) -> Controller:
    """On a port that was free a moment ago; where somebody else took it, on another one."""
    controller = Controller(inbox, hostname=HOST, port=_free_port(), server_hostname="localhost")
    try:
        controller.start()
    except OSError:
        controller.loop.close()
        if attempts == 1:
            raise
        return _started(inbox, attempts - 1)
    return controller


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


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
    fresh=Relay,
    config=lambda relay: relay.config(),
    given={"suppressed": SUPPRESSED},
    observe=lambda relay: relay,
)
