"""A correct adapter over SQLite, which shares nothing with the mock: cents, ids that count, one query a day."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ...canonical import digest
from ...contracts.ads.protocol import CampaignSpec, ReportQuery
from ...errors import NonRetryableError
from ...model.money import minor_unit
from .accounts import DAY_MS, Account, Json, asked, days, delivered, instant, ms, of_same_print, text

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, print TEXT, made TEXT);
CREATE TABLE IF NOT EXISTS campaigns (
  id TEXT PRIMARY KEY, name TEXT, objective TEXT, cents INTEGER, daily INTEGER, starts INTEGER, ends INTEGER,
  stopped INTEGER
);
"""
SPENT = f"""
SELECT id, daily * max(0, min(?1, ?3, coalesce(ends, ?3), coalesce(stopped, ?3)) - max(starts, ?2))
  / max({DAY_MS}, ?3 - ?2)
FROM campaigns ORDER BY id DESC
"""


class SqliteAds(Account):
    """Budgets in cents, ids that count, and a report by one query a day."""

    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: str) -> Json:
        print_ = digest(spec.plain())
        with self._transaction() as db:
            known = db.execute("SELECT print, made FROM keys WHERE key = ?", (idempotency_key,)).fetchone()
            if known is None:
                self._refuse(spec)
                known = print_, json.dumps(self._shown(db, self._inserted(db, spec)))
                db.execute("INSERT INTO keys VALUES (?, ?, ?)", (idempotency_key, *known))
        return of_same_print(print_, known[0], json.loads(known[1]))

    def pause(self, campaign_id: str) -> Json:
        with self._transaction() as db:
            now = self._now()
            goes_on = "stopped IS NULL AND coalesce(ends > ?, TRUE)"
            db.execute(f"UPDATE campaigns SET stopped = ? WHERE id = ? AND {goes_on}", (now, campaign_id, now))
            return self._shown(db, campaign_id)

    def report(self, query: ReportQuery) -> Json:
        now = self._now()
        with self._transaction() as db:
            known = [id for (id,) in db.execute("SELECT id FROM campaigns")]
            wanted = set(asked(query, known))
            rows = [
                {"campaign_id": id, "day": day, **delivered(cents * minor_unit(self._currency))}
                for day in days(query)
                for id, cents in db.execute(SPENT, [now, *self._hours(day)]).fetchall()
                if id in wanted
            ]
        return self._reported(rows, now)

    def observe(self) -> "SqliteAds":
        return self

    def campaigns(self) -> list[Json]:
        with self._transaction() as db:
            return [self._shown(db, id) for (id,) in db.execute("SELECT id FROM campaigns ORDER BY name").fetchall()]

    def _inserted(self, db: sqlite3.Connection, spec: CampaignSpec) -> str:
        now, end = self._now(), spec.end and ms(spec.end)
        start = max(now, ms(spec.start or instant(now)))
        cents = daily = spec.budget // minor_unit(spec.currency)
        if spec.budget_type == "lifetime" and end:
            daily = cents * DAY_MS // max(DAY_MS, end - start)
        id = f"{db.execute('SELECT count(*) + 1 FROM campaigns').fetchone()[0]:06}"
        row = (id, spec.name, spec.objective, cents, daily, start, end, now if spec.paused else None)
        db.execute("INSERT INTO campaigns VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return id

    def _shown(self, db: sqlite3.Connection, id: str) -> Json:
        row = db.execute("SELECT * FROM campaigns WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NonRetryableError("not_found", id)
        _, name, objective, cents, _, start, end, stopped = row
        ended = end is not None and end <= self._now()
        status = "ended" if ended else "active" if stopped is None else "paused"
        of = {"id": id, "name": name, "objective": objective, "currency": self._currency, "status": status}
        return {**of, "budget": cents * minor_unit(self._currency), "start": text(start), "end": end and text(end)}

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path / "account.sqlite3", isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
