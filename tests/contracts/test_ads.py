"""Every clause of ads has a saboteur: a mock with one promise broken, that this clause must fail."""

from datetime import timedelta
from typing import Any

import pytest

from pytest_pal.mocks import ads
from pytest_pal.mocks.ads import AdsAccount, MockAds

from ..judging import fallen, judge


class ForgetsName(MockAds):
    def _campaign(self, account: AdsAccount, id: str) -> dict[str, Any]:
        return {**super()._campaign(account, id), "name": "Campaign"}


class PauseForgets(MockAds):
    def pause(self, campaign_id: str) -> dict[str, Any]:
        with self._box as state:
            return self._campaign(self._account(state), campaign_id)


class ClosedRange(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        return super().report(query.model_copy(update={"to": query.to + timedelta(days=1)}))


class SkipsZeroRows(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        found = super().report(query)
        return {**found, "rows": [row for row in found["rows"] if row["spend"]]}


class WrongTotals(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        found = super().report(query)
        return {**found, "totals": {**found["totals"], "clicks": found["totals"]["clicks"] + 1}}


class Overspends(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        found = super().report(query)
        rows = [{**row, "spend": row["spend"] * 2} for row in found["rows"]]
        return {**found, "rows": rows, "totals": ads._totals(rows)}


class EmptyListIsAll(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        return super().report(query.model_copy(update={"campaign_ids": query.campaign_ids or None}))


class Stale(MockAds):
    def report(self, query: Any) -> dict[str, Any]:
        return {**super().report(query), "as_of": "2020-01-01T00:00:00Z"}


SABOTEURS = [
    (ForgetsName, "ads.create_campaign.rule.echo"),
    (PauseForgets, "ads.pause.rule.stops_spend"),
    (ClosedRange, "ads.report.rule.half_open"),
    (SkipsZeroRows, "ads.report.rule.zero_rows"),
    (WrongTotals, "ads.report.rule.totals"),
    (Overspends, "ads.report.rule.daily_cap"),
    (EmptyListIsAll, "ads.report.rule.selection"),
    (Stale, "ads.report.rule.as_of"),
]


def test_the_mock_is_conformant() -> None:
    assert fallen(MockAds) == set()
    assert len(judge(MockAds)) > 50


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert clause in fallen(saboteur, only=clause)
