"""Parts: an operation that stores much in several requests, of which a later one fails. CONTRACTS, section 10."""

from collections.abc import Iterator

from ...faults.catalogue import BY_NAME
from ...model.clause import Check, Clause, holds, same
from ...model.operation import Operation
from ...model.subject import Outcome
from ..contract import Contract
from ..expectation import expected, names_its_failures
from ..subject import LiveSubject
from ..trial import Trial
from .idempotency import size
from .meeting import NOT_EACH_TIME, meeting

FAILING = BY_NAME["status_503"]


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        if contract.samples[operation.name].many and "failed" in operation.output.model_fields:
            yield Clause(
                f"{contract.capability.name}.{operation.name}.fault.in_part",
                f"Where a later request of {operation.name} fails, it returns what was stored and names what was not, "
                "or raises where nothing was stored; the same call, made again, stores the rest.",
                _in_part(operation),
                why_not=meeting(operation, "http", "grpc", but=NOT_EACH_TIME),
            )


def _in_part(operation: Operation) -> Check:
    """One that asks once for all of it has no parts."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation, many=True)
        before = size(subject.snapshot())
        trial.healthy()
        whole = (size(subject.snapshot()) - before) // trial.tried
        if trial.last_part is not None:
            _the_last_fails(trial, trial.last_part, whole)

    return check


def _the_last_fails(trial: Trial, at: int, whole: int) -> None:
    arguments = trial.arguments()
    before = size(trial.subject.snapshot())
    outcome = trial.under(FAILING, at, lambda: trial.call(arguments))
    _told(trial, outcome, size(trial.subject.snapshot()) - before, whole)
    again = trial.recovered(arguments).unwrap()
    holds(not again.failed, "the same call, made again, must store all", seen=again.failed)
    same(size(trial.subject.snapshot()) - before, whole, "things that were added in the end")


def _told(trial: Trial, outcome: Outcome, added: int, whole: int) -> None:
    if outcome.error is not None:
        holds(added == 0, "it raised, and a part of it was stored", seen=outcome.brief())
        return
    wanted = expected(FAILING, trial.operation, trial.subject.traits.delivery, several=True)
    holds(names_its_failures(outcome, wanted), "what was not stored must be named, with the code", seen=outcome.value)
    stored, failed = outcome.value.stored, len(outcome.value.failed)
    same(
        added * (stored + failed), whole * stored, "things that were added, times all, against what was told as stored"
    )
