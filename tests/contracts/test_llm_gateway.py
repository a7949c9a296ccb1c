"""Every clause of llm_gateway has a saboteur: a mock with one promise broken, that this clause must fail."""

from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.llm_gateway.protocol import LLMGatewayTraits, ModelList, RouteResult
from pytest_pal.errors import NonRetryableError, ProviderError
from pytest_pal.kit.harness import Harness
from pytest_pal.llm.fallback import Attempt
from pytest_pal.llm.offline import CATALOGUE
from pytest_pal.llm.policy import Constraints, Fallback
from pytest_pal.llm.request import request_of
from pytest_pal.mocks.llm_gateway import MockLLMGateway, Vendor

from ..judging import contract, fallen, judge


class Changed(MockLLMGateway):
    """What is broken is said by `changed`, on the result, or by `replied`, on the vendor's reply."""

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._vendor = _Replies(self._vendor, self.replied)  # type: ignore[assignment]

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return self.changed(super().route(prompt, tags, max_output_tokens=max_output_tokens))

    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return found

    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return reply


class _Replies:
    def __init__(self, vendor: Vendor, replied: Any) -> None:
        self._vendor, self._replied = vendor, replied
        self.offers = vendor.offers

    def complete(self, model: str, *rest: Any) -> Any:
        return self._replied(model, self._vendor.complete(model, *rest))


class ForgetsLimit(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, tags)


class ForgetsTags(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, {}, max_output_tokens=max_output_tokens)


class ForgetsTagValues(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, dict.fromkeys(tags, ""), max_output_tokens=max_output_tokens)


class OtherDigest(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "digests": {**found["digests"], "request": "sha256:0"}}


class RequestsTheLast(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "requested_model": found["rationale"]["candidates"][-1]["model"]}


class HidesRejects(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "rationale": {**found["rationale"], "rejected": []}}


