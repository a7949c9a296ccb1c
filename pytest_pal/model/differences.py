"""Where two JSON values differ: types are kept apart, numbers compare by value, a boolean is no number."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..canonical import escape


class Words(str):
    """What is said about a place where there is no one value to show; shown without quotes."""


MISSING = Words("(absent)")


class Difference(NamedTuple):
    """``pointer`` is an RFC 6901 pointer; a side that has nothing there shows `MISSING`."""

    pointer: str
    expected: Any
    seen: Any


class Matcher(ABC):
    """An expectation that is a rule instead of a value."""

    @abstractmethod
    def mismatches(self, seen: Any, pointer: str) -> Iterator[Difference]: ...


Tolerances = Callable[[str], float]


def differences(
    expected: Any,
    seen: Any,
    *,
    tolerances: Tolerances = lambda pointer: 0.0,
    subset: bool = False,
    pointer: str = "",
) -> Iterator[Difference]:
    """Every place where ``seen`` is not as ``expected``.

    ``tolerances(pointer)`` is how far a number may be off, relative to max(1, |expected|).
    With ``subset``, members of an object that ``expected`` does not name are free.
    """
    again = {"tolerances": tolerances, "subset": subset}
    if isinstance(expected, Matcher):
        yield from expected.mismatches(seen, pointer)
    elif isinstance(expected, Mapping) and isinstance(seen, Mapping):
        yield from _members(expected, seen, pointer, again)
    elif _is_list(expected) and _is_list(seen):
        yield from _elements(expected, seen, pointer, again)
    elif not _equal(expected, seen, tolerances(pointer)):
        yield Difference(pointer, expected, seen)


def _members(
    expected: Mapping[str, Any], seen: Mapping[str, Any], pointer: str, again: dict[str, Any]
) -> Iterator[Difference]:
    names = list(expected) if again["subset"] else [*expected, *(name for name in seen if name not in expected)]
    for name in names:
        here = f"{pointer}/{escape(str(name))}"
        if name not in seen:
            yield Difference(here, expected[name], MISSING)
        elif name not in expected:
            yield Difference(here, MISSING, seen[name])
        else:
            yield from differences(expected[name], seen[name], pointer=here, **again)


def _elements(expected: Any, seen: Any, pointer: str, again: dict[str, Any]) -> Iterator[Difference]:
    for index in range(max(len(expected), len(seen))):
        here = f"{pointer}/{index}"
        if index >= len(seen):
            yield Difference(here, expected[index], MISSING)
        elif index >= len(expected):
            yield Difference(here, MISSING, seen[index])
        else:
            yield from differences(expected[index], seen[index], pointer=here, **again)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(expected: Any, seen: Any, tolerance: float) -> bool:
    if _is_number(expected) and _is_number(seen):
        return bool(expected == seen or abs(expected - seen) <= tolerance * max(1.0, abs(expected)))
    if isinstance(expected, bool) is not isinstance(seen, bool):
        return False
    return bool(expected == seen)
