"""What follows after a model failed, and which model it was that answered: pure rules for adapters."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from ..errors import RETRYABLE_CODES, ErrorCode, NonRetryableError
from ..model.fields import MEASURED
from ..model.payload import Payload
from ..model.values import Flag
from .catalogue import Catalogue, Usage
from .decision import Decision
from .policy import Policy
from .request import Request
from .rules import cost_limit
from .units import Microseconds, ModelId, Picodollars

OTHER_VENDOR_ONLY = frozenset({ErrorCode.QUOTA_EXHAUSTED, ErrorCode.UNAUTHENTICATED})
_DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")


class Attempt(Payload):
    """One request to one model. ``error`` is None for the one that answered.

    ``cost`` in picodollars is None where nobody knows it, ``latency_us`` in microseconds.
    ``finish_reason`` is None where the vendor gave none.
    """

    model: ModelId
    error: ErrorCode | None = None
    outcome_unknown: Flag = False
    finish_reason: Literal["stop", "length", "tool", "refused"] | None = None
    usage: Annotated[Usage | None, MEASURED] = None
    cost: Annotated[Picodollars | None, MEASURED] = None
    latency_us: Annotated[Microseconds | None, MEASURED] = None


def first_model(decision: Decision) -> str:
    """The chosen model. Raises NonRetryableError(no_candidate) with the rejects in its details."""
    if decision.chosen is None:
        rejects = [reject.plain() for reject in decision.rejected]
        raise NonRetryableError("no_candidate", decision.summary, details={"rejects": rejects})
    return decision.chosen


def next_model(
    policy: Policy, catalogue: Catalogue, request: Request, decision: Decision, attempts: Sequence[Attempt]
) -> str | None:
    """The model to ask after ``attempts``, of which the last one failed; None: raise its error.

    Only a retryable or unknown outcome, a model that the vendor does not have, and, to another vendor, a
    used-up quota or a refused credential are reasons to go on. What was spent and the next model's
    estimate stay within the policy's cost limit; an unknown outcome counts with its estimate.
    """
    if not _goes_on(policy, attempts[-1]):
        return None
    asked = {attempt.model for attempt in attempts}
    barred = {catalogue.by_id[tried.model].vendor for tried in attempts if tried.error in OTHER_VENDOR_ONLY}
    limit, so_far = cost_limit(policy.for_tags(request.tags)), spent(decision, attempts)
    for model in decision.fallback_chain:
        affordable = limit is None or so_far + estimate(decision, model) <= limit
        if model not in asked and catalogue.by_id[model].vendor not in barred and affordable:
            return model
    return None


def model_meant(names: Iterable[str], asked: str, told: str) -> str | None:
    """The one of ``names`` that a vendor's word stands for, or None.

    A dated name (``-2026-01-15``, ``-20260115``, ``-0115``) is the model without the date; the asked
    model comes first.
    """
    known = list(names)
    if told in known and not _dated(told, asked):
        return told
    return next((name for name in (asked, *known) if name in known and _dated(told, name)), None)


def served_model(decision: Decision, asked: str, told: str | None) -> str | None:
    """The eligible model that answered; None where the vendor does not tell.

    Raises NonRetryableError(malformed_reply) for a model that the decision did not allow.
    """
    if told is None:
        return None
    served = model_meant((candidate.model for candidate in decision.candidates), asked, told)
    if served is None:
        raise NonRetryableError("malformed_reply", f"{asked} was asked, and a model answered that is not eligible")
    return served


def _goes_on(policy: Policy, last: Attempt) -> bool:
    if last.outcome_unknown:
        return policy.fallback.on_unknown
    return last.error in RETRYABLE_CODES | OTHER_VENDOR_ONLY | {ErrorCode.NOT_FOUND}


def spent(decision: Decision, attempts: Sequence[Attempt]) -> int:
    """Picodollars at the worst: where the cost of an unknown outcome is not known, its estimate counts."""
    return sum(
        attempt.cost
        if attempt.cost is not None
        else (estimate(decision, attempt.model) if attempt.outcome_unknown else 0)
        for attempt in attempts
    )


def estimate(decision: Decision, model: str) -> int:
    """Picodollars that one request to the model is expected to cost, 0 where nobody knows."""
    found = decision.candidate(model)
    return found.cost or 0 if found else 0


def _dated(told: str, model: str) -> bool:
    return told.startswith(model) and bool(_DATE.fullmatch(told.removeprefix(model)))
