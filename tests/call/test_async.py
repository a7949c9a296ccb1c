"""What only an event loop can do to a call: deadlines that cut, cancellation, threads, abandoned coroutines."""

import asyncio
import concurrent.futures
import gc
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from pytest_pal.call.deadline import current_deadline
from pytest_pal.call.handles import AsyncHandle, async_handle, handle
from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError

from .stage import ARGUMENTS, CAMPAIGN, GOOD, AsyncScripted, Scripted, Stage, seeing

SOON_S = 0.02
WAITS: ContextVar[str] = ContextVar("waits", default="nowhere")


async def hang() -> Any:
    await asyncio.Event().wait()


def hanging() -> Any:
    return hang()


def raised(stage: Stage, operation: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        stage.good(operation)
    return caught.value


@pytest.mark.parametrize("make", [handle, async_handle])
@pytest.mark.parametrize(
    ("operation", "delivery", "kept", "unsure"),
    [
        ("report", "exactly_once", RetryableError, False),
        ("pause", "exactly_once", RetryableError, True),
        ("create_campaign", "exactly_once", RetryableError, True),
        ("create_campaign", "at_most_once", NonRetryableError, True),
        ("pause", "at_most_once", RetryableError, True),
    ],
)
def test_the_deadline_cuts_an_async_attempt(
    make: Any, operation: str, delivery: Any, kept: type[ProviderError], unsure: bool
) -> None:
    stage = Stage((AsyncScripted, make), hanging, deadline_s=SOON_S, traits=AdsTraits(delivery=delivery))
    error = raised(stage, operation)
    assert (type(error), error.code, error.outcome_unknown) == (kept, "timeout", unsure)
    assert "the deadline of 0.02 s has passed; attempts: 1" in error.message
    record = stage.record
    assert (record.status, record.error_class, len(record.attempts)) == ("error", kept.__name__, 1)


def test_a_thread_that_hangs_is_left_behind_at_the_deadline() -> None:
    release = threading.Event()
    stage = Stage((Scripted, async_handle), lambda: release.wait(10), deadline_s=SOON_S)
    try:
        error = raised(stage, "create_campaign")
    finally:
        release.set()
    assert (error.code, error.outcome_unknown) == ("timeout", True)


def test_an_error_before_the_deadline_is_the_cause_of_the_timeout() -> None:
    lost = RetryableError("connection", outcome_unknown=True)
    stage = Stage((AsyncScripted, async_handle), lost, hanging, deadline_s=SOON_S)
    error = raised(stage, "create_campaign")
    assert (error.code, error.__cause__) == ("timeout", lost)
    assert "attempts: 2" in error.message


def test_a_timeout_that_the_adapter_swallows_is_not_followed_by_another_attempt() -> None:
    async def swallow() -> Any:
        try:
            await hang()
        except asyncio.CancelledError:
            raise RetryableError("connection", outcome_unknown=True) from None

    stage = Stage((AsyncScripted, async_handle), lambda: swallow(), deadline_s=SOON_S)
    error = raised(stage, "create_campaign")
    assert (error.code, error.outcome_unknown, len(stage.script.calls)) == ("timeout", True, 1)


async def begun(stage: Stage) -> None:
    """Returns when the adapter has been called, by whichever thread, and the loop has turned once more."""
    while not stage.script.calls:  # noqa: ASYNC110 - a thread could not set an event of the loop
        await asyncio.sleep(0)
    await asyncio.sleep(0)


def cancelled_midway(stage: Stage) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(stage.handle.create_campaign(**ARGUMENTS["create_campaign"]))
        await begun(stage)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_cancellation_passes_through_and_leaves_one_record() -> None:
    stage = Stage((AsyncScripted, async_handle), hanging)
    cancelled_midway(stage)
    record = stage.record
    assert (record.status, record.error_class, record.error_code) == ("cancelled", "CancelledError", None)
    assert [attempt.error_class for attempt in record.attempts] == ["CancelledError"]


def test_a_cancellation_that_the_adapter_swallows_still_passes_through() -> None:
    async def swallow() -> Any:
        try:
            await hang()
        except asyncio.CancelledError:
            raise RetryableError("connection") from None

    stage = Stage((AsyncScripted, async_handle), lambda: swallow())
    cancelled_midway(stage)
    assert (stage.record.status, len(stage.script.calls)) == ("cancelled", 1)


def test_a_caller_of_a_thread_can_be_cancelled() -> None:
    release = threading.Event()
    stage = Stage((Scripted, async_handle), lambda: release.wait(10))
    try:
        cancelled_midway(stage)
    finally:
        release.set()
    assert stage.record.status == "cancelled"


def test_cancellation_while_waiting_for_the_next_attempt_leaves_one_record() -> None:
    stage = Stage((AsyncScripted, async_handle), RetryableError("unavailable"))

    async def asleep(seconds: float) -> None:
        await hang()

    stage.clock.asleep = asleep  # type: ignore[method-assign]
    cancelled_midway(stage)
    assert (stage.record.status, [a.error_code for a in stage.record.attempts]) == ("cancelled", ["unavailable"])


@pytest.mark.parametrize("ending", ["close", "collect"])
def test_an_abandoned_coroutine_leaves_one_record(ending: str) -> None:
    stage = Stage((AsyncScripted, async_handle), hanging)

    async def main() -> Coroutine[Any, Any, Any]:
        coroutine: Coroutine[Any, Any, Any] = stage.handle.create_campaign(**ARGUMENTS["create_campaign"])
        while not stage.script.calls:
            coroutine.send(None)
        return coroutine

    coroutine = asyncio.run(main())
    if ending == "close":
        coroutine.close()
    del coroutine
    gc.collect()
    assert (stage.record.status, stage.record.error_class) == ("cancelled", "GeneratorExit")


def test_a_plain_adapter_never_blocks_the_loop() -> None:
    turned = threading.Event()
    stage = Stage((Scripted, async_handle), lambda: CAMPAIGN if turned.wait(10) else None)

    async def main() -> Any:
        task = asyncio.ensure_future(stage.handle.pause("c1"))
        await begun(stage)
        turned.set()
        return await task

    assert asyncio.run(main()).id == "c1"


@pytest.mark.parametrize(
    ("adapter", "make"), [(a, m) for a in (Scripted, AsyncScripted) for m in (handle, async_handle)]
)
def test_the_context_of_the_caller_reaches_the_adapter(adapter: Any, make: Any) -> None:
    seen: list[Any] = []
    stage = Stage((adapter, make), seeing(seen, WAITS.get))
    token = WAITS.set("here")
    try:
        stage.good("pause")
    finally:
        WAITS.reset(token)
    assert seen == ["here"]


def test_concurrent_tasks_each_have_their_own_deadline() -> None:
    seen: dict[str, Any] = {}

    class Looking(AsyncScripted):
        async def pause(self, campaign_id: str) -> Any:
            await asyncio.sleep(0)
            seen[campaign_id] = current_deadline()
            return CAMPAIGN

    stage = Stage((Looking, async_handle), CAMPAIGN)

    async def main() -> None:
        first = asyncio.ensure_future(stage.handle.pause("c1"))
        await asyncio.sleep(0)
        stage.clock.advance(7)
        await asyncio.gather(first, stage.handle.pause("c2"))
        assert current_deadline() is None

    asyncio.run(main())
    assert (seen["c2"] - seen["c1"]).total_seconds() == 7


@pytest.mark.parametrize("passing", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
@pytest.mark.parametrize("adapter", [Scripted, AsyncScripted])
def test_what_an_adapter_lets_pass_reaches_a_plain_caller_and_the_loop_lives(
    adapter: Any, passing: type[BaseException]
) -> None:
    stage = Stage((adapter, handle), passing(), CAMPAIGN)
    with pytest.raises(passing):
        stage.handle.pause("c1")
    assert stage.record.status == "cancelled"
    assert stage.handle.pause("c1").id == "c1"
    stage.handle.close()


def test_many_threads_share_one_loop() -> None:
    loops: list[Any] = []
    stage = Stage((AsyncScripted, handle), seeing(loops, asyncio.get_running_loop))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda n: stage.handle.pause(f"c{n}"), range(40)))
    stage.handle.close()
    assert len(outputs) == len(stage.sink.records) == 40
    assert len(set(loops)) == 1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Shells have their background jobs ignore the signal, and so does whatever these start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_caller_cancels_its_call() -> None:
    ended = []

    async def interrupted() -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await hang()
        finally:
            ended.append(True)

    stage = Stage((AsyncScripted, handle), lambda: interrupted())
    with pytest.raises(KeyboardInterrupt):
        stage.handle.pause("c1")
    assert ended == [True]
    assert (stage.record.status, stage.record.error_class) == ("cancelled", "CancelledError")
    stage.handle.close()


