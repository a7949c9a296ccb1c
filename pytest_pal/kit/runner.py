"""Runs one clause on one adapter: fresh vendor, network guard, verdict, and the text of a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import PalError
from ..model.clause import Clause, ClauseFailed, Unproven
from ..model.verdict import RED, ClauseResult, Verdict
from . import explaining
from .bench import SEED, Bench
from .guard import GUARD, NetworkForbidden
from .quarantine import quarantine, refuse_quarantined
from .refusing import refuses
from .seam import missing_seam
from .subject import LiveSubject
from .tape import Tape
from .target import Target
from .verdict import is_provisional
from .watchdog import Hung, bounded

PLAYING = ("scenario", "golden", "own_golden")
LONGEST_S = 45.0
"""A step that takes longer, in seconds of the machine, waits for what will never come."""


@dataclass(frozen=True)
class Run:
    """A clause's result with the exception behind it, for those who want the traceback.

    ``tape`` is what was done until then, of a clause that does not hold.
    """

    result: ClauseResult
    error: BaseException | None = None
    tape: Tape = field(default_factory=Tape)


def bench_for(target: Target, clause: Clause) -> Bench:
    """What a clause needs: its scenario's configuration, a state that another process reads, an engine that fails."""
    if clause.inject:
        target = replace(target, harness=target.injecting)
    return Bench(target, settings=_settings(target, clause), state_file=clause.new_process)


def run_clause(target: Target, clause: Clause) -> Run:
    """Never raises for what the adapter, its harness or the clause does; KeyboardInterrupt passes."""
    bench = bench_for(target, clause)
    target = bench.target
    swapped = _missing(target, clause)
    subject = LiveSubject(bench)
    error: Exception | None = None
    violations: list[str] = []
    try:
        refuse_quarantined(target)
        with GUARD.watching(loopback=target.reach != "in_process") as violations:
            bounded(lambda: _check(subject, clause, swapped), LONGEST_S, subject.release, subject.progress)
    except Exception as caught:  # noqa: BLE001 - every error is a verdict
        error = caught
    if isinstance(error, Hung):
        quarantine(target, clause.id)
    if violations:
        error = _network(target, violations, error)
    elif subject.problems:
        error = _at_the_vendor(subject.problems, error)
    result = _result(target, clause, bench, error, swapped)
    return Run(result) if error is None else Run(result, error, subject.tape)


def schedule(run: Run) -> str:
    """What a run was made of besides its clause: ``seed 20260302, hang at request 1``."""
    return ", ".join(filter(None, (f"seed {SEED}", run.tape.last_fault())))


def _at_the_vendor(problems: list[str], error: Exception | None) -> Unproven:
    """What a mapping does wrong says nothing about the adapter, whatever that made of it."""
    unproven = Unproven("at the vendor that the kit serves: " + "; ".join(dict.fromkeys(problems)))
    unproven.__cause__ = error
    return unproven


def unrunnable(clause: Clause) -> Run:
    """The run of a clause that speaks of an adapter which could not even be found whole."""
    try:
        clause.check(None)
    except Exception as error:  # noqa: BLE001 - every error is a verdict
        text = explaining.text(clause, (), error)
        cause = explaining.cause(error)
        return Run(
            ClauseResult(clause.id, clause.sentence, clause.level, Verdict.FAILED, cause=cause, text=text), error
        )
    raise PalError(f"{clause.id} must fail, and did not")


def _settings(target: Target, clause: Clause) -> Mapping[str, Any]:
    """The configuration that the scenario of a clause asks for; families that play scenarios are named after them."""
    family, name = clause.id.split(".")[2:]
    scenarios = target.contract.scenarios if family in PLAYING else ()
    return next((scenario.config for scenario in scenarios if scenario.name == name), {})


def _missing(target: Target, clause: Clause) -> str | None:
    """The first optional thing that the clause is about and that the adapter does not offer."""
    return next((part for part in (clause.operation, *clause.needs) if part in target.unsupported), None)


def _check(subject: LiveSubject, clause: Clause, swapped: str | None) -> None:
    with subject:
        if swapped is None:
            clause.check(subject)
        else:
            _refused_part(subject, swapped)


def _refused_part(subject: LiveSubject, part: str) -> None:
    contract = subject.target.contract
    sample: Any = contract.parts.get(part) or contract.samples[part]
    refuses(subject, part.split(".")[0], subject.prepare(sample)(0), "unsupported")


def _network(target: Target, violations: list[str], error: Exception | None) -> ClauseFailed:
    tried = ", ".join(dict.fromkeys(violations))
    what = f"it left the part of the network that is watched: {tried}"
    if target.reach == "in_process":
        what = f"its harness says that it works in process, and it used the network: {tried}\n{missing_seam(target)}"
    failed = ClauseFailed(what)
    failed.__cause__ = None if isinstance(error, NetworkForbidden) else error
    return failed


def _result(target: Target, clause: Clause, bench: Bench, error: Exception | None, swapped: str | None) -> ClauseResult:
    verdict = _verdict(error, swapped)
    if verdict in RED and is_provisional(clause, str(target.declared)):
        verdict = Verdict.PROVISIONAL
    scenario = clause.family == "scenario"
    durations = [step.duration_s for step in bench.steps if step.outcome is not None]
    return ClauseResult(
        clause_id=clause.id,
        sentence=clause.sentence,
        level=clause.level,
        verdict=verdict,
        latency_ms=round(1000 * max(durations, default=0.0)) if scenario else 0,
        attempts=1 if scenario and durations else 0,
        cause="" if error is None else explaining.cause(error, bench.steps),
        text="" if error is None else explaining.text(clause, bench.steps, error, _declared(target, clause, swapped)),
    )


def _declared(target: Target, clause: Clause, swapped: str | None) -> str:
    """What the adapter says about itself that bears on the clause."""
    told = []
    if swapped is not None:
        told.append(f"{swapped} is declared unsupported ({target.unsupported[swapped]}), so it must be refused.")
    if is_provisional(clause, str(target.declared)):
        told.append(f"Required from {target.capability.name} {clause.since} on, not by the pin {target.declared}.")
    return " ".join(told)


def _verdict(error: Exception | None, swapped: str | None) -> Verdict:
    if error is None:
        return Verdict.PASSED if swapped is None else Verdict.UNSUPPORTED
    return Verdict.UNPROVEN if isinstance(error, Unproven | PalError) else Verdict.FAILED
