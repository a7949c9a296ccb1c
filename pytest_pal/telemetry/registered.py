"""Secrets that are known: where they stand in a text, as they are or in base64 or hex, whole or inside something."""

import base64
import html
from collections.abc import Iterator

from .named import MARK
from .views import Span

SHORTEST = 4
"""A shorter secret is not looked for inside texts: hiding each "42" would garble them, and tell what was hidden."""
RUN = 16
"""How many characters of base64 or hex in a row are looked into."""
_SHORTEST_ENCODED = 7
_SHORTEST_LINE = 16
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")

Encoded = tuple[str, int, int]
"""A secret inside base64: the characters that are its own; how many on the left and right are partly its own."""


class Registered:
    """The secrets of one redactor. Immutable, so that threads may read it while another is put in its place."""

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self.secrets = secrets
        told = sorted(secret for secret in secrets if len(secret) >= SHORTEST)
        self._plain = sorted({form for secret in told for form in _plain_forms(secret) if form not in MARK})
        self._hex = _by_length({(_octets(secret).hex(), 0, 0) for secret in told})
        self._base64 = _by_length({form for secret in told for form in _base64_forms(_octets(secret))})

    def spans(self, text: str, low: str, runs: str) -> Iterator[Span]:
        """Where a secret stands, in any of its forms.

        ``low`` is the text in lower case, character by character; ``runs`` are all its runs of at least `RUN`
        characters of base64 or hex.
        """
        for secret in self._plain:
            yield from _places(text, secret)
        yield from _encoded(low, runs.lower(), *self._hex)
        yield from _encoded(text, runs, *self._base64)


def _by_length(forms: set[Encoded]) -> tuple[list[Encoded], list[Encoded]]:
    """Those that may be shorter than a run, and those that can only stand in one."""
    return sorted(form for form in forms if len(form[0]) < RUN), sorted(form for form in forms if len(form[0]) >= RUN)


def _encoded(text: str, runs: str, short: list[Encoded], long: list[Encoded]) -> Iterator[Span]:
    for secret, left, right in (*short, *(form for form in long if form[0] in runs)):
        yield from (_widened(text, span, left, right) for span in _places(text, secret))


def forms_of(secret: str) -> Iterator[str]:
    """What a registered text stands for: itself without the white space around it, and its long lines apart."""
    whole = secret.strip()
    if whole:
        yield whole
    lines = [line.strip() for line in whole.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE)


def _octets(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def _plain_forms(secret: str) -> set[str]:
    """As it is, as a form field has its spaces, as HTML has its marks, and its UTF-8 read as Latin-1."""
    return {secret, secret.replace(" ", "+"), html.escape(secret), _octets(secret).decode("latin-1")}


def _base64_forms(octets: bytes) -> Iterator[Encoded]:
    """At each of the three places where base64 can begin, in both alphabets."""
    for skipped in range(3):
        padded = b"\0" * skipped + octets
        first = -(-8 * skipped // 6)
        last = 8 * len(padded) // 6
        whole = base64.b64encode(padded).decode()[first:last]
        if len(whole) >= _SHORTEST_ENCODED:
            yield from {(form, int(skipped > 0), int(len(padded) % 3 > 0)) for form in (whole, _url_safe(whole))}


def _url_safe(encoded: str) -> str:
    return encoded.replace("+", "-").replace("/", "_")


def _places(text: str, secret: str) -> Iterator[Span]:
    place = text.find(secret)
    while place >= 0:
        end = place + len(secret)
        yield place, end
        place = text.find(secret, end)


def _widened(text: str, span: Span, left: int, right: int) -> Span:
    """With the characters that hold bits of the secret beside bits of its neighbours, and the padding."""
    start, end = span
    if left and text[start - 1 : start] in _BASE64:
        start -= 1
    if right and text[end : end + 1] in _BASE64:
        end += 1
    while text[end : end + 1] == "=" and end - span[1] < 3:
        end += 1
    return start, end