@pytest.mark.parametrize("adapter", [Scripted, AsyncScripted])
@pytest.mark.parametrize("make", [handle, async_handle])
def test_closing_closes_the_adapter_as_often_as_asked_and_leaves_no_thread(adapter: Any, make: Any) -> None:
    before = threading.active_count()
    stage = Stage((adapter, make), CAMPAIGN)
    for times in (1, 2):
        stage.good("pause")
        assert stage.script.closed == times
    for thread in threading.enumerate():
        if thread.name.startswith("pal-acme"):
            thread.join(5)
    assert threading.active_count() == before


def ended(how: Callable[[], Any]) -> list[str]:
    class Async(AsyncScripted):
        async def aclose(self) -> None:
            told.append("aclose")
            await asyncio.sleep(0)

        def close(self) -> None:
            told.append("close")

    told: list[str] = []
    how(Async)  # type: ignore[call-arg]
    return told


def test_an_async_adapter_with_both_ways_to_close_is_closed_by_its_own() -> None:
    def plainly(adapter: Any) -> None:
        Stage((adapter, handle), CAMPAIGN).handle.close()

    def awaited(adapter: Any) -> None:
        asyncio.run(Stage((adapter, async_handle), CAMPAIGN).handle.aclose())

    assert ended(plainly) == ended(awaited) == ["aclose"]  # type: ignore[arg-type]


