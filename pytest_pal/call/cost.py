"""Whether an unanswered prompt may be asked again: every answer costs, also one that was lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..errors import ProviderError
from ..llm.catalogue import Catalogue
from ..llm.fallback import Attempt, estimate, spent
from ..llm.policy import Policy
from ..llm.request import request_of
from ..llm.routing import decide
from ..llm.rules import cost_limit
from .terms import MayRepeat


def within_cost(policy: Policy, catalogue: Catalogue) -> MayRepeat:
    """For the ``may_repeat`` of a handle of llm_gateway: the whole call of route, its repeats included, keeps to the
    policy's cost limit, and none follows an unknown outcome where ``fallback.on_unknown`` is false.

    What was spent is read from the ``attempts`` in the errors' details (CONTRACTS, section 11).
    """

    def may_repeat(operation: str, arguments: Mapping[str, Any], errors: Sequence[ProviderError]) -> bool:
        if operation != "route":
            return True
        if errors[-1].outcome_unknown and not policy.fallback.on_unknown:
            return False
        limit = cost_limit(policy.for_tags(arguments["tags"]))
        decision = decide(policy, catalogue, request_of(**arguments))
        chosen = decision.chosen
        if limit is None or chosen is None:
            return chosen is not None
        attempts = [attempt for error in errors for attempt in _attempts(error, chosen)]
        return spent(decision, attempts) + estimate(decision, chosen) <= limit

    return may_repeat


def _attempts(error: ProviderError, chosen: str) -> list[Attempt]:
    """An adapter that does not tell its attempts is taken to have asked the chosen model."""
    try:
        return [Attempt.model_validate(attempt) for attempt in error.details["attempts"]]
    except (KeyError, TypeError, ValidationError):
        return [Attempt(model=chosen, error=error.code, outcome_unknown=error.outcome_unknown)]
