"""lifecycle over any SMTP server: at-most-once delivery, and a schedule of its own in SQLite."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import formataddr, parseaddr
from typing import Any, ClassVar

from ..contracts.lifecycle.protocol import LifecycleTraits, Message
from ..errors import NonRetryableError, ProviderError, RetryableError
from ..model.context import Context
from ..model.values import instant_text
from ..primitives.key_memo import KeyMemo
from ..primitives.local_store import LocalStore
from ..primitives.render import render
from .smtp_mail import compose
from .smtp_session import GREETING, RecipientRefused, Server, deliver

Json = dict[str, Any]
OUTBOX = "outbox.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    id TEXT PRIMARY KEY, send_at TEXT NOT NULL, mail TEXT NOT NULL, state TEXT NOT NULL, error TEXT
)
"""
_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
_NO_TEMPLATES = "an SMTP server stores no templates"


class SmtpLifecycle:
    """LifecycleProvider for one sender on one SMTP server. Email only.

    config: host, port, sender (an address, or ``Name <address>``); optional greeting (for EHLO), starttls,
    cafile, username (with the secret ``smtp_password``), suppressed_reply (a word by which the server says
    that it refuses a recipient who opted out; default "suppress"), durable (false: keys and schedule outlive
    the process, but not a loss of power).

    What is scheduled waits in ``ctx.state_dir`` until somebody calls `run_due`, at least once a minute.
    """

    capability = "lifecycle"
    contract = "1.0"
    traits = LifecycleTraits(delivery="at_most_once", channels=("email",), schedule_slack_s=60)
    unsupported: ClassVar = {"send.template": _NO_TEMPLATES, "preview.template": _NO_TEMPLATES}
    meets_wire: ClassVar = {"send": "wire", "schedule": "pure", "preview": "pure"}

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._sender, self._address = _sender(config["sender"])
        self._server = _server(config, ctx)
        self._opted_out = config.get("suppressed_reply", "suppress").lower()
        durable = config.get("durable", True)
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, durable=durable)
        path = None if ctx.state_dir is None else ctx.state_dir / OUTBOX
        self._outbox = None if path is None else LocalStore(path, _SCHEMA, durable=durable)
        self._ctx = ctx

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        row = self._row(message)
        return self._memo.run("send", idempotency_key, message.plain(), lambda: self._send(row))

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        row, at = self._row(message), instant_text(send_at)
        payload = {"message": message.plain(), "send_at": at}
        return self._memo.run("schedule", idempotency_key, payload, lambda: self._schedule(row, send_at))

    def preview(self, message: Message) -> Json:
        row = self._row(message)
        shown = {name: row[name] for name in ("to", "subject", "text", "html")}
        return {**shown, "channel": message.channel, "missing": message.missing()}

    def run_due(self) -> int:
        """Delivers what is due, and gives how many. Other threads and processes may do the same at once.

        What the server could not take for now is tried again by the next call; what it refused, or may have
        taken, is kept in the file with the error, and not tried again.
        """
        return 0 if self._outbox is None else sum(self._deliver_due(self._outbox, id) for id in self._due(self._outbox))

    def close(self) -> None:
        self._memo.close()

    def _row(self, message: Message) -> Json:
        """The message, rendered. Raises NonRetryableError for what no SMTP server takes."""
        if message.template is not None:
            raise NonRetryableError("unsupported", _NO_TEMPLATES)
        if message.channel != "email":
            raise NonRetryableError("unsupported", f"no {message.channel} over SMTP")
        if not _ADDRESS.fullmatch(message.to):
            raise NonRetryableError("invalid", "an email goes to an address of ASCII characters, name@domain")
        values = message.variables
        return {
            "id": self._ctx.ids.new(),
            "to": message.to,
            "subject": render(message.subject or "", values),
            "text": None if message.text is None else render(message.text, values),
            "html": None if message.html is None else render(message.html, values, html=True),
            "metadata": dict(message.metadata),
        }

    def _send(self, row: Json) -> Json:
        return {"id": row["id"], "status": "accepted" if self._transmit(row) else "suppressed"}

    def _transmit(self, row: Json) -> bool:
        """Hands one mail over; false where the server says that the recipient opted out."""
        mail = compose(self._sender, row, self._ctx.clock.now())
        try:
            deliver(self._server, self._address, row["to"], mail, seconds=self._ctx.remaining())
        except RecipientRefused as error:
            if self._opted_out not in error.message.lower():
                raise
            return False
        return True

    def _schedule(self, row: Json, send_at: datetime) -> Json:
        if self._outbox is None:
            raise NonRetryableError("not_configured", "a schedule needs a state_dir to survive a restart")
        if send_at <= self._ctx.clock.now():
            raise NonRetryableError("invalid", "send_at must be after now")
        with self._outbox.transaction() as db:
            values = (row["id"], instant_text(send_at), json.dumps(row))
            db.execute("INSERT INTO outbox VALUES (?, ?, ?, 'waiting', NULL)", values)
        return {"id": row["id"], "status": "scheduled"}

    def _due(self, outbox: LocalStore) -> list[str]:
        now = instant_text(self._ctx.clock.now())
        with outbox.transaction() as db:
            rows = db.execute("SELECT id FROM outbox WHERE state = 'waiting' AND send_at <= ? ORDER BY send_at", (now,))
            return [id for (id,) in rows]

    def _deliver_due(self, outbox: LocalStore, id: str) -> bool:
        row = self._claimed(outbox, id)
        if row is None:
            return False
        try:
            delivered = self._transmit(row)
        except ProviderError as error:
            self._not_delivered(outbox, id, error)
            return False
        with outbox.transaction() as db:
            db.execute("DELETE FROM outbox WHERE id = ?", (id,))
        return delivered

    def _claimed(self, outbox: LocalStore, id: str) -> Json | None:
        """The message, for the first who asks. It is claimed before it leaves, and so never sent twice."""
        with outbox.transaction() as db:
            claim = db.execute("UPDATE outbox SET state = 'sending' WHERE id = ? AND state = 'waiting'", (id,))
            if claim.rowcount == 0:
                return None
            (mail,) = db.execute("SELECT mail FROM outbox WHERE id = ?", (id,)).fetchone()
        row: Json = json.loads(mail)
        return row

    def _not_delivered(self, outbox: LocalStore, id: str, error: ProviderError) -> None:
        again = isinstance(error, RetryableError) and not error.outcome_unknown
        state = "waiting" if again else "unknown" if error.outcome_unknown else "failed"
        self._ctx.logger.warning("scheduled message %s: %s, now %s", id, error.code, state)
        with outbox.transaction() as db:
            db.execute("UPDATE outbox SET state = ?, error = ? WHERE id = ?", (state, str(error), id))


def _sender(text: str) -> tuple[str, str]:
    """The From header, in ASCII, and the address alone. Raises NonRetryableError(not_configured)."""
    name, address = parseaddr(text)
    if not text.isprintable() or not _ADDRESS.fullmatch(address):
        raise NonRetryableError("not_configured", "config['sender'] must be an address, or Name <address>")
    return formataddr((name, address)), address


def _server(config: Mapping[str, Any], ctx: Context) -> Server:
    return Server(
        host=config["host"],
        port=config["port"],
        greeting=config.get("greeting", GREETING),
        starttls=config.get("starttls", False),
        cafile=config.get("cafile"),
        username=config.get("username"),
        password=lambda: ctx.secret("smtp_password"),
    )
