"""The reference client passes every clause on every capability, and says of each answer what it means."""

import asyncio
import inspect
import json
import logging
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.kit.bench import START
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins import adapters, gateway
from pytest_pal.kit.twins.client import Client, Twin
from pytest_pal.model.context import Context
from pytest_pal.model.operation import Operation
from pytest_pal.model.payload import Output
from pytest_pal.primitives.http_call import HttpReply

from ..judging import fallen
from .async_twin import AsyncTwinAds
from .identity_vendor import IdentityVendor

TWINS: tuple[Any, ...] = (
    adapters.TwinAds,
    adapters.TwinLifecycle,
    adapters.TwinExperiments,
    adapters.TwinCDP,
    adapters.TwinVectorStore,
    adapters.TwinLLMObservability,
    gateway.TwinLLMGateway,
)
SPEC = {"name": "Spring", "objective": "sales", "budget": 5_000_000, "currency": "USD", "start": "2026-03-03T09:00:00Z"}
CAMPAIGN = {"id": "cmp_1", "name": "Spring", "budget": 5_000_000, "currency": "USD", "objective": "sales"}


class Opening:
    """Makes the mock behind the vendor with the configuration and the clock that the adapter is given."""

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        IdentityVendor.live[config["base_url"]].open(config, ctx)
        super().__init__(config, ctx)  # type: ignore[call-arg]


def harness(twin: Any) -> Harness:
    return Harness(
        type(twin.__name__, (Opening, twin), {}),
        reach="http",
        fresh=lambda directory: IdentityVendor(twin._of),
        config=lambda vendor: vendor.config,
        observe=(lambda vendor: vendor.observe()) if twin._of.observe else None,
    )


@pytest.fixture
def vendor() -> Iterator[IdentityVendor]:
    with IdentityVendor(adapters.TwinAds._of) as vendor:
        yield vendor


def context(**more: Any) -> Context:
    return Context(clock=SimulatedClock(START), **more)


def ads(vendor: IdentityVendor, kind: Any = adapters.TwinAds, **more: Any) -> Any:
    ctx = context(**more)
    vendor.open(vendor.config, ctx)
    return kind(vendor.config, ctx)


def error_after(vendor: IdentityVendor, *answer: Any, operation: str = "pause", **arguments: Any) -> Any:
    vendor.scripted.append(answer)
    with pytest.raises(ProviderError) as caught:
        getattr(ads(vendor), operation)(**(arguments or {"campaign_id": "cmp_1"}))
    assert vendor.secret not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    return caught.value


# the whole of it


MANY_REQUESTS = (adapters.TwinExperiments, adapters.TwinVectorStore)


@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(twin, marks=[pytest.mark.slow] if twin in MANY_REQUESTS else [], id=twin.__name__)
        for twin in (*TWINS, AsyncTwinAds)
    ],
)
def test_every_clause_holds_of_a_twin(twin: Any) -> None:
    assert fallen(harness(twin)) == set()


@pytest.mark.parametrize("twin", TWINS)
def test_a_twin_looks_like_an_adapter_that_somebody_wrote(twin: Any) -> None:
    assert pickle.loads(pickle.dumps(twin)) is twin
    assert (twin.capability, twin.contract) == (twin._of.name, twin._of.version)
    assert twin._of.traits.of(twin.traits) == twin.traits
    for operation in twin._of.operations.values():
        method = getattr(twin, operation.name)
        assert inspect.signature(method) == inspect.signature(operation.function)
        assert method.__doc__ == operation.function.__doc__


# one request


def test_a_call_is_one_request_with_its_arguments_by_name(vendor: IdentityVendor) -> None:
    checked = adapters.TwinAds._of.check("create_campaign", spec=SPEC, idempotency_key="key-1")
    made = ads(vendor).create_campaign(checked["spec"], idempotency_key="key-1")
    assert made.name == "Spring"
    ((operation, headers, body),) = vendor.requests
    assert operation == "create_campaign"
    assert headers["authorization"] == f"Bearer {vendor.secret}"
    assert headers["idempotency-key"] == "key-1"
    assert headers["content-type"] == "application/json"
    assert body == {"spec": checked["spec"].plain()}
    assert body["spec"]["start"] == "2026-03-03T09:00:00.000Z"


def test_only_an_operation_that_takes_a_key_sends_one(vendor: IdentityVendor) -> None:
    with pytest.raises(NonRetryableError, match="not_found"):
        ads(vendor).pause("cmp_1")
    ((_, headers, body),) = vendor.requests
    assert "idempotency-key" not in headers
    assert body == {"campaign_id": "cmp_1"}


def test_bad_input_is_refused_without_a_request(vendor: IdentityVendor) -> None:
    with pytest.raises(NonRetryableError, match="invalid: pause: /campaign_id"):
        ads(vendor).pause("")
    assert vendor.requests == []


def test_the_bound_of_the_context_is_that_of_the_request() -> None:
    with pytest.raises(RetryableError, match="timeout"):
        adapters.TwinAds({"base_url": "http://127.0.0.1:1", "token": "t"}, context(timeout=0.0)).pause("cmp_1")


