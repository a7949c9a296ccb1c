"""A reference for ads: campaigns that deliver by a seeded model over simulated time."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ..contracts.ads.protocol import AdsTraits, CampaignSpec, ObservedCampaign, ReportQuery
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import instant_text
from ..primitives.keys import once
from ..primitives.state import State, StateBox

AT_ONCE = timedelta(seconds=60)
COUNTERS = ("impressions", "clicks", "conversions", "spend", "revenue")


class AdsAccount:
    """The vendor's own primitives over its state: one account with campaigns."""

    def __init__(self, state: State, now: datetime, zone: ZoneInfo, seed: str) -> None:
        self._campaigns: dict[str, Any] = state["campaigns"]
        self._now, self._zone, self._seed = now, zone, seed

    def insert(self, id: str, spec: CampaignSpec) -> None:
        start = self._now if spec.start is None or spec.start <= self._now + AT_ONCE else spec.start
        self._campaigns[id] = {
            **spec.plain(),
            "id": id,
            "start": instant_text(start),
            "stopped": instant_text(self._now) if spec.paused else None,
        }

    def find(self, id: str) -> dict[str, Any]:
        if id not in self._campaigns:
            raise NonRetryableError("not_found", f"no campaign {id!r}")
        found: dict[str, Any] = self._campaigns[id]
        return found

    def ids(self) -> list[str]:
        return list(self._campaigns)

    def stop(self, id: str) -> None:
        campaign = self.find(id)
        if self.status(campaign) not in ("paused", "ended"):
            campaign["stopped"] = instant_text(self._now)

    def status(self, campaign: Mapping[str, Any]) -> str:
        end = _instant(campaign["end"])
        if end is not None and end <= self._now:
            return "ended"
        return "paused" if campaign["stopped"] else "active"

    def delivered(self, campaign: Mapping[str, Any], day: date) -> dict[str, Any]:
        """The counters of one day: a share of the day's budget, drawn from the seed and paced over the day."""
        draw = hashlib.sha256(f"{self._seed}/{campaign['id']}/{day}".encode()).digest()
        spend = int(self._daily_budget(campaign) * (0.7 + 0.3 * draw[0] / 255) * self._active_share(campaign, day))
        impressions = spend // (1_000 + 20 * draw[1])
        clicks = impressions * (5 + draw[2] % 20) // 1_000
        conversions = clicks * (10 + draw[3] % 50) / 1_000
        revenue = int(conversions * (5_000_000 + 100_000 * draw[4]))
        return dict(zip(COUNTERS, (impressions, clicks, conversions, spend, revenue), strict=True))

    def _daily_budget(self, campaign: Mapping[str, Any]) -> float:
        if campaign["budget_type"] == "daily":
            return float(campaign["budget"])
        start, end = _instant(campaign["start"]), _instant(campaign["end"])
        assert start is not None
        assert end is not None
        return float(campaign["budget"] / max(1.0, (end - start) / timedelta(days=1)))

    def _active_share(self, campaign: Mapping[str, Any], day: date) -> float:
        opens, closes = self._midnight(day), self._midnight(day + timedelta(days=1))
        ends = [at for at in (_instant(campaign["end"]), _instant(campaign["stopped"]), self._now, closes) if at]
        start = _instant(campaign["start"])
        assert start is not None
        return max(0.0, (min(ends) - max(start, opens)) / (closes - opens))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)


class MockAds:
    """AdsProvider in process. config: state, timezone (UTC), currency (USD), seed (0)."""

    capability = "ads"
    contract = "1.0"
    traits = AdsTraits(min_daily_budget=1_000_000)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"campaigns": {}, "keys": {}})
        self._zone = ZoneInfo(config.get("timezone", "UTC"))
        self._currency = config.get("currency", "USD")
        self._seed = str(config.get("seed", 0))
        self._ctx = ctx

    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: str) -> dict[str, Any]:
        with self._box as state:
            return once(
                state["keys"],
                "create_campaign",
                idempotency_key,
                spec.plain(),
                lambda: self._create(self._account(state), spec),
            )

    def report(self, query: ReportQuery) -> dict[str, Any]:
        with self._box as state:
            account = self._account(state)
            ids = account.ids() if query.campaign_ids is None else dict.fromkeys(query.campaign_ids)
            campaigns = [account.find(id) for id in ids]
            rows = [
                {"campaign_id": campaign["id"], "day": day.isoformat(), **account.delivered(campaign, day)}
                for campaign in campaigns
                for day in _days(query)
            ]
        return {
            "timezone": str(self._zone),
            "currency": self._currency,
            "as_of": self._ctx.clock.now(),
            "attribution": "last click",
            "rows": rows,
            "totals": _totals(rows),
        }

    def pause(self, campaign_id: str) -> dict[str, Any]:
        with self._box as state:
            account = self._account(state)
            account.stop(campaign_id)
            return self._campaign(account, campaign_id)

    @contextmanager
    def primitives(self) -> Iterator[AdsAccount]:
        """The vendor behind this mock, for a wire that speaks of what it keeps."""
        with self._box as state:
            yield self._account(state)

    def observe(self) -> "MockAds":
        return self

    def campaigns(self) -> list[ObservedCampaign]:
        with self._box as state:
            account = self._account(state)
            return [
                ObservedCampaign(id=id, name=account.find(id)["name"], status=account.status(account.find(id)))
                for id in account.ids()
            ]

    def _account(self, state: State) -> AdsAccount:
        return AdsAccount(state, self._ctx.clock.now(), self._zone, self._seed)

    def _create(self, account: AdsAccount, spec: CampaignSpec) -> dict[str, Any]:
        self._refuse(spec)
        id = f"cmp_{self._ctx.ids.new()}"
        account.insert(id, spec)
        return self._campaign(account, id)

    def _refuse(self, spec: CampaignSpec) -> None:
        now = self._ctx.clock.now()
        faults = {
            f"the account is in {self._currency}": spec.currency != self._currency,
            f"the least daily budget is {self.traits.min_daily_budget} micros": (
                spec.budget < self.traits.min_daily_budget
            ),
            "start must not be before yesterday": spec.start is not None and self._before_yesterday(spec.start),
            "end must be in the future": spec.end is not None and spec.end <= now,
        }
        for text, at_fault in faults.items():
            if at_fault:
                raise NonRetryableError("invalid", text)

    def _before_yesterday(self, start: datetime) -> bool:
        today = self._ctx.clock.now().astimezone(self._zone).date()
        return start.astimezone(self._zone).date() < today - timedelta(days=1)

    def _campaign(self, account: AdsAccount, id: str) -> dict[str, Any]:
        found = account.find(id)
        fields = ("id", "name", "budget", "currency", "objective", "start", "end")
        return {**{field: found[field] for field in fields}, "status": account.status(found)}


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _days(query: ReportQuery) -> list[date]:
    return [query.from_ + timedelta(days=n) for n in range((query.to - query.from_).days)]


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    totals = {name: sum(row[name] for row in rows) for name in COUNTERS}
    return {**totals, "roas": totals["revenue"] / totals["spend"] if totals["spend"] else None}
