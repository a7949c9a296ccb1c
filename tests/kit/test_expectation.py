"""What an adapter must make of a fault, by the fault, the operation and the adapter's delivery."""

from typing import Any

import pytest

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.catalogue import BY_NAME, CATALOGUE
from pytest_pal.kit.expectation import expected, judge, judge_flush
from pytest_pal.model.clause import ClauseFailed
from pytest_pal.model.subject import Outcome
from pytest_pal.primitives.http_errors import error_of

KEYED, NATURAL, READ = (CAPABILITY.operation(name) for name in ("create_campaign", "pause", "report"))


def held(error: BaseException | None, fault: str, operation: Any = NATURAL, delivery: str = "exactly_once") -> bool:
    wanted = expected(BY_NAME[fault], operation, delivery, several=False)
    try:
        judge(Outcome(operation.name, error=error), wanted)
    except ClauseFailed:
        return False
    return True


def retryable(code: str, unknown: bool = False) -> ProviderError:
    return RetryableError(code, outcome_unknown=unknown)


def final(code: str, unknown: bool = False) -> ProviderError:
    return NonRetryableError(code, outcome_unknown=unknown)


@pytest.mark.parametrize(
    ("error", "fault", "holds"),
    [
        (retryable("timeout", True), "hang", True),
        (retryable("timeout", False), "hang", False),
        (retryable("connection", True), "hang", False),
        (final("timeout", True), "hang", False),
        (retryable("connection"), "refused", True),
        (retryable("unavailable"), "refused", True),
        (retryable("connection", True), "refused", False),
        (retryable("connection", True), "reset_before", True),
        (final("malformed_reply", True), "truncated", True),
        (final("malformed_reply", False), "malformed", False),
        (retryable("timeout", True), "status_408", True),
        (retryable("timeout", False), "status_408", True),
        (retryable("unavailable", False), "status_503_retry_after", True),
        (retryable("unavailable", False), "status_503", False),
        (final("invalid"), "status_400", True),
        (final("invalid", True), "status_400", False),
        (final("conflict"), "status_400", False),
        (final("malformed_reply"), "redirected", True),
        (ConnectionResetError(), "reset_before", False),
        (ClauseFailed("it broke"), "reset_before", False),
        (None, "reset_before", False),
    ],
)
def test_class_code_and_outcome_are_judged(error: BaseException | None, fault: str, holds: bool) -> None:
    assert held(error, fault) is holds


@pytest.mark.parametrize("code", ["timeout", "connection", "unavailable", "malformed_reply"])
def test_at_most_once_may_be_final_where_nobody_knows(code: str) -> None:
    fault = next(f for f in CATALOGUE if code in f.codes and f.outcome == "unknown")
    assert held(final(code, True), fault.name, KEYED, "at_most_once")
    assert not held(final(code, False), fault.name, KEYED, "at_most_once")
    if code != "malformed_reply":
        assert not held(final(code, True), fault.name, KEYED)
        assert not held(final(code, True), fault.name, NATURAL, "at_most_once")
    assert held(error_of(code, outcome_unknown=True), fault.name, KEYED, "at_most_once")


def test_at_most_once_is_not_final_where_the_outcome_is_known() -> None:
    assert not held(final("rate_limited"), "status_429", KEYED, "at_most_once")
    assert held(retryable("rate_limited"), "status_429", KEYED, "at_most_once")


@pytest.mark.parametrize("fault", [fault for fault in CATALOGUE if not fault.harmless], ids=lambda fault: fault.name)
@pytest.mark.parametrize("unknown", [False, True])
def test_of_a_read_and_of_several_requests_either_outcome_is_right(fault: Any, unknown: bool) -> None:
    for operation, several in ((READ, False), (NATURAL, True)):
        for code in fault.codes:
            wanted = expected(fault, operation, "exactly_once", several=several)
            judge(Outcome(operation.name, error=error_of(code, outcome_unknown=unknown)), wanted)


def test_a_failure_says_what_was_expected_and_what_came() -> None:
    wanted = expected(BY_NAME["truncated"], NATURAL, "exactly_once", several=False)
    assert wanted.words() == (
        "NonRetryableError or RetryableError(connection or unavailable or malformed_reply, outcome_unknown)"
    )
    with pytest.raises(ClauseFailed) as caught:
        judge(Outcome("pause", error=retryable("timeout", True)), wanted)
    (difference,) = caught.value.differences
    assert str(difference.seen) == "raised RetryableError(timeout) (outcome_unknown)"
    assert expected(BY_NAME["refused"], NATURAL, "exactly_once", several=False).words().endswith(", outcome known)")


@pytest.mark.parametrize(
    ("error", "holds"),
    [
        (NonRetryableError("unavailable", details={"lost": 1}), True),
        (NonRetryableError("unavailable", details={"lost": 0}), False),
        (NonRetryableError("unavailable", details={"lost": True}), False),
        (NonRetryableError("unavailable", details={"lost": "1"}), False),
        (NonRetryableError("unavailable"), False),
        (NonRetryableError("invalid", details={"lost": 1}), False),
        (RetryableError("unavailable", details={"lost": 1}), False),
        (ValueError("lost"), False),
        (None, False),
    ],
)
def test_a_flush_that_fails_tells_how_many_are_lost(error: BaseException | None, holds: bool) -> None:
    wanted = expected(BY_NAME["status_503"], NATURAL, "exactly_once", several=False)
    try:
        judge_flush(Outcome("close", error=error), wanted)
    except ClauseFailed as failed:
        assert not holds
        assert "with lost in its details" in str(failed.differences[0].expected)
    else:
        assert holds
