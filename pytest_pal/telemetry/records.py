"""What one operation says of itself: a span as a plain record, with one child for each attempt.

Named tuples: one is made for every call, and they are made several times as fast as frozen dataclasses.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

Status = Literal["ok", "error", "cancelled"]


class AttemptRecord(NamedTuple):
    """One call of the adapter. ``number`` counts from 1, ``started`` is aware UTC.

    ``error_class`` is the name of what the adapter raised, None after a success; ``error_code`` is an
    `ErrorCode` as text, None where the error has none.
    """

    number: int
    started: datetime
    latency_ms: float
    error_class: str | None = None
    error_code: str | None = None


class OperationRecord(NamedTuple):
    """One logical call: all its attempts, and the waits between them. ``adapter`` is the vendor's name.

    Status ``cancelled`` is a call that its caller gave up: cancellation, an interrupt, an iterator or
    coroutine left unfinished. ``attempts`` is empty where the adapter was never asked. ``unclassified``: the
    adapter raised something outside the taxonomy. ``rationale`` says why a model was chosen, for operations that route.
    ``error`` is the raised exception itself; it may show secrets, so a sink redacts what it writes of it.
    """

    capability: str
    adapter: str
    operation: str
    started: datetime
    latency_ms: float
    attempts: tuple[AttemptRecord, ...] = ()
    status: Status = "ok"
    error_class: str | None = None
    error_code: str | None = None
    unclassified: bool = False
    rationale: Mapping[str, Any] | None = None
    error: BaseException | None = None

    def __repr__(self) -> str:
        """Without the text of the error, which may show a secret."""
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields if name != "error")
        return f"OperationRecord({shown})"

    @property
    def retries(self) -> int:
        """The attempts after the first."""
        return max(0, len(self.attempts) - 1)

    def plain(self) -> dict[str, Any]:
        """JSON types by name, sorted; ``attempts`` is their count."""
        return {
            "adapter": self.adapter,
            "attempts": len(self.attempts),
            "capability": self.capability,
            "error_class": self.error_class,
            "error_code": self.error_code,
            "latency_ms": self.latency_ms,
            "operation": self.operation,
            "rationale": self.rationale,
            "retries": self.retries,
            "status": self.status,
        }


Sink = Callable[[OperationRecord], None]
"""Is given each record once, in the thread or task of the call. One that raises changes nothing for the caller."""


class MemorySink:
    """Keeps the records in order, for tests."""

    def __init__(self) -> None:
        self.records: list[OperationRecord] = []

    def __call__(self, record: OperationRecord) -> None:
        self.records.append(record)