class HidesParts(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        rows = [{**row, "parts": row["parts"][:1]} for row in found["rationale"]["candidates"]]
        return {**found, "rationale": {**found["rationale"], "candidates": rows}}


class Unconstrained(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._policy = self._policy.model_copy(update={"constraints": Constraints()})


class IgnoresOverrides(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._policy = self._policy.model_copy(update={"tag_overrides": ()})


class IgnoresHealth(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        models = [{**row, "health": "up"} for row in config["catalogue"]["models"]]
        super().__init__({**config, "catalogue": {"models": models}}, ctx)


class SilentAboutRejects(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("rejects", None)
            raise


class NothingIsInvalid(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            raise NonRetryableError("invalid", details=error.details) from error


class SharesPolicy(MockLLMGateway):
    shared: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        type(self).shared["policy"] = self._policy

    def route(self, *arguments: Any, **options: Any) -> Any:
        self._policy = self.shared["policy"]
        return super().route(*arguments, **options)


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


class RoundsCost(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] and round(found["cost"], -6)}


class UnknownIsFree(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] or 0, "cost_source": "usage"}


class FreeIsUnknown(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost": found["cost"] or None, "cost_source": "usage" if found["cost"] else None}


class TextOnly(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if not isinstance(prompt, str):
            raise NonRetryableError("unsupported", "text only")
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class LastMessageOnly(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        prompt = prompt if isinstance(prompt, str) else prompt[-1:]
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class Small(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if len(prompt) > 50_000:
            raise NonRetryableError("payload_too_large")
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class AsciiOnly(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        prompt = prompt.encode("ascii", "ignore").decode() if isinstance(prompt, str) else prompt
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class InventsModel(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [*super().models()["models"], {"id": "invented", "vendor": "harbor"}]}


class HidesFigures(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [{**row, "quality_ppm": None} for row in super().models()["models"]]}


class ListsTwice(MockLLMGateway):
    def models(self) -> Any:
        return {"models": super().models()["models"] * 2}


class ListsOne(MockLLMGateway):
    def models(self) -> Any:
        return {"models": super().models()["models"][:1]}


class AnswersFromMemory(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        self._first = getattr(self, "_first", prompt)
        return super().route(self._first, tags, max_output_tokens=max_output_tokens)


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


class BelievesTheAsked(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "model": model}


class PricesTheAsked(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        asked, usage = self._catalogue.by_id[found["requested_model"]], found["usage"]
        if usage is None or asked.prices is None:
            return found
        cost = asked.prices.input * usage["input"] + asked.prices.output * usage["output"]
        return {**found, "cost": cost, "cost_source": "usage"}


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


class Costless(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("cost", None)
            raise


class Follows(MockLLMGateway):
    """The rules of what follows a failure, broken in `rule`."""

    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        return self.rule(super()._following(request, decision, attempts), decision, attempts)

    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return following


class NeverFallsBack(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return None


class SkipsOne(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return decision.fallback_chain[-1] if following else None


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


class CutAtTheEnd(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        full = found["usage"] and found["text"] and len(found["text"]) == 4 * found["usage"]["output"]
        return {**found, "finish_reason": "length" if full else found["finish_reason"]}


class HidesAttempts(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("attempts", None)
            raise


class VendorsCostFarOff(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        cost = found["cost"] and round(found["cost"] * 1.01)
        return {**found, "cost": cost, "cost_source": found["cost_source"] and "vendor"}


class DecidesOnHealthy(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        healthy = tuple(entry for entry in self._catalogue.models if entry.health == "up")
        self._catalogue = self._catalogue.model_copy(update={"models": healthy})


class DecidesOnce(MockLLMGateway):
    """Remembers a decision by tags; the limit counts only the first time."""

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        self._limits = getattr(self, "_limits", {})
        limit = self._limits.setdefault(str(tags), max_output_tokens)
        return super().route(prompt, tags, max_output_tokens=limit)


class SeesNoPictures(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if not isinstance(prompt, str):
            prompt = "\n".join(part.text for message in prompt for part in message.parts() if part.type == "text")
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class DropsAssistant(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if not isinstance(prompt, str):
            prompt = tuple(message for message in prompt if message.role != "assistant")
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class ShortByDefault(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, tags, max_output_tokens=max_output_tokens or 256)


class ShowsUp(MockLLMGateway):
    def models(self) -> Any:
        return {"models": [{**row, "health": "up"} for row in super().models()["models"]]}


class HidesTheMissing(Changed):
    """Of the models that the account lacks nothing is said."""

    def __init__(self, config: Any, ctx: Any) -> None:
        rows = config["catalogue"]["models"]
        others = [row["id"] for row in rows if row["vendor"] != rows[0]["vendor"]]
        super().__init__({"offered": others, **config}, ctx)

    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "attempts": found["attempts"][-1:]}


class RemembersUsage(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        self._usage = reply["usage"] or getattr(self, "_usage", None)
        return {**reply, "usage": self._usage}


class TakesLongerNames(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        return {**reply, "model": model if (reply["model"] or "").startswith(model) else reply["model"]}


class TrustsFallbacks(Changed):
    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        first = self._catalogue.models[0].vendor == self._catalogue.by_id[model].vendor
        return reply if first else {**reply, "model": model}


class Details(MockLLMGateway):
    """What a failure says is broken in `told`."""

    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            self.told(error)
            raise

    def told(self, error: ProviderError) -> None:
        raise NotImplementedError


class CostsNothingKnown(Details):
    def told(self, error: ProviderError) -> None:
        attempts = [{**row, "cost": None} for row in error.details.get("attempts", ())]
        error.details.update(attempts=attempts, cost=None)


class AddsUp(Details):
    def told(self, error: ProviderError) -> None:
        error.details["cost"] = sum(row["cost"] or 0 for row in error.details.get("attempts", ()))


class RefusalUnknown(Details):
    def told(self, error: ProviderError) -> None:
        error.outcome_unknown = True


class RaisesTheFirst(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            first = error.details.get("attempts", [{"error": error.code}])[0]["error"]
            raise NonRetryableError(first, details=error.details) from error


class ChargesForAll(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        total = sum(row["cost"] or 0 for row in found["attempts"])
        return {**found, "cost": found["cost"] if found["cost"] is None else total}


class ExplainsAfterwards(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "rationale": {**found["rationale"], "chosen": found["attempts"][-1]["model"]}}


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


SABOTEURS = [
    (DecidesOnce, "route.rule.decision"),
    (DecidesOnHealthy, "route.rule.health"),
    (HidesTheMissing, "route.rule.attempts"),
    (VendorsCostFarOff, "route.rule.cost"),
    (SeesNoPictures, "route.rule.media"),
    (ShowsUp, "models.rule.catalogue"),
    (DropsAssistant, "route.rule.text"),
    (ShortByDefault, "route.rule.length"),
    (RemembersUsage, "route.rule.unmetered"),
    (TakesLongerNames, "route.rule.substitute"),
    (TrustsFallbacks, "route.rule.substitute"),
    (CostsNothingKnown, "route.rule.substitute"),
    (CostsNothingKnown, "route.rule.content_refused"),
    (RaisesTheFirst, "route.rule.substitute"),
    (AddsUp, "route.rule.empty"),
    (ChargesForAll, "route.rule.empty"),
    (RefusalUnknown, "route.rule.content_refused"),
    (ExplainsAfterwards, "route.rule.fallback"),
    (GoesOnAfterForbidden, "route.rule.invalid_stops"),
    (GoesOnAfterTooLarge, "route.rule.invalid_stops"),
    (ForgetsTheTagsLimit, "route.rule.cost_limit"),
    (ForgetsLimit, "route.rule.decision"),
    (ForgetsTags, "route.rule.decision"),
    (OtherDigest, "route.rule.decision"),
    (RequestsTheLast, "route.rule.decision"),
    (HidesRejects, "route.rule.rationale"),
    (HidesParts, "route.rule.rationale"),
    (Unconstrained, "route.rule.constraints"),
    (IgnoresOverrides, "route.rule.constraints"),
    (IgnoresHealth, "route.rule.health"),
    (SilentAboutRejects, "route.rule.no_candidate"),
    (NothingIsInvalid, "route.rule.no_candidate"),
    (SharesPolicy, "adapter.rule.own_policy"),
    (ListsChainAsAttempts, "route.rule.attempts"),
    (AttemptsTheSecond, "route.rule.attempts"),
    (OtherAttemptCost, "route.rule.attempts"),
    (Mute, "route.rule.answer"),
    (RoundsCost, "route.rule.cost"),
    (UnknownIsFree, "route.rule.unknown_cost"),
    (FreeIsUnknown, "route.rule.unknown_cost"),
    (ForgetsLimit, "route.rule.limit"),
    (ForgetsTagValues, "route.rule.tags"),
    (TextOnly, "route.rule.messages"),
    (LastMessageOnly, "route.rule.messages"),
    (Small, "route.rule.big_prompt"),
    (AsciiOnly, "route.rule.unicode"),
    (InventsModel, "models.rule.catalogue"),
    (HidesFigures, "models.rule.catalogue"),
    (ListsTwice, "models.rule.catalogue"),
    (ListsOne, "models.rule.complete"),
    (LastMessageOnly, "route.rule.text"),
    (NormalizesText, "route.rule.text"),
    (AnswersFromMemory, "route.rule.at_once"),
    (AlwaysStop, "route.rule.length"),
    (CutIsFailure, "route.rule.length"),
    (CutAtTheEnd, "route.rule.length"),
    (CountsCachedTwice, "route.rule.usage"),
    (UnmeteredIsZero, "route.rule.unmetered"),
    (BelievesTheAsked, "route.rule.served"),
    (PricesTheAsked, "route.rule.served"),
    (RefusesDated, "route.rule.served"),
    (GuessesServed, "route.rule.served"),
    (BelievesTheAsked, "route.rule.substitute"),
    (Costless, "route.rule.substitute"),
    (Blank, "route.rule.empty"),
    (RefusalIsText, "route.rule.content_refused"),
    (RefusalIsInvalid, "route.rule.content_refused"),
    (AsksAgain, "route.rule.content_refused"),
    (Costless, "route.rule.content_refused"),
    (NeverFallsBack, "route.rule.fallback"),
    (SkipsOne, "route.rule.fallback"),
    (StopsAtUnknown, "route.rule.fallback"),
    (StopsAtMissing, "route.rule.fallback"),
    (AsksAgain, "route.rule.ranking_used_up"),
    (NeedsNoMax, "route.rule.ranking_used_up"),
    (HidesAttempts, "route.rule.ranking_used_up"),
    (NothingIsRetryable, "route.rule.ranking_used_up"),
    (IgnoresOnUnknown, "route.rule.unknown_stops"),
    (SaysKnown, "route.rule.unknown_stops"),
    (AnyVendor, "route.rule.other_vendor"),
    (NeverFallsBack, "route.rule.other_vendor"),
    (AlwaysGoesOn, "route.rule.invalid_stops"),
    (Spendthrift, "route.rule.cost_limit"),
]


class Async(MockLLMGateway):
    async def models(self) -> Any:  # type: ignore[override]
        return super().models()

    async def route(self, *arguments: Any, **options: Any) -> Any:  # type: ignore[override]
        return super().route(*arguments, **options)


class GivesModels(MockLLMGateway):
    traits = LLMGatewayTraits(vendor_script=True, read_bound_s=3)

    def models(self) -> Any:
        rows = super().models()["models"][::-1]
        return ModelList.model_validate({"models": rows, "extensions": {"page": 1}})

    def route(self, *arguments: Any, **options: Any) -> Any:
        found = super().route(*arguments, **options)
        return RouteResult.model_validate({**found, "latency_us": 7, "extensions": {"id": self._ctx.ids.new()}})


class VendorsCost(Changed):
    """The vendor's own figure, in every place, is a little off."""

    off = 4e-7

    def _ask(self, *arguments: Any) -> Any:
        try:
            answer = super()._ask(*arguments)
        except ProviderError as error:
            error.details["cost"] = self._off(error.details.get("cost"))
            raise
        return {**answer, "cost": self._off(answer["cost"])}

    def _off(self, cost: int | None) -> int | None:
        return cost and round(cost * (1 + self.off))

    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "cost_source": found["cost_source"] and "vendor"}


class WordyRefusals(Changed):
    """What a refusal says costs too; and its usage is told."""

    def replied(self, model: str, reply: dict[str, Any]) -> dict[str, Any]:
        if reply["stop"] != "refusal":
            return reply
        return {**reply, "text": "I cannot.", "usage": {**reply["usage"], "completion": 3}}


class NoPictures(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if "image" in request_of(prompt, tags).modalities:
            raise NonRetryableError("unsupported", "text only")
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


class Unscripted(Changed):
    """Answers in its own words, tells no name and no usage, and knows nothing of a script."""

    traits = LLMGatewayTraits()

    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        unknown = dict.fromkeys(("served_model", "usage", "cost", "cost_source"))
        attempts = [{"model": row["model"]} for row in found["attempts"]]
        return {**found, "text": "Certainly!", "finish_reason": "stop", "attempts": attempts, **unknown}


class FallsBackAfterRefusal(Follows):
    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        tried = [attempt.model for attempt in attempts]
        chain = (model for model in decision.fallback_chain if model not in tried)
        return next(chain, None) if attempts[-1].error == "content_refused" else following


class CheapestFirstWithinLimit(Follows):
    """Stops at the first model that does not fit the cost limit instead of looking further."""

    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        straight = decision.fallback_chain[len(attempts) - 1 : len(attempts)]
        limited = self._policy.constraints.max_cost_usd is not None
        return following if not limited or straight == (following,) else None


FEW_OFFERED = Harness(MockLLMGateway, config={"offered": ["meadow/pro", "orion-auto"]})
ONE_MODEL = Harness(MockLLMGateway, config={"catalogue": {"models": [{"id": "only", "vendor": "me"}]}})
SOME_DOWN = Harness(
    MockLLMGateway,
    config={
        "catalogue": {
            "models": [{**row, "health": "down"} for row in CATALOGUE["models"][:2]] + CATALOGUE["models"][2:]
        }
    },
)
BENIGN = [
    Async,
    GivesModels,
    VendorsCost,
    WordyRefusals,
    NoPictures,
    Unscripted,
    FallsBackAfterRefusal,
    CheapestFirstWithinLimit,
    FEW_OFFERED,
    ONE_MODEL,
    SOME_DOWN,
]


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLLMGateway) == set()
    assert len(judge(MockLLMGateway)) > 45


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    id = f"llm_gateway.{clause}"
    assert id in fallen(saboteur, only=id)


def test_every_own_clause_has_a_saboteur() -> None:
    own = {clause.id for clause in contract("llm_gateway").clauses if clause.family == "rule"}
    assert own == {f"llm_gateway.{clause}" for _, clause in SABOTEURS}


@pytest.mark.parametrize("benign", BENIGN)
def test_an_unusual_but_correct_adapter_passes(benign: type | Harness) -> None:
    assert fallen(benign, only=".rule.") == set()


@pytest.mark.parametrize("benign", [Async, GivesModels])
def test_the_general_clauses_cope_with_a_capability_that_nobody_observes(benign: type) -> None:
    assert fallen(benign) == set()


def test_an_account_without_any_model_of_the_catalogue_is_told_what_to_configure() -> None:
    results = judge(Harness(MockLLMGateway, config={"offered": []}), only="route.rule.cost")
    assert all(
        "configure a catalogue of models it has" in result.text.replace("\n", " ") for result in results.values()
    )
