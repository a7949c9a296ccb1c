"""The SMTP adapter: every clause against a real server, and every failure of a server in the taxonomy."""

import json
import logging
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.smtp import AuthResult
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pal.adapters import smtp_lifecycle
from pytest_pal.adapters.smtp_lifecycle import OUTBOX, SmtpLifecycle
from pytest_pal.adapters.smtp_mail import compose
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.message import Delivery
from pytest_pal.harnesses.smtp_lifecycle import HARNESS, HOST, SUPPRESSED, Inbox, MailVendor, Serving, _parsed
from pytest_pal.model.context import Context
from pytest_pal.model.verdict import Verdict
from pytest_pal.primitives.key_memo import KeyMemo

from ..judging import fallen, judge
from .scripted_smtp import CLOSE, DRIP, HANG, ScriptedSmtp

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = START + timedelta(hours=1)
PEM = Path(__file__).with_name("loopback.pem")
PASSWORD = "canary-s3cr3t"
MESSAGE = {"to": "ann@example.com", "channel": "email", "subject": "s", "text": "t"}

Json = dict[str, Any]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[MailVendor]:
    directory = tmp_path / "vendor"
    directory.mkdir()
    with closing(MailVendor(directory)) as vendor:
        yield vendor


def adapter_at(
    port: int,
    directory: Path | None,
    *,
    clock: SimulatedClock | None = None,
    timeout: float = 5.0,
    secrets: Mapping[str, str] = {"smtp_password": PASSWORD},
    **config: Any,
) -> SmtpLifecycle:
    if directory is not None:
        (directory / "adapter").mkdir(exist_ok=True)
    context = Context(
        clock=clock or SimulatedClock(START),
        timeout=timeout,
        state_dir=None if directory is None else directory / "adapter",
        secrets=secrets,
    )
    settings = {"host": HOST, "port": port, "sender": "kit@example.com", "durable": False, **config}
    return SmtpLifecycle(settings, context)


def send(adapter: SmtpLifecycle, key: str = "k", **changes: Any) -> Json:
    checked = CAPABILITY.check("send", message={**MESSAGE, **changes}, idempotency_key=key)
    return adapter.send(checked["message"], idempotency_key=key)


def schedule(adapter: SmtpLifecycle, key: str = "k", send_at: datetime = SOON, **changes: Any) -> Json:
    checked = CAPABILITY.check("schedule", message={**MESSAGE, **changes}, send_at=send_at, idempotency_key=key)
    return adapter.schedule(checked["message"], checked["send_at"], idempotency_key=key)


def nobodys_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def outbox(directory: Path) -> list[tuple[str, str | None]]:
    """State and error of everything that the adapter still holds."""
    with closing(sqlite3.connect(directory / "adapter" / OUTBOX)) as db:
        return db.execute("SELECT state, error FROM outbox ORDER BY send_at").fetchall()


# against the contract


def test_every_clause_holds() -> None:
    results = judge(HARNESS)
    assert {id for id, result in results.items() if result.verdict is Verdict.UNSUPPORTED} == {
        "lifecycle.send.rule.template",
        "lifecycle.send.rule.template_header",
        "lifecycle.send.bad_input.unknown_template",
        "lifecycle.preview.bad_input.unknown_template",
    }
    green = (Verdict.PASSED, Verdict.UNSUPPORTED)
    assert {id: result.text for id, result in results.items() if result.verdict not in green} == {}
    assert len(results) > 60


class ForgetsKeys(SmtpLifecycle):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(config, ctx)
        self._memo = KeyMemo(None, ctx.clock)


class LooksBeforeItClaims(SmtpLifecycle):
    def _claimed(self, store: Any, id: str) -> Json | None:
        with store.transaction() as db:
            row = db.execute("SELECT mail FROM outbox WHERE id = ?", (id,)).fetchone()
        time.sleep(0.02)
        return None if row is None else json.loads(row[0])


class RefusesOptedOut(SmtpLifecycle):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__({**config, "suppressed_reply": "never said"}, ctx)


