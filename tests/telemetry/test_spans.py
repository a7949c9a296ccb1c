"""The span of a call: exactly one record, however the call ends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.bench import START
from pytest_pal.telemetry.records import MemorySink, OperationRecord
from pytest_pal.telemetry.spans import Site, Span


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def site(sink: MemorySink, clock: SimulatedClock) -> Site:
    return Site("ads", "acme", "pause", clock, [sink])


def test_a_span_has_a_child_for_each_attempt(site: Site, clock: SimulatedClock, sink: MemorySink) -> None:
    with Span(site) as span:
        clock.advance(0.001)
        span.attempt()
        assert span.under_way
        clock.advance(0.02)
        span.attempted(NonRetryableError("invalid"))
        clock.advance(0.3)
        span.attempt()
        clock.advance(4)
        span.attempted()
        assert not span.under_way
        assert sink.records == []
    (record,) = sink.records
    assert (record.started, record.latency_ms, record.status) == (START, 4321, "ok")
    assert [(a.number, a.latency_ms, a.error_class, a.error_code) for a in record.attempts] == [
        (1, 20, "NonRetryableError", "invalid"),
        (2, 4000, None, None),
    ]
    assert record.attempts[1].started == START + timedelta(seconds=0.321)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NonRetryableError("invalid"), "error", "invalid"),
        (ValueError(), "error", None),
        (KeyboardInterrupt(), "cancelled", None),
        (SystemExit(), "cancelled", None),
        (GeneratorExit(), "cancelled", None),
    ],
)
@pytest.mark.parametrize("under_way", [True, False])
def test_whatever_ends_it_ends_once_with_what_was_under_way(
    site: Site, sink: MemorySink, error: BaseException, status: str, code: str | None, under_way: bool
) -> None:
    def call() -> None:
        with Span(site) as span:
            if under_way:
                span.attempt()
            raise error

    with pytest.raises(type(error)):
        call()
    (record,) = sink.records
    assert (record.status, record.error_class, record.error_code) == (status, type(error).__name__, code)
    assert record.error is error
    assert [attempt.error_class for attempt in record.attempts] == [type(error).__name__] * under_way


def test_a_block_without_an_attempt_is_a_success_too(site: Site, clock: SimulatedClock, sink: MemorySink) -> None:
    with Span(site):
        clock.advance(2)
    assert (sink.records[0].status, sink.records[0].latency_ms, sink.records[0].attempts) == ("ok", 2_000, ())


def test_an_error_ends_when_it_is_raised_not_with_the_last_attempt(
    site: Site, clock: SimulatedClock, sink: MemorySink
) -> None:
    def call() -> None:
        with Span(site) as span:
            span.attempt()
            span.attempted(NonRetryableError("invalid"))
            clock.advance(3)
            raise NonRetryableError("invalid")

    with pytest.raises(NonRetryableError):
        call()
    assert (sink.records[0].latency_ms, sink.records[0].attempts[0].latency_ms) == (3_000, 0)


def test_an_abandoned_iterator_ends_its_span(site: Site, sink: MemorySink) -> None:
    def items() -> Iterator[int]:
        with Span(site):
            yield 1
            yield 2

    iterator = items()
    assert next(iterator) == 1
    del iterator
    assert [(record.status, record.error_class) for record in sink.records] == [("cancelled", "GeneratorExit")]


def test_a_clock_that_is_set_back_gives_no_negative_latency(sink: MemorySink) -> None:
    class Backwards(SimulatedClock):
        def now(self) -> Any:
            self._now -= timedelta(seconds=1)
            return self._now

    with Span(Site("ads", "acme", "pause", Backwards(START), [sink])) as span:
        span.attempt()
        span.attempted()
    assert (sink.records[0].latency_ms, sink.records[0].attempts[0].latency_ms) == (0, 0)


def test_a_record_shows_no_text_of_an_error() -> None:
    record = OperationRecord("ads", "acme", "pause", START, 1.5, error=ValueError("s3cret"), unclassified=True)
    assert "s3cret" not in repr(record)
    assert "unclassified=True" in repr(record)


def test_the_plain_form_is_sorted_and_counts() -> None:
    plain = OperationRecord("ads", "acme", "pause", START, 1.5).plain()
    assert list(plain) == sorted(plain)
    assert plain["attempts"] == plain["retries"] == 0
    assert plain["status"] == "ok"


def test_records_cannot_be_changed() -> None:
    record = OperationRecord("ads", "acme", "pause", START, 1.5)
    with pytest.raises(AttributeError):
        record.status = "error"  # type: ignore[misc]
