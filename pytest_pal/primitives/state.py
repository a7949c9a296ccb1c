"""The state of an in-process vendor: one JSON-serialisable dict, or a file or an engine that keeps it."""

import errno
import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ..canonical import write_atomically
from ..errors import NonRetryableError, PalError, ProviderError, RetryableError

State = dict[str, Any]
_LOCK = threading.RLock()


class Engine(Protocol):
    """What keeps a state elsewhere. Both raise OSError where they cannot; one of `save` may come after the write."""

    def load(self) -> State:
        """A copy of what is kept, ``{}`` where nothing is. Raises ValueError where that is not JSON."""

    def save(self, state: State) -> None:
        """Keeps all of the state, or none of it."""


class StateBox:
    """``config['state']``, opened for one operation at a time: ``with box as state: ...``.

    A dict is used in place, so that everybody who was handed it shares it. A path or an `Engine` is read
    at entry and written at exit, where something changed; after an exception nothing is written.
    ``initial`` makes an empty state.

    What the disk or the engine raises leaves in the shared taxonomy: RetryableError(unavailable) where it is
    busy, NonRetryableError(quota_exhausted) where it is full, NonRetryableError(forbidden) where it must not be
    written, NonRetryableError(malformed_reply) where it is corrupt, else RetryableError(unavailable), after a
    write with ``outcome_unknown``.
    """

    def __init__(self, source: Any, initial: Callable[[], State]) -> None:
        self._state: State = source if isinstance(source, dict) else {}
        self._engine = None if source is None or isinstance(source, dict) else _engine(source)
        self._initial = initial
        self._depth = 0
        self._before = ""

    def __enter__(self) -> State:
        _LOCK.acquire()
        try:
            if self._depth == 0:
                self._open()
        except BaseException:
            _LOCK.release()
            raise
        self._depth += 1
        return self._state

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        try:
            if self._engine is not None and self._depth == 0 and kind is None:
                self._save(self._engine)
        finally:
            _LOCK.release()

    def _open(self) -> None:
        if self._engine is not None:
            self._state = _loaded(self._engine)
        for name, empty in self._initial().items():
            self._state.setdefault(name, empty)
        if self._engine is not None:
            self._before = json.dumps(self._state)

    def _save(self, engine: Engine) -> None:
        if json.dumps(self._state) == self._before:
            return
        try:
            engine.save(self._state)
        except OSError as error:
            raise _refusal(error, "written", outcome_unknown=True) from error


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> State:
        try:
            state: State = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return state

    def save(self, state: State) -> None:
        write_atomically(self._path, json.dumps(state), durable=False)


def _engine(source: Any) -> Engine:
    if isinstance(source, str | Path):
        return _File(Path(source))
    if callable(getattr(source, "load", None)) and callable(getattr(source, "save", None)):
        engine: Engine = source
        return engine
    kind = type(source).__name__
    raise PalError(f"config['state'] must be a dict, a path, or an engine with load() and save(state), not a {kind}")


def _loaded(engine: Engine) -> State:
    try:
        state = engine.load()
    except OSError as error:
        raise _refusal(error, "read", outcome_unknown=False) from error
    except ValueError as error:
        raise NonRetryableError("malformed_reply", f"the state is corrupt: {error}") from error
    if not isinstance(state, dict):
        raise NonRetryableError("malformed_reply", f"the state is corrupt: a {type(state).__name__}, not an object")
    return state


def _refusal(error: OSError, done: str, *, outcome_unknown: bool) -> ProviderError:
    """Of the errors that refuse, the outcome is known: nothing was written. Any other may come after the write."""
    reason = error.strerror or type(error).__name__
    text = f"the state cannot be {done}: {reason}"
    if error.errno in _BUSY:
        return RetryableError("unavailable", text)
    if error.errno in _FULL:
        return NonRetryableError("quota_exhausted", text)
    if error.errno in _FORBIDDEN:
        return NonRetryableError("forbidden", text)
    return RetryableError("unavailable", text, outcome_unknown=outcome_unknown)


_BUSY = frozenset({errno.EBUSY, errno.EAGAIN, errno.ETXTBSY})
# A full disk stays full over the seconds in which a call is repeated: somebody has to make room first.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