class RawSubject(SmtpLifecycle):
    def _row(self, message: Any) -> Json:
        row = super()._row(message)
        return {**row, "subject": row["subject"].encode("ascii", "replace").decode()}


@pytest.mark.parametrize(
    ("saboteur", "clause"),
    [
        (ForgetsKeys, "send.idempotency.restart"),
        (ForgetsKeys, "schedule.idempotency.restart"),
        (ForgetsKeys, "send.idempotency.new_process"),
        (LooksBeforeItClaims, "schedule.rule.two_instances"),
        (RefusesOptedOut, "send.rule.suppressed"),
        (RawSubject, "send.rule.unicode"),
    ],
)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    id = f"lifecycle.{clause}"
    assert id in fallen(replace(HARNESS, cls=saboteur), only=id)


# failures of the server

KNOWN: list[tuple[Json, str]] = [
    ({"connect": b"554 no service here"}, "forbidden"),
    ({"connect": b"hello"}, "malformed_reply"),
    ({"connect": b"299-" + b"x" * 9_000}, "malformed_reply"),
    ({"MAIL": b"550 5.7.1 not your address"}, "forbidden"),
    ({"MAIL": b"501 5.1.7 bad address"}, "invalid"),
    ({"MAIL": b"530 5.7.0 log in first"}, "unauthenticated"),
    ({"MAIL": b"552 5.3.4 too big"}, "payload_too_large"),
    ({"MAIL": b"354 go on"}, "malformed_reply"),
    ({"RCPT": b"550 5.1.1 nobody here"}, "invalid"),
    ({"RCPT": b"501 5.1.3 bad address"}, "invalid"),
    ({"DATA": b"502 not here"}, "unsupported"),
    ({"DATA": b"250 OK"}, "malformed_reply"),
    ({"end": b"550 5.7.1 spam"}, "content_refused"),
    ({"end": b"554 5.6.0 no"}, "content_refused"),
    ({"end": b"552 5.3.4 too big"}, "payload_too_large"),
]
AGAIN: list[tuple[Json, str]] = [
    ({"connect": b"421 too busy"}, "unavailable"),
    ({"connect": CLOSE}, "connection"),
    ({"connect": "22"}, "connection"),
    ({"connect": HANG}, "timeout"),
    ({"connect": DRIP}, "timeout"),
    ({"EHLO": HANG}, "timeout"),
    ({"EHLO": CLOSE}, "connection"),
    ({"MAIL": b"451 4.3.0 later"}, "unavailable"),
    ({"MAIL": b"450 4.7.1 Rate limit exceeded"}, "rate_limited"),
    ({"MAIL": b"454 Throttling failure: too fast"}, "rate_limited"),
    ({"connect": b"421 4.7.0 Too many connections"}, "rate_limited"),
    ({"RCPT": b"450 4.2.1 later"}, "unavailable"),
    ({"RCPT": DRIP}, "timeout"),
    ({"DATA": CLOSE}, "connection"),
    ({"end": b"451 4.3.0 later"}, "unavailable"),
    ({"end": b"452 4.3.1 disk full"}, "unavailable"),
]
UNKNOWN: list[tuple[Json, str]] = [
    ({"end": CLOSE}, "connection"),
    ({"end": "250 taken, and not ended"}, "connection"),
    ({"end": HANG}, "timeout"),
    ({"end": DRIP}, "timeout"),
    ({"end": b"what?"}, "malformed_reply"),
    ({"end": b"99 what?"}, "malformed_reply"),
]


