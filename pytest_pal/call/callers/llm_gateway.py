"""LLMGateway for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/llm_gateway/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.llm_gateway.protocol import ModelList, RouteResult
from ...llm.request import Prompt, Tags
from ...llm.units import TokenLimit


class AsyncLLMGateway(Protocol):
    """Answers prompts by the models of several vendors."""

    async def models(self) -> ModelList:
        """The models that the account offers."""

    async def route(self, prompt: Prompt, tags: Tags, *, max_output_tokens: TokenLimit | None = ...) -> RouteResult:
        """Answers a prompt by the model that policy, catalogue and request decide on.

        Raises NonRetryableError(no_candidate) where nothing is eligible, with ``rejects`` in its details;
        after a failure ``details`` holds ``attempts`` and the last one's ``cost``.
        """


class LLMGatewayCaller(Protocol):
    """Answers prompts by the models of several vendors."""

    def models(self) -> ModelList:
        """The models that the account offers."""

    def route(self, prompt: Prompt, tags: Tags, *, max_output_tokens: TokenLimit | None = ...) -> RouteResult:
        """Answers a prompt by the model that policy, catalogue and request decide on.

        Raises NonRetryableError(no_candidate) where nothing is eligible, with ``rejects`` in its details;
        after a failure ``details`` holds ``attempts`` and the last one's ``cost``.
        """

    def close(self) -> None: ...


class AsyncLLMGatewayCaller(Protocol):
    """Answers prompts by the models of several vendors."""

    async def models(self) -> ModelList:
        """The models that the account offers."""

    async def route(self, prompt: Prompt, tags: Tags, *, max_output_tokens: TokenLimit | None = ...) -> RouteResult:
        """Answers a prompt by the model that policy, catalogue and request decide on.

        Raises NonRetryableError(no_candidate) where nothing is eligible, with ``rejects`` in its details;
        after a failure ``details`` holds ``attempts`` and the last one's ``cost``.
        """

    async def aclose(self) -> None: ...
