"""An adapter as its callers hold it: a handle of the call path on the subject's clock, and what it tells of itself."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..call.handles import AsyncHandle, SyncHandle, async_handle, handle
from ..model.subject import Outcome
from ..telemetry.records import MemorySink, OperationRecord
from ..telemetry.statistics import Statistics
from .bench import Step
from .subject import LiveSubject

HELD = "held"
"""What the handle is called on the tape."""


class Called:
    """Calls through the handle; ``records`` are those of the operations so far."""

    def __init__(
        self, subject: LiveSubject, held: SyncHandle | AsyncHandle, sink: MemorySink, statistics: Statistics
    ) -> None:
        self._subject, self._held, self._sink = subject, held, sink
        self.statistics = statistics

    @property
    def records(self) -> list[OperationRecord]:
        return self._sink.records

    def attempt(self, operation: str, arguments: dict[str, Any]) -> Outcome:
        """One logical call with all its attempts."""
        with self._subject.tape.doing(HELD, "attempt", operation, arguments):
            try:
                outcome = Outcome(operation, self._subject.waiter.wait(self._held.call(operation, **arguments)))
            except Exception as error:  # noqa: BLE001 - whatever comes is an outcome
                outcome = Outcome(operation, error=error)
            self._subject.note(Step(f"by its handle: {operation}", arguments, outcome))
        return outcome


@contextmanager
def called(subject: LiveSubject) -> Iterator[Called]:
    """A handle over a new instance, closed at the end. An async adapter stays on the subject's loop."""
    subject.close()
    sink, statistics = MemorySink(), Statistics()
    adapter = subject.open()
    is_async = any(inspect.iscoroutinefunction(getattr(adapter, name, None)) for name in subject.capability.operations)
    held = (async_handle if is_async else handle)(
        adapter,
        subject.capability,
        name=subject.target.name,
        clock=subject.bench.clock,
        random=subject.bench.chance,
        ids=subject.bench.keys,
        sinks=(sink, statistics),
    )
    try:
        with subject.tape.block(subject.name, HELD):
            yield Called(subject, held, sink, statistics)
    finally:
        subject.let_go()
        subject.waiter.close_instance(held)
