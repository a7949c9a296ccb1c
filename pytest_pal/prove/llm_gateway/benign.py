"""Unusual, and correct."""

from typing import Any

from ...contracts.llm_gateway.protocol import LLMGatewayTraits, ModelList, RouteResult
from ...errors import NonRetryableError, ProviderError
from ...kit.harness import Harness
from ...kit.twins.harness import LLM_GATEWAY
from ...llm.fallback import Attempt
from ...llm.offline import CATALOGUE
from ...llm.request import request_of
from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import Benign
from ..wired import asking_first, in_its_words
from .coroutines import COROUTINES
from .files import FILES
from .gateways import Changed, Follows
from .sqlite import SQLITE


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
OTHERS_MODELS = (FEW_OFFERED, ONE_MODEL, SOME_DOWN)
"""Accounts and catalogues of their own, whose outputs cannot be those of the mock: the rules hold for them too."""
BENIGN = (
    Benign("sqlite", SQLITE, "it writes each request down, and its account lacks a model", alone=True),
    Benign("files", FILES, "it answers in its own words, and of what it did it tells nothing", alone=True),
    Benign("coroutines", COROUTINES, "coroutines, fallbacks of its own, costs by the vendor", alone=True),
    Benign("asynchronous", Async, "its operations are coroutines"),
    Benign("gives_models", GivesModels, "it returns payloads with extensions, and lists models the other way round"),
    Benign("vendors_cost", VendorsCost, "costs are the vendor's, and a little off"),
    Benign("wordy_refusals", WordyRefusals, "a refusal has words, which cost too"),
    Benign("no_pictures", NoPictures, "pictures are unsupported"),
    Benign("unscripted", Unscripted, "it answers in its own words, and knows nothing of a script"),
    Benign("falls_back_after_refusal", FallsBackAfterRefusal, "after a refusal it asks another model"),
    Benign("cheapest_first", CheapestFirstWithinLimit, "it stops at the first model that costs too much"),
    Benign("in_its_words", in_its_words(LLM_GATEWAY), "answers are zipped and cut, errors in its own words"),
    Benign("asks_first", asking_first(LLM_GATEWAY, per="body:/model"), "an operation is two requests"),
)
