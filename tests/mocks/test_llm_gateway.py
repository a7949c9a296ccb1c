"""What the clauses of llm_gateway cannot see: the mock's own configuration, its deadline, its vendor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import RETRYABLE_CODES, ErrorCode, NonRetryableError, ProviderError, RetryableError
from pytest_pal.llm.request import Message
from pytest_pal.mocks.llm_gateway import MockLLMGateway, Vendor
from pytest_pal.model.context import Context

START = datetime(2026, 3, 2, tzinfo=UTC)
HELLO = (Message(role="user", content="Hello, world"),)


def gateway(*, left_s: float | None = None, **config: Any) -> MockLLMGateway:
    clock = SimulatedClock(START)
    deadline = None if left_s is None else START + timedelta(seconds=left_s)
    return MockLLMGateway(config, Context(clock=clock, deadline=lambda: deadline))


def test_without_configuration_it_routes_between_offline_models_by_the_specified_policy() -> None:
    found = gateway().route("Hello, world", {})
    assert (found["requested_model"], found["text"]) == ("harbor-small", "Hello, world")
    assert [row["id"] for row in gateway().models()["models"]] == [
        "harbor-large",
        "harbor-small",
        "meadow/pro",
        "meadow/lite",
        "orion-auto",
    ]


def test_a_model_that_the_account_does_not_offer_is_passed_over() -> None:
    found = gateway(offered=["orion-auto"]).route("Hello", {})
    errors = [row["error"] for row in found["attempts"]]
    assert (found["served_model"], errors) == ("orion-auto", ["not_found"] * 4 + [None])


def test_no_further_model_is_asked_when_the_time_is_up() -> None:
    for left_s, asked in ((0.0, 1), (0.5, 5)):
        with pytest.raises(RetryableError) as caught:
            gateway(left_s=left_s).route("[[*: unavailable]]", {})
        assert len(caught.value.details["attempts"]) == asked


def test_a_wrong_policy_or_catalogue_is_refused_at_once() -> None:
    for config in ({"policy": {"weights": {}}}, {"catalogue": {"models": [{"id": "a"}]}}):
        with pytest.raises(ValidationError):
            gateway(**config)


def test_a_failed_attempt_has_the_cost_of_its_reply() -> None:
    (attempt,) = failure("[[*: refuse]]")["attempts"]
    assert (attempt["finish_reason"], attempt["cost"]) == ("refused", 4 * 250_000)
    unmetered = failure("[[*: refuse]] [[*: unmetered]]")
    assert (unmetered["cost"], unmetered["attempts"][0]["cost"]) == (None, None)


def test_a_substitute_costs_what_it_costs_not_what_the_asked_model_would() -> None:
    policy = {"weights": {"quality": 1}, "constraints": {"deny_models": ["harbor-small"]}}
    assert failure("[[*: served=harbor-small]]", policy=policy)["cost"] == 7 * 250_000 + 7 * 1_250_000
    assert failure("[[*: served=a-stranger]]", policy=policy)["cost"] is None


def failure(prompt: str, **config: Any) -> dict[str, Any]:
    with pytest.raises(ProviderError) as caught:
        gateway(**config).route(prompt, {})
    return caught.value.details


@pytest.mark.parametrize("code", [*ErrorCode])
def test_the_vendor_fails_with_the_code_that_the_script_says(code: ErrorCode) -> None:
    expected = RetryableError if code in RETRYABLE_CODES else NonRetryableError
    with pytest.raises(expected) as caught:
        Vendor(None).complete("m", (Message(role="user", content=f"[[m: {code}]]"),), None)
    assert (caught.value.code, caught.value.outcome_unknown) == (code, False)


def test_the_script_concerns_the_model_that_it_names() -> None:
    message = (Message(role="user", content="[[other: refuse]] [[m: cached=2]]"),)
    reply = Vendor(None).complete("m", message, None)
    assert (reply["stop"], reply["usage"]["cached"], reply["usage"]["prompt"]) == ("end", 2, 9)


def test_the_vendor_says_a_name_with_a_date_where_the_script_asks_for_it() -> None:
    for word, name in (("dated", "m-2026-01-15"), ("silent", None), ("served=n", "n"), ("else", "m")):
        message = (Message(role="user", content=f"[[*: {word}]]"),)
        assert Vendor(None).complete("m", message, None)["model"] == name


def test_the_answer_is_cut_at_the_limit() -> None:
    for limit, text, stop, tokens in (
        (2, "Hello, w", "limit", 2),
        (3, "Hello, world", "end", 3),
        (None, "Hello, world", "end", 3),
    ):
        reply = Vendor(None).complete("m", HELLO, limit)
        assert (reply["text"], reply["stop"], reply["usage"]["completion"]) == (text, stop, tokens)
