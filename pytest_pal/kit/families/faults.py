"""Faults: what an operation makes of each way in which its vendor fails, and that it works again afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

from ...compare.normal import NEVER_EQUAL, comparable
from ...errors import ProviderError
from ...faults.catalogue import CATALOGUE, Fault
from ...model.clause import Check, Clause, ClauseFailed, holds, same
from ...model.operation import Operation
from ..contract import Contract
from ..expectation import expected, judge, judge_flush, names_its_failures
from ..subject import CLOSE, LiveSubject
from ..trial import Trial
from .idempotency import size


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        for fault in CATALOGUE:
            yield Clause(
                f"{contract.capability.name}.{operation.name}.fault.{fault.name}",
                _sentence(operation, fault),
                _CHECKS.get(fault.unreachable, _anywhere)(operation, fault),
                why_not=meeting(operation, *fault.seams, fault=fault),
            )


def meeting(
    operation: Operation, *reaches: str, fault: Fault | None = None, at_once: bool = False
) -> Callable[[Any], str]:
    """Why a clause on the wire says nothing of an adapter, by the adapter's reach and what it says of the operation.

    ``at_once``: nor of an operation that is acknowledged now and sent later.
    """

    def why_not(target: Any) -> str:
        if target.reach not in reaches:
            return f"its reach is {target.reach}"
        if target.meets_wire(operation.name) in (("pure", "deferred") if at_once else ("pure",)):
            return f"{operation.name} is {target.meets_wire(operation.name)}"
        vendor = target.harness.vendor
        if fault is not None and vendor is not None and not vendor.plays(fault):
            return f"its vendor has no words for {fault.name}"
        return ""

    return why_not


def _sentence(operation: Operation, fault: Fault) -> str:
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
            _at(trial, fault, at, several=len(places) > 1)

    return check


def _at(trial: Trial, fault: Fault, at: int, *, several: bool) -> None:
    arguments = trial.arguments()
    conversing = trial.subject.target.reach == "tcp"
    before = size(trial.subject.snapshot()) if conversing else 0
    outcome = trial.under(fault, at, lambda: trial.call(arguments))
    if fault.harmless:
        outcome.unwrap()
        return
    if conversing and outcome.error is None:
        _after_its_work(trial, arguments, outcome.value, before)
        return
    delivery = trial.subject.traits.delivery
    wanted = expected(fault, trial.operation, delivery, several=several)
    if at == 1 or not names_its_failures(outcome, wanted):
        (judge_flush if outcome.operation == CLOSE else judge)(outcome, wanted)
    unknown = isinstance(outcome.error, ProviderError) and outcome.error.outcome_unknown
    again = trial.arguments() if unknown and delivery == "at_most_once" else arguments
    recovered = trial.recovered(again)
    if recovered.error is not None:
        raise ClauseFailed("after the fault was lifted, the same call must succeed") from recovered.error


def _after_its_work(trial: Trial, arguments: dict[str, Any], value: Any, before: int) -> None:
    """A conversation that fails once all is done, at its good-bye, may end well; then all must have been done."""
    if trial.operation.effect == "write":
        holds(size(trial.subject.snapshot()) > before, "success was told, and there is no effect", seen=value)
    else:
        again = trial.recovered(arguments).unwrap()
        same(
            comparable(value, drop=NEVER_EQUAL | {"time"}), comparable(again, drop=NEVER_EQUAL | {"time"}), "the result"
        )


def _nowhere(operation: Operation, fault: Fault) -> Check:
    """A vendor whose name leads nowhere, or at whose address a stranger answers."""

    def check(subject: LiveSubject) -> None:
        wiring: dict[str, Any] = {"foreign": True} if fault.unreachable == "tls" else {"host": "localhost"}
        subject.seam  # noqa: B018 - says what to write where there is none
        elsewhere = subject.rewired(**wiring)
        arguments = subject.prepare(operation.name)(0)
        with elsewhere.seam.failing(fault, 1):
            outcome = Trial(elsewhere, operation).call(arguments)
        judge(outcome, expected(fault, operation, subject.traits.delivery, several=False))
        asked = [entry.brief() for entry in elsewhere.seam.entries()]
        holds(not asked, "a request was sent all the same", seen=asked)

    return check


_CHECKS: dict[str, Callable[[Operation, Fault], Check]] = {"tls": _nowhere, "dns": _nowhere}
