"""Every clause of ads has a saboteur: a mock with one promise broken, that this clause must fail."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.ads.protocol import AdsTraits, Campaign
from pytest_pal.contracts.ads.samples import REFUSALS
from pytest_pal.errors import NonRetryableError, RetryableError
from pytest_pal.mocks import ads
from pytest_pal.mocks.ads import AdsAccount, MockAds
from pytest_pal.model.values import instant_text
from pytest_pal.primitives.key_memo import KeyMemo

from ..judging import contract, fallen, judge

Json = dict[str, Any]


class Shows(MockAds):
    """Shows campaigns otherwise than they are."""

    def show(self, campaign: Json) -> Json:
        raise NotImplementedError

    def _campaign(self, account: AdsAccount, id: str) -> Json:
        return self.show(super()._campaign(account, id))


class ForgetsName(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "name": "Campaign"}


class StripsNames(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "name": campaign["name"].strip()}


class WholeDollars(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "budget": campaign["budget"] // 1_000_000 * 1_000_000}


class SixDigits(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "budget": int(float(f"{campaign['budget']:g}"))}


class EndedIsPaused(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "status": "paused" if campaign["status"] == "ended" else campaign["status"]}


class WholeSeconds(Shows):
    def show(self, campaign: Json) -> Json:
        end = campaign["end"] and datetime.fromisoformat(campaign["end"]).replace(microsecond=0)
        return {**campaign, "end": end}


class LeadsAreSales(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "objective": "sales" if campaign["objective"] == "leads" else campaign["objective"]}


class CutsNames(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "name": campaign["name"][:120]}


class NeverActive(Shows):
    def show(self, campaign: Json) -> Json:
        return {**campaign, "status": "draft" if campaign["status"] == "active" else campaign["status"]}


class Admits(MockAds):
    """Refuses or changes specs before the mock sees them."""

    def admit(self, spec: Any) -> Any:
        raise NotImplementedError

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        return super().create_campaign(self.admit(spec), idempotency_key=idempotency_key)


class WantsMore(Admits):
    def admit(self, spec: Any) -> Any:
        if spec.budget <= self.traits.min_daily_budget:
            raise NonRetryableError("invalid")
        return spec


class StartsToday(Admits):
    def admit(self, spec: Any) -> Any:
        if spec.start and spec.start.date() < self._ctx.clock.now().date():
            raise NonRetryableError("invalid")
        return spec


class NeverEnds(Admits):
    def admit(self, spec: Any) -> Any:
        return spec.model_copy(update={"end": None})


class NeverPaused(Admits):
    def admit(self, spec: Any) -> Any:
        return spec.model_copy(update={"paused": False})


class LifetimeIsDaily(Admits):
    def admit(self, spec: Any) -> Any:
        return spec.model_copy(update={"budget_type": "daily"})


class ChecksFirst(Admits):
    def admit(self, spec: Any) -> Any:
        self._refuse(spec)
        return spec


class RefusesAfterTheEffect(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        made = super().create_campaign(spec, idempotency_key=idempotency_key)
        if len(spec.name) > 120:
            raise NonRetryableError("payload_too_large")
        return made


class RepeatShowsNow(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        made = super().create_campaign(spec, idempotency_key=idempotency_key)
        with self._box as state:
            return self._campaign(self._account(state), made["id"])


class RepeatResumes(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        made = super().create_campaign(spec, idempotency_key=idempotency_key)
        with self._box as state:
            state["campaigns"][made["id"]]["stopped"] = (made["status"] == "paused" and made["start"]) or None
        return made


class SameDaySameEnd(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Json:
        with self._box as state:
            known = state["keys"].get(f"create_campaign/{idempotency_key}")
            if known and spec.end and known["result"]["end"][:10] == instant_text(spec.end)[:10]:
                return dict(known["result"])
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class Account(AdsAccount):
    """An account that delivers otherwise."""


class OtherAccount(MockAds):
    account: ClassVar[type[AdsAccount]]

    def _account(self, state: Any) -> AdsAccount:
        return self.account(state, self._ctx.clock.now(), self._zone, self._seed)


class IgnoresStart(OtherAccount):
    class account(AdsAccount):
        def _active_share(self, campaign: Mapping[str, Any], day: date) -> float:
            return super()._active_share({**campaign, "start": "2020-01-01T00:00:00Z"}, day)


class IgnoresStop(OtherAccount):
    class account(AdsAccount):
        def _active_share(self, campaign: Mapping[str, Any], day: date) -> float:
            return super()._active_share({**campaign, "stopped": None}, day)


class SpendsBefore(OtherAccount):
    class account(AdsAccount):
        def delivered(self, campaign: Mapping[str, Any], day: date) -> Json:
            made = datetime.fromisoformat(campaign["start"]).date()
            return super().delivered(campaign, max(day, made))


class NewDrawEachDay(OtherAccount):
    class account(AdsAccount):
        def delivered(self, campaign: Mapping[str, Any], day: date) -> Json:
            self._seed = str(self._now.date())
            return super().delivered(campaign, day)


class StopsAgain(OtherAccount):
    class account(AdsAccount):
        def stop(self, id: str) -> None:
            self.find(id)["stopped"] = instant_text(self._now)


class RefusesBeforeStart(OtherAccount):
    class account(AdsAccount):
        def stop(self, id: str) -> None:
            if datetime.fromisoformat(self.find(id)["start"]) > self._now:
                raise NonRetryableError("conflict")
            super().stop(id)


class StopsAll(OtherAccount):
    class account(AdsAccount):
        def stop(self, id: str) -> None:
            for each in self.ids():
                super().stop(each)


class PauseForgets(MockAds):
    def pause(self, campaign_id: str) -> Json:
        with self._box as state:
            return self._campaign(self._account(state), campaign_id)


class MakesTwo(MockAds):
    def _create(self, account: AdsAccount, spec: Any) -> Json:
        super()._create(account, spec)
        return super()._create(account, spec)


class Reports(MockAds):
    """Reports otherwise."""

    def change(self, found: Json) -> Json:
        raise NotImplementedError

    def report(self, query: Any) -> Json:
        return self.change(super().report(query))


def rows(found: Json, changed: list[Json]) -> Json:
    return {**found, "rows": changed, "totals": ads._totals(changed)}


class SkipsZeroRows(Reports):
    def change(self, found: Json) -> Json:
        return rows(found, [row for row in found["rows"] if row["spend"]])


class FirstPageOnly(Reports):
    def change(self, found: Json) -> Json:
        return rows(found, found["rows"][:100])


class WrongTotals(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "totals": {**found["totals"], "clicks": found["totals"]["clicks"] + 1}}


class RoasZero(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "totals": {**found["totals"], "roas": found["totals"]["roas"] or 0.0}}


class Overspends(Reports):
    times: ClassVar[float] = 2

    def change(self, found: Json) -> Json:
        return rows(found, [{**row, "spend": int(row["spend"] * self.times)} for row in found["rows"]])


class SaysHalfMore(Overspends):
    traits = AdsTraits(min_daily_budget=1_000_000, overdelivery=1.5)


class Stale(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "as_of": "2020-01-01T00:00:00Z"}


class LocalAsOf(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "as_of": found["as_of"].astimezone(self._zone).replace(tzinfo=found["as_of"].tzinfo)}


class ClosedRange(MockAds):
    def report(self, query: Any) -> Json:
        return super().report(query.model_copy(update={"to": query.to + timedelta(days=1)}))


class EmptyListIsAll(MockAds):
    def report(self, query: Any) -> Json:
        return super().report(query.model_copy(update={"campaign_ids": query.campaign_ids or None}))


class TwiceIsTwo(MockAds):
    def report(self, query: Any) -> Json:
        parts = [
            super(TwiceIsTwo, self).report(query.model_copy(update={"campaign_ids": (id,)})) for id in self.asked(query)
        ]
        found = super().report(query)
        return rows(found, [row for part in parts for row in part["rows"]])

    def asked(self, query: Any) -> list[str]:
        return [each.id for each in self.campaigns()] if query.campaign_ids is None else list(query.campaign_ids)


class NoObjectives(MockAds):
    traits = AdsTraits(min_daily_budget=1_000_000, objectives=("sales",))


class AnyBudget(MockAds):
    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec.model_copy(update={"budget": 10**9}))


class AnyMoney(MockAds):
    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec.model_copy(update={"currency": self._currency}))


class AnyStart(MockAds):
    def _before_yesterday(self, start: Any) -> bool:
        return False


class TwoDaysAgo(MockAds):
    def _before_yesterday(self, start: Any) -> bool:
        return super()._before_yesterday(start + timedelta(days=1))


class SaysNoLifetime(MockAds):
    unsupported: ClassVar[dict[str, str]] = {"create_campaign.lifetime": "daily budgets only"}


class KnowsAll(MockAds):
    def report(self, query: Any) -> Json:
        known = {each.id for each in self.campaigns()}
        ids = query.campaign_ids and tuple(id for id in query.campaign_ids if id in known)
        return super().report(query.model_copy(update={"campaign_ids": ids}))

    def pause(self, campaign_id: str) -> Json:
        if campaign_id in {each.id for each in self.campaigns()}:
            return super().pause(campaign_id)
        money = {"budget": 10_000_000, "currency": "USD"}
        return {"id": campaign_id, "name": "", "objective": "sales", "status": "paused", **money}


class ClockIsUTC(MockAds):
    """Counts days in UTC, whatever the account's time zone."""

    def _account(self, state: Any) -> AdsAccount:
        return AdsAccount(state, self._ctx.clock.now(), ads.ZoneInfo("UTC"), self._seed)


