"""Wrong in what follows a failure."""

from typing import Any

from ...errors import NonRetryableError, ProviderError
from ...llm.fallback import Attempt
from ...llm.policy import Fallback
from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import RECORDED, Saboteur
from .gateways import Follows


class NeverFallsBack(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return None


class SkipsOne(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return decision.fallback_chain[-1] if following and len(attempts) == 1 else following


class StopsAtUnknown(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return None if attempts[-1].outcome_unknown else following


class StopsAtMissing(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return None if attempts[-1].error == "not_found" else following


class AsksAgain(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return attempts[0].model if len(attempts) == 1 else following


class AlwaysGoesOn(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        tried = [attempt.model for attempt in attempts]
        return next((row.model for row in decision.candidates if row.model not in tried), None)


class NeedsNoMax(MockLLMGateway):
    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        ranking = tuple(row.model for row in decision.candidates[1:])
        return super()._following(request, decision.model_copy(update={"fallback_chain": ranking}), attempts)


class IgnoresOnUnknown(MockLLMGateway):
    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        self._policy = self._policy.model_copy(update={"fallback": Fallback()})
        return super()._following(request, decision, attempts)


class AnyVendor(MockLLMGateway):
    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        lenient = [attempt.model_copy(update={"error": "unavailable"}) for attempt in attempts]
        return super()._following(request, decision, lenient)


class Spendthrift(MockLLMGateway):
    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        free = [attempt.model_copy(update={"cost": 0}) for attempt in attempts]
        return super()._following(request, decision, free)


class SaysKnown(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.outcome_unknown = False
            raise


class NothingIsRetryable(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            raise NonRetryableError(error.code, details=error.details) from error


class HidesAttempts(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("attempts", None)
            raise


class RaisesTheFirst(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            first = error.details.get("attempts", [{"error": error.code}])[0]["error"]
            raise NonRetryableError(first, details=error.details) from error


class GoesOnAfter(Follows):
    """A failure of this kind is taken for a passing one."""

    code = ""

    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        tried = [attempt.model for attempt in attempts]
        chain = (model for model in decision.fallback_chain if model not in tried)
        return next(chain, None) if attempts[-1].error == self.code else following


class GoesOnAfterForbidden(GoesOnAfter):
    code = "forbidden"


class GoesOnAfterTooLarge(GoesOnAfter):
    code = "payload_too_large"


class ForgetsTheTagsLimit(MockLLMGateway):
    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        return super()._following(request.model_copy(update={"tags": {}}), decision, attempts)


SABOTEURS = (
    Saboteur(
        "raises_the_first",
        RaisesTheFirst,
        "llm_gateway.route.rule.substitute",
        also=(
            "llm_gateway.route.rule.cost_limit",
            "llm_gateway.route.rule.ranking_used_up",
            "llm_gateway.route.rule.unknown_stops",
        ),
    ),
    Saboteur("goes_on_after_forbidden", GoesOnAfterForbidden, "llm_gateway.route.rule.invalid_stops"),
    Saboteur("goes_on_after_too_large", GoesOnAfterTooLarge, "llm_gateway.route.rule.invalid_stops"),
    Saboteur("forgets_the_tags_limit", ForgetsTheTagsLimit, "llm_gateway.route.rule.cost_limit"),
    Saboteur(
        "asks_again",
        AsksAgain,
        "llm_gateway.route.rule.content_refused",
        also=RECORDED,
        reason="whatever fails is asked for twice",
    ),
    Saboteur(
        "never_falls_back",
        NeverFallsBack,
        "llm_gateway.route.rule.fallback",
        also=(
            "llm_gateway.route.rule.other_vendor",
            "llm_gateway.route.rule.ranking_used_up",
            "llm_gateway.route.rule.substitute",
        ),
    ),
    Saboteur(
        "skips_one",
        SkipsOne,
        "llm_gateway.route.rule.fallback",
        also=(
            "llm_gateway.route.rule.other_vendor",
            "llm_gateway.route.rule.ranking_used_up",
        ),
    ),
    Saboteur("stops_at_unknown", StopsAtUnknown, "llm_gateway.route.rule.fallback"),
    Saboteur("stops_at_missing", StopsAtMissing, "llm_gateway.route.rule.fallback"),
    Saboteur("needs_no_max", NeedsNoMax, "llm_gateway.route.rule.ranking_used_up"),
    Saboteur(
        "hides_attempts",
        HidesAttempts,
        "llm_gateway.route.rule.ranking_used_up",
        also=RECORDED,
        reason="every failure hides who was asked",
    ),
    Saboteur(
        "nothing_is_retryable",
        NothingIsRetryable,
        "llm_gateway.route.rule.ranking_used_up",
        also=(
            "llm_gateway.route.rule.cost_limit",
            "llm_gateway.route.rule.unknown_stops",
        ),
    ),
    Saboteur("ignores_on_unknown", IgnoresOnUnknown, "llm_gateway.route.rule.unknown_stops"),
    Saboteur(
        "says_known", SaysKnown, "llm_gateway.route.rule.unknown_stops", also=("llm_gateway.route.rule.cost_limit",)
    ),
    Saboteur(
        "any_vendor", AnyVendor, "llm_gateway.route.rule.other_vendor", also=("llm_gateway.route.rule.invalid_stops",)
    ),
    Saboteur(
        "always_goes_on",
        AlwaysGoesOn,
        "llm_gateway.route.rule.invalid_stops",
        also=(
            "llm_gateway.route.rule.cost_limit",
            "llm_gateway.route.rule.other_vendor",
            "llm_gateway.route.rule.ranking_used_up",
            "llm_gateway.route.rule.unknown_stops",
        ),
    ),
    Saboteur("spendthrift", Spendthrift, "llm_gateway.route.rule.cost_limit"),
)
