"""Faults: what an operation makes of each way in which its vendor fails, and that it works again afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from ...compare.normal import NEVER_EQUAL, comparable
from ...errors import ProviderError
from ...faults.catalogue import CATALOGUE, Fault
from ...model.clause import Check, Clause, ClauseFailed, Unproven, holds, same
from ...model.operation import Operation
from ...model.subject import Outcome
from ..contract import Contract
from ..expectation import Expected, expected, judge, judge_flush, names_its_failures
from ..subject import CLOSE, LiveSubject
from ..trial import Trial
from .idempotency import size
from .meeting import meeting


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        for fault in CATALOGUE:
            yield Clause(
                f"{contract.capability.name}.{operation.name}.fault.{fault.name}",
                _sentence(operation, fault),
                _CHECKS.get(fault.unreachable or fault.name, _anywhere)(operation, fault),
                why_not=meeting(operation, *fault.seams, fault=fault),
            )


def _sentence(operation: Operation, fault: Fault) -> str:
    if fault.name == "hollow":
        return f"Where the vendor {fault.sentence}, {operation.name} makes up nothing, and lets no other exception out."
    if fault.harmless:
        return f"{operation.name} does its work also with a vendor that {fault.sentence}."
    told = " or ".join(fault.codes)
    outcome = f", outcome {fault.outcome}" if operation.effect == "write" and fault.outcome != "either" else ""
    return f"Where the vendor {fault.sentence}, {operation.name} raises {told}{outcome}; afterwards it works again."


def _anywhere(operation: Operation, fault: Fault) -> Check:
    """At each request of the operation in turn, or at the first for what befalls a connection."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        places = list(trial.positions())
        for at in places if not fault.unreachable else places[:1]:
            trial.patiently(fault, partial(_at, trial, fault, at, several=not trial.decides(at)))

    return check


def _at(trial: Trial, fault: Fault, at: int, *, several: bool) -> None:
    arguments = trial.arguments()
    conversing = trial.subject.target.reach == "tcp"
    before = size(trial.subject.snapshot()) if conversing else 0
    outcome = trial.under(fault, at, lambda: trial.call(arguments))
    strayed = trial.seam.strayed()
    holds(not strayed, "it went where a redirect led, and showed a stranger its secrets", seen=strayed)
    if fault.harmless:
        outcome.unwrap()
    elif conversing and outcome.error is None:
        _after_its_work(trial, arguments, outcome.value, before)
    else:
        fails_and_recovers(trial, fault, arguments, outcome, several=several)


def fails_and_recovers(
    trial: Trial, fault: Fault, arguments: dict[str, Any], outcome: Outcome, *, several: bool
) -> None:
    """Fails the clause unless the call told of the fault, and the same call then works. ``several``: see `expected`."""
    delivery = trial.subject.traits.delivery
    wanted = expected(fault, trial.operation, delivery, several=several)
    if not (several and names_its_failures(outcome, wanted)):
        _judge(outcome, wanted)
        _with_its_cause(outcome, fault)
    unknown = isinstance(outcome.error, ProviderError) and outcome.error.outcome_unknown
    again = trial.arguments() if unknown and delivery == "at_most_once" else arguments
    recovered = trial.recovered(again)
    if recovered.error is not None:
        raise ClauseFailed("after the fault was lifted, the same call must succeed") from recovered.error


def _judge(outcome: Outcome, wanted: Expected) -> None:
    (judge_flush if outcome.operation == CLOSE else judge)(outcome, wanted)


def _with_its_cause(outcome: Outcome, fault: Fault) -> None:
    """Where nobody is reached there always is an original error; who looks for the reason needs it. CONTRACTS, 4."""
    cause = None if outcome.error is None else outcome.error.__cause__
    holds(not fault.unreachable or cause is not None, "the original error is the __cause__ of what was raised")


def _after_its_work(trial: Trial, arguments: dict[str, Any], value: Any, before: int) -> None:
    """A conversation that fails once all is done, at its good-bye, may end well; then all must have been done."""
    if trial.operation.effect == "write":
        holds(size(trial.subject.snapshot()) > before, "success was told, and there is no effect", seen=value)
    else:
        _as_when_all_is_well(trial, arguments, value)


def _nowhere(operation: Operation, fault: Fault) -> Check:
    """A vendor whose name leads nowhere, or at whose address a stranger answers."""

    def check(subject: LiveSubject) -> None:
        wiring: dict[str, Any] = {"foreign": True} if fault.unreachable == "tls" else {"host": "localhost"}
        subject.seam  # noqa: B018 - says what to write where there is none
        elsewhere = subject.rewired(**wiring)
        maker = elsewhere if subject.target.needs_deferred(operation.name) else subject
        arguments = maker.prepare(operation.name)(0)
        with elsewhere.seam.failing(fault, 1):
            outcome = Trial(elsewhere, operation).call(arguments)
        asked = [entry.brief() for entry in elsewhere.seam.entries()]
        if fault.unreachable == "dns" and asked:
            raise Unproven(f"the fault dns never fired, since no name was looked up: {_BY_NAME}")
        _judge(outcome, expected(fault, operation, subject.traits.delivery, several=False))
        _with_its_cause(outcome, fault)
        holds(not asked, "a request was sent all the same", seen=asked)

    return check


def _late(operation: Operation, fault: Fault) -> Check:
    """One answer comes long after the bound; of several each is within it, and all together are not."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        share = WITHIN if trial.healthy() > 1 else BEYOND
        trial.patiently(fault, partial(_too_late, trial, fault, share))

    return check


def _too_late(trial: Trial, fault: Fault, share: float) -> None:
    arguments = trial.arguments()
    late = replace(fault, late_s=share * trial.bound)
    outcome = trial.under(late, 1, lambda: trial.call(arguments))
    if share == WITHIN and trial.seam.requests() == 1:
        trial.hurried()  # the first answer alone took too long, as where an SDK was set up meanwhile
    fails_and_recovers(trial, fault, arguments, outcome, several=share == WITHIN or not trial.decides(1))


def _hollow(operation: Operation, fault: Fault) -> Check:
    """What an operation does not take from the answer it may give all the same, if it is the right thing."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        for at in trial.positions():
            arguments = trial.arguments()
            outcome = trial.under(fault, at, partial(trial.call, arguments))
            if outcome.error is None and not getattr(outcome.value, "failed", ()):
                _as_when_all_is_well(trial, arguments, outcome.value)
            elif not _made_of_nothing(operation, outcome):
                fails_and_recovers(trial, fault, arguments, outcome, several=not trial.decides(at))

    return check


def _made_of_nothing(operation: Operation, outcome: Outcome) -> bool:
    """An output that lacks everything is malformed_reply to who calls by a handle; a read may find nothing there."""
    read = operation.effect == "read" and isinstance(outcome.error, ProviderError)
    return read or isinstance(outcome.error, ClauseFailed)


def _as_when_all_is_well(trial: Trial, arguments: dict[str, Any], value: Any) -> None:
    again = trial.recovered(arguments).unwrap()
    seen, wanted = (comparable(found, drop=NEVER_EQUAL | {"time"}) for found in (value, again))
    same(seen, wanted, "what was made of an answer without anything in it")


WITHIN, BEYOND = 0.7, 3.0
"""Shares of the bound."""
_BY_NAME = "make the adapter's address of vendor.url in the harness's config, which has another host then"
_CHECKS: dict[str, Callable[[Operation, Fault], Check]] = {
    "tls": _nowhere,
    "dns": _nowhere,
    "late": _late,
    "hollow": _hollow,
}
