"""Telemetry: each call of an operation gives one record, and the record is true."""

from collections.abc import Iterator
from functools import partial

from ...faults.catalogue import BY_NAME
from ...model.clause import WHOLE, Check, Clause, holds, same
from ...model.operation import Operation
from ...telemetry.records import OperationRecord
from ..called import Called, called
from ..contract import Contract
from ..subject import LiveSubject
from ..trial import Trial
from .meeting import NOT_EACH_TIME, answered, meeting, unanswered

FIELDS = ("capability", "adapter", "latency_ms", "attempts", "error_class")
THROTTLED = BY_NAME["status_429"]


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        yield Clause(
            f"{contract.capability.name}.{operation.name}.telemetry.record",
            f"A call of {operation.name} that succeeds and one that fails give one record each, and it is true.",
            _record(operation),
            why_not=meeting(operation, "http", but=NOT_EACH_TIME),
        )
    yield Clause(
        f"{contract.capability.name}.{WHOLE}.telemetry.error_rate",
        "The error rate of an adapter is its failures over its calls.",
        _error_rate(contract),
        why_not=partial(unanswered, contract),
    )


def _record(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        with called(subject) as held:
            _succeeds(trial, held)
            _fails(trial, held)

    return check


def _succeeds(trial: Trial, held: Called) -> None:
    arguments = trial.arguments()
    trial.seam.mark()
    held.attempt(trial.operation.name, arguments).unwrap()
    record = _only(held, 1)
    same(_told(record), {**_names(trial), "attempts": 1, "error_class": None}, "the record of a call that succeeds")
    holds(record.latency_ms > 0 or trial.seam.requests() == 0, "latency of a call that made requests", seen=0)


def _fails(trial: Trial, held: Called) -> None:
    arguments = trial.arguments()
    outcome = trial.under(THROTTLED, 1, lambda: held.attempt(trial.operation.name, arguments))
    wanted = {**_names(trial), "attempts": trial.seam.requests(), "error_class": type(outcome.error).__name__}
    record = _only(held, 2)
    same(_told(record), wanted, "the record of a call that fails, against the requests made and the error raised")
    same(record.error_code, str(getattr(outcome.error, "code", None)), "the code in the record")


def _only(held: Called, count: int) -> OperationRecord:
    same(len(held.records), count, f"records of {count} calls")
    return held.records[-1]


def _told(record: OperationRecord) -> dict[str, object]:
    plain = record.plain()
    return {name: plain[name] for name in FIELDS if name != "latency_ms"}


def _names(trial: Trial) -> dict[str, object]:
    return {"capability": trial.subject.capability.name, "adapter": trial.subject.target.name}


def _error_rate(contract: Contract) -> Check:
    """Of the first operation that meets the wire: two calls that succeed, one that fails."""

    def check(subject: LiveSubject) -> None:
        operation = answered(contract, subject.target)[0]
        trial = Trial(subject, operation)
        with called(subject) as held:
            for _ in range(2):
                held.attempt(operation.name, trial.arguments()).unwrap()
            arguments = trial.arguments()
            trial.under(THROTTLED, 1, lambda: held.attempt(operation.name, arguments))
            figures = held.statistics.of(subject.target.name)
        same({"calls": figures.calls, "failures": figures.failures}, {"calls": 3, "failures": 1}, "what was counted")
        same(figures.error_rate, 1 / 3, "the error rate")

    return check
