"""What correct accounts that stand alone are built from; nothing of the mock is in it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ...contracts.ads.protocol import AdsTraits, CampaignSpec, ReportQuery
from ...errors import NonRetryableError
from ...model.context import Context
from ...model.values import instant_text

Json = dict[str, Any]
COUNTERS = ("impressions", "clicks", "conversions", "spend", "revenue")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Account:
    """What each of them knows of its account: zone, currency and clock. Instants are kept in milliseconds."""

    capability = "ads"
    contract = "1.0"
    traits = AdsTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path: Path = config["path"]
        self._zone, self._currency, self._clock = ZoneInfo(config["timezone"]), config["currency"], ctx.clock

    def _now(self) -> int:
        return ms(self._clock.now())

    def _refuse(self, spec: CampaignSpec) -> None:
        yesterday = self._clock.now().astimezone(self._zone).date() - timedelta(days=1)
        if spec.currency != self._currency or spec.budget < self.traits.min_daily_budget:
            raise NonRetryableError("invalid", f"at least {self.traits.min_daily_budget} micros of {self._currency}")
        if spec.start is not None and spec.start.astimezone(self._zone).date() < yesterday:
            raise NonRetryableError("invalid", "it would have started before yesterday")
        if spec.objective not in self.traits.objectives:
            raise NonRetryableError("invalid", f"nobody can ask for {spec.objective} here")

    def _hours(self, day: date) -> tuple[int, int]:
        """When a day of the account opens and closes."""
        opens, closes = (datetime.combine(day + timedelta(days=n), time(), self._zone) for n in (0, 1))
        return ms(opens), ms(closes)

    def _reported(self, rows: list[Json], as_of: int) -> Json:
        totals: Json = {name: sum(row[name] for row in rows) for name in COUNTERS}
        totals["roas"] = totals["revenue"] / totals["spend"] if totals["spend"] else None
        zone, at = str(self._zone), instant(as_of)
        about = {"timezone": zone, "currency": self._currency, "as_of": at, "attribution": "none to speak of"}
        return {**about, "rows": rows, "totals": totals}


def of_same_print(print_: str, known: str, made: Json) -> Json:
    """What was made under a key. Raises NonRetryableError(key_conflict) where it was made of something else."""
    if print_ != known:
        raise NonRetryableError("key_conflict", "the key was used for another campaign")
    return made


def asked(query: ReportQuery, known: Iterable[str]) -> list[str]:
    """The ids of the campaigns that a report is on. Raises NonRetryableError(not_found)."""
    there = dict.fromkeys(known)
    wanted = there if query.campaign_ids is None else dict.fromkeys(query.campaign_ids)
    if unknown := wanted.keys() - there.keys():
        raise NonRetryableError("not_found", f"no campaign {min(unknown)}")
    return list(wanted)


def days(query: ReportQuery) -> list[date]:
    return [query.from_ + timedelta(days=n) for n in range((query.to - query.from_).days)]


def lived(start: int, ends: Iterable[int | None], hours: tuple[int, int]) -> int:
    """Milliseconds of a day between the start of a campaign and whatever ended it first."""
    opens, closes = hours
    return max(0, min(closes, *(end for end in ends if end is not None)) - max(opens, start))


def delivered(spend: int) -> Json:
    """Counters that go with the micros that were spent."""
    clicks = spend // 400_000
    return dict(zip(COUNTERS, (60 * clicks, clicks, clicks / 8, spend, 350_000 * clicks), strict=True))


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000 + 0.5)


def ms_of(text: str | None) -> int | None:
    return None if text is None else ms(datetime.fromisoformat(text))


def instant(at: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)


def text(at: int) -> str:
    return instant_text(instant(at))
