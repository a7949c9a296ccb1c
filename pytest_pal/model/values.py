"""The types that payloads are built from: strict leaves, deeply immutable containers."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, StringConstraints

from ..canonical import escape

LARGEST_INTEGER = 2**53
DEEPEST_NESTING = 100
KEY_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,39}$"


class FrozenMap(dict[str, Any]):
    """A JSON object that cannot be changed; hashable, otherwise an ordinary dict."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("payloads are immutable; build a new one instead of changing this mapping")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __copy__(self) -> "FrozenMap":
        return self

    def __deepcopy__(self, memo: Any) -> "FrozenMap":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (dict(self),)


def freeze(value: Any, depth: int = 0) -> Any:
    """The immutable form of a JSON value: objects as `FrozenMap`, arrays as tuples, 2020.0 as 2020.

    Raises ValueError for what JSON cannot say: NaN, infinities, integers from 2**53 on, lone
    surrogates, keys that are not strings, other types, more than 100 levels.
    """
    if depth > DEEPEST_NESTING:
        raise ValueError(f"nested deeper than {DEEPEST_NESTING} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        return FrozenMap({_text(key): freeze(item, depth + 1) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item, depth + 1) for item in value)
    raise ValueError(f"a {type(value).__name__} is not a JSON value")


def thaw(value: Any) -> Any:
    """The ordinary, mutable copy of a frozen JSON value."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a key must be a string, not a {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("not valid unicode text") from error
    return value


def _number(value: int | float) -> int | float:
    if isinstance(value, int) and abs(value) >= LARGEST_INTEGER:
        raise ValueError("integers from 2**53 on are not exact in JSON")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinities are not JSON values")
    # Numbers of a caller's own compare by value, so each has one spelling: no adapter can take 2020.0 for another.
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_INTEGER
    return int(value) if is_whole else value


def _json_map(value: Any) -> FrozenMap:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping")
    frozen: FrozenMap = freeze(value)
    return frozen


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("must be an instant: an aware datetime, or ISO 8601 text with an offset")
    if value.utcoffset() is None:
        raise ValueError("must say its offset from UTC; a naive instant is ambiguous")
    return value.astimezone(UTC)


def _cut(value: datetime) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _round_up(value: datetime) -> datetime:
    cut = _cut(value)
    return cut if cut == value else cut + timedelta(milliseconds=1)


def instant_text(value: datetime) -> str:
    """``2026-03-02T09:00:00.000Z``: the one spelling of an instant in JSON."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(value: Any) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError("must be a date, or ISO 8601 text like 2026-03-02")
    return value


def no_control_characters(value: str) -> str:
    """Raises ValueError where ``value`` holds a control character (C0, DEL or C1)."""
    if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in value):
        raise ValueError("must not contain control characters")
    return value


Text = Annotated[str, Strict(), AfterValidator(_text)]
"""A string of valid unicode: no lone surrogates."""
PlainText = Annotated[str, Strict(), AfterValidator(_text), AfterValidator(no_control_characters)]
"""A text without control characters."""
Key = Annotated[str, Strict(), StringConstraints(pattern=KEY_PATTERN)]
"""A caller's key, an id, an event id: 1 to 64 of ``A-Za-z0-9._-``, the first a letter or digit."""
Name = Annotated[str, Strict(), StringConstraints(pattern=NAME_PATTERN)]
"""The name of a collection, flag, trait, event or variant: lower case, 1 to 40 of ``a-z0-9_``."""
Flag = Annotated[bool, Strict()]
"""True or false; never 0 or 1."""
Integer = Annotated[int, Strict()]
"""An integer; never a boolean, never 2.0."""
Count = Annotated[int, Strict(), Field(ge=0)]
"""An integer from 0 on. A bound of its own goes on `Integer`: a second ``ge`` would not replace this one."""
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A finite number; never a boolean or a string."""
JsonMap = Annotated[Mapping[str, Any], PlainValidator(_json_map, json_schema_input_type=dict[str, Any])]
"""A JSON object of any depth up to 100, deeply immutable."""
JsonValue = Annotated[Any, PlainValidator(freeze, json_schema_input_type=Any)]
"""Any JSON value, deeply immutable."""
Day = Annotated[date, BeforeValidator(_day)]
"""A calendar date; ISO 8601 text is accepted."""
_Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
Instant = Annotated[_Instant, AfterValidator(_cut)]
"""An aware instant in UTC, cut to milliseconds; ISO 8601 text with an offset is accepted."""
InstantRoundedUp = Annotated[_Instant, AfterValidator(_round_up)]
"""An `Instant` rounded up to the next millisecond: for what must not happen too early."""


def frozen_dict(value: Any) -> Any:
    """Turns a validated mapping into a `FrozenMap`; for fields typed ``Mapping[K, V]``."""
    return FrozenMap(value)


def walk(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a JSON value with its RFC 6901 pointer; empty containers are leaves."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from walk(item, f"{pointer}/{escape(str(key))}")
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from walk(item, f"{pointer}/{index}")
    else:
        yield pointer, value