def failure(adapter: SmtpLifecycle, key: str = "k", **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        send(adapter, key, **changes)
    return caught.value


@pytest.mark.parametrize(("answers", "code"), [*KNOWN, *AGAIN])
def test_a_failure_before_the_mail_was_taken_leaves_the_key_free(answers: Json, code: str, tmp_path: Path) -> None:
    with ScriptedSmtp(**answers) as server:
        error = failure(adapter_at(server.port, tmp_path, timeout=0.1))
        assert (error.code, error.outcome_unknown, server.connections) == (code, False, 1)
    assert isinstance(error, RetryableError) == ((answers, code) in AGAIN)
    assert error.__cause__ is not None
    with ScriptedSmtp() as server:
        assert send(adapter_at(server.port, tmp_path))["status"] == "accepted"
        assert len(server.mails) == 1


def test_an_error_says_what_the_server_said_and_to_what(tmp_path: Path) -> None:
    for name, phase in (("connect", "connect"), ("MAIL", "sender"), ("RCPT", "recipient"), ("end", "content")):
        with ScriptedSmtp(**{name: b"554 5.7.1 no, thanks"}) as server:
            error = failure(adapter_at(server.port, tmp_path))
        assert error.message == "554 5.7.1 no, thanks"
        assert error.details == {"smtp_code": 554, "phase": phase}


@pytest.mark.parametrize(("answers", "code"), UNKNOWN)
def test_a_failure_after_the_mail_left_is_unknown_and_never_repeated(answers: Json, code: str, tmp_path: Path) -> None:
    with ScriptedSmtp(**answers) as server:
        error = failure(adapter_at(server.port, tmp_path, timeout=0.1))
        assert (error.code, error.outcome_unknown, server.connections) == (code, True, 1)
        assert isinstance(error, NonRetryableError)
    with ScriptedSmtp() as server:
        for _ in range(2):
            again = failure(adapter_at(server.port, tmp_path))
            assert (again.code, again.outcome_unknown, server.connections) == ("unavailable", True, 0)
        assert failure(adapter_at(server.port, tmp_path), text="other").code == "key_conflict"


def test_a_server_that_stops_reading_is_left_in_time(tmp_path: Path) -> None:
    with ScriptedSmtp(content=HANG) as server:
        error = failure(adapter_at(server.port, tmp_path, timeout=0.2), text="x" * 8_000_000)
    assert (error.code, error.outcome_unknown) == ("timeout", True)


def test_it_says_goodbye(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        send(adapter_at(server.port, tmp_path))
        assert server.lines[-1].lower() == b"quit\r\n"


@pytest.mark.parametrize("answer", [HANG, DRIP, CLOSE, b"500 no"])
def test_what_was_taken_stays_accepted_whatever_comes_of_the_goodbye(answer: Any, tmp_path: Path) -> None:
    with ScriptedSmtp(QUIT=answer) as server:
        assert send(adapter_at(server.port, tmp_path, timeout=0.2))["status"] == "accepted"


def test_a_server_that_speaks_helo_only_and_knows_no_sizes(tmp_path: Path) -> None:
    with ScriptedSmtp(EHLO=b"502 no") as server:
        send(adapter_at(server.port, tmp_path))
        assert b"mail FROM:<kit@example.com>\r\n" in server.lines
    with ScriptedSmtp(EHLO=b"250-ready\r\n250 SIZE 1000000") as server:
        send(adapter_at(server.port, tmp_path), "other")
        assert any(line.startswith(b"mail FROM:<kit@example.com> size=") for line in server.lines)


def test_a_recipient_who_opted_out_is_known_by_the_servers_words(tmp_path: Path) -> None:
    with ScriptedSmtp(RCPT=b"550 5.7.1 on the Suppression list") as server:
        assert send(adapter_at(server.port, tmp_path))["status"] == "suppressed"
        assert failure(adapter_at(server.port, tmp_path, suppressed_reply="opted out"), "other").code == "invalid"
    with ScriptedSmtp(MAIL=b"550 5.7.1 your account is suppressed") as server:
        assert failure(adapter_at(server.port, tmp_path), "third").code == "forbidden"


def test_nobody_listens_and_nobody_knows_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(adapter_at(nobodys_port(), tmp_path))
    assert (error.code, error.outcome_unknown) == ("connection", False)

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failure(adapter_at(25, tmp_path, host="mail.invalid")).code == "connection"


def test_the_next_address_is_tried_and_all_share_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtp() as server:
        look_up = socket.getaddrinfo
        ports = [nobodys_port(), server.port]

        def two(host: str, port: int, *rest: Any, **options: Any) -> Any:
            if host != "mail.test":
                return look_up(host, port, *rest, **options)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, one)) for one in ports]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert send(adapter_at(1, tmp_path, host="mail.test"))["status"] == "accepted"
        error = failure(adapter_at(1, tmp_path, host="mail.test", timeout=-1.0), "other")
        assert (error.code, server.connections) == ("timeout", 1)
        ports.clear()
        assert failure(adapter_at(1, tmp_path, host="mail.test"), "third").code == "connection"


