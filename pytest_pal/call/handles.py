"""Handles: how callers hold an adapter, always plain or always async, whatever the adapter is."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Self

from ..clock import Clock
from ..errors import PalError
from ..model.capability import Capability
from ..model.context import Ids
from ..telemetry.records import Sink
from .awaited import AwaitedOperation
from .binding import Binding
from .loop_thread import LoopThread
from .plain import PlainOperation
from .retry import DEFAULT, RetryPolicy
from .terms import MayRepeat
from .threads import Threads
from .wiring import Wiring


class _Handle:
    """What both kinds of handle share. Each operation of the capability is an attribute that can be called."""

    def __init__(self, capability: Capability, adapter: Any, operations: dict[str, Callable[..., Any]]) -> None:
        self._capability, self._adapter, self._operations = capability, adapter, operations
        # In the instance's own dictionary, so that a call costs one look-up.
        self.__dict__.update(operations)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        has = ", ".join(self._operations)
        raise AttributeError(f"{self._capability.name} has no operation {name!r}; it has {has}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._capability.name}: {type(self._adapter).__name__}>"

    def _operation(self, name: str) -> Callable[..., Any]:
        return self._operations[self._capability.operation(name).name]

    async def _close(self) -> None:
        """Closes the adapter, by its own way where it has two."""
        result = self._closing()
        if inspect.isawaitable(result):
            await result

    def _closing(self) -> Any:
        names = ("aclose", "close") if self._is_async else ("close", "aclose")
        closing = next(filter(None, (getattr(self._adapter, name, None) for name in names)), None)
        return closing() if closing else None

    @property
    def _is_async(self) -> bool:
        """Whether the adapter lives on a loop, so that it is closed there."""
        return any(inspect.iscoroutinefunction(getattr(self._adapter, name, None)) for name in self._operations)


class SyncHandle(_Handle):
    """A plain caller's handle; safe for threads. Made by `handle`."""

    def __init__(
        self, capability: Capability, adapter: Any, operations: dict[str, Callable[..., Any]], loop: LoopThread
    ) -> None:
        super().__init__(capability, adapter, operations)
        self._loop = loop

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation by name. Raises PalError for one that the capability does not have."""
        return self._operation(operation)(**arguments)

    def close(self) -> None:
        """Closes the adapter, as often as it is called; raises what the adapter raises, and can then be repeated."""
        result = self._close() if self._is_async else self._closing()
        if inspect.isawaitable(result):
            self._loop.run(_awaited(result))
        self._loop.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncHandle(_Handle):
    """A handle for callers on an event loop, which it never blocks. Made by `async_handle`."""

    def __init__(
        self, capability: Capability, adapter: Any, operations: dict[str, Callable[..., Any]], threads: Threads
    ) -> None:
        super().__init__(capability, adapter, operations)
        self._threads = threads

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation by name. Raises PalError for one that the capability does not have."""
        return await self._operation(operation)(**arguments)

    async def aclose(self) -> None:
        """Closes the adapter, as often as it is called; raises what the adapter raises, and can then be repeated."""
        if self._is_async:
            await self._close()
        else:
            result = await self._threads.run(self._closing)
            if inspect.isawaitable(result):
                await result
        self._threads.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def handle(
    adapter: Any,
    capability: Capability,
    *,
    name: str,
    clock: Clock,
    random: Random,
    ids: Ids,
    sinks: Sequence[Sink] = (),
    retry: RetryPolicy = DEFAULT,
    deadline_s: float | None = None,
    may_repeat: MayRepeat | None = None,
) -> SyncHandle:
    """A plain handle over ``adapter``, an instance whose operations are plain or async functions.

    Each operation checks its arguments by the contract (invalid: the adapter is not called), makes at most
    ``retry.max_attempts`` attempts within ``deadline_s`` seconds (the contract's own by default), checks the output,
    and gives one record to each of ``sinks``. ``name`` is the adapter's name in those records. Sleeps and times are
    ``clock``'s, jitter is drawn from ``random``, keys that a caller leaves out come from ``ids``. ``may_repeat`` is
    asked before each repeat.

    A plain adapter is never interrupted: it reads the remaining time from its context, and no attempt begins after
    the deadline. An async adapter is cut at the deadline. It runs on one loop in a thread of the handle's own until
    `SyncHandle.close`; so does a coroutine that a plain function returns. Methods are looked up once, here.

    Operations raise RetryableError or NonRetryableError and nothing else, but let cancellation and interrupts pass.
    Raises PalError for an adapter, a name or a deadline that cannot be.
    """
    _refuse_a_handle(adapter)
    wiring = Wiring(name, clock, random, ids, tuple(sinks), retry, deadline_s, may_repeat)
    loop, threads = LoopThread(f"pal-{name}"), Threads(f"pal-{name}")

    def operation(binding: Binding) -> Callable[..., Any]:
        if not inspect.iscoroutinefunction(binding.method):
            return PlainOperation(binding, loop)
        awaited = AwaitedOperation(binding, threads)
        return lambda *given, **named: loop.run(awaited(*given, **named))

    operations = {binding.site.operation: operation(binding) for binding in wiring.bind(adapter, capability)}
    return SyncHandle(capability, adapter, operations, loop)


def async_handle(
    adapter: Any,
    capability: Capability,
    *,
    name: str,
    clock: Clock,
    random: Random,
    ids: Ids,
    sinks: Sequence[Sink] = (),
    retry: RetryPolicy = DEFAULT,
    deadline_s: float | None = None,
    may_repeat: MayRepeat | None = None,
) -> AsyncHandle:
    """As `handle`, for callers on an event loop: every operation is awaited.

    Plain functions of the adapter run in threads, so that the loop is never blocked; at the deadline, or when the
    task is cancelled, such a call is given up and its thread goes on by itself.
    """
    _refuse_a_handle(adapter)
    wiring = Wiring(name, clock, random, ids, tuple(sinks), retry, deadline_s, may_repeat)
    threads = Threads(f"pal-{name}")
    bindings = wiring.bind(adapter, capability)
    return AsyncHandle(capability, adapter, {b.site.operation: AwaitedOperation(b, threads) for b in bindings}, threads)


def _refuse_a_handle(adapter: Any) -> None:
    if isinstance(adapter, _Handle):
        raise PalError(f"{adapter!r} is a handle already, and only one layer may retry; give the adapter itself")


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
