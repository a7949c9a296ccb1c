"""The reference client: what it sends, and what each answer means to it."""

import asyncio
import inspect
import json
import logging
import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.server import HttpServer
from pytest_pal.kit.bench import START
from pytest_pal.kit.twins import harness
from pytest_pal.kit.twins.adapters import TwinAds, TwinLifecycle, TwinLLMObservability
from pytest_pal.kit.twins.client import Client, Twin
from pytest_pal.kit.twins.gateway import TwinLLMGateway
from pytest_pal.model.context import Context

from ..judging import fallen
from .async_twin import AsyncTwinAds
from .wrong_clients import PAUSED, Keyless

TWINS: tuple[Any, ...] = tuple(found.cls for found in vars(harness).values() if isinstance(found, harness.Harness))
SECRET = "canary-7f3a91"
SPEC = {"name": "Spring", "objective": "sales", "budget": 5_000_000, "currency": "USD", "start": "2026-03-03T09:00:00Z"}
CAMPAIGN = {"id": "cmp_1", "name": "Spring", "budget": 5_000_000, "currency": "USD", "objective": "sales"}


class Scripted:
    """A vendor that gives ``replies`` in order, and then only the last one."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[Request] = []
        self._server = HttpServer(self._respond)

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _respond(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def says(self, *values: Any) -> None:
        """These replies from now on: JSON, or a whole `Reply`."""
        self.replies = [found if isinstance(found, Reply) else _json(found) for found in values]

    def open(self, kind: Any = TwinAds, **more: Any) -> Any:
        config = {"base_url": self._server.url, "token": SECRET}
        return kind(config, Context(clock=SimulatedClock(START), **more))


def _json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, json.dumps(value).encode())


@pytest.fixture
def vendor() -> Iterator[Scripted]:
    with Scripted() as vendor:
        yield vendor


def error_after(vendor: Scripted, reply: Reply, operation: str = "pause", **arguments: Any) -> Any:
    vendor.says(reply)
    with pytest.raises(ProviderError) as caught:
        getattr(vendor.open(), operation)(**(arguments or {"campaign_id": "cmp_1"}))
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    return caught.value


def nowhere(kind: Any) -> Any:
    """An adapter without time, whose vendor nobody can reach."""
    return kind({"base_url": "http://127.0.0.1:1", "token": "t"}, Context(timeout=0.0))


# the whole of it


def test_there_is_a_twin_for_each_capability() -> None:
    assert len({twin.capability for twin in TWINS}) == 7


@pytest.mark.parametrize("twin", TWINS)
def test_a_twin_looks_like_an_adapter_that_somebody_wrote(twin: Any) -> None:
    assert pickle.loads(pickle.dumps(twin)) is twin
    assert (twin.capability, twin.contract) == (twin._of.name, twin._of.version)
    assert twin._of.traits.of(twin.traits) == twin.traits
    for operation in twin._of.operations.values():
        method = getattr(twin, operation.name)
        assert inspect.signature(method) == inspect.signature(operation.function)
        assert method.__doc__ == operation.function.__doc__


def test_an_async_client_that_shares_nothing_of_the_exchange_passes() -> None:
    assert fallen(replace(harness.ADS, cls=AsyncTwinAds)) == set()


# one request


def test_a_call_is_one_request_with_its_arguments_by_name(vendor: Scripted) -> None:
    checked = TwinAds._of.check("create_campaign", spec=SPEC, idempotency_key="key-1")
    vendor.says({**CAMPAIGN, "status": "draft"})
    made = vendor.open().create_campaign(checked["spec"], idempotency_key="key-1")
    assert made.status == "draft"
    (request,) = vendor.requests
    assert (request.method, request.path) == ("POST", "/create_campaign")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["idempotency-key"] == "key-1"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {"spec": checked["spec"].plain()}
    assert request.json["spec"]["start"] == "2026-03-03T09:00:00.000Z"


def test_only_an_operation_that_takes_a_key_sends_one(vendor: Scripted) -> None:
    vendor.says(PAUSED)
    vendor.open().pause("cmp_1")
    (request,) = vendor.requests
    assert "idempotency-key" not in request.headers
    assert request.json == {"campaign_id": "cmp_1"}


def test_bad_input_is_refused_without_a_request(vendor: Scripted) -> None:
    with pytest.raises(NonRetryableError, match="invalid: pause: /campaign_id"):
        vendor.open().pause("")
    assert vendor.requests == []


def test_the_bound_of_the_context_is_that_of_the_request() -> None:
    with pytest.raises(RetryableError, match="timeout"):
        nowhere(TwinAds).pause("cmp_1")


def test_a_call_is_logged_without_its_secrets(vendor: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="pytest_pal.adapter")
    vendor.says(PAUSED)
    vendor.open().pause("cmp_1")
    assert [record.getMessage() for record in caplog.records if record.name == "pytest_pal.adapter"] == [
        "ads.pause: 200"
    ]


def test_the_calls_of_one_adapter_share_a_connection_until_it_is_closed(vendor: Scripted) -> None:
    vendor.says(PAUSED)
    twin = vendor.open()
    for _ in range(3):
        twin.pause("cmp_1")
    twin.close()
    twin.close()
    twin.pause("cmp_1")
    assert [request.connection for request in vendor.requests] == [1, 1, 1, 2]


# what an answer means


@pytest.mark.parametrize(
    ("status", "told", "code", "unknown"),
    [
        (409, {"code": "in_progress"}, "in_progress", False),
        (409, {}, "conflict", False),
        (400, {"code": "rate_limited", "retry_after": 3}, "rate_limited", False),
        (503, {"code": "unavailable", "outcome_unknown": False}, "unavailable", False),
        (503, {"code": "no_such_code", "outcome_unknown": "no"}, "unavailable", True),
        (200, {"code": "quota_exhausted"}, "quota_exhausted", False),
        (200, {"message": "an error of no code"}, "malformed_reply", True),
        (302, {}, "malformed_reply", False),
        (422, {"code": "key_conflict", "details": {"a": 1}}, "key_conflict", False),
    ],
)
def test_the_body_speaks_first_and_then_the_status(
    vendor: Scripted, status: int, told: dict[str, Any], code: str, unknown: bool
) -> None:
    told = {**told, "message": f"you sent {SECRET}"}
    error = error_after(vendor, _json({"error": told}, status))
    assert (error.code, error.outcome_unknown) == (code, unknown)
    assert error.details == told.get("details", {})
    assert error.message == f"pause: the vendor answered {status}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"1", b'{"error": "text"}', b'{"error": [1]}', b"[" * 100_000])
def test_a_refusal_without_words_goes_by_its_status(vendor: Scripted, body: bytes) -> None:
    error = error_after(vendor, Reply(429, {"Retry-After": "7"}, body))
    assert (error.code, error.retry_after) == ("rate_limited", 7.0)


@pytest.mark.parametrize(
    ("headers", "told", "seconds"),
    [
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:30 GMT"}, {}, 30.0),
        ({"Retry-After": "soon"}, {"retry_after": 3}, None),
        ({}, {"retry_after": 2.5}, 2.5),
        ({}, {"retry_after": -1}, 0.0),
        ({}, {"retry_after": True}, None),
        ({}, {"retry_after": float("nan")}, None),
        ({}, {"retry_after": None}, None),
        ({}, {}, None),
    ],
)
def test_when_to_come_back(
    vendor: Scripted, headers: dict[str, str], told: dict[str, Any], seconds: float | None
) -> None:
    error = error_after(vendor, Reply(503, headers, json.dumps({"error": told}).encode()))
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"ok"',
        b"{}",
        b"{",
        b"\xff",
        json.dumps({**CAMPAIGN, "status": "no such status"}).encode(),
        json.dumps({**CAMPAIGN, "status": "active", "budget": SECRET}).encode(),
        SECRET.encode(),
        b"[" * 100_000,
    ],
)
def test_an_answer_that_cannot_be_understood_is_malformed(vendor: Scripted, body: bytes) -> None:
    error = error_after(vendor, Reply(body=body))
    assert (type(error), error.code, error.outcome_unknown) == (NonRetryableError, "malformed_reply", True)
    query = {"from": "2026-03-01", "to": "2026-03-02"}
    checked = TwinAds._of.check("report", query=query)
    error = error_after(vendor, Reply(body=body), "report", query=checked["query"])
    assert (error.code, error.outcome_unknown) == ("malformed_reply", False)


# what a subclass may do


def test_a_client_of_its_own_is_one_class_s_only() -> None:
    class KeylessTwin(TwinAds, client=Keyless):
        pass

    assert (KeylessTwin._speaks, TwinAds._speaks) == (Keyless, Client)


def test_an_operation_may_have_the_name_of_a_method_of_the_client() -> None:
    assert "send" in TwinLifecycle._of.operations
    assert {name for name in vars(Twin) if not name.startswith("_")} == {"contract", "close"}


# the two with something of their own


def test_closing_ends_what_is_open_and_tries_again_what_it_could_not(vendor: Scripted) -> None:
    twin = vendor.open(TwinLLMObservability)
    for name in ("a", "b", "c"):
        vendor.says({"id": f"trace-{name}", "name": name})
        twin.trace_start(name, idempotency_key=name)
    vendor.says({"id": "trace-b", "status": "ok"})
    twin.trace_stop("trace-b")
    vendor.says({"id": "trace-c", "status": "aborted"}, Reply(503))
    with pytest.raises(NonRetryableError, match="1 open traces could not be ended") as caught:
        twin.close()
    assert (caught.value.code, caught.value.details) == ("unavailable", {"lost": 1})
    vendor.says({"id": "trace-a", "status": "aborted"})
    twin.close()
    twin.close()
    stopped = [request.json["id"] for request in vendor.requests if request.path == "/trace_stop"]
    assert stopped == ["trace-b", "trace-c", "trace-a", "trace-a"]
    assert vendor.requests[-1].json["status"] == "aborted"


COMPLETION = {
    "model": None,
    "text": "hello",
    "stop": "end",
    "usage": {"prompt": 3, "cached": 0, "written": 0, "completion": 2},
}


@pytest.mark.parametrize(
    ("failed", "code", "unknown"),
    [
        (Reply(503), "unavailable", True),
        (Reply(429), "rate_limited", False),
        (_json({"text": 1}), "malformed_reply", True),
        (_json({**COMPLETION, "usage": {"prompt": -3}}), "malformed_reply", True),
    ],
)
def test_the_gateway_asks_for_completions_and_goes_on_to_the_next_model(
    vendor: Scripted, failed: Reply, code: str, unknown: bool
) -> None:
    vendor.says(failed, COMPLETION)
    result = vendor.open(TwinLLMGateway).route("Say hello", {})
    assert [request.path for request in vendor.requests] == ["/complete", "/complete"]
    assert [request.json["model"] for request in vendor.requests] == [found.model for found in result.attempts]
    first, second = result.attempts
    assert (first.error, first.outcome_unknown, second.error) == (code, unknown, None)


def test_the_models_of_one_route_share_one_bound() -> None:
    with pytest.raises(RetryableError, match="timeout") as caught:
        nowhere(TwinLLMGateway).route("Say hello", {})
    assert len(caught.value.details["attempts"]) == 1


def test_an_async_client_gives_up_in_time_too() -> None:
    with pytest.raises(RetryableError, match="timeout"):
        asyncio.run(nowhere(AsyncTwinAds).pause("cmp_1"))
