"""One event loop in one daemon thread, for everything of pytest-pal that listens in this process."""

import asyncio
import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import ClassVar, TypeVar

T = TypeVar("T")


def _monotonic() -> Callable[[], float]:
    """The process's own clock: where freezegun is active already, ``time.monotonic`` stands still."""
    frozen = sys.modules.get("freezegun.api")
    real: Callable[[], float] = getattr(frozen, "real_monotonic", time.monotonic)
    return real


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose timers run while the time of the tests stands still."""

    def __init__(self) -> None:
        # An attribute of an instance: freezegun replaces those of modules. Set first, because __init__ asks for it.
        self._now = _monotonic()
        super().__init__()
        self.thread = threading.Thread(target=self.run_forever, name="pytest-pal-loopback", daemon=True)

    def time(self) -> float:
        return self._now()


class _Process:
    """What this process has; a forked child starts anew."""

    lock = threading.Lock()
    loop: _Loop | None = None
    inherited: ClassVar[list[_Loop]] = []


def running() -> _Loop:
    """The loop of this process, started at the first call."""
    loop = _Process.loop
    if loop is not None:
        return loop
    with _Process.lock:
        if _Process.loop is None:
            _Process.loop = _started()
        return _Process.loop


def _started() -> _Loop:
    loop = _Loop()
    loop.thread.start()
    return loop


def on_loop(work: Callable[[], T]) -> T:
    """Run ``work`` on the loop's thread and wait for what it returns or raises."""
    loop = running()
    if threading.get_ident() == loop.thread.ident:
        return work()
    done: Future[T] = Future()
    loop.call_soon_threadsafe(_settle, done, work)
    return done.result()


def _settle(done: Future[T], work: Callable[[], T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        done.set_exception(error)


def finish(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait until tasks of the loop are done, however they end. On the loop's own thread there is no waiting."""
    left = list(tasks)
    loop = running()
    if left and threading.get_ident() != loop.thread.ident:
        asyncio.run_coroutine_threadsafe(asyncio.wait(left), loop).result()


def _end() -> None:
    loop, _Process.loop = _Process.loop, None
    if loop is not None:
        asyncio.run_coroutine_threadsafe(_wind_up(), loop)
        loop.thread.join()
        loop.close()


async def _wind_up() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    asyncio.get_running_loop().stop()


atexit.register(_end)


def _forget() -> None:
    """In a forked child: leave the parent's loop untouched, because the two share one epoll set.

    It is kept, as are its transports by their servers: collected, they would warn that nobody closed them.
    """
    _Process.lock = threading.Lock()
    if _Process.loop is not None:
        _Process.inherited.append(_Process.loop)
        _Process.loop = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