# secrets and TLS


@contextmanager
def secured() -> Iterator[tuple[int, Inbox]]:
    """A real server that asks for TLS and a login."""
    inbox, context = Inbox(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"ann", PASSWORD.encode()), handled=False)

    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": check,
    }
    with closing(Serving(inbox, **options)) as serving:
        yield serving.port, inbox


TLS = {"starttls": True, "cafile": str(PEM), "username": "ann"}


def test_mail_goes_over_tls_after_a_login_with_the_secret(tmp_path: Path) -> None:
    with secured() as (port, inbox):
        assert send(adapter_at(port, tmp_path, **TLS))["status"] == "accepted"
        assert len(inbox.received) == 1
        wrong = failure(adapter_at(port, tmp_path, **TLS, secrets={"smtp_password": "wrong"}), "2")
        assert (wrong.code, type(wrong)) == ("unauthenticated", NonRetryableError)
        none = failure(adapter_at(port, tmp_path, **TLS, secrets={}), "3")
        assert none.code == "not_configured"
        untrusted = failure(adapter_at(port, tmp_path, **{**TLS, "cafile": None}), "4")
        assert (untrusted.code, untrusted.outcome_unknown) == ("connection", False)
        assert len(inbox.received) == 1


def test_a_server_without_tls_or_login_is_not_used_where_they_are_asked_for(tmp_path: Path, vendor: MailVendor) -> None:
    port = vendor.config()["port"]
    assert failure(adapter_at(port, tmp_path, starttls=True)).code == "unsupported"
    assert failure(adapter_at(port, tmp_path, username="ann")).code == "unsupported"
    with ScriptedSmtp(EHLO=b"250-ready\r\n250 AUTH XMAGIC") as server:
        assert failure(adapter_at(server.port, tmp_path, username="ann")).code == "unsupported"
    assert vendor.delivered() == []


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    with ScriptedSmtp(EHLO=b"250-ready\r\n250 AUTH LOGIN PLAIN", AUTH=b"535 no") as server:
        assert failure(adapter_at(server.port, tmp_path, username="ann")).code == "unauthenticated"
        assert sum(line.startswith(b"AUTH") for line in server.lines) == 1


def test_a_password_that_smtp_cannot_carry_is_refused_without_being_shown(tmp_path: Path) -> None:
    with ScriptedSmtp(EHLO=b"250-ready\r\n250 AUTH PLAIN") as server:
        error = failure(adapter_at(server.port, tmp_path, username="ann", secrets={"smtp_password": "pässword"}))
    assert (error.code, "pässword" in repr(error)) == ("not_configured", False)


