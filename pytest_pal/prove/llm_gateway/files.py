"""A correct gateway over files, which shares nothing with the mock: prompts are dropped into a box, answers found."""

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ...contracts.llm_gateway.protocol import LLMGatewayTraits
from ...kit.harness import Harness
from ...llm.catalogue import Catalogue
from ...llm.fallback import Attempt, first_model
from ...llm.policy import Policy
from ...llm.request import messages_of, request_of
from ...llm.routing import decide
from ...model.context import Context

ANSWER = "Certainly! It depends."


class Box:
    """The vendor: it answers whatever lies in its directory, in its own words, and says nothing else."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._numbers = directory, count(1)

    def ask(self, model: str, messages: list[Any], limit: int | None) -> str:
        place = self._directory / f"{next(self._numbers)}.json"
        place.write_text(json.dumps({"model": model, "messages": messages}), "utf-8")
        answered = place.with_suffix(".txt")
        answered.write_text(ANSWER if limit is None else ANSWER[:limit], "utf-8")
        return answered.read_text("utf-8")


class BoxGateway:
    """LLMGateway over a `Box`, of whose answers nobody knows the model, the usage or the cost.

    config: policy, catalogue, box.
    """

    capability = "llm_gateway"
    contract = "1.0"
    traits = LLMGatewayTraits(read_bound_s=5)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._policy = Policy.model_validate(config["policy"])
        self._catalogue = Catalogue.model_validate(config["catalogue"])
        self._box: Box = config["box"]

    def models(self) -> dict[str, Any]:
        return {"models": sorted((entry.plain() for entry in self._catalogue.models), key=lambda row: str(row["id"]))}

    def route(self, prompt: Any, tags: Mapping[str, str], *, max_output_tokens: int | None = None) -> dict[str, Any]:
        decision = decide(self._policy, self._catalogue, request_of(prompt, tags, max_output_tokens))
        model = first_model(decision)
        messages = [message.plain() for message in messages_of(prompt)]
        text = self._box.ask(model, messages, max_output_tokens)
        return {
            "text": text,
            "requested_model": model,
            "served_model": None,
            "finish_reason": "stop" if text == ANSWER else "length",
            "usage": None,
            "cost": None,
            "latency_us": 30_000_000,
            "attempts": [Attempt(model=model).plain()],
            "rationale": decision.plain(),
            "digests": decision.digests.plain(),
        }


FILES = Harness(BoxGateway, fresh=Box, config=lambda box: {"box": box})
