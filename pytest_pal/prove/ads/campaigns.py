"""Wrong in create_campaign and pause: campaigns that are not what was asked for."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from ...contracts.ads.protocol import AdsTraits
from ...errors import NonRetryableError
from ...mocks.ads import AdsAccount, MockAds
from ...model.values import instant_text
from ..saboteur import RECORDED, Saboteur

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


SABOTEURS = (
    Saboteur(
        "forgets_name",
        ForgetsName,
        "ads.create_campaign.rule.echo",
        also=RECORDED,
        reason="every campaign that is shown has the wrong name",
    ),
    Saboteur("strips_names", StripsNames, "ads.create_campaign.rule.echo"),
    Saboteur("whole_dollars", WholeDollars, "ads.create_campaign.rule.echo"),
    Saboteur("six_digits", SixDigits, "ads.create_campaign.rule.echo"),
    Saboteur(
        "ended_is_paused", EndedIsPaused, "ads.adapter.scenario.long_life", also=("ads.adapter.golden.long_life",)
    ),
    Saboteur("whole_seconds", WholeSeconds, "ads.create_campaign.rule.echo"),
    Saboteur("leads_are_sales", LeadsAreSales, "ads.create_campaign.rule.echo"),
    Saboteur("cuts_names", CutsNames, "ads.create_campaign.rule.long_name"),
    Saboteur(
        "never_active",
        NeverActive,
        "ads.create_campaign.rule.starts_at_once",
        also=RECORDED,
        reason="every campaign that is shown has the wrong status",
    ),
    Saboteur("wants_more", WantsMore, "ads.create_campaign.rule.smallest_budget"),
    Saboteur(
        "starts_today",
        StartsToday,
        "ads.create_campaign.rule.starts_at_once",
        also=("ads.create_campaign.rule.known_key_first",),
    ),
    Saboteur(
        "never_ends",
        NeverEnds,
        "ads.create_campaign.rule.ends",
        also=RECORDED,
        reason="no campaign ends, and many clauses ask for one that does",
    ),
    Saboteur(
        "never_paused",
        NeverPaused,
        "ads.create_campaign.rule.created_paused",
        also=("ads.create_campaign.idempotency.every_member",),
    ),
    Saboteur(
        "lifetime_is_daily",
        LifetimeIsDaily,
        "ads.create_campaign.rule.lifetime",
        also=("ads.create_campaign.rule.other_end",),
    ),
    Saboteur("checks_first", ChecksFirst, "ads.create_campaign.rule.known_key_first"),
    Saboteur("refuses_after_the_effect", RefusesAfterTheEffect, "ads.create_campaign.rule.long_name"),
    Saboteur("repeat_shows_now", RepeatShowsNow, "ads.create_campaign.rule.replay"),
    Saboteur("repeat_resumes", RepeatResumes, "ads.create_campaign.rule.replay"),
    Saboteur(
        "same_day_same_end",
        SameDaySameEnd,
        "ads.create_campaign.rule.other_end",
        also=("ads.create_campaign.idempotency.every_member",),
    ),
    Saboteur(
        "ignores_start",
        IgnoresStart,
        "ads.create_campaign.rule.future_start",
        also=(
            "ads.adapter.golden.edge_values",
            "ads.adapter.scenario.edge_values",
            "ads.create_campaign.rule.created_paused",
        ),
    ),
    Saboteur(
        "ignores_stop",
        IgnoresStop,
        "ads.pause.rule.stops_spend",
        also=RECORDED,
        reason="a pause changes nothing, and many clauses look at what it stops",
    ),
    Saboteur("stops_again", StopsAgain, "ads.pause.rule.no_change"),
    Saboteur("refuses_before_start", RefusesBeforeStart, "ads.pause.rule.before_start"),
    Saboteur("stops_all", StopsAll, "ads.pause.rule.spares_others"),
    Saboteur(
        "pause_forgets",
        PauseForgets,
        "ads.pause.rule.stops_spend",
        also=(
            "ads.adapter.golden.every_operation",
            "ads.adapter.golden.long_life",
            "ads.adapter.scenario.every_operation",
            "ads.adapter.scenario.long_life",
            "ads.pause.rule.before_start",
        ),
    ),
    Saboteur(
        "makes_two",
        MakesTwo,
        "ads.create_campaign.rule.effect",
        also=(
            "ads.adapter.golden.every_operation",
            "ads.adapter.golden.long_life",
            "ads.adapter.scenario.every_operation",
            "ads.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "no_objectives",
        NoObjectives,
        "ads.create_campaign.bad_input.foreign_objective",
        also=("ads.create_campaign.idempotency.refused_is_free",),
    ),
    Saboteur(
        "any_budget",
        AnyBudget,
        "ads.create_campaign.bad_input.low_budget",
        also=("ads.create_campaign.idempotency.refused_is_free",),
    ),
    Saboteur(
        "any_money",
        AnyMoney,
        "ads.create_campaign.bad_input.foreign_currency",
        also=("ads.create_campaign.idempotency.refused_is_free",),
    ),
    Saboteur(
        "any_start",
        AnyStart,
        "ads.create_campaign.bad_input.stale_start",
        also=(
            "ads.adapter.golden.refused_inputs",
            "ads.adapter.scenario.refused_inputs",
            "ads.create_campaign.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "two_days_ago",
        TwoDaysAgo,
        "ads.create_campaign.bad_input.stale_start",
        also=("ads.create_campaign.idempotency.refused_is_free",),
    ),
    Saboteur("says_no_lifetime", SaysNoLifetime, "ads.create_campaign.rule.lifetime"),
)
