"""The wire: what an adapter says of how its operations meet it, counted; and a loop that goes on meanwhile."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

from ...faults.catalogue import BY_NAME
from ...model.clause import Check, Clause, ClauseFailed, holds
from ...model.operation import Operation
from ..contract import Contract
from ..expectation import expected, judge_flush
from ..seam import Seam
from ..subject import LiveSubject
from ..trial import Trial
from .idempotency import size

TICKS = 3
BLOCKED_S = 1.0
"""After this long, in seconds of the machine, a loop that has not ticked is blocked."""


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        stem = f"{contract.capability.name}.{operation.name}"
        yield Clause(
            f"{stem}.wire.claim",
            f"{operation.name} makes requests as the adapter says in meets_wire; without a word, at least one.",
            _claim(operation),
            why_not=lambda target: "" if target.reach in ("http", "tcp", "grpc") else f"its reach is {target.reach}",
        )
        yield Clause(
            f"{stem}.concurrency.free_loop",
            f"While the vendor has not answered {operation.name}, the loop of an async adapter goes on.",
            _free_loop(operation),
            why_not=_not_async(operation),
        )
        yield Clause(
            f"{stem}.concurrency.cancelled",
            f"A task that waits for {operation.name} can be cancelled: it ends at once, as cancelled.",
            _cancelled(operation),
            why_not=_not_async(operation),
        )


def _not_async(operation: Operation) -> Callable[[Any], str]:
    def why_not(target: Any) -> str:
        if target.reach != "http":
            return f"its reach is {target.reach}"
        if target.meets_wire(operation.name) != "wire":
            return f"{operation.name} is {target.meets_wire(operation.name)}"
        found = getattr(target.cls, operation.name, None)
        return "" if inspect.iscoroutinefunction(found) else f"{operation.name} is not async"

    return why_not


def _claim(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        subject.attempt(operation.name, **trial.arguments()).unwrap()
        arguments = trial.arguments()
        if trial.claim == "deferred":
            subject.close()  # sends what belongs to the calls before
            arguments = trial.arguments() if subject.target.needs_deferred(operation.name) else arguments
        trial.seam.mark()
        subject.attempt(operation.name, **arguments).unwrap()
        _as_claimed(trial, trial.seam.requests())

    return check


def _as_claimed(trial: Trial, made: int) -> None:
    if trial.claim == "deferred":
        trial.subject.close()
        holds(trial.seam.requests() > 0, "a deferred operation is sent at the latest by close", seen=0)
    elif trial.claim == "wire":
        holds(made > 0, "meets_wire says wire, and no request was made", seen=made)
    else:
        holds(made == 0, f"meets_wire says {trial.claim}, and requests were made", seen=made)
    if trial.claim == "local" and trial.operation.effect == "write":
        _sent_later(trial)


def _sent_later(trial: Trial) -> None:
    """What a local operation puts off is sent at the latest by close, which tells where it cannot."""
    subject, fault = trial.subject, BY_NAME["status_503"]
    before = size(subject.snapshot())
    trial.seam.mark()
    with trial.seam.failing(fault, 1):
        outcome = subject.flushed()
    judge_flush(outcome, expected(fault, trial.operation, subject.traits.delivery, several=True))
    subject.flushed().unwrap()
    grew = size(subject.snapshot()) > before
    holds(grew, "what a local operation puts off is sent at the latest by close", seen="nothing was added")


def _free_loop(operation: Operation) -> Check:
    """The vendor answers nothing until the loop has ticked; one that is blocked does not tick before the call ends."""

    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        subject.attempt(operation.name, **trial.arguments()).unwrap()
        arguments = trial.arguments()
        ticks: list[int] = []
        trial.seam.mark()
        with trial.seam.failing(BY_NAME["hang"], 1), _rescued(trial.seam):
            subject.beside(operation.name, arguments, lambda: _ticking(trial.seam, ticks))
        if len(ticks) < TICKS:
            raise ClauseFailed("the loop stood still until the vendor gave up: the operation blocks it")

    return check


def _cancelled(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        subject.attempt(operation.name, **trial.arguments()).unwrap()
        arguments = trial.arguments()
        trial.seam.mark()
        with trial.seam.failing(BY_NAME["hang"], 1), _rescued(trial.seam):
            outcome = subject.cancelled(operation.name, arguments, lambda: bool(trial.seam.entries()))
            trial.seam.release()
        if not isinstance(outcome.error, asyncio.CancelledError):
            raise ClauseFailed(f"cancelled while its vendor had not answered, it {outcome.brief()}") from outcome.error

    return check


@contextmanager
def _rescued(seam: Seam) -> Iterator[None]:
    """Has the vendor give up on a loop that stands still."""
    rescue = Timer(BLOCKED_S, seam.release)
    rescue.start()
    try:
        yield
    finally:
        rescue.cancel()


async def _ticking(seam: Seam, ticks: list[int]) -> None:
    """Counts from the moment at which the request is at the vendor, and lets it go then."""
    while len(ticks) < TICKS:
        await asyncio.sleep(0.001)
        ticks += [0] if seam.entries() else []
    seam.release()
