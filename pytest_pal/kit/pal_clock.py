"""The clock of the fixture ``pal_clock``."""

from contextlib import ExitStack
from typing import Any

from ..clock import SimulatedClock
from .bench import START


class PalClock(SimulatedClock):
    """Moves only when told. ``freeze()`` lets the machine's clock follow it, for code that reads that one.

    asyncio keeps its real time even then, so that timeouts and sleeps of an event loop still end.
    """

    def __init__(self) -> None:
        super().__init__(START)
        self._frozen: Any = None
        self._undo = ExitStack()

    def __enter__(self) -> "PalClock":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def freeze(self) -> "PalClock":
        """From now on until the end of the test ``datetime.now()``, ``time.time()`` and the like say what this says."""
        if self._frozen is None:
            from freezegun import freeze_time

            self._frozen = self._undo.enter_context(freeze_time(self.now(), real_asyncio=True))
        return self

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        if self._frozen is not None:
            self._frozen.move_to(self.now())
