"""The state of an in-process vendor: one JSON-serialisable dict, or a file that holds it."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from ..canonical import write_atomically
from ..errors import PalError

State = dict[str, Any]
_LOCK = threading.RLock()


class StateBox:
    """``config['state']``, opened for one operation at a time: ``with box as state: ...``.

    A dict is used in place, so that everybody who was handed it shares it. A path is read at entry
    and written at exit; after an exception nothing is written. ``initial`` makes an empty state.
    """

    def __init__(self, source: Any, initial: Callable[[], State]) -> None:
        if source is not None and not isinstance(source, dict | str | Path):
            raise PalError(f"config['state'] must be a dict or a path, not a {type(source).__name__}")
        self._path = None if source is None or isinstance(source, dict) else Path(source)
        self._state: State = source if isinstance(source, dict) else {}
        self._initial = initial

    def __enter__(self) -> State:
        _LOCK.acquire()
        try:
            if self._path is not None:
                self._state = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}
            for name, empty in self._initial().items():
                self._state.setdefault(name, empty)
        except BaseException:
            _LOCK.release()
            raise
        return self._state

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._path is not None and kind is None:
                write_atomically(self._path, json.dumps(self._state), durable=False)
        finally:
            _LOCK.release()
