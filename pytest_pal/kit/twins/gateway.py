"""The reference client of llm_gateway: it decides here, and asks the vendor for one completion of one model.

Its wire is ``POST /models`` (the identity mapping) and ``POST /complete`` with ``model``, ``messages`` and
``limit``: 200 with what `pytest_pal.mocks.llm_gateway.Vendor.complete` gives.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from ...contracts.llm_gateway import CAPABILITY
from ...contracts.llm_gateway.protocol import ModelList
from ...llm.decision import Decision
from ...llm.fallback import Attempt
from ...llm.request import Message, Request
from ...mocks.llm_gateway import MockLLMGateway
from ...model.context import Context
from ...model.operation import Operation
from ...model.payload import Output, Payload
from ...model.values import Count, Text
from .client import Client, Twin


class Metered(Payload):
    """Tokens; ``prompt`` counts the cached and the written ones too."""

    prompt: Count
    cached: Count
    written: Count
    completion: Count


class Completion(Payload):
    """One completion as the vendor gives it."""

    model: Text | None
    text: Text
    stop: Literal["end", "limit", "refusal"]
    usage: Metered | None


class _WireVendor:
    """The vendor's primitive that the mock's logic stands on, over the wire."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def complete(self, model: str, messages: tuple[Message, ...], limit: int | None) -> dict[str, Any]:
        route = CAPABILITY.operation("route")
        body = {"model": model, "messages": [message.plain() for message in messages], "limit": limit}
        answer = self._client.ask(route, "complete", body, {})
        try:
            return Completion.model_validate(answer).plain()
        except ValidationError:
            pass
        raise self._client.malformed(route, "its answer is no completion")


class TwinLLMGateway(Twin, MockLLMGateway, of=CAPABILITY):
    """LLMGateway over the wire. config also: policy, catalogue. The vendors behind it are the mock's."""

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        MockLLMGateway.__init__(self, config, ctx)
        Twin.__init__(self, config, ctx)
        self._vendor: Any = _WireVendor(self._client)

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        if operation.name == "models":
            return self._offered(self._client.attempt(operation, arguments))
        checked = self._of.check(operation.name, **arguments)
        self._client.begin()
        return self._client.output(operation, MockLLMGateway.route(self, **checked))

    def _offered(self, told: Output) -> ModelList:
        ids = {entry["id"] for entry in told.plain()["models"]}
        return ModelList(models=tuple(entry for entry in self._catalogue.models if entry.id in ids))

    def _following(self, request: Request, decision: Decision, attempts: list[Attempt]) -> str | None:
        return super()._following(request, decision, attempts) if self._client.left() > 0 else None
