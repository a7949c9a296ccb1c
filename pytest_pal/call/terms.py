"""What comes of a failed attempt: another one after a wait, or the error that the caller gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ..errors import RETRYABLE_CODES, NonRetryableError, ProviderError, RetryableError
from .retry import RetryPolicy, asked_wait

Arguments = dict[str, Any]
MayRepeat = Callable[[str, Mapping[str, Any], Sequence[ProviderError]], bool]
"""Whether a call of the operation with these arguments may be made again after these errors, one per attempt."""


class Failures:
    """The failed attempts of one call, in order; ``arguments`` are the call's, validated."""

    __slots__ = ("arguments", "errors")

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.errors: list[ProviderError] = []


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms one operation of one adapter is repeated.

    ``writes``: a failure may leave an effect. ``once``: an effect may never be risked twice (a ``key`` operation of
    an adapter with at-most-once delivery). ``deadline_s`` bounds the logical call, in seconds. ``may_repeat`` may
    forbid a repeat that all else allows.
    """

    operation: str
    writes: bool
    once: bool
    deadline_s: float
    retry: RetryPolicy
    random: Random
    may_repeat: MayRepeat | None = None

    def classified(self, error: Exception) -> ProviderError:
        """The error in the taxonomy. What is outside of it becomes a NonRetryableError with the original as cause.

        Its code is ``malformed_reply``: most often something that the adapter did not expect in a reply; nobody
        knows whether a write took effect. The text of the original is left out, because it may show a secret.
        """
        if isinstance(error, RetryableError | NonRetryableError):
            return error
        name = type(error).__name__
        if isinstance(error, ProviderError):
            code, message, unknown, details = error.code, error.message, error.outcome_unknown, error.details
        else:
            code, message, unknown, details = None, "", self.writes, {}
        made = NonRetryableError(
            code or "malformed_reply",
            message or f"{self.operation}: the adapter raised {name}, which the contract does not know",
            outcome_unknown=unknown,
            details={**details, "unclassified": name},
        )
        made.__cause__ = error
        return made

    def wait(self, failures: Failures, left: Callable[[], float]) -> float:
        """Seconds to wait before the next attempt; ``left`` gives those until the deadline.

        Raises what the caller gets where there is no next attempt.
        """
        errors = failures.errors
        error = errors[-1]
        if not isinstance(error, RetryableError) or not self._may_repeat(failures):
            raise self.final(errors)
        remaining = left()
        if remaining <= 0:
            raise self.timed_out(errors)
        asked = asked_wait(error)
        if asked >= remaining:
            raise self.final(errors)
        return self.retry.wait(len(errors), asked, remaining, self.random)

    def timed_out(self, errors: list[ProviderError], *, under_way: bool = False) -> ProviderError:
        """The error of a call whose deadline has passed, after ``errors`` and perhaps during one more attempt."""
        attempts = len(errors) + under_way
        message = f"{self.operation}: the deadline of {self.deadline_s:g} s has passed; attempts: {attempts}"
        timeout = RetryableError("timeout", message, outcome_unknown=self.writes and under_way)
        timeout.__cause__ = errors[-1] if errors else None
        return self.final([*errors, timeout])

    def final(self, errors: list[ProviderError]) -> ProviderError:
        """The last error, as the caller gets it: what any attempt may have left behind stays unknown."""
        error = errors[-1]
        if self.writes and any(earlier.outcome_unknown for earlier in errors):
            error.outcome_unknown = True
        if not (self.once and error.outcome_unknown and isinstance(error, RetryableError)):
            return error
        message = f"{error.message or error.code}; not repeated, because the adapter delivers at most once"
        refused = NonRetryableError(error.code, message, outcome_unknown=True, details=error.details)
        refused.__cause__ = error
        return refused

    def _may_repeat(self, failures: Failures) -> bool:
        errors = failures.errors
        error = errors[-1]
        return (
            error.code in RETRYABLE_CODES
            and len(errors) < self.retry.max_attempts
            and not (self.once and error.outcome_unknown)
            and (self.may_repeat is None or self.may_repeat(self.operation, failures.arguments, errors))
        )
