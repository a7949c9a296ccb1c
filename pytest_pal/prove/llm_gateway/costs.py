"""Wrong in usage and costs."""

from typing import Any

from ...errors import ProviderError
from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import Saboteur
from .gateways import Changed, Details


class RoundsCost(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] and round(found["cost"], -6)}


class UnknownIsFree(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] or 0, "cost_source": "usage"}


class FreeIsUnknown(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] or None, "cost_source": "usage" if found["cost"] else None}


class CountsCachedTwice(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        usage = found["usage"]
        return {**found, "usage": usage and {**usage, "input": usage["input"] + usage["cached_input"]}}


class UnmeteredIsZero(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {
            **reply,
            "usage": reply["usage"] or dict.fromkeys(("prompt", "cached", "written", "completion"), 0),
        }


class PricesTheAsked(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        asked, usage = self._catalogue.by_id[found["requested_model"]], found["usage"]
        if usage is None or asked.prices is None:
            return found
        cost = asked.prices.input * usage["input"] + asked.prices.output * usage["output"]
        return {**found, "cost": cost, "cost_source": "usage"}


class Costless(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("cost", None)
            raise


class VendorsCostFarOff(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        cost = found["cost"] and round(found["cost"] * 1.01)
        return {**found, "cost": cost, "cost_source": found["cost_source"] and "vendor"}


class RemembersUsage(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        self._usage = reply["usage"] or getattr(self, "_usage", None)
        return {**reply, "usage": self._usage}


class CostsNothingKnown(Details):
    def told(self, error: ProviderError) -> None:
        attempts = [{**row, "cost": None} for row in error.details.get("attempts", ())]
        error.details.update(attempts=attempts, cost=None)


class AddsUp(Details):
    def told(self, error: ProviderError) -> None:
        error.details["cost"] = sum(row["cost"] or 0 for row in error.details.get("attempts", ()))


class ChargesForAll(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        total = sum(row["cost"] or 0 for row in found["attempts"])
        return {**found, "cost": found["cost"] if found["cost"] is None else total}


SABOTEURS = (
    Saboteur(
        "vendors_cost_far_off",
        VendorsCostFarOff,
        "llm_gateway.route.rule.cost",
        also=(
            "llm_gateway.route.rule.attempts",
            "llm_gateway.route.rule.empty",
            "llm_gateway.route.rule.served",
            "llm_gateway.route.rule.usage",
        ),
    ),
    Saboteur("remembers_usage", RemembersUsage, "llm_gateway.route.rule.unmetered"),
    Saboteur(
        "costs_nothing_known",
        CostsNothingKnown,
        "llm_gateway.route.rule.substitute",
        also=("llm_gateway.route.rule.content_refused",),
    ),
    Saboteur("adds_up", AddsUp, "llm_gateway.route.rule.empty"),
    Saboteur("charges_for_all", ChargesForAll, "llm_gateway.route.rule.empty"),
    Saboteur(
        "rounds_cost",
        RoundsCost,
        "llm_gateway.route.rule.cost",
        also=(
            "llm_gateway.route.rule.served",
            "llm_gateway.route.rule.usage",
        ),
    ),
    Saboteur(
        "unknown_is_free",
        UnknownIsFree,
        "llm_gateway.route.rule.unknown_cost",
        also=(
            "llm_gateway.route.rule.cost",
            "llm_gateway.route.rule.served",
            "llm_gateway.route.rule.unmetered",
        ),
    ),
    Saboteur(
        "free_is_unknown",
        FreeIsUnknown,
        "llm_gateway.route.rule.unknown_cost",
        also=(
            "llm_gateway.route.rule.cost",
            "llm_gateway.route.rule.served",
        ),
    ),
    Saboteur("counts_cached_twice", CountsCachedTwice, "llm_gateway.route.rule.usage"),
    Saboteur("unmetered_is_zero", UnmeteredIsZero, "llm_gateway.route.rule.unmetered"),
    Saboteur(
        "prices_the_asked",
        PricesTheAsked,
        "llm_gateway.route.rule.served",
        also=(
            "llm_gateway.route.rule.empty",
            "llm_gateway.route.rule.usage",
        ),
    ),
    Saboteur(
        "costless", Costless, "llm_gateway.route.rule.substitute", also=("llm_gateway.route.rule.content_refused",)
    ),
)
