"""Placeholders of scenarios: ``${name}``, ``${now+2d}``, ``${today-1}``, ``${day+1}``, ``${x*120}``, and matchers.

``today`` is the scenario's first day, ``day`` the one that the clock shows now.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..errors import PalError
from ..model.differences import Difference, Matcher, Words, differences

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_SHIFTED = re.compile(r"(now|today|day)([+-]\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_REPEATED = re.compile(r"(.)\*(\d+)", re.DOTALL)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def seconds(duration: Any) -> float:
    """``1.5h`` in seconds; a number is seconds already. Raises PalError for anything else."""
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return float(duration)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", str(duration))
    if found is None:
        raise PalError(f"{duration!r} is not a duration; write 90s, 5m, 12h, 2d, 250ms or a number of seconds")
    return float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True)
class Names:
    """What placeholders may name: variables and saved values; ``start`` is the scenario's first instant."""

    values: Mapping[str, Any]
    now: datetime
    start: datetime


def fill(template: Any, names: Names) -> Any:
    """The template with every placeholder replaced and every matcher built. Raises PalError."""
    if isinstance(template, str):
        return _text(template, names)
    if isinstance(template, list):
        return [fill(item, names) for item in template]
    if isinstance(template, Mapping):
        if len(template) == 1 and next(iter(template)) in _MATCHERS:
            ((kind, value),) = template.items()
            return _MATCHERS[kind](fill(value, names))
        return {key: fill(item, names) for key, item in template.items()}
    return template


def _text(template: str, names: Names) -> Any:
    whole = _PLACEHOLDER.fullmatch(template)
    if whole is not None:
        return _value(whole[1], names)
    return _PLACEHOLDER.sub(lambda found: str(_value(found[1], names)), template)


def _value(expression: str, names: Names) -> Any:
    if expression in names.values:
        return names.values[expression]
    if expression in ("now", "today", "day"):
        expression += "+0"
    if shifted := _SHIFTED.fullmatch(expression):
        return _moment(shifted, names)
    if repeated := _REPEATED.fullmatch(expression):
        return repeated[1] * int(repeated[2])
    raise PalError(f"${{{expression}}} is not known here; known: {', '.join(sorted(names.values))}, now, today, day")


def _moment(shifted: re.Match[str], names: Names) -> Any:
    base, amount, unit = shifted[1], float(shifted[2]), shifted[3]
    if base != "now":
        first = names.start if base == "today" else names.now
        return (first.date() + timedelta(days=amount)).isoformat()
    return (
        (names.now + timedelta(seconds=amount * _SECONDS[unit or "s"]))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


@dataclass(frozen=True)
class OneOf(Matcher):
    """``$one_of: [...]``: any of the values."""

    options: list[Any]

    def mismatches(self, seen: Any, pointer: str) -> Iterator[Difference]:
        if all(any(differences(option, seen, subset=True)) for option in self.options):
            yield Difference(pointer, Words(f"one of {self.options}"), seen)


@dataclass(frozen=True)
class Unordered(Matcher):
    """``$unordered: [...]``: these elements in any order, and no others."""

    elements: list[Any]

    def mismatches(self, seen: Any, pointer: str) -> Iterator[Difference]:
        rest = list(seen) if isinstance(seen, list | tuple) else None
        for element in self.elements:
            match = next((item for item in rest or () if not any(differences(element, item, subset=True))), None)
            if rest is None or match is None:
                yield Difference(pointer, Words(f"an element like {element}"), seen)
                return
            rest.remove(match)
        if rest:
            yield Difference(pointer, Words(f"{len(self.elements)} elements in any order"), seen)


@dataclass(frozen=True)
class Between(Matcher):
    """``$between: [low, high]``: a number within, both ends included."""

    bounds: list[Any]

    def mismatches(self, seen: Any, pointer: str) -> Iterator[Difference]:
        low, high = self.bounds
        if isinstance(seen, bool) or not isinstance(seen, int | float) or not low <= seen <= high:
            yield Difference(pointer, Words(f"a number from {low} to {high}"), seen)


@dataclass(frozen=True)
class Anything(Matcher):
    """``$any: true``: present, whatever it is."""

    _: Any

    def mismatches(self, seen: Any, pointer: str) -> Iterator[Difference]:
        return iter(())


_MATCHERS: dict[str, Any] = {"$one_of": OneOf, "$unordered": Unordered, "$between": Between, "$any": Anything}
