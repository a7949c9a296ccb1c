"""Plays a scenario on a subject, step by step, and holds what is seen against what is expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..compare.normal import tolerances
from ..errors import ProviderError
from ..model.clause import refused, same
from ..model.samples import Scene
from ..model.subject import Outcome, Subject
from .contract import Scenario, ScenarioStep
from .refusing import refuses
from .templates import Names, fill, seconds


@dataclass(frozen=True)
class Played:
    """A step that was taken, by its place in the scenario: what was sent, what came of it, and the requests made."""

    number: int
    step: ScenarioStep
    arguments: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    wire: Sequence[Mapping[str, Any]] = ()


def variables(subject: Any) -> dict[str, Any]:
    """What the placeholders of a scenario stand for with this adapter, before anything is saved."""
    scene = Scene(subject.traits, subject.now(), 0, {}, subject.provided)
    return {**subject.provided, **subject.target.contract.variables(scene)}


def play(scenario: Scenario, subject: Any) -> list[Played]:
    """The steps that were taken; fails the clause at the first whose expectation does not hold."""
    start, saved = subject.now(), variables(subject)
    return [
        Played(number, step, **_PLAYERS[step.kind](step, subject, saved, Names(saved, subject.now(), start)))
        for number, step in enumerate(scenario.steps, 1)
        if all(subject.offers(part) for part in step.needs)
    ]


def _advance(step: ScenarioStep, subject: Subject, saved: dict[str, Any], names: Names) -> dict[str, Any]:
    subject.advance(seconds(step.value))
    return {}


def _restart(step: ScenarioStep, subject: Subject, saved: dict[str, Any], names: Names) -> dict[str, Any]:
    subject.restart()
    return {}


def _observe(step: ScenarioStep, subject: Subject, saved: dict[str, Any], names: Names) -> dict[str, Any]:
    what = f"scenarios.yaml, line {step.line}: {step.value} observed"
    same(subject.observe(step.value), fill(step.expect, names), what, subset=True)
    return {}


def _call(step: ScenarioStep, subject: Any, saved: dict[str, Any], names: Names) -> dict[str, Any]:
    operation, arguments = step.value, fill(step.arguments, names)
    missing = next((part for part in (step.part, operation) if part and not subject.offers(part)), None)
    if missing is not None:
        refuses(subject, operation, arguments, "unsupported")
        return {}
    outcome = subject.attempt(operation, **arguments)
    wire = subject.wired()
    if step.error:
        refused(outcome, *step.error)
    elif not (step.exactly_once and _rightly_unknown(subject, outcome)):
        _held(step, subject, outcome.unwrap(), names)
        saved.update(_picked(step.save or {}, outcome.value.plain()))
    return {"arguments": arguments, "outcome": outcome, "wire": wire}


def _rightly_unknown(subject: Subject, outcome: Outcome) -> bool:
    error = outcome.error
    at_most_once = subject.traits.delivery == "at_most_once"
    return at_most_once and isinstance(error, ProviderError) and error.outcome_unknown


def _held(step: ScenarioStep, subject: Subject, value: Any, names: Names) -> None:
    if step.expects:
        same(
            value,
            fill(step.expect, names),
            f"scenarios.yaml, line {step.line}: {step.value} returned something else",
            subset=True,
            tolerances=tolerances(type(value), subject.traits),
        )


def _picked(save: Mapping[str, str], plain: Any) -> dict[str, Any]:
    return {name: pick(plain, pointer) for name, pointer in save.items()}


def pick(plain: Any, pointer: str) -> Any:
    """The value at an RFC 6901 pointer. Raises LookupError where there is none."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        plain = plain[int(name)] if isinstance(plain, list) else plain[name]
    return plain


_PLAYERS = {"advance": _advance, "restart": _restart, "observe": _observe, "call": _call}
