"""Records that hold a text wherever one can stand, and what the sinks make of them."""

import io
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pytest_pal import RetryableError
from pytest_pal.telemetry.logging_sink import LoggingSink
from pytest_pal.telemetry.otel import OpenTelemetrySink
from pytest_pal.telemetry.records import AttemptRecord, OperationRecord, Status
from pytest_pal.telemetry.redaction import Redactor

START = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def record(error: BaseException | None = None, rationale: Any = None, **others: Any) -> OperationRecord:
    attempts = (AttemptRecord(1, START, 12.5, "RetryableError", "unavailable"), AttemptRecord(2, START, 3.0))
    given = {"capability": "ads", "adapter": "acme_ads", "operation": "create_campaign", "attempts": attempts}
    status: Status = "error" if error else "ok"
    return OperationRecord(
        started=START, latency_ms=20.25, status=status, error=error, rationale=rationale, **(given | others)
    )


def _error(*args: Any) -> RetryableError:
    error = RetryableError("unavailable", *args[:1])
    error.args = args
    return error


def _caused(cause: BaseException) -> Exception:
    error = _error("plain")
    error.__cause__ = ValueError("between")
    error.__cause__.__context__ = cause
    return error


def _with(name: str, value: Any) -> Exception:
    error = _error("plain")
    setattr(error, name, value)
    return error


class Request:
    def __init__(self, sent: Any) -> None:
        self.sent = sent

    def __repr__(self) -> str:
        return f"<Request {self.sent!r}>"


def _noted(text: Any) -> Exception:
    error = _error("plain")
    error.add_note(str(text))
    return error


POSITIONS: dict[str, Callable[[Any], OperationRecord]] = {
    "text of the error": lambda planted: record(_error(planted)),
    "second argument": lambda planted: record(_error("plain", planted)),
    "attribute": lambda planted: record(_with("body", planted)),
    "details": lambda planted: record(_with("details", {"lost": [planted]})),
    "request of the error": lambda planted: record(_with("request", Request(planted))),
    "cause": lambda planted: record(_caused(KeyError(planted))),
    "note": lambda planted: record(_noted(planted)),
    "member of a group": lambda planted: record(ExceptionGroup("two", [ValueError(planted), ValueError("b")])),
    "octets": lambda planted: record(_error(str(planted).encode("utf-8", "surrogatepass"))),
    "value of the rationale": lambda planted: record(rationale={"rejected": [{"rule": "r", "value": planted}]}),
    "key of the rationale": lambda planted: record(rationale={str(planted): 1}),
    "name of the adapter": lambda planted: record(adapter=str(planted)),
    "error class": lambda planted: record(
        error_class=str(planted), attempts=(AttemptRecord(1, START, 1.0, str(planted)),)
    ),
}


def logged(made: OperationRecord, redactor: Redactor, *, content: bool = True) -> str:
    """The line that the logging sink writes."""
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))
    LoggingSink(logger, redactor, content=content)(made)
    return stream.getvalue()


def spans_of(made: OperationRecord, redactor: Redactor, *, content: bool = True) -> list[Any]:
    """The spans that the OpenTelemetry sink makes, in the order in which they ended."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    OpenTelemetrySink(provider.get_tracer("test"), redactor, content=content)(made)
    return list(exporter.get_finished_spans())


def exported(made: OperationRecord, redactor: Redactor) -> str:
    """All that the spans say, as one text."""
    spans = spans_of(made, redactor)
    return json.dumps([[span.name, dict(span.attributes), span.status.description] for span in spans])


WRITERS: dict[str, Callable[[OperationRecord, Redactor], str]] = {"log line": logged, "spans": exported}
