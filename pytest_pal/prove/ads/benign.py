"""Unusual, and correct."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from ...contracts.ads.protocol import AdsTraits, Campaign
from ...errors import NonRetryableError, RetryableError
from ...mocks import ads
from ...mocks.ads import AdsAccount, MockAds
from ...primitives.key_memo import KeyMemo
from ..saboteur import Benign
from .campaigns import Json, Shows
from .reports import Overspends, Reports, rows


class Asynchronous(MockAds):
    async def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:  # type: ignore[override]
        return super().create_campaign(spec, idempotency_key=idempotency_key)

    async def report(self, query: Any) -> Any:  # type: ignore[override]
        return super().report(query)

    async def pause(self, campaign_id: str) -> Any:  # type: ignore[override]
        return super().pause(campaign_id)


class InReview(Shows):
    """A vendor that reviews, numbers its campaigns and has words of its own."""

    def _create(self, account: AdsAccount, spec: Any) -> Any:
        self._refuse(spec)
        id = f"{len(account.ids()) + 1:07}.C"
        account.insert(id, spec)
        return self._campaign(account, id)

    def show(self, campaign: Json) -> Any:
        status = "in_review" if campaign["status"] == "active" else campaign["status"]
        return Campaign(**{**campaign, "status": status, "extensions": {"status": "PENDING_REVIEW"}}).plain()


class Backwards(Reports):
    def change(self, found: Json) -> Json:
        return rows(found, found["rows"][::-1])


class Overdelivers(Overspends):
    times = 1.5
    traits = AdsTraits(min_daily_budget=1_000_000, overdelivery=1.5)
    unsupported: ClassVar[dict[str, str]] = {"create_campaign.lifetime": "daily budgets only"}

    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec)
        if spec.budget_type == "lifetime":
            raise NonRetryableError("unsupported")


class OneObjective(MockAds):
    """A vendor with a high and odd least budget, and one objective."""

    traits = AdsTraits(min_daily_budget=25_000_001, objectives=("leads",))

    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec)
        if spec.objective != "leads":
            raise NonRetryableError("invalid")


class Lags(MockAds):
    """Reports what the account was a day ago; what was made since is there, with zeros."""

    traits = AdsTraits(min_daily_budget=1_000_000, read_bound_s=86_400)

    def report(self, query: Any) -> Json:
        now = self._ctx.clock.now()
        found = super().report(query)
        seen = [
            {**row, **dict.fromkeys(ads.COUNTERS, 0)} if row["day"] >= str(now.date()) else row for row in found["rows"]
        ]
        return {**rows(found, seen), "as_of": now - timedelta(hours=6)}


class AtMostOnce(MockAds):
    """A vendor without keys; the adapter remembers them."""

    traits = AdsTraits(min_daily_budget=1_000_000, delivery="at_most_once", key_ttl_s=7 * 86_400)

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, ttl_s=self.traits.key_ttl_s, durable=False)

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        return self._memo.run("create_campaign", idempotency_key, spec.plain(), lambda: self._post(spec))

    def _post(self, spec: Any) -> Json:
        return super().create_campaign(spec, idempotency_key=self._ctx.ids.new())

    def close(self) -> None:
        self._memo.close()


class TakesJobs(MockAds):
    """A report is a job of 30 s; the same query joins it."""

    def report(self, query: Any) -> Json:
        now, job = self._ctx.clock.now(), query.model_dump_json()
        with self._box as state:
            jobs = state.setdefault("jobs", {})
            done = datetime.fromisoformat(jobs.setdefault(job, (now + timedelta(seconds=30)).isoformat()))
            if now < done:
                raise RetryableError("in_progress", "job", retry_after=(done - now).total_seconds())
            del jobs[job]
        return super().report(query)


class UniqueNames(MockAds):
    traits = AdsTraits(min_daily_budget=1_000_000, unique_names=True)

    def _create(self, account: AdsAccount, spec: Any) -> Json:
        if any(account.find(id)["name"] == spec.name for id in account.ids()):
            raise NonRetryableError("conflict", "there is a campaign of that name")
        return super()._create(account, spec)


class ShortNames(MockAds):
    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec)
        if len(spec.name) > 120:
            raise NonRetryableError("payload_too_large")


class ReturnsModels(MockAds):
    def pause(self, campaign_id: str) -> Any:
        return Campaign.model_validate({**super().pause(campaign_id), "extensions": {"raw": [1, {"a": None}]}})


BENIGN = (
    Benign("asynchronous", Asynchronous, "its operations are coroutines"),
    Benign("in_review", InReview, "campaigns are reviewed first, ids are numbers, and it gives more than is asked"),
    Benign("backwards", Backwards, "rows of a report come in another order"),
    Benign(
        "overdelivers", Overdelivers, "it spends half more than the budget, as it says, and has no lifetime budgets"
    ),
    Benign("one_objective", OneObjective, "it has one objective, and an odd least budget"),
    Benign("lags", Lags, "reports are a day late, as it says"),
    Benign("at_most_once", AtMostOnce, "its vendor takes no keys; the adapter remembers them"),
    Benign("takes_jobs", TakesJobs, "a report is a job, and is asked for again"),
    Benign("unique_names", UniqueNames, "a name that is taken is a conflict, as it says"),
    Benign("short_names", ShortNames, "a name of more than 120 characters is refused"),
    Benign("returns_models", ReturnsModels, "it returns payloads, not mappings, with extensions"),
)
