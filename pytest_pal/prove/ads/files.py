"""A correct adapter over files, which shares nothing with the mock: who links a name first has written it."""

import json
import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ClassVar

from ...canonical import digest
from ...contracts.ads.protocol import AdsTraits, CampaignSpec, ReportQuery
from ...errors import NonRetryableError
from .accounts import Account, Json, asked, days, delivered, lived, ms_of, of_same_print, text


class FilesAds(Account):
    """A file per campaign, and one more where it was stopped: who links a name first has written it.

    It spends twice the budget on each second day, as it says, and has no lifetime budgets.
    """

    traits = AdsTraits(delivery="at_most_once", overdelivery=2.0, min_daily_budget=1_000_000)
    unsupported: ClassVar = {"create_campaign.lifetime": "a campaign does not know what it spent before"}

    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: str) -> Json:
        id, print_ = f"c.{digest(idempotency_key)[-24:]}", digest(spec.plain())
        if not self._file(id).exists():
            self._refuse(spec)
            _link(self._file(id), json.dumps({**spec.plain(), "id": id, "print": print_, "made": self._now()}))
        found = self._read(id)
        return of_same_print(print_, found["print"], self._shown(found, found["made"], None))

    def pause(self, campaign_id: str) -> Json:
        found = self._read(campaign_id)
        if self._status(found, self._now(), self._stopped(found)) == "active":
            _link(self._file(campaign_id, "stop"), str(self._now()))
        return self._shown(found, self._now(), self._stopped(found))

    def report(self, query: ReportQuery) -> Json:
        now, all_ = self._now(), [file.stem for file in self._path.glob("*.json")]
        rows = [
            {"campaign_id": id, "day": str(day), **delivered(self._spend(id, day, now))}
            for id in sorted(asked(query, all_), reverse=True)
            for day in days(query)[::-1]
        ]
        return {**self._reported(rows, now), "extensions": {"files": len(all_)}}

    def observe(self) -> Json:
        return {"campaigns": self._campaigns}

    def _campaigns(self) -> list[Json]:
        found = [self._read(file.stem) for file in sorted(self._path.glob("*.json"))]
        return [{**row, "status": self._status(row, self._now(), self._stopped(row))} for row in found]

    def _refuse(self, spec: CampaignSpec) -> None:
        super()._refuse(spec)
        if spec.budget_type == "lifetime":
            raise NonRetryableError("unsupported", "daily budgets only")
        if len(spec.name) > 120:
            raise NonRetryableError("payload_too_large", "a name has at most 120 characters")

    def _spend(self, id: str, day: date, now: int) -> int:
        found = self._read(id)
        ends = [now, ms_of(found["end"]), self._stopped(found)]
        start = max(found["made"], ms_of(found["start"]) or 0)
        return 2 * int(found["budget"]) if day.toordinal() % 2 and lived(start, ends, self._hours(day)) else 0

    def _shown(self, found: Json, at: int, stopped: int | None) -> Json:
        spec = {name: found[name] for name in ("id", "name", "objective", "budget", "currency", "end")}
        start = found["start"] or text(found["made"])
        return {**spec, "start": start, "status": self._status(found, at, stopped), "extensions": {"kept": "file"}}

    def _status(self, found: Json, at: int, stopped: int | None) -> str:
        end = ms_of(found["end"])
        if end is not None and end <= at:
            return "ended"
        return "active" if stopped is None and not found["paused"] else "paused"

    def _stopped(self, found: Json) -> int | None:
        if found["paused"]:
            return int(found["made"])
        with suppress(FileNotFoundError):
            return int(self._file(found["id"], "stop").read_text("utf-8"))
        return None

    def _read(self, id: str) -> Json:
        try:
            found: Json = json.loads(self._file(id).read_text("utf-8"))
        except FileNotFoundError as error:
            raise NonRetryableError("not_found", id) from error
        return found

    def _file(self, id: str, kind: str = "json") -> Path:
        return self._path / f"{id}.{kind}"


def _link(file: Path, text: str) -> None:
    """Writes a file as a whole, unless there is one."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=".") as whole:
        whole.write(text)
        whole.flush()
        with suppress(FileExistsError):
            os.link(whole.name, file)
