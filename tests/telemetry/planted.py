"""Planted secrets: all made up, token-shaped ones put together from parts, so that none stands in a file.

`corpus` reads the rows of ``planted.yaml``. `FORMS` are the 12 ways in which a secret is written, and `leaks` looks
for it in what a sink wrote, with decoders of the standard library.
"""

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml

_ALPHABETS = {
    "digits": "0123456789",
    "hex": "0123456789abcdef",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "url": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
}


@dataclass(frozen=True)
class Planted:
    """``secret`` must not be seen where ``text`` is written; ``registered`` says that the redactor is told of it."""

    name: str
    text: str
    secret: str
    registered: bool = False


def corpus() -> list[Planted]:
    """The rows of the file, in order; the random parts come from each row's name."""
    rows = yaml.safe_load((Path(__file__).parent / "planted.yaml").read_text())
    shaped = [_shaped(name, parts) for name, parts in rows["shaped"].items()]
    named = [Planted(text, text.replace("VALUE", value), value) for text, value in rows["named"]]
    registered = [Planted(secret, secret, secret, True) for secret in rows["registered"]]
    return shaped + named + registered


def _shaped(name: str, parts: list[Any]) -> Planted:
    chance = random.Random(name)
    token = "".join(part if isinstance(part, str) else _drawn(chance, part) for part in parts)
    around, _, secret = token.rpartition("|")
    return Planted(name, around + secret, secret)


def _drawn(chance: random.Random, part: dict[str, int]) -> str:
    ((alphabet, length),) = part.items()
    # A digit is always among them, as it is in all but one of a thousand real ones.
    return "".join(chance.choice(_ALPHABETS[alphabet]) for _ in range(length - 1)) + "7"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02X}" for place in range(0, len(units), 2))


def _percent(text: str) -> str:
    return "".join(f"%{octet:02x}" for octet in text.encode("utf-8", "surrogatepass"))


FORMS: dict[str, Callable[[str], Any]] = {
    "in a sentence": lambda text: f"refused, for {text} was sent; try again",
    "as a header": lambda text: f"GET / HTTP/1.1\r\nX-Trace: {text}\r\nAccept: */*",
    "in a URL": lambda text: f"https://api.example.test/v1/things?limit=3&q={quote(text, safe='')}&page=2",
    "percent-encoded": lambda text: f"body: a=1&{_percent(text)}",
    "percent-encoded twice": lambda text: quote(f"next={quote(text, safe='')}", safe=""),
    "in base64": lambda text: f"payload {_base64(text)} ends",
    "in url-safe base64": lambda text: f"/blobs/{_base64(text).translate(str.maketrans('+/', '-_')).rstrip('=')}?a=1",
    "in hex": lambda text: f"0x{text.encode('utf-8', 'surrogatepass').hex().upper()}",
    "in JSON in a text": lambda text: json.dumps(json.dumps({"note": f"sent {text}", "n": 1})),
    "in unicode escapes": lambda text: f'{{"note": "{_escaped(text)}"}}',
    "as a key": lambda text: {f"saw {text}": 1},
    "as octets": lambda text: repr(f"x {text}".encode("utf-8", "surrogatepass")),
}


def leaks(written: str, secret: str) -> bool:
    """Whether the secret can be read from what was written, whichever way it is decoded."""
    octets = secret.encode("utf-8", "surrogatepass")
    return any(secret in reading for reading in readings(written)) or any(
        core in written.replace("-", "+").replace("_", "/") for core in _base64_cores(octets)
    )


def _base64_cores(octets: bytes) -> Iterator[str]:
    """The characters that are the secret's alone, at each alignment; short ones prove nothing."""
    for skipped in range(3):
        encoded = base64.b64encode(b"\0" * skipped + octets).decode().rstrip("=")
        core = encoded[(0, 2, 3)[skipped] : len(encoded) - 1]
        if len(core) >= 8:
            yield core


def readings(written: str, depth: int = 3) -> Iterator[str]:
    """What the text may be read as: itself, and decoded up to three times."""
    known, latest = {written}, {written}
    for _ in range(depth):
        latest = {reading for text in latest for reading in _decoded(text)} - known
        known |= latest
    yield from known
    for text in known:
        yield from _spelt_out(text)


def _decoded(text: str) -> set[str]:
    return {unquote(text), unquote(text, "latin-1"), _without_escapes(text), _as_utf8(text)}


def _spelt_out(text: str) -> Iterator[str]:
    """What its runs of hex and base64 spell."""
    for run in re.findall(r"[0-9a-fA-F]{8,}", text):
        yield bytes.fromhex(run[: len(run) // 2 * 2]).decode("utf-8", "replace")
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        yield from (_from_base64(piece[skipped:]) for piece in {run, *run.split("/")} for skipped in range(4))


def _from_base64(run: str) -> str:
    body = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    body = body[:-1] if len(body) % 4 == 1 else body
    return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")


def _as_utf8(text: str) -> str:
    """What was read as Latin-1, read as the UTF-8 that it was."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _without_escapes(text: str) -> str:
    """Escapes of JSON and of reprs undone, halves of surrogate pairs put together."""
    read = re.sub(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrtbf\"'\\/])", _unescaped, text)
    try:
        return read.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return read


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if escape[0] in "ux":
        return chr(int(escape[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(escape, escape)
