"""Wrong in report: figures that are not those of the account."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from ...contracts.ads.protocol import AdsTraits
from ...errors import RetryableError
from ...mocks import ads
from ...mocks.ads import AdsAccount, MockAds
from ..saboteur import RECORDED, Saboteur
from .campaigns import OtherAccount

Json = dict[str, Any]


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
        return AdsAccount(state, self._ctx.clock.now(), ZoneInfo("UTC"), self._seed)


class StartsJobsAnew(MockAds):
    """Never joins the job that it started."""

    def report(self, query: Any) -> Json:
        raise RetryableError("in_progress", "another job", retry_after=30)


SABOTEURS = (
    Saboteur("spends_before", SpendsBefore, "ads.report.rule.zero_rows"),
    Saboteur("new_draw_each_day", NewDrawEachDay, "ads.report.rule.later_days_stay"),
    Saboteur(
        "skips_zero_rows",
        SkipsZeroRows,
        "ads.report.rule.zero_rows",
        also=RECORDED,
        reason="rows are missing from nearly every report",
    ),
    Saboteur("first_page_only", FirstPageOnly, "ads.report.rule.complete"),
    Saboteur(
        "wrong_totals",
        WrongTotals,
        "ads.report.rule.totals",
        also=("ads.adapter.golden.edge_values", "ads.adapter.scenario.edge_values"),
    ),
    Saboteur(
        "roas_zero",
        RoasZero,
        "ads.report.rule.totals",
        also=RECORDED,
        reason="nearly every report has totals without spend",
    ),
    Saboteur("overspends", Overspends, "ads.report.rule.daily_cap"),
    Saboteur("says_half_more", SaysHalfMore, "ads.report.rule.daily_cap"),
    Saboteur("stale", Stale, "ads.report.rule.as_of"),
    Saboteur("local_as_of", LocalAsOf, "ads.report.rule.as_of"),
    Saboteur(
        "closed_range",
        ClosedRange,
        "ads.report.rule.half_open",
        also=RECORDED,
        reason="every report has a day too many",
    ),
    Saboteur(
        "empty_list_is_all",
        EmptyListIsAll,
        "ads.report.rule.selection",
        also=("ads.adapter.golden.edge_values", "ads.adapter.scenario.edge_values"),
    ),
    Saboteur("twice_is_two", TwiceIsTwo, "ads.report.rule.selection"),
    Saboteur(
        "knows_all",
        KnowsAll,
        "ads.pause.bad_input.unknown_campaign",
        also=(
            "ads.adapter.golden.refused_inputs",
            "ads.adapter.scenario.refused_inputs",
            "ads.report.bad_input.unknown_campaign",
        ),
    ),
    Saboteur("clock_is_utc", ClockIsUTC, "ads.adapter.scenario.edge_values", also=("ads.adapter.golden.edge_values",)),
    Saboteur(
        "starts_jobs_anew", StartsJobsAnew, "ads.report.shape.output", also=RECORDED, reason="no report ever comes"
    ),
)
