"""Error rate and latency of each adapter, beside what the definitions say."""

import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.errors import PalError
from pytest_pal.kit.bench import START
from pytest_pal.telemetry.records import OperationRecord, Status
from pytest_pal.telemetry.statistics import Figures, Statistics


def record(latency_ms: float = 1.0, status: Status = "ok", adapter: str = "acme", **more: Any) -> OperationRecord:
    return OperationRecord("ads", adapter, "pause", START, latency_ms, status=status, **more)


def test_an_adapter_that_was_never_called_has_no_figures() -> None:
    assert Statistics().of("acme") == Figures()
    assert Figures().error_rate == 0
    assert Figures().p95_ms is None


def test_the_error_rate_is_failures_by_calls_and_cancelled_ones_are_apart() -> None:
    kept = Statistics()
    for status in ("ok", "error", "ok", "cancelled", "ok", "cancelled"):
        kept(record(status=status))
    kept(record(status="error", adapter="other", unclassified=True))
    acme, other = kept.of("acme"), kept.of("other")
    assert (acme.calls, acme.failures, acme.cancelled, acme.unclassified, acme.error_rate) == (4, 1, 2, 0, 0.25)
    assert (other.calls, other.unclassified, other.error_rate) == (1, 1, 1.0)
    assert kept.adapters() == ("acme", "other")


def test_a_cancelled_call_alone_gives_no_latency() -> None:
    kept = Statistics()
    kept(record(99, status="cancelled"))
    assert kept.of("acme") == Figures(cancelled=1)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 40))
def test_latencies_are_those_of_the_last_calls(latencies: list[float], window: int) -> None:
    kept = Statistics(window)
    for latency in latencies:
        kept(record(latency))
    figures, last = kept.of("acme"), latencies[-window:]
    assert figures.calls == len(latencies)
    assert figures.least_ms == min(last)
    assert figures.p95_ms in last
    assert figures.median_ms is not None
    assert figures.p95_ms is not None
    assert sum(value <= figures.p95_ms for value in last) >= math.ceil(0.95 * len(last))
    assert sum(value < figures.p95_ms for value in last) < 0.95 * len(last)
    assert figures.least_ms <= figures.median_ms <= max(last)


def test_no_call_is_lost_between_threads() -> None:
    kept = Statistics(window=10)

    def many() -> None:
        for number in range(500):
            kept(record(status="error" if number % 2 else "ok"))
            kept.of("acme")

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures = kept.of("acme")
    assert (figures.calls, figures.failures) == (2_000, 1_000)


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(PalError, match="give a window of 1 or more"):
        Statistics(0)
