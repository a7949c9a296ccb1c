"""A vendor that obeys the script of the contract and shares nothing with the mock."""

from dataclasses import dataclass
from typing import Literal

from ...errors import ErrorCode
from ...llm.catalogue import Usage
from ...llm.request import Message, TextPart, estimated_tokens
from ...primitives.http_errors import error_of

PER_TOKEN = 4


@dataclass(frozen=True)
class Completed:
    """One completion. ``name`` is what the vendor calls the model that answered, ``usage`` what it counted."""

    text: str
    finish: Literal["stop", "length", "refused"]
    name: str | None
    usage: Usage | None


def complete(model: str, messages: tuple[Message, ...], limit: int | None) -> Completed:
    """Repeats the texts. Raises ProviderError where a word says so."""
    texts = [part.text for message in messages for part in message.parts() if isinstance(part, TextPart)]
    words = _words_for(model, "\n".join(texts))
    if "lost" in words:
        raise error_of("connection", "the line went dead", outcome_unknown=True)
    for code in words.keys() & set(ErrorCode):
        raise error_of(code, "by the script")
    whole = "\n".join(texts)
    text = "" if words.keys() & {"refuse", "empty"} else whole[: None if limit is None else limit * PER_TOKEN]
    finish: Literal["stop", "length"] = "length" if text and text != whole else "stop"
    return Completed(text, "refused" if "refuse" in words else finish, _name(model, words), _usage(texts, text, words))


def _words_for(model: str, text: str) -> dict[str, str]:
    found = {}
    for piece in text.split("[[")[1:]:
        whom, _, word = piece.partition("]]")[0].partition(": ")
        if whom in ("*", model):
            name, _, value = word.partition("=")
            found[name] = value
    return found


def _name(model: str, words: dict[str, str]) -> str | None:
    if "silent" in words:
        return None
    return words.get("served", f"{model}-20260115" if "dated" in words else model)


def _usage(texts: list[str], text: str, words: dict[str, str]) -> Usage | None:
    if "unmetered" in words:
        return None
    cached, written = (int(words.get(name, 0)) for name in ("cached", "cache_write"))
    total = sum(estimated_tokens(each) for each in texts)
    return Usage(
        input=total - cached - written,
        cached_input=cached,
        cache_write=written,
        output=(len(text) + PER_TOKEN - 1) // PER_TOKEN,
    )
