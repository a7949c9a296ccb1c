"""The harnesses of the twins: the identity mapping over each mock."""

from typing import Any

from ...faults.message import Request
from ...llm.request import Message
from ...model.capability import Capability
from ..endpoint import Endpoint, effect, read
from ..harness import Harness
from ..live_vendor import LiveVendor
from ..vendor import Vendor
from .adapters import TwinAds, TwinCDP, TwinExperiments, TwinLifecycle, TwinLLMObservability, TwinVectorStore
from .client import KEY, Twin
from .gateway import TwinLLMGateway

AUTH = "header:Authorization"


def identity(capability: Capability) -> tuple[Endpoint, ...]:
    """``POST /<operation>`` for each operation, its arguments in the body, its key in a header."""
    return tuple(
        effect(f"POST /{name}", calls=name, key="header:Idempotency-Key" if found.key == KEY else None)
        if found.effect == "write"
        else read(f"POST /{name}", calls=name)
        for name, found in capability.operations.items()
    )


def twin(cls: type[Twin], *endpoints: Endpoint) -> Harness:
    """The harness of a reference client; without endpoints they are those of the identity mapping."""
    vendor = Vendor(endpoints or identity(cls._of), auth=AUTH)
    return Harness(cls, vendor, config=_config)


def _config(live: LiveVendor) -> dict[str, Any]:
    return {"base_url": live.url, "token": live.secret, "cafile": live.cafile}


def _complete(request: Request, mock: Any, scratch: dict[str, Any]) -> Any:
    """One completion by the vendors behind the mock."""
    asked = request.json
    messages = tuple(Message.model_validate(message) for message in asked["messages"])
    with mock.primitives() as vendors:
        return vendors.complete(asked["model"], messages, asked["limit"])


ADS = twin(TwinAds)
LIFECYCLE = twin(TwinLifecycle)
EXPERIMENTS = twin(TwinExperiments)
CDP = twin(TwinCDP)
VECTORSTORE = twin(TwinVectorStore)
LLM_OBSERVABILITY = twin(TwinLLMObservability)
LLM_GATEWAY = twin(
    TwinLLMGateway,
    read("POST /models", calls="models"),
    effect("POST /complete", calls=_complete, per="body:/model"),
)
