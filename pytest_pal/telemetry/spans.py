"""The span of one logical call: opened when it begins, emitted once when it ends, however it ends.

It is a record of our own. No span of the caller is read or changed; a sink may turn the record into one.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock
from ..errors import ProviderError
from .records import AttemptRecord, OperationRecord, Sink, Status

_LOGGER = logging.getLogger("pytest_pal.telemetry")
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Site:
    """Whose calls are recorded, by which clock, and who is told."""

    capability: str
    adapter: str
    operation: str
    clock: Clock
    sinks: Sequence[Sink] = ()


class Span:
    """``with Span(site) as span:`` around one logical call; `attempt` and `attempted` around each attempt.

    Leaving the block emits the record: ``ok``, ``error`` for an Exception, else ``cancelled`` (cancellation, an
    interrupt, a generator or coroutine that its owner gives up). Times are those of the site's clock; a clock that
    was set back gives a latency of 0, never a negative one.
    """

    __slots__ = ("_attempts", "_began", "_ended", "_site", "rationale", "started", "unclassified")

    def __init__(self, site: Site) -> None:
        self._site = site
        self._attempts: tuple[AttemptRecord, ...] = ()
        self._began: datetime | None = None
        self._ended: datetime | None = None
        self.rationale: Mapping[str, Any] | None = None
        self.unclassified = False
        self.started = site.clock.now()

    def __enter__(self) -> "Span":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._began is not None:
            self.attempted(error)
        if self._site.sinks:
            emit(self._record(error), self._site.sinks)

    @property
    def under_way(self) -> bool:
        """Whether an attempt has begun and not ended."""
        return self._began is not None

    def attempt(self) -> None:
        """The adapter is called now."""
        self._began = self._site.clock.now()

    def attempted(self, error: BaseException | None = None) -> None:
        """The adapter has returned, or raised ``error``."""
        began, self._began = self._began, None
        assert began is not None
        self._ended = ended = self._site.clock.now()
        name, code = _named(error)
        number = len(self._attempts) + 1
        self._attempts += (AttemptRecord(number, began, _ms(began, ended), name, code),)

    def _record(self, error: BaseException | None) -> OperationRecord:
        site = self._site
        # A successful call ends with its last attempt: one look at the clock less.
        ended = self._ended if error is None else None
        name, code = _named(error)
        return OperationRecord(
            site.capability,
            site.adapter,
            site.operation,
            self.started,
            _ms(self.started, ended or site.clock.now()),
            self._attempts,
            _status(error),
            name,
            code,
            self.unclassified,
            self.rationale,
            error,
        )


def emit(record: OperationRecord, sinks: Sequence[Sink]) -> None:
    """Gives the record to each sink. One that raises is named in a warning, and nothing else comes of it."""
    for sink in sinks:
        try:
            sink(record)
        except Exception as error:  # noqa: BLE001 - telemetry never changes what a caller gets
            # Its text may hold what the sink was to redact, so only the class is told.
            _LOGGER.warning("the sink %r failed with %s", type(sink).__name__, type(error).__name__)


def _ms(began: datetime, ended: datetime) -> float:
    return (ended - began) / _MS if ended > began else 0.0


def _status(error: BaseException | None) -> Status:
    if error is None:
        return "ok"
    return "error" if isinstance(error, Exception) else "cancelled"


def _named(error: BaseException | None) -> tuple[str | None, str | None]:
    if error is None:
        return None, None
    return type(error).__name__, str(error.code) if isinstance(error, ProviderError) else None
