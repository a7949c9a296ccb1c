"""ads: every saboteur falls by just the clauses that it breaks, every benign variant passes all of them."""

import pytest

from pytest_pal.mocks.ads import MockAds
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import fallen, judge, unproven_by_hand

ADS = roster("ads")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockAds) == set()
    assert len(judge(MockAds)) > 60


@pytest.mark.slow
@pytest.mark.parametrize("adapter", ADS.written, ids=lambda adapter: adapter.name)
def test_what_falls_is_just_what_must(adapter: Saboteur | Benign) -> None:
    row = row_of(adapter, ADS.contract)
    assert (row.missing, row.unexpected) == ([], [])


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("ads") == set()
