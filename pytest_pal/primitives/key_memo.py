"""Idempotency keys for a vendor that has none: each is written down before its request leaves."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..canonical import digest
from ..clock import Clock
from ..errors import NonRetryableError, ProviderError, RetryableError
from .local_store import LocalStore

Json = dict[str, Any]
DAY_S = 86_400
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (slot TEXT PRIMARY KEY, payload TEXT NOT NULL, started REAL NOT NULL, result TEXT)
"""


class KeyMemo:
    """What an adapter with at-most-once delivery remembers of its keys, in a file under ``state_dir``.

    ``state_dir`` None: in memory. ``ttl_s`` is how long a key is remembered, in seconds, at least a day.
    ``durable`` as of `LocalStore`. ``asks_again``: the vendor knows its keys, too, so that an action whose end
    is not known is run again, and not refused; what is left to the memo is what that vendor does not check.
    One memo serves many threads. Raises ValueError for a shorter ``ttl_s``.
    """

    def __init__(
        self,
        state_dir: Path | None,
        clock: Clock,
        *,
        ttl_s: float = DAY_S,
        durable: bool = True,
        asks_again: bool = False,
    ) -> None:
        if ttl_s < DAY_S:
            raise ValueError(f"keys are remembered for at least {DAY_S} s, not {ttl_s:g}")
        path = None if state_dir is None else state_dir / "keys.sqlite3"
        self._store = LocalStore(path, _SCHEMA, durable=durable)
        self._clock, self._ttl, self._asks_again = clock, timedelta(seconds=ttl_s), asks_again
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def run(self, operation: str, key: str, payload: Json, action: Callable[[], Json]) -> Json:
        """The result of ``action`` for a new key, the stored result for one whose action has ended.

        A key's scope is the operation. An action that raises a ProviderError with a known outcome leaves the
        key free; after any other exception the key stays taken, because the effect may be there. Raises
        NonRetryableError(key_conflict) where the key came with another payload, RetryableError(in_progress)
        while another thread runs it, NonRetryableError(unavailable, outcome_unknown) where it was started
        and its end is not known, RetryableError(unavailable) where the file cannot be used.
        """
        slot = f"{operation}/{key}"
        with self._lock:
            is_new, stored = self._begin(slot, digest(payload))
            if stored is not None:
                return stored
            self._running.add(slot)
        try:
            return self._act(slot, action, is_new)
        finally:
            self._running.discard(slot)

    def close(self) -> None:
        """Forgets what is in memory; a file stays."""
        self._store.close()

    def _begin(self, slot: str, payload: str) -> tuple[bool, Json | None]:
        """Takes a key that is new, and says that it is; gives the stored result of a known one."""
        now = self._clock.now()
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM keys WHERE started <= ?", ((now - self._ttl).timestamp(),))
            row = connection.execute("SELECT payload, result FROM keys WHERE slot = ?", (slot,)).fetchone()
            if row is not None:
                return False, self._known(slot, payload, *row)
            connection.execute("INSERT INTO keys VALUES (?, ?, ?, NULL)", (slot, payload, now.timestamp()))
        return True, None

    def _known(self, slot: str, payload: str, first_payload: str, result: str | None) -> Json | None:
        """The stored result; None where the action is to be run again."""
        if payload != first_payload:
            raise NonRetryableError("key_conflict", "the key was used with another payload")
        if result is not None:
            stored: Json = json.loads(result)
            return stored
        if slot in self._running:
            raise RetryableError("in_progress", "a call with this key has not ended yet")
        if self._asks_again:
            return None
        raise NonRetryableError(
            "unavailable", "an earlier call with this key may or may not have taken effect", outcome_unknown=True
        )

    def _act(self, slot: str, action: Callable[[], Json], is_new: bool) -> Json:
        try:
            result = json.dumps(action())
        except ProviderError as error:
            # What an earlier attempt may have done is no better known by the refusal of a later one.
            if is_new and not error.outcome_unknown:
                self._write("DELETE FROM keys WHERE slot = ?", slot)
            raise
        self._write("UPDATE keys SET result = ? WHERE slot = ?", result, slot)
        returned: Json = json.loads(result)
        return returned

    def _write(self, statement: str, *values: str) -> None:
        """Where this fails the key stays taken: the caller still learns what happened, a repeat that it is unknown."""
        with suppress(RetryableError), self._store.transaction() as connection:
            connection.execute(statement, values)
