"""A correct adapter over a journal, which shares nothing with the mock: coroutines, and nothing is locked."""

import asyncio
import json
from datetime import date

from ...canonical import digest
from ...contracts.ads.protocol import AdsTraits, CampaignSpec, ReportQuery
from ...errors import NonRetryableError
from .accounts import COUNTERS, HOUR_MS, Account, Json, asked, days, lived, ms_of, of_same_print, text


class JournalAds(Account):
    """Coroutines over a file that only grows: of two lines with one key the first counts, nothing is locked.

    Campaigns are reviewed for an hour; leads cost nothing; a report counts whole hours.
    """

    traits = AdsTraits(objectives=("leads", "sales"), min_daily_budget=5_000_001, read_bound_s=3_600)

    async def create_campaign(self, spec: CampaignSpec, *, idempotency_key: str) -> Json:
        print_ = digest(spec.plain())
        if idempotency_key not in self._told():
            self._refuse(spec)
            await asyncio.sleep(0)
            self._tell({"key": idempotency_key, "print": print_, "at": self._now(), "spec": spec.plain()})
        told = self._told()[idempotency_key]
        return of_same_print(print_, told["print"], self._shown({**told, "stopped": None}, told["at"]))

    async def pause(self, campaign_id: str) -> Json:
        if self._status(self._find(campaign_id), self._now()) in ("in_review", "active"):
            self._tell({"stop": campaign_id, "at": self._now()})
        return self._shown(self._find(campaign_id), self._now())

    async def report(self, query: ReportQuery) -> Json:
        campaigns, as_of = self._by_id(), self._now() // HOUR_MS * HOUR_MS
        rows = [self._row(campaigns[id], day, as_of) for id in asked(query, campaigns) for day in days(query)]
        await asyncio.sleep(0)
        return self._reported(rows, as_of)

    def observe(self) -> Json:
        return {"campaigns": lambda: (self._shown(told, self._now()) for told in self._by_id().values())}

    def _row(self, told: Json, day: date, as_of: int) -> Json:
        ends = [as_of, ms_of(told["spec"]["end"]), told["stopped"]]
        hours = lived(self._start(told), ends, self._hours(day)) // HOUR_MS
        free = dict(zip(COUNTERS, (40 * hours, 3 * hours, 0.1 * hours, 0, 1_250_000 * hours), strict=True))
        return {"campaign_id": told["id"], "day": day, **free}

    def _shown(self, told: Json, at: int) -> Json:
        spec = {name: told["spec"][name] for name in ("name", "objective", "budget", "currency", "end")}
        review = {"extensions": {"review": {"by": None, "waits_ms": max(0, told["at"] + HOUR_MS - at)}}}
        return {"id": told["id"], **spec, "start": text(self._start(told)), "status": self._status(told, at), **review}

    def _status(self, told: Json, at: int) -> str:
        end = ms_of(told["spec"]["end"])
        if end is not None and end <= at:
            return "ended"
        if told["spec"]["paused"] or told["stopped"] is not None:
            return "paused"
        return "in_review" if at < told["at"] + HOUR_MS else "active"

    def _start(self, told: Json) -> int:
        start = ms_of(told["spec"]["start"])
        return told["at"] if start is None or start <= told["at"] + 60_000 else start

    def _find(self, id: str) -> Json:
        campaigns = self._by_id()
        if id not in campaigns:
            raise NonRetryableError("not_found", id)
        return campaigns[id]

    def _by_id(self) -> dict[str, Json]:
        return {told["id"]: told for told in self._told().values()}

    def _told(self) -> dict[str, Json]:
        """The campaigns by their keys. What is being written has no end of line yet."""
        campaigns: dict[str, Json] = {}
        lines = self._path.joinpath("journal").read_bytes() if self._path.joinpath("journal").exists() else b""
        for line in map(json.loads, lines.split(b"\n")[:-1]):
            if "key" in line:
                campaigns.setdefault(line["key"], {**line, "id": f"J{len(campaigns) + 1}", "stopped": None})
            else:
                told = next(told for told in campaigns.values() if told["id"] == line["stop"])
                told["stopped"] = told["stopped"] or line["at"]
        return campaigns

    def _tell(self, line: Json) -> None:
        with self._path.joinpath("journal").open("ab", buffering=0) as journal:
            journal.write(json.dumps(line).encode() + b"\n")
