"""What an adapter must make of a fault: one function of (fault, effect, idempotency, delivery).

The rules: CONTRACTS, section 4.
"""

from dataclasses import dataclass

from ..errors import RETRYABLE_CODES, NonRetryableError, ProviderError, RetryableError
from ..faults.catalogue import Fault
from ..faults.catalogue import Outcome as Effect
from ..model.clause import ClauseFailed
from ..model.differences import Difference, Words
from ..model.operation import Operation
from ..model.subject import Outcome

FINAL_WHEN_UNKNOWN = frozenset({"timeout", "connection", "unavailable", "malformed_reply"})
"""Codes that an at-most-once adapter may make final, where it does not know what came of its request."""


@dataclass(frozen=True)
class Expected:
    """``may_be_final``: a code that may be retried may come as NonRetryableError."""

    codes: tuple[str, ...]
    effect: Effect
    may_be_final: bool

    def words(self) -> str:
        kinds = {"RetryableError" if code in RETRYABLE_CODES else "NonRetryableError" for code in self.codes}
        unknown = {"unknown": ", outcome_unknown", "known": ", outcome known", "either": ""}[self.effect]
        return f"{' or '.join(sorted(kinds))}({' or '.join(self.codes)}{unknown})"


def expected(fault: Fault, operation: Operation, delivery: str, *, several: bool) -> Expected:
    """``several``: the operation makes more requests, and another one may be what makes its effect possible."""
    effect: Effect = "either" if several or operation.effect == "read" else fault.outcome
    keyed = operation.idempotency == "key" and delivery == "at_most_once"
    return Expected(fault.codes, effect, may_be_final=keyed and fault.outcome != "known")


def judge(outcome: Outcome, wanted: Expected) -> None:
    """Fails the clause unless the call raised what is expected of it."""
    error = outcome.error
    if not isinstance(error, ProviderError):
        raise ClauseFailed(f"{outcome.operation} must tell its caller", [_difference(wanted, outcome)]) from (
            error if isinstance(error, Exception) else None
        )
    wrong_code = error.code not in wanted.codes
    unlike = wanted.effect != "either" and error.outcome_unknown != (wanted.effect == "unknown")
    if wrong_code or unlike or not _right_class(error, wanted):
        raise ClauseFailed(f"what {outcome.operation} made of it", [_difference(wanted, outcome)]) from error


def names_its_failures(outcome: Outcome, wanted: Expected) -> bool:
    """Whether a call whose earlier requests succeeded returned what failed, each part with a code that is right.

    An output says so in ``failed``; it raises only where nothing was done. CONTRACTS, section 10.
    """
    failed = getattr(outcome.value, "failed", ())
    return outcome.error is None and bool(failed) and all(part.code in wanted.codes for part in failed)


def judge_flush(outcome: Outcome, wanted: Expected) -> None:
    """Fails the clause unless what was put off and could not be sent is told, with the number lost. CONTRACTS, 5."""
    error = outcome.error
    told = isinstance(error, NonRetryableError) and error.code in wanted.codes
    lost = error.details.get("lost") if isinstance(error, ProviderError) else None
    if not told or not isinstance(lost, int) or isinstance(lost, bool) or lost < 1:
        words = Words(f"NonRetryableError({' or '.join(wanted.codes)}) with lost in its details")
        raise ClauseFailed(
            "what closing made of a flush that failed",
            [Difference("", words, Words(f"{outcome.brief()}, lost: {lost}"))],
        ) from (error if isinstance(error, Exception) else None)


def _right_class(error: ProviderError, wanted: Expected) -> bool:
    if error.code not in RETRYABLE_CODES:
        return isinstance(error, NonRetryableError)
    final = wanted.may_be_final and error.outcome_unknown and error.code in FINAL_WHEN_UNKNOWN
    return isinstance(error, RetryableError) or (final and isinstance(error, NonRetryableError))


def _difference(wanted: Expected, outcome: Outcome) -> Difference:
    unknown = isinstance(outcome.error, ProviderError) and outcome.error.outcome_unknown
    return Difference("", Words(wanted.words()), Words(f"{outcome.brief()}{' (outcome_unknown)' if unknown else ''}"))
