"""Statuses and Retry-After mean what section 4 of the contracts and RFC 9110 say."""

import math
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_pal.errors import RETRYABLE_CODES, ErrorCode, NonRetryableError, RetryableError
from pytest_pal.primitives.http_errors import Effect, error_of, error_of_status, retry_after_s

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EFFECTS = st.sampled_from(get_args(Effect))
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
TABLE = {
    301: "malformed_reply",
    304: "malformed_reply",
    307: "malformed_reply",
    400: "invalid",
    401: "unauthenticated",
    402: "quota_exhausted",
    403: "forbidden",
    404: "not_found",
    405: "invalid",
    408: "timeout",
    409: "conflict",
    410: "not_found",
    413: "payload_too_large",
    418: "invalid",
    422: "invalid",
    425: "unavailable",
    429: "rate_limited",
    500: "unavailable",
    501: "unavailable",
    502: "unavailable",
    503: "unavailable",
    504: "timeout",
    507: "unavailable",
    599: "unavailable",
}


@pytest.mark.parametrize(("status", "code"), TABLE.items())
def test_a_status_has_its_code_and_its_class(status: int, code: str) -> None:
    error = error_of_status(status, effect="read")
    assert error.code == code
    assert isinstance(error, RetryableError) is (error.code in RETRYABLE_CODES)
    assert error.message == f"the vendor answered {status}"
    assert not error.outcome_unknown


def test_the_outcome_of_a_write_is_unknown_after_what_may_come_too_late() -> None:
    unknown = {status for status in TABLE if error_of_status(status, effect="write").outcome_unknown}
    assert unknown == {408, 500, 502, 503, 504}


@pytest.mark.parametrize("status", [200, 204])
def test_a_success_that_is_no_answer_is_malformed_and_its_outcome_unknown(status: int) -> None:
    error = error_of_status(status, effect="write", retry_after=3.0)
    assert (error.code, error.outcome_unknown) == ("malformed_reply", True)
    assert not error_of_status(status, effect="read").outcome_unknown


def test_what_the_body_says_goes_before_the_status() -> None:
    assert error_of_status(400, effect="write", code="rate_limited").code == "rate_limited"
    assert error_of_status(503, effect="write", outcome_unknown=False).outcome_unknown is False
    assert error_of_status(400, effect="write", outcome_unknown=True).outcome_unknown is True
    assert error_of_status(422, effect="write", code="key_conflict", details={"a": 1}).details == {"a": 1}
    with pytest.raises(ValueError, match="no_such_code"):
        error_of_status(400, effect="read", code="no_such_code")


def test_an_error_inside_a_success_has_no_retry_after() -> None:
    limited = error_of_status(200, effect="read", code="rate_limited", retry_after=3.0)
    assert isinstance(limited, RetryableError)
    assert limited.retry_after is None


@given(st.integers(300, 599), EFFECTS, st.none() | st.floats(0, 1e9))
def test_only_a_retryable_error_says_when(status: int, effect: Effect, wait: float | None) -> None:
    error = error_of_status(status, effect=effect, retry_after=wait)
    assert getattr(error, "retry_after", "none") == (wait if isinstance(error, RetryableError) else "none")
    assert not (effect == "read" and error.outcome_unknown)


@given(st.sampled_from(ErrorCode))
def test_a_code_says_which_class_its_error_is_of(code: ErrorCode) -> None:
    kind = RetryableError if code in RETRYABLE_CODES else NonRetryableError
    assert type(error_of(code, retry_after=1.0)) is kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7\t", 7.0),
        ("0.5", 0.5),
        ("+3", 3.0),
        ("-5", 0.0),
        ("0", 0.0),
        ("Mon, 02 Mar 2026 09:00:30 GMT", 30.0),
        ("Monday, 02-Mar-26 09:00:30 GMT", 30.0),
        ("Mon Mar  2 09:00:30 2026", 30.0),
        ("Mon, 02 Mar 2026 10:00:30 +0100", 30.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0.0),
        ("Sun Nov  6 08:49:37 1994", 0.0),
        ("Sunday, 02-Mar-70 09:00:00 GMT", 16071 * 86400.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("NaN", None),
        ("inf", None),
        ("-Infinity", None),
        ("1e9", None),
        ("9" * 400, None),
        ("١٢", None),
        ("0x10", None),
        ("1, 2", None),
        ("12 s", None),
        ("Mon, 02 Mar 2026 25:00:30 GMT", None),
        ("Mon, 31 Feb 2026 09:00:30 GMT", None),
        ("Friday, 29-Feb-25 09:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(st.datetimes(datetime(1930, 1, 1), datetime(2075, 12, 31)))
@example(datetime(2000, 2, 29, 23, 59, 59))
def test_every_form_of_a_date_is_read(naive: datetime) -> None:
    at = naive.replace(microsecond=0, tzinfo=UTC)
    day, month = DAYS[at.weekday()], MONTHS[at.month - 1]
    time = f"{at:%H:%M:%S}"
    wait = max(0.0, (at - NOW).total_seconds())
    assert retry_after_s(format_datetime(at, usegmt=True), NOW) == wait
    assert retry_after_s(f"{day[:3]} {month} {at.day:2} {time} {at.year}", NOW) == wait
    recent = at.year > NOW.year - 50
    rfc850 = retry_after_s(f"{day}, {at.day:02}-{month}-{at.year % 100:02} {time} GMT", NOW)
    assert rfc850 == wait if recent else rfc850 is None or rfc850 >= 0


@given(st.text() | st.from_regex(r"[-+]?[0-9.,: ]{1,30}|[A-Z][a-z]{2}, [0-9A-Za-z :+-]{1,40}", fullmatch=True))
@example("0 0 0 0 0 99999999999999999999")
@example("Mon, 02 Mar 0000 00:00:00 GMT")
@example("Mon, 02 Mar 2026 09:00:00 +9999999999")
@example("Sat, 01 Jan 0001 00:00:00 +2359")
def test_anything_else_is_none_or_a_time_from_now(header: str) -> None:
    seconds = retry_after_s(header, NOW)
    assert seconds is None or (math.isfinite(seconds) and seconds >= 0)


@given(st.integers(-14, 14))
def test_a_date_is_read_against_an_instant_of_any_zone(hours: int) -> None:
    now = NOW.astimezone(timezone(timedelta(hours=hours)))
    assert retry_after_s("Mon, 02 Mar 2026 09:00:30 GMT", now) == 30.0
