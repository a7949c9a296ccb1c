"""Error rate and latency of each adapter, kept from the records: a sink that can be asked."""

import math
import threading
from collections import deque
from dataclasses import dataclass
from statistics import median

from ..errors import PalError
from .records import OperationRecord

WINDOW = 1_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one adapter. ``calls`` ended with a result or an error, ``failures`` of them with an error.

    ``cancelled`` calls are counted apart: their caller gave them up, so they say nothing of the adapter.
    Latencies are milliseconds over the last calls that ended, None before the first; p95 is the nearest rank.
    """

    calls: int = 0
    failures: int = 0
    cancelled: int = 0
    unclassified: int = 0
    least_ms: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None

    @property
    def error_rate(self) -> float:
        """failures / calls; 0 before the first call."""
        return self.failures / self.calls if self.calls else 0.0


class Statistics:
    """Counts since the start, and latencies of the last ``window`` calls, by adapter. Safe for threads."""

    def __init__(self, window: int = WINDOW) -> None:
        if window < 1:
            raise PalError(f"statistics over the last {window} calls say nothing; give a window of 1 or more")
        self._window = window
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def __call__(self, record: OperationRecord) -> None:
        with self._lock:
            kept = self._kept.get(record.adapter)
            if kept is None:
                kept = self._kept[record.adapter] = _Kept(self._window)
            kept.add(record)

    def adapters(self) -> tuple[str, ...]:
        """The names of the adapters that were called, sorted."""
        with self._lock:
            return tuple(sorted(self._kept))

    def of(self, adapter: str) -> Figures:
        """The figures of one adapter; all zero for one that was never called."""
        with self._lock:
            kept = self._kept.get(adapter)
            return Figures() if kept is None else kept.figures()


class _Kept:
    __slots__ = ("calls", "cancelled", "failures", "latencies", "unclassified")

    def __init__(self, window: int) -> None:
        self.calls = self.failures = self.cancelled = self.unclassified = 0
        self.latencies: deque[float] = deque(maxlen=window)

    def add(self, record: OperationRecord) -> None:
        if record.status == "cancelled":
            self.cancelled += 1
            return
        self.calls += 1
        self.failures += record.status == "error"
        self.unclassified += record.unclassified
        self.latencies.append(record.latency_ms)

    def figures(self) -> Figures:
        ranked = sorted(self.latencies)
        counts = (self.calls, self.failures, self.cancelled, self.unclassified)
        if not ranked:
            return Figures(*counts)
        return Figures(*counts, ranked[0], median(ranked), ranked[math.ceil(0.95 * len(ranked)) - 1])
