"""route is asked again after an unknown outcome within attempts and the policy's cost limit, never beyond."""

import copy
from random import Random
from typing import Any

import pytest

from pytest_pal.call.cost import within_cost
from pytest_pal.call.handles import handle
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.llm_gateway import CAPABILITY
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.kit.bench import START
from pytest_pal.llm.catalogue import Catalogue
from pytest_pal.llm.offline import CATALOGUE
from pytest_pal.llm.policy import Policy
from pytest_pal.llm.request import request_of
from pytest_pal.llm.routing import decide
from pytest_pal.llm.units import PICODOLLARS
from pytest_pal.mocks.llm_gateway import MockLLMGateway
from pytest_pal.model.context import Context, RandomIds
from pytest_pal.telemetry.records import MemorySink

CHEAP = {"weights": {"cost": 1}, "constraints": {"allow_models": ["harbor-small"]}}


class Gateway:
    """Over the mock, or over errors that it raises first."""

    def __init__(self, policy: dict[str, Any], *errors: ProviderError, limited: bool = True) -> None:
        clock = SimulatedClock(START)
        self.sink, self.calls, self._errors = MemorySink(), 0, list(errors)
        self._mock = MockLLMGateway({"policy": policy}, Context(clock=clock))
        limit = within_cost(Policy.model_validate(policy), Catalogue.model_validate(CATALOGUE)) if limited else None
        self.handle = handle(
            self,
            CAPABILITY,
            name="gate",
            clock=clock,
            random=Random(1),
            ids=RandomIds(Random(2)),
            sinks=[self.sink],
            may_repeat=limit,
        )

    def models(self) -> Any:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self._mock.models()

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: int | None = None) -> Any:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return self._mock.route(prompt, tags, max_output_tokens=max_output_tokens)


def limited(policy: dict[str, Any], requests: float) -> dict[str, Any]:
    """The policy with a limit of so many requests of the estimated cost."""
    decision = decide(Policy.model_validate(policy), Catalogue.model_validate(CATALOGUE), request_of("hello", {}))
    assert decision.chosen is not None
    found = decision.candidate(decision.chosen)
    assert found is not None
    assert found.cost is not None
    changed = copy.deepcopy(policy)
    changed["constraints"]["max_cost_usd"] = found.cost * requests / PICODOLLARS
    return changed


def lost(**details: Any) -> RetryableError:
    return RetryableError("connection", outcome_unknown=True, details=details)


UNKNOWN = {"model": "harbor-small", "error": "connection", "outcome_unknown": True}
FREE = {"model": "harbor-small", "error": "unavailable"}


@pytest.mark.parametrize(
    ("requests", "errors", "calls"),
    [
        (1.5, [lost(attempts=[UNKNOWN])], 1),
        (2.5, [lost(attempts=[UNKNOWN])], 2),
        (2.5, [lost(attempts=[UNKNOWN]), lost(attempts=[UNKNOWN])], 2),
        (1.5, [RetryableError("unavailable", details={"attempts": [FREE]})], 2),
        (1.5, [lost(attempts=[{**UNKNOWN, "cost": 0}])], 2),
        (1.5, [lost()], 1),
        (1.5, [lost(attempts="none of your business")], 1),
        (1.5, [RetryableError("unavailable")], 2),
    ],
)
def test_a_prompt_is_asked_again_while_the_worst_case_is_within_the_limit(
    requests: float, errors: list[ProviderError], calls: int
) -> None:
    gateway = Gateway(limited(CHEAP, requests), *errors)
    if calls > len(errors):
        assert gateway.handle.route("hello", {}).text == "hello"
    else:
        with pytest.raises(RetryableError) as caught:
            gateway.handle.route("hello", {})
        assert caught.value is errors[calls - 1]
    assert gateway.calls == calls == len(gateway.sink.records[0].attempts)


def test_without_a_limit_the_attempts_alone_bound_it() -> None:
    gateway = Gateway(CHEAP, lost(), lost(), lost())
    with pytest.raises(RetryableError):
        gateway.handle.route("hello", {})
    assert gateway.calls == 3


def test_a_policy_may_stop_at_an_unknown_outcome() -> None:
    gateway = Gateway({**CHEAP, "fallback": {"on_unknown": False}}, lost())
    with pytest.raises(RetryableError):
        gateway.handle.route("hello", {})
    assert gateway.calls == 1


def test_the_limit_concerns_only_what_costs() -> None:
    gateway = Gateway(limited(CHEAP, 0.1), lost())
    assert gateway.handle.models().models
    assert gateway.calls == 2


def test_the_record_of_a_route_says_why() -> None:
    gateway = Gateway(CHEAP)
    result = gateway.handle.route("hello", {})
    assert gateway.sink.records[0].rationale == result.rationale.plain()
    gateway.handle.models()
    assert gateway.sink.records[1].rationale is None


def test_the_record_of_a_route_without_candidates_names_the_rejects() -> None:
    gateway = Gateway({"weights": {"cost": 1}, "constraints": {"allow_models": []}})
    with pytest.raises(NonRetryableError) as caught:
        gateway.handle.route("hello", {})
    record = gateway.sink.records[0]
    assert record.error_code == "no_candidate"
    assert record.rationale == {"rejects": caught.value.details["rejects"]}
    assert record.plain()["rationale"] == record.rationale
