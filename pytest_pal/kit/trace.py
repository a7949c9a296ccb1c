"""Traces: what a scenario came to, as JSON in which ids and times are typed, numbered placeholders."""

from collections.abc import Iterable
from typing import Any

from ..canonical import wrapped
from ..compare.normal import mapped
from ..errors import ProviderError
from ..model.subject import Outcome
from .placeholders import Names, every_leaf
from .playing import Played

Step = dict[str, Any]


def trace(played: Iterable[Played]) -> list[Step]:
    """One object per step that was taken, with its number, of a call its arguments, its requests and what came of it.

    ``<id 1>`` is the same id wherever it stands, ``<time 1>`` the same instant; of fields that are measured or
    free only that is kept. Numbers are kept by value.
    """
    names = Names()
    return [_step(each, names) for each in played]


def _step(played: Played, names: Names) -> Step:
    step = {"step": played.number, played.step.kind: played.step.value}
    if played.outcome is None:
        return step
    arguments = every_leaf(dict(played.arguments), names.known)
    requests = {"requests": wrapped(every_leaf(list(played.wire), names.known))} if played.wire else {}
    return {**step, "arguments": wrapped(arguments), **requests, **_came(played.outcome, names)}


def _came(outcome: Outcome, names: Names) -> Step:
    error = outcome.error
    if isinstance(error, ProviderError):
        unknown = {"outcome_unknown": True} if error.outcome_unknown else {}
        return {"raised": {"class": type(error).__name__, "code": str(error.code), **unknown}}
    return {"returned": wrapped(every_leaf(mapped(outcome.unwrap(), names.show), _by_value))}


def _by_value(leaf: Any) -> Any:
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 2**53 else leaf
