"""Plain calls to what may be async."""

import asyncio
import inspect
from typing import Any


class Waiter:
    """Gives the value of a result, awaited on a loop of its own where that is needed. `end` it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait(self, result: Any) -> Any:
        if not inspect.isawaitable(result):
            return result
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(_awaited(result))

    def end(self) -> None:
        if self._loop is not None:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._loop = None

    def close_instance(self, adapter: Any) -> None:
        """Calls the ``aclose`` or ``close`` of an adapter, where it has one."""
        closing = getattr(adapter, "aclose", None) or getattr(adapter, "close", None)
        if closing is not None:
            self.wait(closing())

    def tasks(self) -> int:
        """Tasks that still run on the loop."""
        return 0 if self._loop is None else len(asyncio.all_tasks(self._loop))


async def _awaited(result: Any) -> Any:
    return await result
