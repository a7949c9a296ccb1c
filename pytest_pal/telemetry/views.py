"""Other readings of one text: percent-encoding and backslash escapes undone, base64 and hex read.

A `View` knows where each of its characters stands in the text it was made from, so that what is found in the
reading can be hidden in the text.
"""

import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

Span = tuple[int, int]
"""Where something stands: the first character and the one after the last."""

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LINE = r"{end}(?<=[A-Za-z0-9+/]{{60}}{end})(?=[A-Za-z0-9+/]{{1,120}}={{0,2}}(?:\s|\Z))"
_WRAPS = {end: re.compile(_LINE.format(end=end)) for end in ("\r\n", "\n")}
_ESCAPES = re.compile(
    r"(?:\\x[0-9a-fA-F]{2})+|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8}|\\[\"'`\\/$bfnrt]"
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_SHORT = {"\\" + letter: _LETTERS.get(letter, letter) for letter in "\"'`/$bfnrt"}
_LONG = re.compile(r"\\[uUx]")
_HEX = re.compile(r"[0-9a-fA-F]+")
_PLAIN_BASE64 = re.compile(r"[A-Za-f]{4}|\A[A-Za-f]{1,3}\Z")
_PLAIN_HEX = re.compile(r"[2-7]{8}")
"""What begins some groups in a row where they spell ASCII: cheaper to see than to decode in vain."""
_SLASH = re.compile("/")
_JOINT = re.compile(r"[/_+-]")
_BINARY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEAST_PIECE = 16


Piece = tuple[str, int]
"""What is read, and how many characters of the text it stands for: as many where it was copied, else one read."""


class View:
    """One reading of a text. Where its characters stand is worked out when it is first asked for."""

    __slots__ = ("_encoded", "_original", "_places", "_read", "text")

    def __init__(self, original: str, text: str, encoded: re.Pattern[str], read: Callable[[str], list[Piece]]) -> None:
        self.text = text
        self._original, self._encoded, self._read = original, encoded, read
        self._places: tuple[list[int], list[int]] | None = None

    def source(self, span: Span) -> Span:
        """Where a span of the reading stands in the text."""
        return self._source(span[0]), self._source(span[1])

    def _source(self, place: int) -> int:
        if self._places is None:
            pieces = list(self._pieces())
            read = list(accumulate((len(piece) for piece, _ in pieces), initial=0))
            self._places = read, list(accumulate((width for _, width in pieces), initial=0))
        read, source = self._places
        piece = bisect_right(read, place) - 1
        return source[piece] + place - read[piece]

    def _pieces(self) -> Iterator[Piece]:
        done = 0
        for match in self._encoded.finditer(self._original):
            yield self._original[done : match.start()], match.start() - done
            yield from self._read(match.group())
            done = match.end()
        yield self._original[done:], len(self._original) - done


def views(text: str) -> Iterator[View]:
    """The readings that differ from the text: lines of base64 joined, percent-encoding undone, escapes undone."""
    if "\n" in text:
        yield from _view(text, _WRAPS["\r\n" if "\r\n" in text else "\n"], lambda wrap: [("", len(wrap))])
    if "%" in text:
        yield from _view(text, _PERCENT, _percent_pieces)
    if "\\" in text:
        if not _LONG.search(text) and "\0" not in text:
            yield View(text, _shortly(text), _ESCAPES, _escape_pieces)
        else:
            yield from _view(text, _ESCAPES, _escape_pieces)


def _view(text: str, encoded: re.Pattern[str], read: Callable[[str], list[Piece]]) -> Iterator[View]:
    reading = encoded.sub(lambda match: "".join(piece for piece, _ in read(match.group())), text)
    if reading != text:
        yield View(text, reading, encoded, read)


def _shortly(text: str) -> str:
    """Escapes of two characters undone, which is all that JSON inside JSON has of them."""
    text = text.replace("\\\\", "\0")
    for escape, character in _SHORT.items():
        text = text.replace(escape, character)
    return text.replace("\0", "\\")


def _percent_pieces(run: str) -> list[Piece]:
    return _characters(bytes.fromhex(run.replace("%", "")), 3)


def _escape_pieces(escape: str) -> list[Piece]:
    if escape[1] == "x":
        return _characters(bytes.fromhex(escape.replace("\\x", "")), 4)
    return [(_unescaped(escape), len(escape))]


def _characters(octets: bytes, width: int) -> list[Piece]:
    """UTF-8 where it is, else a character for each octet, as Latin-1 reads it."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return [(character, width) for character in octets.decode("latin-1")]
    return [(character, width * len(character.encode())) for character in text]


def _unescaped(escape: str) -> str:
    if escape[1] not in "uU":
        return _LETTERS.get(escape[1], escape[1])
    halves = [int(digits, 16) for digits in re.findall(r"[0-9a-fA-F]+", escape)]
    if len(halves) == 2:
        return chr(0x10000 + ((halves[0] - 0xD800) << 10) + halves[1] - 0xDC00)
    return chr(halves[0]) if halves[0] <= 0x10FFFF else escape[1]


def decoded(run: str) -> Iterator[tuple[Span, str]]:
    """The texts that a run of base64 or hex characters may stand for, each with its place in the run."""
    whole = _read(run)
    if whole is not None:
        yield (0, len(run)), whole
        return
    if "/" in run:
        yield from _in_pieces(run, _SLASH)
    yield from _in_pieces(run, _JOINT)


def _in_pieces(run: str, joint: re.Pattern[str]) -> Iterator[tuple[Span, str]]:
    start = 0
    for piece in joint.split(run):
        text = _read(piece) if _LEAST_PIECE <= len(piece) < len(run) else None
        if text is not None:
            yield (start, start + len(piece)), text
        start += len(piece) + 1


def _read(run: str) -> str | None:
    digits = run[2:] if run.startswith(("0x", "0X")) else run
    if _HEX.fullmatch(digits):
        return _text(bytes.fromhex(digits[: len(digits) // 2 * 2])) if _PLAIN_HEX.search(digits[::2]) else None
    body = run.rstrip("=").replace("-", "+").replace("_", "/")
    missing = -len(body) % 4
    return (
        None
        if missing == 3 or not _PLAIN_BASE64.search(body[::4])
        else _text(binascii.a2b_base64(body + "=" * missing))
    )


def _text(octets: bytes) -> str | None:
    """The octets as a text that a person could have written, None for binary data."""
    if octets.isascii():
        text = octets.decode("ascii")
    else:
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            return None
    return None if _BINARY.search(text) else text
