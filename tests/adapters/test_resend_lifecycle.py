"""The resend adapter: the contract on the vendor's wire, and what the SDK would share or show."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import resend

from pytest_pal.adapters.resend_lifecycle import ResendLifecycle
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.server import HttpServer
from pytest_pal.harnesses.resend_lifecycle import HARNESS
from pytest_pal.model.context import Context

from ..judging import GREEN, judge

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON = START + timedelta(hours=1)
KEY = "re_canary-s3cr3t"
ID = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
MESSAGE = {"to": "ann@example.com", "channel": "email", "subject": "s", "text": "t"}
Json = dict[str, Any]


class FakeResend:
    """Answers as it is told, else with the id of an email; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answer: Callable[[Request], Reply] = lambda request: told(200, {"id": ID})
        self.server = HttpServer(self._respond)

    def _respond(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.answer(request)

    def close(self) -> None:
        self.server.close()


def told(status: int, body: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json", **named}, json.dumps(body).encode())


@pytest.fixture
def vendor() -> Iterator[FakeResend]:
    with closing(FakeResend()) as vendor:
        yield vendor


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


def adapter_at(
    vendor: FakeResend, clock: SimulatedClock, directory: Path | None = None, key: str = KEY
) -> ResendLifecycle:
    context = Context(clock=clock, timeout=5.0, state_dir=directory, secrets={"resend_api_key": key})
    return ResendLifecycle(
        {"sender": "Kit <kit@example.com>", "base_url": vendor.server.url, "durable": False}, context
    )


@pytest.fixture
def adapter(vendor: FakeResend, clock: SimulatedClock, tmp_path: Path) -> ResendLifecycle:
    return adapter_at(vendor, clock, tmp_path)


def send(adapter: ResendLifecycle, key: str = "k", **changes: Any) -> Json:
    checked = CAPABILITY.check("send", message={**MESSAGE, **changes}, idempotency_key=key)
    return adapter.send(checked["message"], idempotency_key=key)


def schedule(adapter: ResendLifecycle, key: str = "k", send_at: datetime = SOON, **changes: Any) -> Json:
    checked = CAPABILITY.check("schedule", message={**MESSAGE, **changes}, send_at=send_at, idempotency_key=key)
    return adapter.schedule(checked["message"], checked["send_at"], idempotency_key=key)


def refusal(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("family", [".shape.", ".rule.", "send.fault.s"])
def test_the_contract_holds(family: str) -> None:
    results = judge(HARNESS, only=family)
    assert {id: result.text for id, result in results.items() if result.verdict not in GREEN} == {}
    assert len(results) > 5


def test_an_email_is_sent_rendered_with_its_key_and_metadata(adapter: ResendLifecycle, vendor: FakeResend) -> None:
    sent = send(adapter, subject="Hi {{n}}", html="<b>{{n}}</b>", variables={"n": "a&b"}, metadata={"größe": "7"})
    assert sent == {"id": ID, "status": "accepted"}
    (request,) = vendor.asked
    assert (request.method, request.path) == ("POST", "/emails")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["idempotency-key"] == "send/k"
    body = request.json
    assert re.fullmatch("[0-9a-f]{64}", body.pop("tags")[0]["value"])
    assert body == {
        "from": "Kit <kit@example.com>",
        "to": "ann@example.com",
        "subject": "Hi a&b",
        "text": "t",
        "html": "<b>a&amp;b</b>",
        "headers": {"X-Metadata": '{"gr\\u00f6\\u00dfe": "7"}'},
    }


def test_an_operation_has_keys_of_its_own(adapter: ResendLifecycle, vendor: FakeResend) -> None:
    send(adapter)
    assert schedule(adapter) == {"id": ID, "status": "scheduled"}
    assert [request.headers["idempotency-key"] for request in vendor.asked] == ["send/k", "schedule/k"]
    assert vendor.asked[1].json["scheduled_at"] == "2026-03-02T10:00:00.000Z"


@pytest.mark.parametrize(
    ("status", "name", "code", "unknown"),
    [
        (401, "missing_api_key", "unauthenticated", False),
        (401, "restricted_api_key", "forbidden", False),
        (403, "invalid_api_key", "unauthenticated", False),
        (403, "validation_error", "forbidden", False),
        (409, "invalid_idempotent_request", "key_conflict", False),
        (409, "concurrent_idempotent_requests", "in_progress", False),
        (422, "missing_required_field", "invalid", False),
        (429, "rate_limit_exceeded", "rate_limited", False),
        (429, "daily_quota_exceeded", "quota_exhausted", False),
        (429, "monthly_quota_exceeded", "quota_exhausted", False),
        (451, "security_error", "invalid", False),
        (500, "application_error", "unavailable", True),
    ],
)
def test_the_vendor_s_name_of_an_error_goes_before_its_status(
    adapter: ResendLifecycle, vendor: FakeResend, status: int, name: str, code: str, unknown: bool
) -> None:
    vendor.answer = lambda request: told(status, {"statusCode": status, "name": name, "message": "why"})
    error = refusal(lambda: send(adapter))
    assert (error.code, error.outcome_unknown) == (code, unknown)
    assert isinstance(error.__cause__, resend.exceptions.ResendError)
    assert name in error.message
    assert len(vendor.asked) == 1


def test_retry_after_is_read_by_the_injected_clock_and_never_from_a_success(
    adapter: ResendLifecycle, vendor: FakeResend
) -> None:
    limited = {"statusCode": 429, "name": "rate_limit_exceeded", "message": "slow down"}
    waits = []
    for status, after in ((429, "7"), (429, "Mon, 02 Mar 2026 09:00:30 GMT"), (429, "soon"), (200, "7")):
        vendor.answer = lambda request, status=status, after=after: told(status, limited, retry_after=after)  # type: ignore[misc]
        error = refusal(lambda: send(adapter))
        assert isinstance(error, RetryableError)
        waits.append(error.retry_after)
    assert waits == [7, 30, None, None]


@pytest.mark.parametrize("body", [{"object": "email"}, {"id": 7}, {"id": "no key!"}, [], None])
def test_a_success_without_an_id_may_have_happened(adapter: ResendLifecycle, vendor: FakeResend, body: Any) -> None:
    vendor.answer = lambda request: told(200, body)
    error = refusal(lambda: send(adapter))
    assert (error.code, error.outcome_unknown) == ("malformed_reply", True)


def test_what_the_vendor_echoes_shows_no_key(adapter: ResendLifecycle, vendor: FakeResend) -> None:
    def echo(request: Request) -> Reply:
        sent = request.headers["authorization"]
        return told(400, {"statusCode": 400, "name": "validation_error", "message": f"bad {sent}"}, x_sent=sent)

    vendor.answer = echo
    error = refusal(lambda: send(adapter))
    cause: Any = error.__cause__
    shown = [str(error), repr(vars(error)), str(cause), repr(vars(cause)), repr(cause.args)]
    assert "bad Bearer [secret]" in error.message
    assert not [text for text in shown if KEY in text]
    assert cause.__context__ is None
    assert KEY not in repr(adapter)


def test_adapters_share_neither_key_nor_url_and_leave_the_sdk_s_globals_alone(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resend, "api_key", "re_somebody-elses")
    before = (resend.api_key, resend.api_url, resend.default_http_client)
    with closing(FakeResend()) as one, closing(FakeResend()) as other, ThreadPoolExecutor(4) as pool:
        adapters = [
            (adapter_at(vendor, clock, key=key), vendor, key) for vendor, key in ((one, "re_1"), (other, "re_2"))
        ]
        for adapter, _, _ in adapters:
            list(pool.map(lambda n, adapter=adapter: send(adapter, key=f"k{n}"), range(8)))
        for _, vendor, key in adapters:
            assert {request.headers["authorization"] for request in vendor.asked} == {f"Bearer {key}"}
    assert (resend.api_key, resend.api_url, resend.default_http_client) == before


def test_a_login_in_a_netrc_file_does_not_replace_the_key(
    adapter: ResendLifecycle, vendor: FakeResend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    send(adapter)
    assert vendor.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_known_key_is_answered_after_its_instant_has_passed(
    adapter: ResendLifecycle, vendor: FakeResend, clock: SimulatedClock, tmp_path: Path
) -> None:
    first = schedule(adapter)
    clock.advance(7_200)
    again = adapter_at(vendor, clock, tmp_path)
    assert schedule(again) == first
    assert refusal(lambda: schedule(again, text="other")).code == "key_conflict"
    assert refusal(lambda: schedule(again, key="new")).code == "invalid"
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("ahead", [-1, 0, 59, 30 * 86_400 + 1])
def test_an_instant_outside_the_window_is_refused_before_any_request(
    adapter: ResendLifecycle, vendor: FakeResend, ahead: float
) -> None:
    assert refusal(lambda: schedule(adapter, send_at=START + timedelta(seconds=ahead))).code == "invalid"
    assert vendor.asked == []
    schedule(adapter, send_at=START + timedelta(seconds=60))


def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_body(
    adapter: ResendLifecycle, vendor: FakeResend
) -> None:
    answers = iter([told(500, {}), told(200, {"id": ID})])
    vendor.answer = lambda request: next(answers)
    assert refusal(lambda: schedule(adapter)).outcome_unknown
    assert schedule(adapter) == {"id": ID, "status": "scheduled"}
    first, second = vendor.asked
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channel": "sms", "subject": None}, "unsupported"),
        ({"subject": None, "text": None, "template": "welcome"}, "unsupported"),
        ({"to": "+4915112345678"}, "invalid"),
    ],
)
def test_what_resend_cannot_take_is_refused_here(
    adapter: ResendLifecycle, vendor: FakeResend, changes: Mapping[str, Any], code: str
) -> None:
    error = refusal(lambda: send(adapter, **changes))
    assert isinstance(error, NonRetryableError)
    assert error.code == code
    assert vendor.asked == []


def test_closing_twice_is_fine(adapter: ResendLifecycle, vendor: FakeResend) -> None:
    send(adapter)
    adapter.close()
    adapter.close()
    assert len(vendor.asked) == 1
