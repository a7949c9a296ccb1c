"""Every operation of the seven mocks through both kinds of handle, with and without a lost acknowledgement."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from pytest_pal.call.deadline import current_deadline
from pytest_pal.call.handles import async_handle, handle
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.ads import CAPABILITY as ADS
from pytest_pal.errors import RetryableError
from pytest_pal.kit.bench import START, Bench
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.model.capability import Capability
from pytest_pal.model.context import Context, RandomIds
from pytest_pal.registry.entry_points import ADAPTERS, CAPABILITIES, OURS, entries
from pytest_pal.telemetry.records import MemorySink, OperationRecord
from tests.judging import contract

MOCKS = {entry.name: entry for entry in entries(ADAPTERS) if entry.name.startswith("mock_")}
SEVEN: list[Capability] = [entry.load() for entry in entries(CAPABILITIES) if entry.distribution == OURS]
OPERATIONS = [(capability.name, operation) for capability in SEVEN for operation in capability.operations]


class Losing:
    """The adapter, but the first acknowledgement of each operation is lost after the effect."""

    def __init__(self, adapter: Any) -> None:
        self._adapter, self._lost = adapter, set[str]()
        self.capability, self.traits = adapter.capability, adapter.traits

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._adapter, operation)

        def call(*given: Any, **named: Any) -> Any:
            result = method(*given, **named)
            if operation not in self._lost:
                self._lost.add(operation)
                raise RetryableError("connection", "lost", outcome_unknown=True)
            return result

        return call


def called(
    capability: str, operation: str, make: Any, around: Callable[[Any], Any]
) -> tuple[LiveSubject, Any, OperationRecord, dict[str, int]]:
    """One call on a fresh mock: its subject, its output, its record, and how many rows the vendor then keeps."""
    cls = MOCKS[f"mock_{capability}"].load()
    with LiveSubject(Bench(Target(cls.__name__, contract(capability), Harness(cls), "tests"))) as subject:
        arguments, sink = subject.prepare(operation)(0), MemorySink()
        made = make(
            around(subject.adapter),
            subject.capability,
            name="mock",
            clock=subject.bench.clock,
            random=Random(1),
            ids=RandomIds(Random(2)),
            sinks=[sink],
        )
        result = made.call(operation, **arguments)
        output = asyncio.run(result) if asyncio.iscoroutine(result) else result
        rows = {name: len(rows) for name, rows in subject.snapshot().items()}
        return subject, output, sink.records[0], rows


@pytest.mark.parametrize("make", [handle, async_handle])
@pytest.mark.parametrize(("capability", "operation"), OPERATIONS)
def test_a_lost_acknowledgement_is_made_good_by_one_repeat_with_no_second_effect(
    capability: str, operation: str, make: Any
) -> None:
    subject, output, record, kept = called(capability, operation, make, Losing)
    *_, healthy, kept_by_a_healthy_run = called(capability, operation, make, lambda adapter: adapter)
    assert isinstance(output, subject.capability.operation(operation).output)
    assert [attempt.error_code for attempt in record.attempts] == ["connection", None]
    assert (record.status, healthy.retries) == ("ok", 0)
    assert kept == kept_by_a_healthy_run


def test_an_adapter_reads_what_remains_from_the_context_that_it_was_given() -> None:
    clock = SimulatedClock(START)
    ctx = Context(clock=clock, timeout=5.0, deadline=current_deadline)
    seen: list[float] = []

    class Slow:
        capability = "ads"

        def pause(self, campaign_id: str) -> Any:
            seen.append(ctx.remaining())
            clock.advance(26.5)
            seen.append(ctx.remaining())
            raise RetryableError("unavailable", retry_after=2)

    with pytest.raises(RetryableError):
        handle(Slow(), ADS, name="slow", clock=clock, random=Random(1), ids=RandomIds(Random(2))).pause("c1")
    assert seen[:2] == [5.0, 3.5]
    assert 1.3 < seen[2] <= 1.5
    assert seen[3] == 0
    assert ctx.remaining() == 5.0