def test_a_call_is_logged_without_its_secrets(vendor: IdentityVendor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NonRetryableError):
        ads(vendor).pause("cmp_1")
    assert caplog.messages == ["ads.pause: 404"]


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
    vendor: IdentityVendor, status: int, told: dict[str, Any], code: str, unknown: bool
) -> None:
    told = {**told, "message": f"you sent {vendor.secret}"}
    error = error_after(vendor, status, {}, json.dumps({"error": told}).encode())
    assert (error.code, error.outcome_unknown) == (code, unknown)
    assert error.details == told.get("details", {})
    assert error.message == f"pause: the vendor answered {status}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"1", b'{"error": "text"}', b'{"error": [1]}', b"[" * 100_000])
def test_a_refusal_without_words_goes_by_its_status(vendor: IdentityVendor, body: bytes) -> None:
    error = error_after(vendor, 429, {"Retry-After": "7"}, body)
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
    vendor: IdentityVendor, headers: dict[str, str], told: dict[str, Any], seconds: float | None
) -> None:
    error = error_after(vendor, 503, headers, json.dumps({"error": told}).encode())
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
        json.dumps({**CAMPAIGN, "status": "active", "budget": IdentityVendor.secret}).encode(),
        b"canary-7f3a91",
        b"[" * 100_000,
    ],
)
def test_an_answer_that_cannot_be_understood_is_malformed(vendor: IdentityVendor, body: bytes) -> None:
    error = error_after(vendor, 200, {}, body)
    assert (type(error), error.code, error.outcome_unknown) == (NonRetryableError, "malformed_reply", True)
    query = {"from": "2026-03-01", "to": "2026-03-02"}
    checked = adapters.TwinAds._of.check("report", query=query)
    error = error_after(vendor, 200, {}, body, operation="report", query=checked["query"])
    assert (error.code, error.outcome_unknown) == ("malformed_reply", False)


# wrong clients, by one method each


class Keyless(Client):
    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {}


class Insistent(Client):
    def send(self, *request: Any) -> HttpReply:
        super().send(*request)
        return super().send(*request)


class Swallowing(Client):
    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except Exception:  # noqa: BLE001 - this is what is wrong about it
            return operation.output.model_validate({**CAMPAIGN, "status": "paused"})


class KeylessTwin(adapters.TwinAds, client=Keyless):
    pass


class InsistentTwin(adapters.TwinAds, client=Insistent):
    pass


class SwallowingTwin(adapters.TwinAds, client=Swallowing):
    pass


def test_a_wrong_client_is_one_method(vendor: IdentityVendor) -> None:
    assert ads(vendor, SwallowingTwin).pause("cmp_1").status == "paused"
    vendor.requests.clear()
    with pytest.raises(NonRetryableError):
        ads(vendor, InsistentTwin).pause("cmp_1")
    assert len(vendor.requests) == 2
    assert "ads.create_campaign.idempotency.repeat" in fallen(harness(KeylessTwin), only="create_campaign.idempotency")
    assert adapters.TwinAds._speaks is Client


def test_an_operation_may_have_the_name_of_a_method_of_the_client() -> None:
    assert "send" in adapters.TwinLifecycle._of.operations
    public = {name for name in vars(Twin) if not name.startswith("_")}
    assert public == {"contract", "close"}


# the two with something of their own


def test_closing_ends_what_is_open_and_tries_again_what_it_could_not() -> None:
    with IdentityVendor(adapters.TwinLLMObservability._of) as vendor:
        ctx = context()
        vendor.open(vendor.config, ctx)
        twin: Any = adapters.TwinLLMObservability(vendor.config, ctx)
        traces = [twin.trace_start(name, idempotency_key=name).id for name in ("a", "b", "c")]
        twin.trace_stop(traces[1])
        vendor.scripted.append((503, {}, b""))
        with pytest.raises(NonRetryableError, match="2 open traces could not be ended") as caught:
            twin.close()
        assert (caught.value.code, caught.value.details) == ("unavailable", {"lost": 2})
        twin.close()
        twin.close()
        stopped = [body["id"] for operation, _, body in vendor.requests if operation == "trace_stop"]
        assert stopped == [traces[1], traces[2], traces[2], traces[0]]
        assert [row.status for row in vendor.observe().traces()] == ["aborted", "ok", "aborted"]


def test_the_gateway_asks_for_completions_and_goes_on_to_the_next_model() -> None:
    with IdentityVendor(gateway.TwinLLMGateway._of) as vendor:
        ctx = context()
        vendor.open(vendor.config, ctx)
        twin: Any = gateway.TwinLLMGateway(vendor.config, ctx)
        vendor.scripted.append((503, {}, b""))
        result = twin.route("Say hello", {})
        assert [operation for operation, _, _ in vendor.requests] == ["complete", "complete"]
        assert [attempt.error for attempt in result.attempts] == ["unavailable", None]
        vendor.scripted.append((200, {}, b'{"text": 1}'))
        first, _ = twin.route("Say hello", {}).attempts
        assert (first.error, first.outcome_unknown) == ("malformed_reply", True)


def _refused(twin: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        twin.route("Say hello", {})
    return caught.value


def test_the_models_of_one_route_share_one_bound() -> None:
    twin: Any = gateway.TwinLLMGateway({"base_url": "http://127.0.0.1:1", "token": "t"}, context(timeout=0.0))
    error = _refused(twin)
    assert (error.code, len(error.details["attempts"])) == ("timeout", 1)


def test_an_async_client_gives_up_in_time_too(vendor: IdentityVendor) -> None:
    twin = AsyncTwinAds({**vendor.config}, context(timeout=0.0))
    with pytest.raises(RetryableError, match="timeout"):
        asyncio.run(twin.pause("cmp_1"))
