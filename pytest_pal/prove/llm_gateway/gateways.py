"""What saboteurs of llm_gateway are made of: the mock with its result, its replies or its fallbacks open."""

from typing import Any

from ...errors import ProviderError
from ...llm.fallback import Attempt
from ...mocks.llm_gateway import MockLLMGateway, Vendor


class Changed(MockLLMGateway):
    """What is broken is said by `changed`, on the result, or by `replied`, on the vendor's reply."""

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._vendor: Any = _Replies(self._vendor, self.replied)

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


class Follows(MockLLMGateway):
    """The rules of what follows a failure, broken in `rule`."""

    def _following(self, request: Any, decision: Any, attempts: Any) -> str | None:
        return self.rule(super()._following(request, decision, attempts), decision, attempts)

    def rule(self, following: str | None, decision: Any, attempts: list[Attempt]) -> str | None:
        return following


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
