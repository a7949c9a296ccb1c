"""Life cycle: opening and closing cost nothing, leak nothing, and keep instances apart."""

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ...model.clause import WHOLE, Clause, holds, same
from ..contract import Contract
from ..guard import GUARD
from ..subject import LiveSubject

CYCLES = 5
SETTLING, SETTLING_S = 25, 0.02
_OPEN_FILES = Path("/proc/self/fd")


def clauses(contract: Contract) -> Iterator[Clause]:
    stem = f"{contract.capability.name}.{WHOLE}.life_cycle"
    yield Clause(f"{stem}.quiet_constructor", "Making an instance uses no network.", _quiet_constructor)
    yield Clause(f"{stem}.close_twice", "Closing an instance twice is fine.", _close_twice)
    yield Clause(
        f"{stem}.no_leak", "After 5 more cycles of open and close there are no more threads, files or tasks.", _no_leak
    )
    if contract.capability.observed:
        yield Clause(f"{stem}.apart", "Two instances of different configuration never see each other's data.", _apart)


def _quiet_constructor(subject: LiveSubject) -> None:
    config, context = subject.bench.config, subject.bench.context()
    with GUARD.watching(loopback=False) as violations:
        subject.waiter.close_instance(subject.target.cls(config, context))
    same(violations, [], "network use of the constructor")


def _close_twice(subject: LiveSubject) -> None:
    _use(subject)
    adapter = subject.open()
    subject.close()
    subject.waiter.close_instance(adapter)


def _no_leak(subject: LiveSubject) -> None:
    """What grows once, such as a pool of an SDK's own, is no leak; what leaks grows again."""
    _cycle(subject)
    grown = _growth(subject) and _growth(subject)
    holds(not grown, f"growth over {CYCLES} cycles of open, call and close", seen=grown)


def _growth(subject: LiveSubject) -> dict[str, str]:
    before = _held(subject)
    for _ in range(CYCLES):
        _cycle(subject)
    grown = _grown(before, _held(subject))
    for _ in range(SETTLING):
        if not grown:
            break
        # A server in this process, or a thread on its way out, lets go a moment after the close; a leak never does.
        time.sleep(SETTLING_S)
        grown = _grown(before, _held(subject))
    return grown


def _grown(before: dict[str, int], after: dict[str, int]) -> dict[str, str]:
    return {name: f"{before[name]} -> {after[name]}" for name in before if after[name] > before[name]}


def _cycle(subject: LiveSubject) -> None:
    _use(subject)
    subject.close()


def _use(subject: LiveSubject) -> None:
    operation = next(name for name in subject.capability.operations if subject.offers(name))
    subject.call(operation, **subject.prepare(operation)(0))


def _held(subject: LiveSubject) -> dict[str, int]:
    gc.collect()
    files = len(os.listdir(_OPEN_FILES)) if _OPEN_FILES.exists() else 0
    return {"threads": threading.active_count(), "files and sockets": files, "tasks": subject.waiter.tasks()}


def _apart(subject: LiveSubject) -> None:
    stranger = subject.stranger()
    before = stranger.snapshot()
    for name, operation in subject.capability.operations.items():
        if operation.effect == "write" and subject.offers(name):
            subject.call(name, **subject.prepare(name)(0))
    same(stranger.snapshot(), before, "the state of an instance that was never called")
