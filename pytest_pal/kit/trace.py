"""Traces: what a scenario came to, as JSON in which ids and times are typed, numbered placeholders."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from ..canonical import wrapped
from ..compare.normal import mapped
from ..errors import PalError, ProviderError
from ..model.payload import Payload
from ..model.subject import Outcome
from ..model.values import escape
from .playing import Played

Step = dict[str, Any]


def trace(played: Iterable[Played]) -> list[Step]:
    """One object per step that was taken, with its number, and of a call its arguments and what came of it.

    ``<id 1>`` is the same id wherever it stands, ``<time 1>`` the same instant; of fields that are measured or
    free only that is kept. Numbers are kept by value. ``requests`` is where the requests on the wire belong.
    """
    names = _Names()
    return [_step(each, names) for each in played]


class _Names:
    """Placeholders by kind and value, numbered by first appearance."""

    def __init__(self) -> None:
        self._given: dict[str, dict[Any, str]] = defaultdict(dict)

    def show(self, kind: str, item: Any) -> Any:
        if kind in ("measured", "free"):
            return f"<{kind}>"
        if kind not in ("id", "time") or item is None:
            return item
        if isinstance(item, list):
            return [self.show(kind, each) for each in item]
        known = self._given[kind]
        return known.setdefault(item, f"<{kind} {len(known) + 1}>")

    def known(self, leaf: Any) -> Any:
        return self._given["id"].get(leaf, leaf) if isinstance(leaf, str) else leaf


def _step(played: Played, names: _Names) -> Step:
    step = {"step": played.number, played.step.kind: played.step.value}
    if played.outcome is None:
        return step
    arguments = every_leaf(dict(played.arguments), names.known)
    return {**step, "arguments": wrapped(arguments), **_came(played.outcome, names)}


def _came(outcome: Outcome, names: _Names) -> Step:
    error = outcome.error
    if isinstance(error, ProviderError):
        unknown = {"outcome_unknown": True} if error.outcome_unknown else {}
        return {"raised": {"class": type(error).__name__, "code": str(error.code), **unknown}}
    return {"returned": wrapped(every_leaf(mapped(outcome.unwrap(), names.show), _by_value))}


def _by_value(leaf: Any) -> Any:
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 2**53 else leaf


def shown(value: Any, classes: Mapping[str, str]) -> Any:
    """Any value that JSON can say as a golden file has it; ``classes`` gives field classes by pointer.

    Instants and UUIDs are placeholders by their type, payloads by their fields. Raises PalError for what
    JSON cannot say.
    """
    names = _Names()
    return wrapped(_shown(value, classes, names, ""))


def _shown(value: Any, classes: Mapping[str, str], names: _Names, pointer: str) -> Any:
    if isinstance(value, Payload):
        value = mapped(value, names.show)
    kind = classes.get(pointer) or _KINDS.get(type(value))
    if kind is not None:
        return names.show(kind, value if isinstance(value, list) else str(value))
    if isinstance(value, Mapping):
        members = ((_name(key, pointer), item) for key, item in value.items())
        return {name: _shown(item, classes, names, f"{pointer}/{escape(name)}") for name, item in members}
    if isinstance(value, list | tuple):
        return [_shown(item, classes, names, f"{pointer}/*") for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise PalError(f"{pointer or '/'}: a {type(value).__name__} is no JSON; hand in its text, or give it a class")


def _name(key: Any, pointer: str) -> str:
    if not isinstance(key, str):
        raise PalError(f"{pointer or '/'}: the key {key!r} is a {type(key).__name__}; JSON has only text there")
    return key


_KINDS = {datetime: "time", UUID: "id"}


def every_leaf(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with each of its leaves changed."""
    if isinstance(value, Mapping):
        return {key: every_leaf(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [every_leaf(item, change) for item in value]
    return change(value)
