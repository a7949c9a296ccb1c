"""A reference for llm_gateway: offline models that repeat the prompt, routed by the published decision."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..contracts.llm_gateway.protocol import LLMGatewayTraits
from ..errors import RETRYABLE_CODES, ErrorCode, NonRetryableError, ProviderError, RetryableError
from ..llm.catalogue import Catalogue, Usage, cost_of
from ..llm.decision import Decision
from ..llm.fallback import Attempt, first_model, model_meant, next_model, served_model
from ..llm.offline import CATALOGUE, POLICY
from ..llm.policy import Policy
from ..llm.request import Message, Prompt, Request, TextPart, estimated_tokens, messages_of, request_of
from ..llm.routing import decide
from ..model.context import Context

CHARACTERS_PER_TOKEN = 4
_WORD = re.compile(r"\[\[([^\s:\]]+): ([^\]]+)\]\]")
_FINISH = {"end": "stop", "limit": "length", "refusal": "refused"}


class Vendor:
    """The vendors' own primitive: one completion of one model. It obeys the script of `LLMGatewayTraits`."""

    def __init__(self, offered: Any) -> None:
        self._offered = offered

    def offers(self, model: str) -> bool:
        return self._offered is None or model in self._offered

    def complete(self, model: str, messages: tuple[Message, ...], limit: int | None) -> dict[str, Any]:
        """A reply as vendors give it: ``prompt`` counts cached and written tokens too. Raises ProviderError."""
        texts = [part.text for message in messages for part in message.parts() if isinstance(part, TextPart)]
        script = dict(_words(model, "\n".join(texts)))
        self._fail(model, script)
        text = "" if {"refuse", "empty"} & script.keys() else "\n".join(texts)
        end = len(text) if limit is None else limit * CHARACTERS_PER_TOKEN
        return {
            "model": _name(model, script),
            "text": text[:end],
            "stop": "refusal" if "refuse" in script else "limit" if len(text) > end else "end",
            "usage": None if "unmetered" in script else _metered(texts, text[:end], script),
        }

    def _fail(self, model: str, script: Mapping[str, str]) -> None:
        if not self.offers(model):
            raise NonRetryableError("not_found", f"the account has no model {model}")
        if "lost" in script:
            raise RetryableError("connection", "the answer was cut off", outcome_unknown=True)
        for code in (code for code in ErrorCode if code in script):
            raise (RetryableError if code in RETRYABLE_CODES else NonRetryableError)(code, "as the script says")


def _words(model: str, text: str) -> Iterator[tuple[str, str]]:
    for name, word in _WORD.findall(text):
        if name in (model, "*"):
            yield word.split("=")[0], word.partition("=")[2]


def _name(model: str, script: Mapping[str, str]) -> str | None:
    dated = f"{model}-2026-01-15" if "dated" in script else model
    return None if "silent" in script else script.get("served", dated)


def _metered(texts: list[str], answer: str, script: Mapping[str, str]) -> dict[str, int]:
    return {
        "prompt": sum(estimated_tokens(text) for text in texts),
        "cached": int(script.get("cached", 0)),
        "written": int(script.get("cache_write", 0)),
        "completion": -(-len(answer) // CHARACTERS_PER_TOKEN),
    }


class MockLLMGateway:
    """LLMGateway in process. config: policy, catalogue, offered (the ids that the account has; all)."""

    capability = "llm_gateway"
    contract = "1.0"
    traits = LLMGatewayTraits(vendor_script=True)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._policy = Policy.model_validate(config.get("policy", POLICY))
        self._catalogue = Catalogue.model_validate(config.get("catalogue", CATALOGUE))
        self._vendor = Vendor(config.get("offered"))
        self._ctx = ctx

    @contextmanager
    def primitives(self) -> Iterator[Vendor]:
        """The vendors behind this mock, each of whose models completes by itself."""
        yield self._vendor

    def models(self) -> dict[str, Any]:
        return {"models": [entry.plain() for entry in self._catalogue.models if self._vendor.offers(entry.id)]}

    def route(self, prompt: Prompt, tags: Mapping[str, str], *, max_output_tokens: int | None = None) -> dict[str, Any]:
        request = request_of(prompt, tags, max_output_tokens)
        decision = decide(self._policy, self._catalogue, request)
        model, attempts = first_model(decision), []
        while True:
            try:
                answer = self._ask(decision, model, messages_of(prompt), max_output_tokens)
            except ProviderError as error:
                attempts.append(_failed(model, error))
                following = self._following(request, decision, attempts)
                if following is None:
                    error.details.update(attempts=[attempt.plain() for attempt in attempts])
                    raise
                model = following
            else:
                return _result(decision, answer, [*attempts, _answered(model, answer)])

    def _following(self, request: Request, decision: Decision, attempts: list[Attempt]) -> str | None:
        if self._ctx.remaining() <= 0:
            return None
        return next_model(self._policy, self._catalogue, request, decision, attempts)

    def _ask(self, decision: Decision, model: str, messages: tuple[Message, ...], limit: int | None) -> dict[str, Any]:
        """The answer of one model. An error has the ``cost`` of the reply in its details."""
        started = self._ctx.clock.now()
        reply = self._vendor.complete(model, messages, limit)
        usage = _usage(reply["usage"])
        meant = model_meant(self._catalogue.by_id, model, reply["model"] or model)
        cost = cost_of(self._catalogue.by_id[meant].prices, usage) if meant else None
        try:
            served = _accepted(decision, model, reply)
        except ProviderError as error:
            error.details.update(cost=cost, finish_reason=_FINISH[reply["stop"]])
            raise
        return {
            "text": reply["text"],
            "served_model": served,
            "finish_reason": _FINISH[reply["stop"]],
            "usage": usage.plain() if usage else None,
            "cost": cost,
            "latency_us": (self._ctx.clock.now() - started).microseconds,
        }


def _accepted(decision: Decision, model: str, reply: Mapping[str, Any]) -> str | None:
    served = served_model(decision, model, reply["model"])
    if reply["stop"] == "refusal":
        raise NonRetryableError("content_refused", f"{model} refused the content")
    if not reply["text"]:
        raise NonRetryableError("malformed_reply", f"{model} stopped without text", outcome_unknown=True)
    return served


def _usage(metered: Mapping[str, int] | None) -> Usage | None:
    """The vendor's counts with each token in one part only."""
    if metered is None:
        return None
    return Usage(
        input=metered["prompt"] - metered["cached"] - metered["written"],
        cached_input=metered["cached"],
        cache_write=metered["written"],
        output=metered["completion"],
    )


def _failed(model: str, error: ProviderError) -> Attempt:
    return Attempt(
        model=model,
        error=error.code,
        outcome_unknown=error.outcome_unknown,
        finish_reason=error.details.get("finish_reason"),
        cost=error.details.get("cost"),
    )


def _answered(model: str, answer: Mapping[str, Any]) -> Attempt:
    shared = ("finish_reason", "usage", "cost", "latency_us")
    return Attempt(model=model, **{name: answer[name] for name in shared})


def _result(decision: Decision, answer: Mapping[str, Any], attempts: list[Attempt]) -> dict[str, Any]:
    return {
        **answer,
        "requested_model": decision.chosen,
        "cost_source": None if answer["cost"] is None else "usage",
        "attempts": [attempt.plain() for attempt in attempts],
        "rationale": decision.plain(),
        "digests": decision.digests.plain(),
    }
