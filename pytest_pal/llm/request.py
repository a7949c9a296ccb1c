"""The request: what of a prompt matters for the choice. Its text does not."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints

from ..canonical import digest
from ..model.payload import Payload
from ..model.values import Text, frozen_dict
from .catalogue import Modality
from .units import TokenLimit, Tokens

BYTES_PER_TOKEN = 4
TOKENS_PER_MEDIUM = 1_024

NonEmpty = Annotated[str, Strict(), StringConstraints(min_length=1)]


class TextPart(Payload):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: NonEmpty


class MediaPart(Payload):
    """An image, a sound or a file: ``data`` is its ``data:`` or other URL."""

    type: Literal["image", "audio", "file"]
    data: NonEmpty


class Message(Payload):
    """One turn; content is text, or parts in the order in which they are read."""

    role: Literal["system", "user", "assistant"]
    content: NonEmpty | Annotated[tuple[TextPart | MediaPart, ...], Field(min_length=1)]

    def parts(self) -> tuple[TextPart | MediaPart, ...]:
        return (TextPart(text=self.content),) if isinstance(self.content, str) else self.content


Prompt = NonEmpty | Annotated[tuple[Message, ...], Field(min_length=1)]


def _as_mapping(value: Any) -> Any:
    return dict.fromkeys(value, "") if isinstance(value, list | tuple) and _all_text(value) else value


def _all_text(value: Any) -> bool:
    return all(isinstance(item, str) for item in value)


Tags = Annotated[Mapping[Text, Text], BeforeValidator(_as_mapping), AfterValidator(frozen_dict)]
"""Tag to value; a list of tags is read as tag -> "". """


class Request(Payload):
    """``input_tokens`` is an estimate; ``max_output_tokens`` None leaves the length to the model."""

    input_tokens: Tokens
    max_output_tokens: TokenLimit | None = None
    modalities: tuple[Modality, ...] = ("text",)
    tags: Tags = Field(default_factory=dict)

    def digest(self) -> str:
        return digest(self.plain())


def messages_of(prompt: str | tuple[Message, ...]) -> tuple[Message, ...]:
    """The prompt as messages; text is one message of the user."""
    return (Message(role="user", content=prompt),) if isinstance(prompt, str) else prompt


def request_of(
    prompt: str | tuple[Message, ...], tags: Mapping[str, str], max_output_tokens: int | None = None
) -> Request:
    """The request of a call of route: a token per four bytes of UTF-8, rounded up for each part, and
    1,024 for each medium."""
    parts = [part for message in messages_of(prompt) for part in message.parts()]
    return Request(
        input_tokens=sum(_tokens(part) for part in parts),
        max_output_tokens=max_output_tokens,
        modalities=tuple(sorted({part.type for part in parts})),
        tags=tags,
    )


def estimated_tokens(text: str) -> int:
    """A token per four bytes of UTF-8, rounded up."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _tokens(part: TextPart | MediaPart) -> int:
    return estimated_tokens(part.text) if isinstance(part, TextPart) else TOKENS_PER_MEDIUM
