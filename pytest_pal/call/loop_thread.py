"""An event loop in a thread of its own, for plain callers of async adapters."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

CLEANING_UP_S = 1.0
"""How long an interrupted caller waits for its cancelled call to end, in seconds."""
JOIN_S = 5.0
"""How long `LoopThread.end` waits for what refuses to be cancelled, in seconds."""


class LoopThread:
    """Started by the first `run`; one loop for all callers, whatever their thread. `end` it; a `run` starts it anew."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """What the coroutine returns or raises, in the context variables of the caller.

        A caller that is interrupted meanwhile cancels it.
        """
        loop, errand = self._started(), _Errand(coroutine)
        try:
            value, error = asyncio.run_coroutine_threadsafe(errand.outcome(), loop).result()
        except BaseException:
            errand.give_up(loop)
            raise
        if error is not None:
            raise error
        return value

    def end(self) -> None:
        """Cancels what still runs on the loop, and closes it."""
        with self._lock:
            thread, loop, ending = self._thread, self._loop, self._ending
            self._thread = self._loop = self._ending = None
        if thread is not None and loop is not None and ending is not None:
            with suppress(RuntimeError):  # a loop that is closed already
                loop.call_soon_threadsafe(ending.set)
            thread.join(JOIN_S)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                ready = threading.Event()
                self._thread = threading.Thread(target=self._serve, args=(ready,), name=self._name, daemon=True)
                self._thread.start()
                ready.wait()
            assert self._loop is not None
            return self._loop

    def _serve(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._until_ended(ready))
        finally:
            ready.set()

    async def _until_ended(self, ready: threading.Event) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        ending = self._ending
        ready.set()
        await ending.wait()


class _Errand:
    """A coroutine on a loop, for a caller in another thread, who may be interrupted at any moment."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._given_up = False
        self._ended = threading.Event()

    async def outcome(self) -> tuple[Any, BaseException | None]:
        """Errors are handed over as values: an interrupt raised in a task would end the loop of everybody."""
        self._task = asyncio.current_task()
        if self._given_up and self._task is not None:
            self._task.cancel()
        try:
            return await self._coroutine, None
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            return None, error
        finally:
            self._ended.set()

    def give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancels it, also where it has not begun yet, and waits for it to clean up."""
        self._given_up = True
        if self._task is not None:
            loop.call_soon_threadsafe(self._task.cancel)
        self._ended.wait(CLEANING_UP_S)
