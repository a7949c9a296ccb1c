"""The spans of one record, made with the SDK and read from its memory."""

import sys
from datetime import timedelta

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pytest_pal import NonRetryableError, PalError
from pytest_pal.telemetry.otel import NAMES, OpenTelemetrySink
from pytest_pal.telemetry.redaction import Redactor

from .sinks import START, record, spans_of

START_NS = int(START.timestamp()) * 1_000_000_000 + 250_000_000


def test_an_operation_is_a_span_with_a_child_for_each_attempt() -> None:
    first, second, whole = spans_of(record(), Redactor(), content=False)
    assert [span.name for span in (first, second, whole)] == [
        "ads.create_campaign attempt",
        "ads.create_campaign attempt",
        "ads.create_campaign",
    ]
    assert whole.parent is None
    assert first.parent.span_id == second.parent.span_id == whole.context.span_id
    assert dict(whole.attributes) == {
        "pal.capability": "ads",
        "pal.vendor": "acme_ads",
        "pal.operation": "create_campaign",
        "pal.latency_ms": 20.25,
        "pal.status": "ok",
        "pal.retries": 1,
        "pal.attempts": 2,
        "pal.unclassified": False,
        "pal.outcome_unknown": False,
    }
    assert dict(first.attributes) == {
        "pal.attempt": 1,
        "pal.latency_ms": 12.5,
        "error.type": "RetryableError",
        "pal.error_code": "unavailable",
    }


def test_times_are_those_of_the_record() -> None:
    first, _, whole = spans_of(record(), Redactor())
    assert (whole.start_time, whole.end_time) == (START_NS, START_NS + 20_250_000)
    assert (first.start_time, first.end_time) == (START_NS, START_NS + 12_500_000)
    later = spans_of(record()._replace(started=START + timedelta(microseconds=1)), Redactor())[-1]
    assert later.start_time == START_NS + 1_000


def test_success_has_no_status_and_failure_has_one_without_a_text() -> None:
    first, second, whole = spans_of(record(), Redactor())
    assert (first.status.status_code, second.status.status_code) == (trace.StatusCode.ERROR, trace.StatusCode.UNSET)
    assert whole.status.status_code is trace.StatusCode.UNSET
    failed = spans_of(record(NonRetryableError("invalid", "words")), Redactor(), content=False)[-1]
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert failed.status.description is None
    assert "words" not in str(dict(failed.attributes))


def test_the_error_and_the_rationale_are_json_texts() -> None:
    made = record(NonRetryableError("invalid", "token=fake"), rationale={"b": 1, "a": None})
    attributes = spans_of(made, Redactor(), content=True)[-1].attributes
    assert attributes["pal.rationale"] == '{"a": null, "b": 1}'
    assert '"text": "invalid: token=[redacted]"' in attributes["pal.error"]


def test_the_span_of_the_caller_is_the_parent_and_is_left_alone() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("caller")
    with tracer.start_as_current_span("caller") as own:
        assert isinstance(own, ReadableSpan)
        OpenTelemetrySink(tracer)(record(NonRetryableError("invalid", "no")))
        assert trace.get_current_span() is own
        assert own.is_recording()
        assert own.status.status_code is trace.StatusCode.UNSET
        assert not own.attributes
        assert not own.events
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans].count("caller") == 1
    whole = spans[2]
    assert whole.parent is not None
    assert whole.parent.span_id == own.get_span_context().span_id


def test_each_span_is_ended_once(caplog: pytest.LogCaptureFixture) -> None:
    spans = spans_of(record(), Redactor())
    assert len({span.context.span_id for span in spans}) == 3
    assert "ended span" not in caplog.text


def test_every_attribute_has_one_name() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


def test_without_the_extra_the_words_to_type_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(PalError, match=r"pip install 'pytest-pal\[otel\]'"):
        OpenTelemetrySink()


def test_by_default_spans_go_to_the_global_provider() -> None:
    OpenTelemetrySink()(record())
