"""Threads for the plain functions of an adapter that is called from an event loop."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MOST_THREADS = 32
"""A task beyond these waits for one to be free, on its own deadline."""


class Threads:
    """A pool that is made when it is first needed. `end` it; a `run` makes it anew."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, function: Callable[..., Any], /, *by_position: Any, **by_keyword: Any) -> Any:
        """What the function returns or raises, in the context variables of the task.

        A task that is cancelled meanwhile leaves the function running: a thread cannot be stopped.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=self._name)
        context = contextvars.copy_context()
        value, error = await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: context.run(_outcome, function, by_position, by_keyword)
        )
        if error is not None:
            raise error
        return value

    def end(self) -> None:
        """Idle threads end at once, the others after their call; nobody waits for them."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)


def _outcome(
    function: Callable[..., Any], by_position: tuple[Any, ...], by_keyword: dict[str, Any]
) -> tuple[Any, BaseException | None]:
    """Errors are handed over as values: a StopIteration could not be set on a future, and nobody would be woken."""
    try:
        return function(*by_position, **by_keyword), None
    except BaseException as error:  # noqa: BLE001 - it is raised again in the task
        return None, error