@pytest.mark.parametrize(("code", "expected"), [(535, "unauthenticated"), (454, "unavailable")])
def test_a_secret_that_the_server_says_again_goes_nowhere(
    code: int, expected: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = f"{code} 5.7.8 no such login: {PASSWORD}".encode()
    with ScriptedSmtp(EHLO=b"250-ready\r\n250 AUTH PLAIN", AUTH=answer) as server:
        adapter = adapter_at(server.port, tmp_path, username="ann")
        error = failure(adapter)
    assert error.code == expected
    seen: BaseException | None = error
    while seen is not None:
        assert PASSWORD not in f"{seen!r} {seen} {vars(seen)}"
        seen = seen.__cause__ or seen.__context__
    assert PASSWORD not in repr(adapter.__dict__) + caplog.text


# the schedule


def test_what_is_due_is_delivered_once_and_counted(tmp_path: Path, vendor: MailVendor, clock: SimulatedClock) -> None:
    adapter = adapter_at(vendor.config()["port"], tmp_path, clock=clock)
    for n in range(3):
        schedule(adapter, f"k{n}", SOON + timedelta(minutes=n), to=f"r{n}@example.com")
    assert adapter.run_due() == 0
    clock.advance(3_660)
    assert (adapter.run_due(), adapter.run_due()) == (2, 0)
    assert [row["to"] for row in vendor.delivered()] == ["r0@example.com", "r1@example.com"]
    assert [row["to"] for row in vendor.scheduled()] == ["r2@example.com"]
    clock.advance(3_600)
    assert adapter_at(vendor.config()["port"], tmp_path, clock=clock).run_due() == 1
    assert outbox(tmp_path) == []


def test_a_refused_recipient_does_not_hold_up_the_others(
    tmp_path: Path, vendor: MailVendor, clock: SimulatedClock
) -> None:
    adapter = adapter_at(vendor.config()["port"], tmp_path, clock=clock)
    schedule(adapter, "k1", to=SUPPRESSED)
    schedule(adapter, "k2", SOON + timedelta(seconds=1))
    clock.advance(7_200)
    assert adapter.run_due() == 1
    assert outbox(tmp_path) == []


def test_a_server_that_is_down_at_the_time_is_tried_again(
    tmp_path: Path, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = adapter_at(nobodys_port(), tmp_path, clock=clock)
    schedule(adapter)
    clock.advance(3_600)
    assert adapter.run_due() == 0
    ((state, error),) = outbox(tmp_path)
    assert (state, str(error).split(":")[0]) == ("waiting", "connection")
    assert "connection" in caplog.text
    with ScriptedSmtp() as server:
        assert adapter_at(server.port, tmp_path, clock=clock).run_due() == 1
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("answers", "state"),
    [({"RCPT": b"550 nobody"}, "failed"), ({"end": CLOSE}, "unknown"), ({"end": HANG}, "unknown")],
)
def test_what_was_refused_or_may_have_been_taken_is_kept_and_not_tried_again(
    answers: Json, state: str, tmp_path: Path, clock: SimulatedClock
) -> None:
    with ScriptedSmtp(**answers) as server:
        adapter = adapter_at(server.port, tmp_path, clock=clock, timeout=0.1)
        schedule(adapter)
        clock.advance(3_600)
        assert (adapter.run_due(), adapter.run_due(), server.connections) == (0, 0, 1)
    assert [row[0] for row in outbox(tmp_path)] == [state]


def test_a_process_that_dies_while_it_sends_is_not_followed_by_a_second_mail(
    tmp_path: Path, vendor: MailVendor, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    adapter = adapter_at(vendor.config()["port"], tmp_path, clock=clock)
    schedule(adapter)
    clock.advance(3_600)
    with monkeypatch.context() as patch:
        patch.setattr(smtp_lifecycle, "deliver", dies)
        with pytest.raises(KeyboardInterrupt):
            adapter.run_due()
    assert adapter.run_due() == 0
    assert vendor.delivered() == []


RUN_DUE = """
import sys
from datetime import datetime
from pathlib import Path
from pytest_pal.adapters.smtp_lifecycle import SmtpLifecycle
from pytest_pal.clock import SimulatedClock
from pytest_pal.model.context import Context
port, directory, now = sys.argv[1:]
context = Context(clock=SimulatedClock(datetime.fromisoformat(now)), state_dir=Path(directory))
adapter = SmtpLifecycle({"host": "127.0.0.1", "port": int(port), "sender": "kit@example.com"}, context)
print("ready", flush=True)
sys.stdin.readline()
print(adapter.run_due())
"""


def test_two_processes_deliver_each_message_once(tmp_path: Path, vendor: MailVendor) -> None:
    port, recipients = vendor.config()["port"], [f"r{n}@example.com" for n in range(12)]
    adapter = adapter_at(port, tmp_path)
    for to in recipients:
        schedule(adapter, to.partition("@")[0], to=to)
    command = [
        sys.executable,
        "-c",
        RUN_DUE,
        str(port),
        str(tmp_path / "adapter"),
        (SOON + timedelta(1)).isoformat(),
    ]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    delivered = [int(one.communicate(timeout=20)[0]) for one in both]
    assert sum(delivered) == len(recipients)
    assert sorted(row["to"] for row in vendor.delivered()) == sorted(recipients)


# configuration


def test_without_a_state_dir_it_sends_but_does_not_schedule(vendor: MailVendor) -> None:
    with closing(adapter_at(vendor.config()["port"], None)) as adapter:
        first = send(adapter)
        assert send(adapter) == first
        with pytest.raises(NonRetryableError, match="not_configured"):
            schedule(adapter)
        assert adapter.run_due() == 0
    assert len(vendor.delivered()) == 1


@pytest.mark.parametrize(
    "sender", ["", "nobody", "Kit <>", "Kit\r\nBcc: eve@example.com <kit@example.com>", "é@example.com"]
)
def test_a_sender_who_is_no_address_is_refused(sender: str, tmp_path: Path) -> None:
    with pytest.raises(NonRetryableError, match="not_configured"):
        adapter_at(25, tmp_path, sender=sender)


@pytest.mark.parametrize("to", ["token", "+15550100", "é@example.com", "a@b@c"])
def test_a_recipient_who_has_no_address_is_invalid(to: str, tmp_path: Path) -> None:
    assert failure(adapter_at(25, tmp_path), to=to).code == "invalid"


def test_what_smtp_does_not_offer_is_unsupported(tmp_path: Path) -> None:
    parts = {"subject": None, "text": None}
    for changes in ({"channel": "sms", "to": "a@example.com", "subject": None}, {**parts, "template": "t"}):
        assert failure(adapter_at(25, tmp_path), **changes).code == "unsupported"


def test_the_sender_may_have_a_name_and_the_server_hears_the_address(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        send(adapter_at(server.port, tmp_path, sender="Ünïcode Inc. <kit@example.com>", greeting="kit.example.com"))
        assert b"ehlo kit.example.com\r\n" in server.lines
        assert b"mail FROM:<kit@example.com>\r\n" in server.lines
        assert b"From: =?utf-8?" in server.mails[0]
        assert b" <kit@example.com>\r\n" in server.mails[0]


# the mail

LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200)
BODIES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@settings(max_examples=60, deadline=None)
@given(LINES, BODIES | st.none(), BODIES, st.dictionaries(LINES, BODIES, max_size=4))
def test_what_is_composed_is_read_back_unchanged(subject: str, text: str | None, html: str, metadata: Json) -> None:
    row = {
        "id": "a1b2",
        "to": "ann@example.com",
        "subject": subject,
        "text": text,
        "html": html,
        "metadata": metadata,
    }
    mail = compose("Kit <kit@example.com>", row, START)
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) <= 78
    assert b"\n" not in mail.replace(b"\r\n", b"")
    seen = _parsed(mail)
    assert seen == {
        **{name: row[name] for name in ("id", "subject", "text", "html", "metadata")},
        "channel": "email",
        "at": START,
    }


# behind the relay


@pytest.mark.parametrize(("stage", "delivered"), [("before", 0), ("after", 1)])
def test_where_the_reply_to_the_mail_is_lost_the_outcome_is_unknown(
    tmp_path: Path, vendor: MailVendor, stage: Literal["before", "after"], delivered: int
) -> None:
    with closing(adapter_at(vendor.relay.port, tmp_path)) as adapter:
        send(adapter, "healthy")
        last = vendor.relay.exchanges
        vendor.relay.mark()
        with vendor.relay.fault(Delivery.RESET, last, stage=stage), pytest.raises(NonRetryableError) as caught:
            send(adapter, "lost")
    assert (caught.value.code, caught.value.outcome_unknown) == ("connection", True)
    assert (last, len(vendor.delivered())) == (6, 1 + delivered)
