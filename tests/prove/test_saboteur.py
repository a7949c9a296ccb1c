"""Saboteurs: what a roster may say, and what a row of the matrix makes of it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_pal.errors import NonRetryableError, PalError
from pytest_pal.kit.discovery import contract_of
from pytest_pal.mocks.ads import MockAds
from pytest_pal.prove import expected, roster
from pytest_pal.prove.matrix import judge
from pytest_pal.prove.saboteur import RECORDED, Benign, Saboteur, check

ADS = contract_of("ads")
STOPS = "ads.pause.rule.stops_spend"
OTHERS = tuple(clause.id for clause in ADS.clauses if clause.id != STOPS)[:6]


class Refuses(MockAds):
    def pause(self, campaign_id: str) -> Any:
        raise NonRetryableError("forbidden")


WRONG = [
    (
        Saboteur("a", MockAds, "ads.pause.rule.stop_spend"),
        "breaks 'ads.pause.rule.stop_spend'.*did you mean",
    ),
    (Saboteur("a", MockAds, STOPS, also=(STOPS,)), "names ads.pause.rule.stops_spend twice"),
    (Saboteur("a", MockAds, STOPS, also=OTHERS), "breaks 6 clauses besides .*: write a reason="),
    (Saboteur("a", MockAds, STOPS, operations=("stop",)), "ads has no operation 'stop'"),
    (Benign("a", MockAds, " "), "write why somebody might think"),
    (Benign("there", MockAds, "it is"), "Benign 'there' stands there twice"),
]


@pytest.mark.parametrize(("adapter", "words"), WRONG)
def test_a_roster_that_cannot_be_proven_says_what_is_wrong(adapter: Saboteur | Benign, words: str) -> None:
    there = [Saboteur("there", MockAds, STOPS, also=OTHERS, reason="because")]
    with pytest.raises(PalError, match=words):
        check(
            ADS,
            [*there, *([adapter] if isinstance(adapter, Saboteur) else [])],
            [adapter] * isinstance(adapter, Benign),
        )


def test_a_saboteur_that_breaks_nothing_survives() -> None:
    row = judge(Saboteur("harmless", MockAds, STOPS), ADS)
    assert (row.survived, row.missing, row.unexpected) == (True, [STOPS], [])


def test_what_falls_besides_is_unexpected() -> None:
    row = judge(Saboteur("refuses", Refuses, STOPS, also=("ads.pause.shape.output",)), ADS)
    assert not row.survived
    assert "ads.pause.idempotency.repeat" in row.unexpected
    assert "ads.pause.shape.output" not in row.unexpected


def test_a_correct_adapter_that_falls_is_a_false_alarm() -> None:
    row = judge(Benign("refuses", Refuses, "it pauses nothing"), ADS)
    assert STOPS in row.unexpected
    assert not row.as_it_must


def test_a_saboteur_is_judged_by_its_operation_and_the_whole_and_in_full_by_everything() -> None:
    some, more = (judge(Saboteur("harmless", MockAds, STOPS, full=full), ADS).judged for full in (False, True))
    assert {id.split(".")[1] for id in some} == {"pause", "adapter"}
    assert {id.split(".")[1] for id in more} == {"pause", "adapter", "report", "create_campaign"}
    assert not any(id.endswith(".new_process") for id in more)


def test_in_full_what_is_held_comes_first() -> None:
    """An adapter that remembers falls by the same clauses, whatever else is tried."""
    found = roster.roster("ads")
    row = judge(found.by_name["pause.works_once"], found.contract, full=True)
    assert row.as_it_must
    assert any(id.endswith(".new_process") for id in row.judged - row.held)


def test_in_full_what_falls_elsewhere_is_only_shown() -> None:
    class RefusesReports(Refuses):
        def report(self, *arguments: Any, **named: Any) -> Any:
            raise NonRetryableError("forbidden")

    row = judge(Saboteur("refuses", RefusesReports, STOPS), ADS, full=True)
    assert any(id.startswith("ads.report.rule.") for id in row.fell)
    assert not any(id.startswith("ads.report.") for id in row.unexpected)


def test_in_full_a_class_made_in_a_function_is_not_looked_for_in_a_new_process() -> None:
    class Local(MockAds):
        """As the mock."""

    row = judge(Benign("local", Local, "a new process cannot import it"), ADS, full=True)
    assert row.as_it_must
    assert row.judged == row.held
    assert any(id.startswith("ads.report.") for id in row.judged)
    assert not any(id.endswith(".new_process") for id in row.judged)


def test_what_comes_out_otherwise_is_judged_again() -> None:
    class Flaky(MockAds):
        calls = 0

        def pause(self, campaign_id: str) -> Any:
            type(self).calls += 1
            if self.calls == 1:
                raise NonRetryableError("forbidden")
            return super().pause(campaign_id)

    assert judge(Benign("flaky", Flaky, "the machine stood still"), ADS).as_it_must
    Flaky.calls = 0
    assert not judge(Benign("flaky", Flaky, "the machine stood still"), ADS, again=0).as_it_must


def test_what_is_recorded_comes_from_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "file_of", lambda contract: tmp_path / "ads.json")
    saboteur = Saboteur("refuses", Refuses, STOPS, also=RECORDED, reason="nothing is paused")
    assert expected.read(ADS) == {}
    assert [new.also for new in expected.filled([saboteur], {})] == [RECORDED]
    expected.write(ADS, {"refuses": ["b", "a"]})
    (found,) = expected.filled([saboteur], expected.read(ADS))
    assert (found.also, found.recorded) == (("a", "b"), True)
    assert expected.orphans(ADS, [found]) == []
    assert expected.orphans(ADS, []) == ["refuses"]
    (tmp_path / "ads.json").write_text("{")
    with pytest.raises(PalError, match=r"ads.json: .*type: pal prove --write -C ads"):
        expected.read(ADS)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    found = ModuleType("pytest_pal.prove.ads")
    monkeypatch.setitem(sys.modules, found.__name__, found)
    monkeypatch.setattr(roster, "find_spec", lambda name: name)
    roster.roster.cache_clear()
    yield found
    roster.roster.cache_clear()


def test_a_table_of_something_else_is_named(module: Any) -> None:
    module.SABOTEURS = [(MockAds, STOPS)]
    with pytest.raises(PalError, match=r"pytest_pal.prove.ads.SABOTEURS holds .*; it lists Saboteur\(...\)"):
        roster.roster("ads")
