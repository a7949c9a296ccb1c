"""What comes of attempts, the same for plain and async adapters and callers."""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_pal.call.deadline import current_deadline
from pytest_pal.call.retry import RetryPolicy
from pytest_pal.contracts.ads.protocol import AdsTraits, Campaign, CampaignSpec
from pytest_pal.errors import ErrorCode, NonRetryableError, ProviderError, RetryableError
from pytest_pal.telemetry.records import MemorySink

from .stage import ARGUMENTS, CAMPAIGN, GOOD, KINDS, PLAIN, SPEC, Kind, Stage

OPERATIONS = sorted(ARGUMENTS)
ONCE = AdsTraits(delivery="at_most_once")


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    yield request.param
    assert current_deadline() is None


def known() -> RetryableError:
    return RetryableError("unavailable", "busy")


def unknown() -> RetryableError:
    return RetryableError("connection", "lost", outcome_unknown=True)


def raised(stage: Stage, operation: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        stage.good(operation)
    return caught.value


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_success_takes_one_attempt_and_gives_one_record(kind: Kind, operation: str) -> None:
    stage = Stage(kind, GOOD[operation])
    output = stage.good(operation)
    assert output.extensions == {}
    record = stage.record
    assert (record.capability, record.adapter, record.operation, record.status) == ("ads", "acme", operation, "ok")
    assert [attempt.number for attempt in record.attempts] == [1]
    assert (record.retries, record.error_class, record.error) == (0, None, None)
    assert len(stage.script.calls) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_what_fails_for_a_while_is_tried_three_times_in_all(kind: Kind, operation: str, failures: int) -> None:
    stage = Stage(kind, *[known() for _ in range(failures)], GOOD[operation])
    if failures < 3:
        stage.good(operation)
    else:
        assert raised(stage, operation) is stage.script.outcomes[2]
    assert len(stage.script.calls) == len(stage.record.attempts) == min(3, failures + 1)
    assert len(stage.clock.slept) == stage.record.retries
    assert stage.record.status == ("ok" if failures < 3 else "error")


@pytest.mark.parametrize("code", list(ErrorCode))
def test_only_a_retryable_error_with_a_retryable_code_is_tried_again(code: ErrorCode) -> None:
    retryable = {"rate_limited", "unavailable", "timeout", "connection", "in_progress"}
    for error, attempts in ((RetryableError(code), 3 if code in retryable else 1), (NonRetryableError(code), 1)):
        stage = Stage(PLAIN, error)
        assert raised(stage, "pause") is error
        assert len(stage.script.calls) == attempts


@pytest.mark.parametrize("most", [1, 2, 10])
def test_the_number_of_attempts_is_the_policys(kind: Kind, most: int) -> None:
    stage = Stage(kind, known(), retry=RetryPolicy(max_attempts=most))
    raised(stage, "pause")
    assert len(stage.script.calls) == most


@pytest.mark.parametrize(
    ("operation", "traits", "attempts", "kept"),
    [
        ("create_campaign", AdsTraits(), 3, RetryableError),
        ("create_campaign", ONCE, 1, NonRetryableError),
        ("pause", ONCE, 3, RetryableError),
        ("report", ONCE, 3, RetryableError),
    ],
)
def test_an_unknown_outcome_is_risked_again_only_where_a_repeat_cannot_double(
    kind: Kind, operation: str, traits: AdsTraits, attempts: int, kept: type[ProviderError]
) -> None:
    stage = Stage(kind, *[unknown() for _ in range(3)], traits=traits)
    error = raised(stage, operation)
    assert len(stage.script.calls) == attempts
    assert type(error) is kept
    assert (error.code, error.outcome_unknown) == ("connection", True)
    assert stage.record.error_class == kept.__name__
    assert stage.record.attempts[-1].error_class == "RetryableError"
    if kept is NonRetryableError:
        assert error.__cause__ is stage.script.outcomes[0]
        assert "at most once" in error.message


def test_at_most_once_repeats_what_is_known_to_have_had_no_effect(kind: Kind) -> None:
    stage = Stage(kind, known(), CAMPAIGN, traits=ONCE)
    assert stage.good("create_campaign").id == "c1"
    assert len(stage.script.calls) == 2


@pytest.mark.parametrize(("operation", "unsure"), [("create_campaign", True), ("pause", True), ("report", False)])
def test_what_an_earlier_attempt_may_have_done_stays_unknown(kind: Kind, operation: str, unsure: bool) -> None:
    stage = Stage(kind, unknown(), NonRetryableError("unauthenticated", "token expired"))
    error = raised(stage, operation)
    assert (error.code, error.outcome_unknown) == ("unauthenticated", unsure)


def test_a_key_that_is_left_out_is_made_once_for_all_attempts(kind: Kind) -> None:
    stage = Stage(kind, known(), unknown(), CAMPAIGN)
    stage.good("create_campaign")
    stage.good("create_campaign")
    keys = [named["idempotency_key"] for _, named in stage.script.calls]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_a_given_key_is_kept_and_none_is_left_out(kind: Kind) -> None:
    stage = Stage(kind, known(), CAMPAIGN)
    stage.call("create_campaign", SPEC, idempotency_key="mine-1")
    stage.call("create_campaign", SPEC, idempotency_key=None)
    keys = [named["idempotency_key"] for _, named in stage.script.calls]
    assert keys[:2] == ["mine-1", "mine-1"]
    assert len(keys[2]) == 32


@pytest.mark.parametrize(
    ("given_", "named"),
    [((SPEC,), {}), ((), {"spec": SPEC}), ((CampaignSpec.model_validate(SPEC),), {"idempotency_key": "k"})],
)
def test_arguments_come_by_position_or_by_name_and_arrive_frozen(
    kind: Kind, given_: tuple[Any, ...], named: dict[str, Any]
) -> None:
    stage = Stage(kind, CAMPAIGN)
    assert type(stage.call("create_campaign", *given_, **named)) is Campaign
    (((spec,), keyword),) = stage.script.calls
    assert spec == CampaignSpec.model_validate(SPEC)
    assert list(keyword) == ["idempotency_key"]


@pytest.mark.parametrize(
    ("operation", "given_", "named", "says"),
    [
        ("create_campaign", (), {}, "/spec: Field required"),
        ("create_campaign", ({**SPEC, "budget": -1},), {}, "/spec/budget"),
        ("create_campaign", (SPEC, "key"), {}, r"2 arguments by position; it takes at most 1 \(spec\)"),
        ("create_campaign", (SPEC,), {"spec": SPEC}, "spec by position and by keyword"),
        ("create_campaign", (SPEC,), {"idempotency_key": "no blanks"}, "/idempotency_key"),
        ("pause", (), {"campaign_id": "c1", "why": "x"}, "/why"),
        ("report", ({"from": "2026-03-02", "to": "2026-03-01"},), {}, "must not come after"),
    ],
)
def test_invalid_arguments_never_reach_the_adapter(
    kind: Kind, operation: str, given_: tuple[Any, ...], named: dict[str, Any], says: str
) -> None:
    stage = Stage(kind, GOOD[operation])
    with pytest.raises(NonRetryableError, match=says) as caught:
        stage.call(operation, *given_, **named)
    assert (caught.value.code, caught.value.outcome_unknown) == ("invalid", False)
    assert stage.script.calls == []
    assert stage.record.plain() | {"latency_ms": 0} == {
        "adapter": "acme",
        "attempts": 0,
        "capability": "ads",
        "error_class": "NonRetryableError",
        "error_code": "invalid",
        "latency_ms": 0,
        "operation": operation,
        "rationale": None,
        "retries": 0,
        "status": "error",
    }


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("wrong", [None, 7, "ok", {}, {"id": "c1"}, {**CAMPAIGN, "surprise": 1}, [CAMPAIGN]])
def test_an_output_outside_the_contract_is_a_malformed_reply(kind: Kind, operation: str, wrong: Any) -> None:
    stage = Stage(kind, wrong)
    error = raised(stage, operation)
    assert type(error) is NonRetryableError
    assert (error.code, error.outcome_unknown) == ("malformed_reply", operation != "report")
    assert type(error.__cause__).__name__ == "ValidationError"
    assert len(stage.script.calls) == 1
    assert not stage.record.unclassified


STRAY = [ValueError("s3cret"), KeyError("x"), TimeoutError(), ConnectionError(), StopIteration()]


@pytest.mark.parametrize("stray", STRAY, ids=repr)
@pytest.mark.parametrize("operation", ["create_campaign", "report"])
def test_what_is_outside_the_taxonomy_is_not_retried_and_counted(kind: Kind, operation: str, stray: Exception) -> None:
    stage = Stage(kind, stray)
    error = raised(stage, operation)
    assert type(error) is NonRetryableError
    assert (error.code, error.outcome_unknown) == ("malformed_reply", operation == "create_campaign")
    cause = error.__cause__
    # A StopIteration cannot leave a coroutine; Python makes a RuntimeError of it.
    assert cause is stray or (isinstance(cause, RuntimeError) and cause.__cause__ is stray)
    assert error.details == {"unclassified": type(cause).__name__}
    assert "s3cret" not in str(error)
    assert stage.record.unclassified
    assert stage.record.attempts[0].error_class == type(cause).__name__
    assert len(stage.script.calls) == 1


def test_an_error_that_is_neither_retryable_nor_not_is_unclassified_with_its_code(kind: Kind) -> None:
    bare = ProviderError("rate_limited", "slow down", details={"lost": 1})
    stage = Stage(kind, bare)
    error = raised(stage, "pause")
    assert (type(error), error.code, error.__cause__) == (NonRetryableError, "rate_limited", bare)
    assert error.details == {"lost": 1, "unclassified": "ProviderError"}
    assert stage.record.unclassified


@pytest.mark.parametrize("passing", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupts_pass_through_and_leave_one_record(passing: type[BaseException]) -> None:
    stage = Stage(PLAIN, known(), passing())
    with pytest.raises(passing):
        stage.good("create_campaign")
    record = stage.record
    assert (record.status, record.error_class, len(record.attempts)) == ("cancelled", passing.__name__, 2)


@pytest.mark.parametrize(
    ("asked", "least"),
    [(0, 0), (4, 4), (4.5, 4.5), (-1, 0), (math.nan, 0), (math.inf, 0), (-math.inf, 0), (None, 0), ("4", 0), (True, 0)],
)
def test_retry_after_is_waited_for_where_it_says_a_time(kind: Kind, asked: Any, least: float) -> None:
    stage = Stage(kind, RetryableError("rate_limited", retry_after=asked), CAMPAIGN)
    stage.good("create_campaign")
    (slept,) = stage.clock.slept
    assert least <= slept <= least + 0.1


@pytest.mark.parametrize("asked", [30, 31.5, 1e300, 10**400])
def test_a_retry_after_beyond_the_deadline_ends_the_call_at_once(kind: Kind, asked: float) -> None:
    error = RetryableError("rate_limited", retry_after=asked)
    stage = Stage(kind, error)
    assert raised(stage, "create_campaign") is error
    assert (len(stage.script.calls), stage.clock.slept) == (1, [])


def test_a_retry_after_just_below_the_deadline_is_waited_for(kind: Kind) -> None:
    stage = Stage(kind, RetryableError("rate_limited", retry_after=29.9), CAMPAIGN)
    assert stage.good("create_campaign").id == "c1"
    assert 29.9 <= sum(stage.clock.slept) < 30


@pytest.mark.parametrize(("traits", "kept"), [(AdsTraits(), RetryableError), (ONCE, NonRetryableError)])
@pytest.mark.parametrize("first", [known, unknown])
def test_no_attempt_begins_after_the_deadline(
    kind: Kind, traits: AdsTraits, kept: type[ProviderError], first: Any
) -> None:
    def slow() -> Any:
        stage.clock.advance(30)
        raise first()

    stage = Stage(kind, slow, traits=traits)
    error = raised(stage, "create_campaign")
    unsure = first is unknown
    assert len(stage.script.calls) == 1
    assert error.outcome_unknown is unsure
    assert type(error) is (kept if unsure else RetryableError)
    assert error.code == ("connection" if unsure and traits is ONCE else "timeout")
    assert error.__cause__ is not None


def test_a_late_success_is_a_success(kind: Kind) -> None:
    def late() -> Any:
        stage.clock.advance(100)
        return CAMPAIGN

    stage = Stage(kind, late)
    assert stage.good("create_campaign").id == "c1"
    assert stage.record.latency_ms == stage.record.attempts[0].latency_ms == 100_000


@pytest.mark.parametrize(("operation", "deadline_s", "expected"), [("pause", None, 30.0), ("pause", 4, 4.0)])
def test_the_adapter_can_read_the_deadline(
    kind: Kind, operation: str, deadline_s: float | None, expected: float
) -> None:
    seen = []

    def look() -> Any:
        end = current_deadline()
        assert end is not None
        seen.append((end - stage.clock.now()).total_seconds())
        raise RetryableError("unavailable", retry_after=1)

    stage = Stage(kind, look, deadline_s=deadline_s)
    raised(stage, operation)
    assert seen[0] == expected
    assert seen[0] > seen[1] > seen[2]


def test_a_sink_that_raises_changes_nothing(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    def broken(record: object) -> None:
        raise RuntimeError("s3cret")

    after = MemorySink()
    stage = Stage(kind, CAMPAIGN, sinks=[broken, after])
    assert stage.good("create_campaign").id == "c1"
    assert len(after.records) == 1
    assert "the sink 'function' failed with RuntimeError" in caplog.text
    assert "s3cret" not in caplog.text


policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 10),
    base_s=st.floats(0, 1),
    cap_s=st.floats(1, 100),
)


@given(policies, st.integers(1, 10), st.floats(0, 1000), st.floats(0.001, 1000), st.randoms())
@example(RetryPolicy(base_s=0, cap_s=0), 1, 0, 1, None)
def test_a_wait_is_what_was_asked_plus_jitter_below_the_ceiling(
    policy: RetryPolicy, failures: int, asked: float, more: float, chance: Any
) -> None:
    wait = policy.wait(failures, asked, asked + more, chance or Random(1))
    assert policy.ceiling(failures) <= min(policy.cap_s, policy.base_s * 2 ** (failures - 1))
    assert asked <= wait <= asked + policy.ceiling(failures) + 1e-9
    assert wait <= asked + more


@given(st.one_of(st.floats(), st.none(), st.integers()), st.integers(1, 10))
def test_whatever_a_vendor_asks_for_the_call_ends_within_its_deadline(asked: Any, most: int) -> None:
    stage = Stage(PLAIN, RetryableError("rate_limited", retry_after=asked), retry=RetryPolicy(max_attempts=most))
    assert raised(stage, "pause").code in ("rate_limited", "timeout")
    assert sum(stage.clock.slept) <= 30
    assert 1 <= len(stage.script.calls) <= most


def test_jitter_spreads_over_the_whole_range_and_grows() -> None:
    policy, chance = RetryPolicy(base_s=1, cap_s=6), Random(3)
    for failures, ceiling in ((1, 1), (2, 2), (3, 4), (4, 6), (9, 6)):
        waits = [policy.wait(failures, 0, 1e9, chance) for _ in range(500)]
        assert min(waits) < 0.05 * ceiling
        assert 0.95 * ceiling < max(waits) <= ceiling


def test_the_same_source_gives_the_same_waits() -> None:
    slept = []
    for _ in range(2):
        stage = Stage(PLAIN, known())
        raised(stage, "pause")
        slept.append(stage.clock.slept)
    assert slept[0] == slept[1]
    assert slept[0][0] != slept[0][1]
