"""Which identifiers were claimed or released a moment ago, while PostHog does not show it yet."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from ..clock import Clock
from ..errors import NonRetryableError, RetryableError
from ..primitives.local_store import LocalStore

_SCHEMA = """
CREATE TABLE IF NOT EXISTS claims (
    name TEXT, value TEXT, owner TEXT, at REAL NOT NULL, PRIMARY KEY (name, value)
)
"""
Pairs = Mapping[str, str]


class RecentClaims:
    """Kept in a file under ``state_dir`` (None: in memory) for ``seconds``, the vendor's read bound.

    ``durable`` as of `LocalStore`. One object serves many threads.
    """

    def __init__(self, state_dir: Path | None, clock: Clock, *, seconds: float, durable: bool) -> None:
        path = None if state_dir is None else state_dir / "claims.sqlite3"
        self._store = LocalStore(path, _SCHEMA, durable=durable)
        self._clock, self._window = clock, timedelta(seconds=seconds)

    def claim(self, id: str, pairs: Pairs) -> Pairs:
        """Notes that ``id`` claims these, and gives those that the vendor must be asked about.

        Raises NonRetryableError(conflict) where another profile claimed one, with nothing noted.
        """
        now = self._clock.now()
        with self._store.transaction() as db:
            db.execute("DELETE FROM claims WHERE at <= ?", ((now - self._window).timestamp(),))
            owners = {row[:2]: row[2] for row in db.execute("SELECT name, value, owner FROM claims")}
            for pair in pairs.items():
                if owners.get(pair) not in (None, "", id):
                    raise NonRetryableError("conflict", f"another profile owns this {pair[0]}")
            rows = [(*pair, id, now.timestamp()) for pair in pairs.items()]
            db.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", rows)
        return {name: value for name, value in pairs.items() if (name, value) not in owners}

    def release(self, id: str, pairs: Pairs) -> None:
        """Notes that these have no owner any more, where none but ``id`` claimed them since.

        What cannot be noted is left to the vendor; so also in `forget`.
        """
        at = self._clock.now().timestamp()
        statement = """
        INSERT INTO claims VALUES (?, ?, '', ?)
        ON CONFLICT (name, value) DO UPDATE SET owner = '', at = excluded.at WHERE owner = ?
        """
        with suppress(RetryableError), self._store.transaction() as db:
            db.executemany(statement, [(*pair, at, id) for pair in pairs.items()])

    def forget(self, id: str, pairs: Pairs) -> None:
        """As if ``id`` had never claimed these; the vendor knows whose they are."""
        statement = "DELETE FROM claims WHERE name = ? AND value = ? AND owner = ?"
        with suppress(RetryableError), self._store.transaction() as db:
            db.executemany(statement, [(*pair, id) for pair in pairs.items()])

    def close(self) -> None:
        self._store.close()
