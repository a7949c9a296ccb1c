"""A correct gateway of coroutines, which shares nothing with the mock: fallbacks of its own, its vendor's figures."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ...contracts.llm_gateway.protocol import LLMGatewayTraits, ModelList, RouteResult
from ...errors import NonRetryableError, ProviderError, RetryableError
from ...kit.harness import Harness
from ...llm.catalogue import Catalogue, cost_of
from ...llm.decision import Decision
from ...llm.fallback import Attempt, model_meant, served_model
from ...llm.policy import Policy
from ...llm.request import Message, Request, messages_of, request_of
from ...llm.routing import decide
from ...llm.rules import cost_limit
from ...model.context import Context
from .words import Completed, complete

ELSEWHERE = ("quota_exhausted", "unauthenticated")


class Walk:
    """One call: who was asked so far, what it may have cost, which vendors are of no use."""

    def __init__(self, policy: Policy, catalogue: Catalogue, request: Request, decision: Decision) -> None:
        self.decision, self._catalogue, self._policy = decision, catalogue, policy
        self.tried: list[Attempt] = []
        self._estimates = {row.model: row.cost or 0 for row in decision.candidates}
        self._left = cost_limit(policy.for_tags(request.tags))
        self._useless: set[str] = set()

    def failed(self, attempt: Attempt, error: ProviderError) -> bool:
        """Whether another model may be asked."""
        self.tried.append(attempt)
        if self._left is not None:
            self._left -= self._estimates[attempt.model] if attempt.cost is None and attempt.outcome_unknown else 0
            self._left -= attempt.cost or 0
        if error.code in ELSEWHERE:
            self._useless.add(self._catalogue.by_id[attempt.model].vendor)
        if error.outcome_unknown:
            return self._policy.fallback.on_unknown
        return isinstance(error, RetryableError) or error.code in (*ELSEWHERE, "not_found")

    def following(self) -> str | None:
        """The next model that may be asked."""
        asked = {attempt.model for attempt in self.tried}
        for model in self.decision.fallback_chain if self.tried else (self.decision.chosen,):
            if model is None or model in asked or self._catalogue.by_id[model].vendor in self._useless:
                continue
            if not self.tried or self._left is None or self._estimates[model] <= self._left:
                return model
        return None


class CoroutineGateway:
    """LLMGateway whose costs are its vendor's own. config: policy, catalogue."""

    capability = "llm_gateway"
    contract = "1.0"
    traits = LLMGatewayTraits(vendor_script=True)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._policy = Policy.model_validate(config["policy"])
        self._catalogue = Catalogue.model_validate(config["catalogue"])

    async def models(self) -> ModelList:
        await asyncio.sleep(0)
        return ModelList(models=self._catalogue.models[::-1], extensions={"page": 1})

    async def route(self, prompt: Any, tags: Mapping[str, str], *, max_output_tokens: int | None = None) -> RouteResult:
        request = request_of(prompt, tags, max_output_tokens)
        walk = Walk(self._policy, self._catalogue, request, decide(self._policy, self._catalogue, request))
        failure: ProviderError = _nobody(walk.decision)
        while (model := walk.following()) is not None:
            try:
                completed, cost = await self._completed(model, messages_of(prompt), max_output_tokens)
                return self._answered(walk, model, completed, cost)
            except ProviderError as error:
                failure = error
                if not walk.failed(_attempt(model, error), error):
                    break
        if walk.tried:
            failure.details |= {"attempts": [each.plain() for each in walk.tried], "cost": walk.tried[-1].cost}
        raise failure

    async def _completed(
        self, model: str, messages: tuple[Message, ...], limit: int | None
    ) -> tuple[Completed, int | None]:
        await asyncio.sleep(0)
        completed = complete(model, messages, limit)
        paid = model_meant(self._catalogue.by_id, model, completed.name or model)
        return completed, cost_of(self._catalogue.by_id[paid].prices, completed.usage) if paid else None

    def _answered(self, walk: Walk, model: str, completed: Completed, cost: int | None) -> RouteResult:
        about = {"cost": cost, "finish_reason": completed.finish}
        try:
            served = served_model(walk.decision, model, completed.name)
        except ProviderError as error:
            error.details |= about
            raise
        if completed.finish == "refused":
            raise NonRetryableError("content_refused", details=about)
        if not completed.text:
            raise NonRetryableError("malformed_reply", outcome_unknown=True, details=about)
        return RouteResult(
            text=completed.text,
            requested_model=str(walk.decision.chosen),
            served_model=served,
            finish_reason=completed.finish,
            usage=completed.usage,
            cost=cost,
            cost_source=None if cost is None else "vendor",
            latency_us=0,
            attempts=(*walk.tried, Attempt(model=model, usage=completed.usage, **about)),
            rationale=walk.decision,
            digests=walk.decision.digests,
        )


def _attempt(model: str, error: ProviderError) -> Attempt:
    told = {name: error.details.get(name) for name in ("cost", "finish_reason")}
    return Attempt(model=model, error=error.code, outcome_unknown=error.outcome_unknown, **told)


def _nobody(decision: Decision) -> NonRetryableError:
    rejects = [reject.plain() for reject in decision.rejected]
    return NonRetryableError("no_candidate", decision.summary, details={"rejects": rejects})


COROUTINES = Harness(CoroutineGateway)
