"""Adapters that follow a script, and both kinds of handle over them."""

import asyncio
import inspect
from collections.abc import Callable
from random import Random
from typing import Any

from pytest_pal.call.handles import AsyncHandle, SyncHandle, async_handle, handle
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.kit.bench import START
from pytest_pal.model.context import RandomIds
from pytest_pal.telemetry.records import MemorySink, OperationRecord

SPEC = {"name": "n", "objective": "sales", "budget": 10_000_000, "currency": "USD"}
CAMPAIGN = {"id": "c1", "name": "n", "budget": 10_000_000, "currency": "USD", "objective": "sales", "status": "active"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "create_campaign": {"spec": SPEC},
    "report": {"query": {"from": "2026-03-01", "to": "2026-03-02"}},
    "pause": {"campaign_id": "c1"},
}


def seeing(seen: list[Any], look: Callable[[], Any]) -> Callable[[], Any]:
    """An outcome that keeps what ``look`` gives in the adapter, and is a success."""

    def outcome() -> Any:
        seen.append(look())
        return CAMPAIGN

    return outcome


COUNTERS = {"impressions": 0, "clicks": 0, "conversions": 0, "spend": 0, "revenue": 0}
REPORT = {
    "timezone": "UTC",
    "currency": "USD",
    "as_of": START,
    "attribution": "last click",
    "rows": [],
    "totals": COUNTERS,
}
GOOD: dict[str, dict[str, Any]] = {"create_campaign": CAMPAIGN, "report": REPORT, "pause": CAMPAIGN}


class Script:
    """What each attempt comes to, in order: an exception is raised, a function is called, else it is returned.

    The last one stands for all further attempts.
    """

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = outcomes
        self.calls: list[tuple[Any, dict[str, Any]]] = []
        self.closed = 0

    def next(self, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        outcome = self.outcomes[min(len(self.calls), len(self.outcomes) - 1)]
        self.calls.append((given, named))
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome() if inspect.isfunction(outcome) else outcome


class Scripted:
    """An adapter of ads with plain functions."""

    capability = "ads"
    contract = "1.0"

    def __init__(self, script: Script, traits: AdsTraits) -> None:
        self.script, self.traits = script, traits

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return self.script.next((spec,), {"idempotency_key": idempotency_key})

    def report(self, query: Any) -> Any:
        return self.script.next((query,), {})

    def pause(self, campaign_id: str) -> Any:
        return self.script.next((campaign_id,), {})

    def close(self) -> None:
        self.script.closed += 1


class AsyncScripted:
    """The same with async functions."""

    capability = "ads"
    contract = "1.0"

    def __init__(self, script: Script, traits: AdsTraits) -> None:
        self.script, self.traits = script, traits

    async def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return await self._next((spec,), {"idempotency_key": idempotency_key})

    async def report(self, query: Any) -> Any:
        return await self._next((query,), {})

    async def pause(self, campaign_id: str) -> Any:
        return await self._next((campaign_id,), {})

    async def aclose(self) -> None:
        self.script.closed += 1

    async def _next(self, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        await asyncio.sleep(0)
        found = self.script.next(given, named)
        return await found if inspect.isawaitable(found) else found


class Wrapped(AsyncScripted):
    """Async behind plain functions, as a decorator that is not async leaves it."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=idempotency_key)

    def report(self, query: Any) -> Any:
        return super().report(query)

    def pause(self, campaign_id: str) -> Any:
        return super().pause(campaign_id)


Kind = tuple[type[Any], Callable[..., SyncHandle | AsyncHandle]]
PLAIN: Kind = (Scripted, handle)
KINDS: dict[str, Kind] = {
    "plain adapter, plain caller": PLAIN,
    "async adapter, plain caller": (AsyncScripted, handle),
    "wrapped adapter, plain caller": (Wrapped, handle),
    "plain adapter, async caller": (Scripted, async_handle),
    "async adapter, async caller": (AsyncScripted, async_handle),
    "wrapped adapter, async caller": (Wrapped, async_handle),
}


class WatchedClock(SimulatedClock):
    """Keeps how long it was slept by."""

    def __init__(self) -> None:
        super().__init__(START)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        super().sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().asleep(seconds)


class Stage:
    """One adapter with its script under one handle; `call` gives what a caller gets."""

    def __init__(self, kind: Kind, *outcomes: Any, traits: AdsTraits | None = None, **options: Any) -> None:
        adapter, make = kind
        self.script, self.clock, self.sink = Script(*outcomes), WatchedClock(), MemorySink()
        options.setdefault("sinks", [self.sink])
        self.handle = make(
            adapter(self.script, traits or AdsTraits()),
            CAPABILITY,
            name="acme",
            clock=self.clock,
            random=Random(1),
            ids=RandomIds(Random(2)),
            **options,
        )

    def call(self, operation: str, *given: Any, **named: Any) -> Any:
        if isinstance(self.handle, AsyncHandle):
            return asyncio.run(self._called(operation, given, named))
        try:
            return getattr(self.handle, operation)(*given, **named)
        finally:
            self.handle.close()

    def good(self, operation: str) -> Any:
        """A call with arguments that the contract allows."""
        return self.call(operation, **ARGUMENTS[operation])

    @property
    def record(self) -> OperationRecord:
        """The only one."""
        (record,) = self.sink.records
        return record

    async def _called(self, operation: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        try:
            return await getattr(self.handle, operation)(*given, **named)
        finally:
            assert isinstance(self.handle, AsyncHandle)
            await self.handle.aclose()
