"""Attempts: one call of an adapter is one attempt at its vendor. Clauses of the family retry. CONTRACTS, section 4."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

from ...errors import RetryableError
from ...faults.catalogue import BY_NAME, CATALOGUE, Fault
from ...faults.message import Delivery
from ...model.clause import Check, Clause, ClauseFailed, holds, same
from ...model.operation import Operation
from ..contract import Contract
from ..guard import GUARD
from ..subject import LiveSubject
from ..trial import Trial
from .meeting import LATER, meeting

INVITING = tuple(
    fault.name
    for fault in CATALOGUE
    if fault.name not in ("dns", "tls", "closed", "hollow") and not fault.slow and not fault.harmless
)
"""Any failure that comes at once: software tries again after one of them, and not after the others."""
OTHERS_MAY_FOLLOW = frozenset({200, 404, 409, 410})
"""What is not there is made, what is there is taken, and what a look-up said may not matter: another request may
follow these, but none is made twice.
"""
AFTER_S = 7


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        yield from _of(operation, f"{contract.capability.name}.{operation.name}.retry")


def _of(operation: Operation, stem: str) -> Iterator[Clause]:
    name, http = operation.name, meeting(operation, "http", but=LATER)
    yield Clause(
        f"{stem}.one_attempt",
        f"A call of {name} is one attempt: where its vendor fails at once, no request is made again.",
        _no_more(operation, INVITING),
        why_not=meeting(operation, "http", "tcp", "grpc"),
    )
    yield Clause(
        f"{stem}.no_replay",
        f"Where a connection that was used before is closed without an answer, {name} sends nothing again by itself.",
        _no_more(operation, ("closed",)),
        why_not=meeting(operation, "http", "tcp"),
    )
    yield Clause(
        f"{stem}.slow_is_one_attempt",
        f"A call of {name} whose vendor does not answer in time is one attempt too.",
        _no_more(operation, ("hang",)),
        why_not=meeting(operation, "http", "tcp", "grpc"),
    )
    yield Clause(
        f"{stem}.retry_after",
        f"{name} tells for how many seconds its vendor asked to wait.",
        _retry_after(operation),
        why_not=http,
    )


def _no_more(operation: Operation, names: tuple[str, ...]) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        places = list(trial.positions())
        for fault in (BY_NAME[name] for name in names if trial.plays(BY_NAME[name])):
            for at in places if not fault.unreachable else places[:1]:
                trial.patiently(fault, partial(_once, trial, fault, at))

    return check


def _once(trial: Trial, fault: Fault, at: int) -> None:
    arguments = trial.arguments()
    with GUARD.counting() as dialled:
        trial.under(fault, at, lambda: trial.call(arguments))
    place = f"of one call, whose vendor failed ({fault.name}) at request {at}"
    if fault.unreachable and trial.operation.idempotency == "repeatable" and trial.operation.effect == "write":
        return  # each model of a ranking may be asked, and who was meant is not to be seen
    if fault.unreachable:
        most = max(dialled.values(), default=0)
        holds(most <= 1, f"connections to one address {place}", seen=most)
    elif fault.status in OTHERS_MAY_FOLLOW and fault.delivery is Delivery.WHOLE:
        asked = trial.asked_again(at)
        holds(not asked, f"requests that were made twice {place}", seen=asked)
    else:
        made, refreshes = trial.seam.requests(), trial.refreshes(at) if fault.status == 401 else 0
        holds(refreshes <= 1, f"requests for a token {place}", seen=refreshes)
        holds(made <= at + refreshes, f"requests {place}", seen=made)


def _retry_after(operation: Operation) -> Check:
    """Seconds, an HTTP date by the adapter's clock, and what nobody can read."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        trial.healthy()
        _told(trial, str(AFTER_S), (AFTER_S,))
        at = (subject.now() + timedelta(seconds=AFTER_S + 1)).replace(microsecond=0)
        _told(trial, format_datetime(at, usegmt=True), (AFTER_S - 1, AFTER_S + 1))
        for unreadable in ("soon", "-5", "nan", "Infinity", ""):
            _told(trial, unreadable, (0, None))

    return check


def _told(trial: Trial, header: str, wanted: tuple[Any, ...]) -> None:
    fault: Fault = replace(BY_NAME["status_429"], headers={"retry-after": header})
    arguments = trial.arguments()
    outcome = trial.under(fault, 1, lambda: trial.call(arguments))
    error = outcome.error
    if not isinstance(error, RetryableError):
        raise ClauseFailed(f"Retry-After: {header} must come as a RetryableError, not: {outcome.brief()}") from error
    within = error.retry_after in wanted
    if len(wanted) == 2 and None not in wanted and error.retry_after is not None:
        within = wanted[0] <= error.retry_after <= wanted[1]
    expected = "none, or 0" if None in wanted else f"{' to '.join(f'{s:g}' for s in wanted)} s"
    same(error.retry_after if not within else expected, expected, f"retry_after for Retry-After: {header or '(empty)'}")
