"""HTTP answers in the words of the shared taxonomy: which status is which error, how long Retry-After asks for.

Pure functions; what a vendor's own body says goes first, and is the adapter's to read.
"""

import email.utils
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from ..errors import RETRYABLE_CODES, ErrorCode, NonRetryableError, RetryableError

Effect = Literal["read", "write"]

_CODES = {
    401: ErrorCode.UNAUTHENTICATED,
    402: ErrorCode.QUOTA_EXHAUSTED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    408: ErrorCode.TIMEOUT,
    409: ErrorCode.CONFLICT,
    410: ErrorCode.NOT_FOUND,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
    425: ErrorCode.UNAVAILABLE,
    429: ErrorCode.RATE_LIMITED,
    504: ErrorCode.TIMEOUT,
}
_MAY_HAVE_HAPPENED = frozenset({500, 502, 503, 504})
_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_TWO_DIGIT_YEAR = re.compile(r"-[0-9]{2} ")
_YEARS_AHEAD = 50


def code_of_status(status: int) -> ErrorCode:
    """The code of an answer that names none itself. A success or a redirect is none that was asked for."""
    if status in _CODES:
        return _CODES[status]
    if status < 400:
        return ErrorCode.MALFORMED_REPLY
    return ErrorCode.INVALID if status < 500 else ErrorCode.UNAVAILABLE


def error_of_status(
    status: int,
    message: str = "",
    *,
    effect: Effect,
    code: ErrorCode | str | None = None,
    retry_after: float | None = None,
    outcome_unknown: bool | None = None,
    details: Mapping[str, Any] | None = None,
) -> RetryableError | NonRetryableError:
    """The error that an HTTP answer means.

    ``code`` and ``outcome_unknown`` are what the vendor's body says of them, and go before the status.
    ``retry_after`` is in seconds, see `retry_after_s`; a success has none. Raises ValueError for a code
    that is no `ErrorCode`.
    """
    found = code_of_status(status) if code is None else ErrorCode(code)
    return error_of(
        found,
        message or f"the vendor answered {status}",
        outcome_unknown=_unknown(status, found, effect) if outcome_unknown is None else outcome_unknown,
        retry_after=None if status < 300 else retry_after,
        details=details,
    )


def error_of(
    code: ErrorCode | str,
    message: str = "",
    *,
    outcome_unknown: bool = False,
    retry_after: float | None = None,
    details: Mapping[str, Any] | None = None,
) -> RetryableError | NonRetryableError:
    """An error of the class that its code belongs to; only a retryable one keeps ``retry_after``."""
    if ErrorCode(code) in RETRYABLE_CODES:
        return RetryableError(code, message, outcome_unknown=outcome_unknown, retry_after=retry_after, details=details)
    return NonRetryableError(code, message, outcome_unknown=outcome_unknown, details=details)


def _unknown(status: int, code: ErrorCode, effect: Effect) -> bool:
    """Whether a write may have happened; a redirect says that it did not."""
    if effect == "read" or 300 <= status < 400:
        return False
    return status in _MAY_HAVE_HAPPENED or code in (ErrorCode.TIMEOUT, ErrorCode.MALFORMED_REPLY)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Retry-After in seconds from ``now`` (aware); None where there is none or it cannot be read.

    It is a number of seconds or an HTTP date in any of the three forms (RFC 9110, 10.2.3 and 5.6.7).
    What lies in the past is 0.
    """
    text = (header or "").strip(" \t")
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    elif (at := _http_date(text, now)) is not None:
        seconds = (at - now).total_seconds()
    else:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _http_date(text: str, now: datetime) -> datetime | None:
    try:
        at = email.utils.parsedate_to_datetime(text)
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        return _in_this_century(at, now) if _TWO_DIGIT_YEAR.search(text) else at
    except (ValueError, TypeError, OverflowError):
        return None


def _in_this_century(at: datetime, now: datetime) -> datetime:
    """A date whose year has two digits is never more than 50 years ahead (RFC 9110, 5.6.7)."""
    latest = now.year + _YEARS_AHEAD
    return at.replace(year=latest - (latest - at.year) % 100)
