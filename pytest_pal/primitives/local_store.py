"""A small SQLite store of an adapter's own: short transactions, safe between threads and between processes."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import RetryableError

WAIT_S = 1.0


class LocalStore:
    """``path`` is the file, made where there is none; None: kept in memory, until `close`.

    ``schema`` is SQL that may run again and again. ``durable`` false: a commit does not wait for the disk, so
    that it outlives the process but not a loss of power. Another process is waited for at most 1 s.
    """

    def __init__(self, path: Path | None, schema: str, *, durable: bool = True) -> None:
        self._path, self._schema, self._durable = path, schema, durable
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a write transaction: committed at the end, rolled back after an exception.

        Raises RetryableError(unavailable) where the store is busy or cannot be used.
        """
        with self._lock:
            try:
                with self._connection() as connection, connection:
                    connection.execute("BEGIN IMMEDIATE")
                    yield connection
            except sqlite3.Error as error:
                raise RetryableError("unavailable", f"the local store: {error}") from error

    def close(self) -> None:
        """Forgets what is in memory; a file stays."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A file is opened for each transaction, so that an instance that is dropped leaves nothing open."""
        if self._path is None:
            self._memory = self._memory or self._opened(":memory:")
            yield self._memory
            return
        connection = self._opened(str(self._path))
        try:
            yield connection
        finally:
            connection.close()

    def _opened(self, path: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            if not self._durable:
                connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(self._schema)
        except sqlite3.Error:
            connection.close()
            raise
        return connection