def test_a_plain_close_of_an_async_adapter_runs_on_its_loop() -> None:
    seen: list[Any] = []

    class Closing(AsyncScripted):
        aclose = None  # type: ignore[assignment]

        def close(self) -> None:
            seen.append(asyncio.get_running_loop())

    stage = Stage((Closing, handle), seeing(seen, asyncio.get_running_loop))
    stage.good("pause")
    Stage((Closing, async_handle), CAMPAIGN).good("pause")
    assert len(seen) == 3
    assert seen[0] is seen[1]


@pytest.mark.parametrize("make", [handle, async_handle])
@pytest.mark.parametrize("base", [Scripted, AsyncScripted])
def test_a_flush_that_fails_raises_and_is_tried_again_by_the_next_close(make: Any, base: Any) -> None:
    lost = NonRetryableError("unavailable", details={"lost": 2})
    loops: list[Any] = []

    def fail_once() -> None:
        with suppress(RuntimeError):
            loops.append(asyncio.get_running_loop())
        if not told:
            told.append(lost)
            raise lost

    told: list[Any] = []

    class Flushing(base):  # type: ignore[misc]
        def close(self) -> None:
            fail_once()

        async def aclose(self) -> None:
            fail_once()

    stage = Stage((Flushing, make), CAMPAIGN)

    async def closing() -> None:
        assert isinstance(stage.handle, AsyncHandle)
        with pytest.raises(NonRetryableError) as caught:
            await stage.handle.aclose()
        assert caught.value is lost
        await stage.handle.aclose()

    if isinstance(stage.handle, AsyncHandle):
        asyncio.run(closing())
    else:
        with pytest.raises(NonRetryableError):
            stage.handle.close()
        stage.handle.close()
    assert len(set(loops)) <= 1


def test_handles_close_at_the_end_of_their_block() -> None:
    plain, awaited = Stage((Scripted, handle), CAMPAIGN), Stage((AsyncScripted, async_handle), GOOD["pause"])

    async def main() -> Any:
        async with awaited.handle as ads:  # type: ignore[union-attr]
            return await ads.call("pause", campaign_id="c1")

    with plain.handle as ads:  # type: ignore[union-attr]
        assert ads.call("pause", campaign_id="c1") == asyncio.run(main())
    assert plain.script.closed == awaited.script.closed == 1