SABOTEURS = [
    (ForgetsName, "ads.create_campaign.rule.echo"),
    (StripsNames, "ads.create_campaign.rule.echo"),
    (WholeDollars, "ads.create_campaign.rule.echo"),
    (WholeSeconds, "ads.create_campaign.rule.echo"),
    (SixDigits, "ads.create_campaign.rule.echo"),
    (LeadsAreSales, "ads.create_campaign.rule.echo"),
    (WantsMore, "ads.create_campaign.rule.smallest_budget"),
    (CutsNames, "ads.create_campaign.rule.long_name"),
    (RefusesAfterTheEffect, "ads.create_campaign.rule.long_name"),
    (RepeatShowsNow, "ads.create_campaign.rule.replay"),
    (RepeatResumes, "ads.create_campaign.rule.replay"),
    (ChecksFirst, "ads.create_campaign.rule.known_key_first"),
    (SameDaySameEnd, "ads.create_campaign.rule.other_end"),
    (NeverActive, "ads.create_campaign.rule.starts_at_once"),
    (StartsToday, "ads.create_campaign.rule.starts_at_once"),
    (IgnoresStart, "ads.create_campaign.rule.future_start"),
    (NeverEnds, "ads.create_campaign.rule.ends"),
    (NeverPaused, "ads.create_campaign.rule.created_paused"),
    (MakesTwo, "ads.create_campaign.rule.effect"),
    (LifetimeIsDaily, "ads.create_campaign.rule.lifetime"),
    (SaysNoLifetime, "ads.create_campaign.rule.lifetime"),
    (ClosedRange, "ads.report.rule.half_open"),
    (SkipsZeroRows, "ads.report.rule.zero_rows"),
    (SpendsBefore, "ads.report.rule.zero_rows"),
    (FirstPageOnly, "ads.report.rule.complete"),
    (EmptyListIsAll, "ads.report.rule.selection"),
    (TwiceIsTwo, "ads.report.rule.selection"),
    (WrongTotals, "ads.report.rule.totals"),
    (RoasZero, "ads.report.rule.totals"),
    (Overspends, "ads.report.rule.daily_cap"),
    (SaysHalfMore, "ads.report.rule.daily_cap"),
    (Stale, "ads.report.rule.as_of"),
    (LocalAsOf, "ads.report.rule.as_of"),
    (NewDrawEachDay, "ads.report.rule.later_days_stay"),
    (PauseForgets, "ads.pause.rule.stops_spend"),
    (IgnoresStop, "ads.pause.rule.stops_spend"),
    (StopsAll, "ads.pause.rule.spares_others"),
    (StopsAgain, "ads.pause.rule.no_change"),
    (RefusesBeforeStart, "ads.pause.rule.before_start"),
    (AnyMoney, "ads.create_campaign.bad_input.foreign_currency"),
    (AnyBudget, "ads.create_campaign.bad_input.low_budget"),
    (AnyStart, "ads.create_campaign.bad_input.stale_start"),
    (TwoDaysAgo, "ads.create_campaign.bad_input.stale_start"),
    (NoObjectives, "ads.create_campaign.bad_input.foreign_objective"),
    (KnowsAll, "ads.pause.bad_input.unknown_campaign"),
    (KnowsAll, "ads.report.bad_input.unknown_campaign"),
    (IgnoresStop, "ads.adapter.scenario.every_operation"),
    (ClockIsUTC, "ads.adapter.scenario.edge_values"),
    (AnyStart, "ads.adapter.scenario.refused_inputs"),
    (EndedIsPaused, "ads.adapter.scenario.long_life"),
]


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
        return Campaign(**{**campaign, "status": status, "extensions": {"status": "PENDING_REVIEW"}})


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


class StartsJobsAnew(MockAds):
    """Never joins the job that it started."""

    def report(self, query: Any) -> Json:
        raise RetryableError("in_progress", "another job", retry_after=30)


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


BENIGN = [
    Asynchronous,
    InReview,
    Backwards,
    Overdelivers,
    OneObjective,
    Lags,
    AtMostOnce,
    TakesJobs,
    UniqueNames,
    ShortNames,
]


def test_the_mock_is_conformant() -> None:
    assert fallen(MockAds) == set()
    assert len(judge(MockAds)) > 60


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert clause in fallen(saboteur, only=clause)


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    own = {clause.id for clause in contract("ads").clauses if clause.family in ("rule", "scenario")}
    refusals = {f"ads.{refusal.operation}.bad_input.{refusal.name}" for refusal in REFUSALS}
    assert own | refusals == {clause for _, clause in SABOTEURS}


def test_a_report_that_never_joins_its_job_never_comes() -> None:
    assert fallen(StartsJobsAnew, only="ads.report.shape.output") == {"ads.report.shape.output"}


@pytest.mark.parametrize("benign", BENIGN)
def test_an_unusual_but_correct_adapter_passes(benign: type) -> None:
    assert fallen(benign) == set()
