"""Every capability's mock, and the wrong and odd adapters of its roster; ``pal prove`` holds them to exact sets."""

import pytest

from pytest_pal.prove.derived.defect import mock_of
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur
from pytest_pal.registry.entry_points import CAPABILITIES, OURS, entries

from ..judging import by_hand, fallen, judge, unproven_by_hand

ROSTERS = {entry.name: roster(entry.name) for entry in entries(CAPABILITIES) if entry.distribution == OURS}
SABOTEURS = [pytest.param(name, each, id=f"{name}.{each.name}") for name in ROSTERS for each in by_hand(ROSTERS[name])]
BENIGN = [pytest.param(name, each, id=f"{name}.{each.name}") for name in ROSTERS for each in ROSTERS[name].benign]


def test_there_are_seven() -> None:
    assert len(ROSTERS) == 7


@pytest.mark.parametrize("name", ROSTERS)
def test_the_mock_is_conformant(name: str) -> None:
    mock = mock_of(ROSTERS[name].contract.capability)
    assert fallen(mock) == set()
    assert len(judge(mock)) > 45


@pytest.mark.parametrize(("name", "saboteur"), SABOTEURS)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(name: str, saboteur: Saboteur) -> None:
    assert caught(saboteur, ROSTERS[name].contract)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant"), BENIGN)
def test_a_benign_variant_passes_every_clause(name: str, variant: Benign) -> None:
    assert row_of(variant, ROSTERS[name].contract).unexpected == []


@pytest.mark.parametrize("name", ROSTERS)
def test_every_own_clause_refusal_and_scenario_has_a_saboteur(name: str) -> None:
    assert unproven_by_hand(name) == set()


@pytest.mark.parametrize("name", ROSTERS)
def test_of_eight_variants_three_share_nothing_with_the_mock(name: str) -> None:
    assert len(ROSTERS[name].benign) >= 8
    assert sum(variant.alone for variant in ROSTERS[name].benign) >= 3
