"""Wrong in what goes in."""

from typing import Any

from ...errors import NonRetryableError
from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import RECORDED, Saboteur


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


class AnswersFromMemory(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        self._first = getattr(self, "_first", prompt)
        return super().route(self._first, tags, max_output_tokens=max_output_tokens)


SABOTEURS = (
    Saboteur(
        "sees_no_pictures",
        SeesNoPictures,
        "llm_gateway.route.rule.media",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.scenario.edge_values",
            "llm_gateway.route.rule.messages",
        ),
    ),
    Saboteur(
        "drops_assistant", DropsAssistant, "llm_gateway.route.rule.text", also=("llm_gateway.route.rule.messages",)
    ),
    Saboteur(
        "short_by_default",
        ShortByDefault,
        "llm_gateway.route.rule.length",
        also=RECORDED,
        reason="every call without a limit is decided on with one",
    ),
    Saboteur(
        "text_only",
        TextOnly,
        "llm_gateway.route.rule.messages",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.scenario.edge_values",
            "llm_gateway.route.rule.text",
        ),
    ),
    Saboteur(
        "last_message_only",
        LastMessageOnly,
        "llm_gateway.route.rule.messages",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.scenario.edge_values",
            "llm_gateway.route.rule.text",
        ),
    ),
    Saboteur("small", Small, "llm_gateway.route.rule.big_prompt"),
    Saboteur(
        "ascii_only",
        AsciiOnly,
        "llm_gateway.route.rule.unicode",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.route.rule.text",
        ),
    ),
    Saboteur(
        "answers_from_memory",
        AnswersFromMemory,
        "llm_gateway.route.rule.at_once",
        also=RECORDED,
        reason="every second call is answered as the first was",
    ),
)
