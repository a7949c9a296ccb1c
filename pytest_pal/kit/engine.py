"""An engine in memory that can be made to fail: the vendor of the mocks where a fault is injected."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from ..faults.engines import ENGINE_FAULTS
from ..primitives.state import State
from .harness import Harness

ERRORS = {
    "engine_busy": errno.EBUSY,
    "engine_full": errno.ENOSPC,
    "engine_read_only": errno.EROFS,
    "engine_commit_then_fail": errno.EIO,
}


class MemoryEngine:
    """Keeps a state as text, so that nobody who was given it shares it. Satisfies `primitives.state.Engine`."""

    def __init__(self) -> None:
        self._text = "{}"
        self._fault = ""
        self._failed = 0

    def load(self) -> State:
        if self._fault == "engine_busy":
            self._fail()
        if self._fault == "engine_corrupt":
            self._failed += 1
        state: State = json.loads(self._text[:-1] if self._fault == "engine_corrupt" else self._text)
        return state

    def save(self, state: State) -> None:
        if self._fault in ("engine_full", "engine_read_only"):
            self._fail()
        self._text = json.dumps(state)
        if self._fault == "engine_commit_then_fail":
            self._fail()

    @contextmanager
    def failing(self, fault: str) -> Iterator[Callable[[], int]]:
        """Fails in that way while it is open; gives a function that says how often it did."""
        self._fault, self._failed = fault, 0
        try:
            yield lambda: self._failed
        finally:
            self._fault = ""

    def _fail(self) -> None:
        self._failed += 1
        raise OSError(ERRORS[self._fault], os.strerror(ERRORS[self._fault]))


def with_engine(harness: Harness) -> Harness:
    """The harness of an adapter that keeps its state in a `StateBox`, over an engine with every fault."""
    return replace(
        harness,
        fresh=MemoryEngine,
        config=lambda engine: {**harness.config_for(None), "state": engine},
        inject={name: partial(MemoryEngine.failing, fault=name) for name in ENGINE_FAULTS},
    )
