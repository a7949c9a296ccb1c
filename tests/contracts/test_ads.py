"""The saboteurs and benign variants of a capability; `pal prove` holds their exact sets."""

import pytest

from pytest_pal.mocks.ads import MockAds
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, fallen, judge, unproven_by_hand

ADS = roster("ads")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockAds) == set()
    assert len(judge(MockAds)) > 60


@pytest.mark.parametrize("saboteur", by_hand(ADS), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, ADS.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ADS.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, ADS.contract).unexpected == []


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("ads") == set()


def test_three_variants_share_nothing_with_the_mock() -> None:
    assert sum(variant.alone for variant in ADS.benign) >= 3
