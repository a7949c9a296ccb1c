"""Secrets that their names announce inside a text: headers, query parameters, form fields, JSON, reprs, settings."""

import re
from collections.abc import Iterator

from .secret_names import is_secret_name
from .views import Span

MARK = "[redacted]"

_STEMS = ("token", "secret", "pass", "pwd", "key", "auth", "cookie", "credential", "jwt", "sess", "sig")
_IN_QUERY = frozenset({"key", "sig", "signature", "auth", "pwd", "pass"})
_WEAK = ("auth", "jwt")
"""Names of things that logs speak of, as ``sshd:auth``: a colon after them is no sign of a value."""
_NEAR = 60
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_IN_PAIR = re.compile(r"[(\[][bu]?[\"']\Z")
_IN_ELEMENT = re.compile(r"<(?:\w{1,20}:)?\Z")
_SIGN = re.compile(
    r"""(?P<rest>[\w-]{0,40})(?P<shut>["'`]?\]?)
    (?:[ \t]{0,4}(?P<sign>:\s?(?:str|bytes|SecretStr)(?:\s?\|\s?None)?\s?=|=>|={1,2}|:)\s{0,4}
      |(?P<pair>,\s?(?=[bBuU]?["']))
      |(?P<element>>)
      |(?P<option>[ \t]{1,4}(?=[^\s-])))""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"""[bBfFrRuU]{0,2}(?:"((?:[^"\\\n]|\\.)*)|'((?:[^'\\\n]|\\.)*)|`([^`\n]*))""", re.DOTALL)
_NOTHING = re.compile(r"(?i:none|null|nil|true|false|undefined|str|bytes|string|secretstr|any|optional)\b(?!-)")
_BARE = re.compile(r"""[^\s"'`&;<>\\]*[^\s"'`&;<>\\,.:)\]}]""")
_CREDENTIALS = re.compile(
    r"""(?:digest|aws4\S*|oauth|hawk|hmac\S*|signature|sharedaccesssignature|sharedkey\S*)\s[^\r\n"]*(?:"[^"\r\n]*"[^\r\n"]*)*
    |(?:[a-z][\w-]{1,30}[ \t]+)?[^\s"'`&;<>\\]*[^\s"'`&;<>\\,.:)\]}]""",
    re.VERBOSE | re.IGNORECASE,
)
_COOKIES = re.compile(r"""[^\s"'`<>\\;,]+(?:;\s?[^\s"'`<>\\;,=]+=[^\s"'`<>\\;,]*)*""")
_ELEMENT = re.compile(r"([^<]{1,4096})</")
_BRACKETS = re.compile(r"""["'](?:[^"'\\]|\\.){0,4096}["']|[\[\](){}]""", re.DOTALL)
_OPENED = re.compile(r"""[\w.]{1,60}\((?=[bu]?["'])|(?!\[redacted\])[\[{(]""")
_FURTHEST = 4096


def named_spans(text: str, low: str) -> Iterator[Span]:
    """Where the values under secret names stand; ``low`` is the text in lower case, character by character."""
    for stem in _STEMS:
        place = low.find(stem)
        while place >= 0:
            end = place + len(stem)
            sign = _SIGN.match(text, end)
            span = sign and _value_span(text, place, sign)
            if span:
                yield span
                end = max(end, span[1])
            place = low.find(stem, end)


def _value_span(text: str, place: int, sign: re.Match[str]) -> Span | None:
    near = text[max(0, place - _NEAR) : place]
    if sign["option"] and "--" not in near:
        return None
    ahead = near.rstrip(_NAME)
    own = near[len(ahead) :]
    if not _announces(own, text[place : sign.end("rest")], ahead, sign):
        return None
    if sign["pair"]:
        return _quoted(text, sign.end()) if sign["shut"] and _IN_PAIR.search(ahead) else None
    if sign["element"]:
        return _group(_ELEMENT.match(text, sign.end())) if _IN_ELEMENT.search(ahead) else None
    if sign["option"] and not own.startswith("--"):
        return None
    return _value(text, sign.end(), text[place : sign.end("rest")].lower())


def _announces(own: str, stem: str, ahead: str, sign: re.Match[str]) -> bool:
    """Whether ``own`` and ``stem``, the two parts of a name, announce a secret after ``ahead``."""
    name = own + stem
    low = name.lower()
    if low == "key" and ahead.endswith(" "):
        return is_secret_name(f"{' '.join(ahead.split()[-1:])} key")
    if low in _IN_QUERY and ahead.endswith(("?", "&")):
        return bool(sign["sign"])
    if low.endswith(_WEAK) and sign["sign"] == ":" and not sign["shut"]:
        return bool(own) and sign.end() > sign.end("sign")
    return is_secret_name(name)


def _value(text: str, start: int, name: str) -> Span | None:
    if _NOTHING.match(text, start):
        return None
    if _QUOTED.match(text, start):
        return _quoted(text, start)
    opened = _OPENED.match(text, start)
    if opened:
        end = _closed(text, opened.end() - 1)
        return start, (_group(_BARE.match(text, end)) or (end, end))[1]
    return _group(_unquoted(name).match(text, start))


def _unquoted(name: str) -> re.Pattern[str]:
    return _COOKIES if "cookie" in name else _CREDENTIALS if name.endswith("authorization") else _BARE


def _quoted(text: str, start: int) -> Span | None:
    return _group(_QUOTED.match(text, start))


def _group(match: re.Match[str] | None) -> Span | None:
    """The span of what the match captured, or of the whole; None where that is empty."""
    if match is None:
        return None
    span = match.span(match.lastindex or 0)
    return span if span[0] < span[1] else None


def _closed(text: str, start: int) -> int:
    """The end of the bracketed value that begins here, as far as it is written."""
    depth = 0
    for bracket in _BRACKETS.finditer(text, start, start + _FURTHEST):
        depth += 1 if bracket.group() in {"[", "{", "("} else -1 if bracket.group() in {"]", "}", ")"} else 0
        if depth == 0:
            return bracket.end()
    return min(len(text), start + _FURTHEST)
