"""The shared error taxonomy: what an adapter raises, and what pytest-pal itself raises."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """The closed list of reasons; every vendor answer is classified as one of them."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    IN_PROGRESS = "in_progress"
    INVALID = "invalid"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    KEY_CONFLICT = "key_conflict"
    QUOTA_EXHAUSTED = "quota_exhausted"
    UNSUPPORTED = "unsupported"
    MALFORMED_REPLY = "malformed_reply"
    CONTENT_REFUSED = "content_refused"
    NO_CANDIDATE = "no_candidate"
    NOT_CONFIGURED = "not_configured"


RETRYABLE_CODES = frozenset(
    {
        ErrorCode.RATE_LIMITED,
        ErrorCode.UNAVAILABLE,
        ErrorCode.TIMEOUT,
        ErrorCode.CONNECTION,
        ErrorCode.IN_PROGRESS,
    }
)


class ProviderError(Exception):
    """What an adapter raises when the vendor, or the adapter itself, refuses or fails.

    ``code`` is an `ErrorCode` or its string; another string is a ValueError.
    ``outcome_unknown`` says that a write may have happened nevertheless.
    ``details`` holds plain data for callers (rejects, cost, attempts, lost, ...).
    """

    def __init__(
        self,
        code: ErrorCode | str,
        message: str = "",
        *,
        outcome_unknown: bool = False,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = ErrorCode(code)
        self.message = message
        self.outcome_unknown = outcome_unknown
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"{self.code}: {message}" if message else str(self.code))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.message, dict(self.__dict__))


def _rebuild(kind: type[ProviderError], code: str, message: str, state: dict[str, Any]) -> ProviderError:
    error = kind(code, message)
    error.__dict__.update(state)
    return error


class RetryableError(ProviderError):
    """Transient: the same call may succeed later. ``retry_after`` is in seconds, or None."""

    def __init__(
        self,
        code: ErrorCode | str,
        message: str = "",
        *,
        outcome_unknown: bool = False,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, outcome_unknown=outcome_unknown, details=details)
        self.retry_after = retry_after


class NonRetryableError(ProviderError):
    """Permanent: the same call will fail again, or must not be repeated."""


class PalError(Exception):
    """pytest-pal cannot go on: what was given, where, what is valid, what to type next."""


SHOWN_NAMES = 50


def did_you_mean(name: str, known: Iterable[str], *, else_: str = "") -> str:
    """The end of a message about a name that there is not: the nearest one, or ``else_``, or all that there are."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    if else_:
        return else_
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"there are {', '.join(names[:SHOWN_NAMES]) or 'none'}{more}"
