"""What never leaves: secrets are hidden at the edge where a sink writes, whatever they are wrapped in.

Three things give a secret away: the name beside it (`secret_names`, `named`), its shape (`tokens`), or that it was
registered (`registered`). Each is looked for in the text and in its other readings (`views`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .named import MARK, named_spans
from .plain import Plain
from .registered import RUN, Registered, forms_of
from .tokens import token_spans
from .views import Span, decoded, views

__all__ = ["MARK", "Redactor"]

_DEEPEST_READING = 4
_ROUNDS = 8
_SHORT = 80
_KEPT = 1_000
"""Short texts without a secret are remembered: those of records are few, and come again and again."""
_RUNS = re.compile(rf"[A-Za-z0-9+/_-]{{{RUN},}}(?:={{1,2}}|\.)?")


class Redactor:
    """Hides secrets; what it returns holds `MARK` in their place.

    ``secrets`` are texts (or octets of UTF-8) to hide wherever they stand: as they are, percent-encoded once or
    twice, in base64 at any alignment, in hex, behind escapes of JSON or of a repr. One shorter than 4 characters is
    hidden only where it is the whole of a value, or where a name announces it; one that is part of `MARK` is not
    looked for. Of base64 and hex, what is shorter than 16 characters is read only for registered secrets. Every method
    takes anything, never raises, and leaves alone what it has returned. The work for a text is linear in its length and
    in the number of secrets.
    """

    def __init__(self, secrets: Iterable[str | bytes] = ()) -> None:
        self._clean: set[str] = set()
        self._registered = Registered()
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str | bytes) -> None:
        """Hides this secret from now on; white space around it does not count, and an empty one is none."""
        text = secret if isinstance(secret, str) else secret.decode("utf-8", "surrogateescape")
        self._registered = Registered(self._registered.secrets.union(forms_of(text)))
        self._clean = set()

    def text(self, text: str) -> str:
        """The text with each secret as `MARK`."""
        text = str.__str__(text)
        clean = self._clean
        if text in clean:
            return text
        hidden = self._hidden(text)
        if hidden == text and len(text) <= _SHORT:
            if len(clean) >= _KEPT:
                clean.clear()
            clean.add(text)
        return hidden

    def _hidden(self, text: str) -> str:
        if text.strip() in self._registered.secrets:
            return MARK
        for _ in range(_ROUNDS):
            hidden = _replaced(text, sorted(self._spans(text, _DEEPEST_READING)))
            if hidden == text:
                return text
            text = hidden
        return MARK

    def value(self, value: Any) -> Any:
        """The value as JSON types (see `Plain`), without its secrets: in texts, in keys and under secret names."""
        return Plain(self.text).value(value)

    def error(self, error: BaseException) -> dict[str, Any]:
        """The exception as JSON types, without its secrets: ``class``, ``text``, ``args``, ``attributes``,
        ``notes``, ``cause`` or ``context`` (again such a value), and ``errors`` of a group; only what there is.
        """
        return Plain(self.text).error(error)

    def _spans(self, text: str, depth: int, seen: frozenset[str] = frozenset()) -> Iterator[Span]:
        """``seen`` are runs that another reading has: what is inside them is known from there."""
        low = _lower(text)
        runs = [run for run in _RUNS.findall(text) if run not in seen]
        joined = "\n".join(runs)
        yield from self._registered.spans(text, low, joined)
        yield from token_spans(text, low, joined)
        yield from named_spans(text, low)
        if depth:
            yield from self._spans_in_runs(text, runs, depth - 1)
            for view in views(text):
                yield from map(view.source, self._spans(view.text, depth - 1, seen.union(runs)))

    def _spans_in_runs(self, text: str, runs: list[str], depth: int) -> Iterator[Span]:
        for run in dict.fromkeys(runs):
            for (start, end), read in decoded(run.rstrip(".")):
                if any(self._spans(read, depth)):
                    yield from ((place + start, place + end) for place in _places(text, run))


def _places(text: str, run: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(run), text))


def _lower(text: str) -> str:
    """In lower case, each character at its place."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


def _replaced(text: str, spans: list[Span]) -> str:
    """The text with `MARK` for each span; spans that touch are one, and a mark that a span cuts into is part of it."""
    if not spans:
        return text
    if MARK in text:
        spans = sorted([*spans, *((place, place + len(MARK)) for place in _places(text, MARK))])
    shown: list[str] = []
    done = 0
    for start, end in spans:
        if start > done or not shown:
            shown += (text[done:start], MARK)
        done = max(done, end)
    return "".join(shown) + text[done:]
