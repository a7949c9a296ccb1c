"""Lost replies: what the caller does not know is found out by the same call again, and never done twice.

Clauses of the family idempotency, for a vendor behind a wire. CONTRACTS, sections 3 and 5.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...faults.catalogue import BY_NAME, Fault
from ...model.clause import Check, Clause, ClauseFailed, holds, same
from ...model.operation import Operation
from ..contract import Contract
from ..subject import LiveSubject
from ..trial import Trial
from .idempotency import repeated, size
from .meeting import meeting

AFTER_THE_EFFECT: tuple[Fault, ...] = (
    BY_NAME["reset_after"],
    BY_NAME["truncated"],
    replace(BY_NAME["status_500"], stage="after"),
    replace(BY_NAME["grpc_unavailable"], stage="after"),
)
"""The vendor acts; its caller sees a reset, half an answer, an error."""
BETWEEN: tuple[Fault, ...] = (BY_NAME["reset_before"], BY_NAME["status_503"], BY_NAME["grpc_unavailable"])
"""The vendor does not act; of an operation of several requests the first ones have happened."""

NOT_SENT = ("pure", "local")
"""Operations that leave nothing by a request of their own; what a local one puts off goes with others' requests."""


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        if operation.effect == "write" and operation.idempotency != "repeatable":
            yield from _of(operation, f"{contract.capability.name}.{operation.name}.idempotency")


def _of(operation: Operation, stem: str) -> Iterator[Clause]:
    name = operation.name
    yield Clause(
        f"{stem}.lost_ack",
        f"Where the vendor acts and its answer is lost, {name} called again leaves what one call leaves.",
        _leaves_what_one_leaves(operation, AFTER_THE_EFFECT),
        why_not=meeting(operation, "http", "tcp", "grpc", but=NOT_SENT),
    )
    yield Clause(
        f"{stem}.interrupted",
        f"{name} that was interrupted between two requests leaves nothing half done, and a repeat completes it.",
        _leaves_what_one_leaves(operation, BETWEEN),
        why_not=meeting(operation, "http", "grpc", but=NOT_SENT),
    )


def _leaves_what_one_leaves(operation: Operation, faults: Sequence[Fault]) -> Check:
    def check(subject: LiveSubject) -> None:
        reference = subject.stranger()
        trial, healthy = Trial(subject, operation), Trial(reference, operation)
        places = list(trial.positions())
        _catch_up(healthy, trial.tried)
        for fault in (fault for fault in faults if trial.plays(fault)):
            for at in places:
                _once(trial, healthy, fault, at)

    return check


def _catch_up(healthy: Trial, calls: int) -> None:
    """The same calls as the trial's own, which it made to count its requests."""
    for _ in range(calls):
        healthy.call(healthy.arguments()).unwrap()


def _once(trial: Trial, healthy: Trial, fault: Fault, at: int) -> None:
    before, theirs = _size(trial), _size(healthy)
    arguments, others = trial.arguments(), healthy.arguments()
    trial.under(fault, at, lambda: trial.call(arguments))
    left = _size(trial) - before
    first = healthy.call(others).unwrap()
    whole = _size(healthy) - theirs
    place = f"after {fault.name} at request {at}"
    if trial.operation.idempotency == "key":
        holds(left in (0, whole), f"half of an effect stands {place}", seen=left)
    expected = whole if _completed(trial, arguments, first) else left
    same(_size(trial) - before, expected, f"things that were added {place} and by a repeat")


def _size(trial: Trial) -> int:
    return size(trial.subject.snapshot())


def _completed(trial: Trial, arguments: dict[str, Any], first: Any) -> bool:
    """Whether the same call, made again, succeeds; at-most-once delivery may say once more that nobody knows."""
    again = trial.recovered(arguments)
    if again.error is None:
        return True
    if trial.subject.traits.delivery != "at_most_once" or trial.operation.idempotency != "key":
        raise ClauseFailed("the same call, made again, must succeed") from again.error
    repeated(trial.subject, again, first)
    return False
