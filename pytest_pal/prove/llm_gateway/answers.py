"""Wrong in what comes out."""

from typing import Any

from ...errors import NonRetryableError, ProviderError
from ..saboteur import RECORDED, Saboteur
from .gateways import Changed, Details


class ListsChainAsAttempts(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        rows = [{**found["attempts"][0], "model": row["model"]} for row in found["rationale"]["candidates"]]
        return {**found, "attempts": rows}


class AttemptsTheSecond(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        second = found["rationale"]["fallback_chain"][:1] or [found["requested_model"]]
        return {**found, "attempts": [{**found["attempts"][-1], "model": second[0]}]}


class OtherAttemptCost(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "attempts": [*found["attempts"][:-1], {**found["attempts"][-1], "cost": 1}]}


class Mute(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "text": ""}


class NormalizesText(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "text": " ".join(found["text"].split())}


class AlwaysStop(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "finish_reason": "stop"}


class CutIsFailure(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        if found["finish_reason"] == "length":
            raise NonRetryableError("malformed_reply", "cut")
        return found


class CutAtTheEnd(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        full = found["usage"] and found["text"] and len(found["text"]) == 4 * found["usage"]["output"]
        return {**found, "finish_reason": "length" if full else found["finish_reason"]}


class BelievesTheAsked(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "model": model}


class RefusesDated(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        if reply["model"] not in (None, *self._catalogue.by_id):
            raise NonRetryableError("malformed_reply", "another name")
        return reply


class GuessesServed(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "served_model": found["served_model"] or found["requested_model"]}


class Blank(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "text": reply["text"] or "."}


class RefusalIsText(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "stop": "end", "text": "I cannot."} if reply["stop"] == "refusal" else reply


class RefusalIsInvalid(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        if reply["stop"] == "refusal":
            raise NonRetryableError("invalid", details={"cost": 0})
        return reply


class HidesTheMissing(Changed):
    """Of the models that the account lacks nothing is said."""

    def __init__(self, config: Any, ctx: Any) -> None:
        rows = config["catalogue"]["models"]
        others = [row["id"] for row in rows if row["vendor"] != rows[0]["vendor"]]
        super().__init__({"offered": others, **config}, ctx)

    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "attempts": found["attempts"][-1:]}


class TakesLongerNames(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "model": model if (reply["model"] or "").startswith(model) else reply["model"]}


class TrustsFallbacks(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        first = self._catalogue.models[0].vendor == self._catalogue.by_id[model].vendor
        return reply if first else {**reply, "model": model}


class RefusalUnknown(Details):
    def told(self, error: ProviderError) -> None:
        error.outcome_unknown = error.outcome_unknown or error.code == "content_refused"


SABOTEURS = (
    Saboteur(
        "hides_the_missing",
        HidesTheMissing,
        "llm_gateway.route.rule.attempts",
        also=RECORDED,
        reason="three of the five models are asked in vain, and nobody is told",
    ),
    Saboteur("takes_longer_names", TakesLongerNames, "llm_gateway.route.rule.substitute"),
    Saboteur("trusts_fallbacks", TrustsFallbacks, "llm_gateway.route.rule.substitute"),
    Saboteur("refusal_unknown", RefusalUnknown, "llm_gateway.route.rule.content_refused"),
    Saboteur(
        "lists_chain_as_attempts",
        ListsChainAsAttempts,
        "llm_gateway.route.rule.attempts",
        also=(
            "llm_gateway.route.rule.fallback",
            "llm_gateway.route.rule.served",
        ),
    ),
    Saboteur(
        "attempts_the_second",
        AttemptsTheSecond,
        "llm_gateway.route.rule.attempts",
        also=(
            "llm_gateway.route.rule.fallback",
            "llm_gateway.route.rule.served",
        ),
    ),
    Saboteur("other_attempt_cost", OtherAttemptCost, "llm_gateway.route.rule.attempts"),
    Saboteur(
        "mute",
        Mute,
        "llm_gateway.route.rule.answer",
        also=(
            "llm_gateway.route.rule.at_once",
            "llm_gateway.route.rule.length",
            "llm_gateway.route.rule.text",
        ),
    ),
    Saboteur("normalizes_text", NormalizesText, "llm_gateway.route.rule.text", also=("llm_gateway.route.rule.length",)),
    Saboteur("always_stop", AlwaysStop, "llm_gateway.route.rule.length"),
    Saboteur(
        "cut_is_failure",
        CutIsFailure,
        "llm_gateway.route.rule.length",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.scenario.edge_values",
            "llm_gateway.route.rule.big_prompt",
            "llm_gateway.route.rule.cost",
            "llm_gateway.route.rule.limit",
        ),
        reason="whatever is cut fails",
    ),
    Saboteur(
        "cut_at_the_end", CutAtTheEnd, "llm_gateway.route.rule.length", also=("llm_gateway.adapter.golden.edge_values",)
    ),
    Saboteur(
        "believes_the_asked",
        BelievesTheAsked,
        "llm_gateway.route.rule.served",
        also=("llm_gateway.route.rule.substitute",),
    ),
    Saboteur(
        "refuses_dated", RefusesDated, "llm_gateway.route.rule.served", also=("llm_gateway.route.rule.substitute",)
    ),
    Saboteur("guesses_served", GuessesServed, "llm_gateway.route.rule.served"),
    Saboteur("blank", Blank, "llm_gateway.route.rule.empty"),
    Saboteur("refusal_is_text", RefusalIsText, "llm_gateway.route.rule.content_refused"),
    Saboteur("refusal_is_invalid", RefusalIsInvalid, "llm_gateway.route.rule.content_refused"),
)
