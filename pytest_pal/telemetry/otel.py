"""Records as OpenTelemetry spans (extra ``otel``): one for the operation, one child for each attempt.

They are made when the record is, with the record's own times, below whatever span the caller has then; that span is
neither changed nor ended. A call that succeeded has status UNSET, as OpenTelemetry's conventions want it.
"""

import json
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import PalError
from .content import told
from .records import OperationRecord
from .redaction import Redactor

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

NAMES = {
    "capability": "pal.capability",
    "adapter": "pal.vendor",
    "operation": "pal.operation",
    "latency_ms": "pal.latency_ms",
    "status": "pal.status",
    "retries": "pal.retries",
    "attempts": "pal.attempts",
    "number": "pal.attempt",
    "error_class": "error.type",
    "error_code": "pal.error_code",
    "unclassified": "pal.unclassified",
    "outcome_unknown": "pal.outcome_unknown",
    "causes": "pal.causes",
    "rationale": "pal.rationale",
    "error": "pal.error",
}
"""The attribute of each member of a record, the only place that spells them. ``error.type`` is the stable name of
OpenTelemetry's conventions; rationale and error are JSON texts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class OpenTelemetrySink:
    """Makes the spans of each record with ``tracer``, or with the tracer ``pytest_pal`` of the global provider.

    ``redactor`` and ``content`` as for `LoggingSink`. Raises PalError without the extra ``otel``.
    """

    def __init__(
        self, tracer: "Tracer | None" = None, redactor: Redactor | None = None, *, content: bool = False
    ) -> None:
        self._trace = _trace()
        self._tracer: Tracer = tracer or self._trace.get_tracer("pytest_pal")
        self._redactor = redactor or Redactor()
        self._content = content

    def __call__(self, record: OperationRecord) -> None:
        plain = told(record, self._redactor, content=self._content)
        name = f"{plain['capability']}.{plain['operation']}"
        span = self._tracer.start_span(
            name,
            kind=self._trace.SpanKind.CLIENT,
            start_time=_nanoseconds(record.started),
            attributes=_attributes(plain),
        )
        below = self._trace.set_span_in_context(span)
        for attempt, members in zip(record.attempts, plain["each_attempt"], strict=False):
            child = self._tracer.start_span(
                f"{name} attempt",
                context=below,
                start_time=_nanoseconds(attempt.started),
                attributes=_attributes(members),
            )
            self._end(child, failed=attempt.error_class is not None, at=_end(attempt.started, attempt.latency_ms))
        self._end(span, failed=record.status != "ok", at=_end(record.started, record.latency_ms))

    def _end(self, span: "Span", *, failed: bool, at: int) -> None:
        if failed:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(end_time=at)


def _trace() -> Any:
    try:
        return import_module("opentelemetry.trace")
    except ImportError:
        raise PalError(
            "OpenTelemetrySink needs the package opentelemetry-api; type: pip install 'pytest-pal[otel]'"
        ) from None


def _attributes(members: dict[str, Any]) -> dict[str, Any]:
    """The members that have an attribute, and a value; what OpenTelemetry has no type for is JSON."""
    found = {NAMES[name]: value for name, value in members.items() if name in NAMES and value not in (None, [])}
    return {
        name: json.dumps(value, sort_keys=True, allow_nan=False) if isinstance(value, dict) else value
        for name, value in found.items()
    }


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def _end(started: datetime, latency_ms: float) -> int:
    return _nanoseconds(started) + round(latency_ms * 1_000_000)
