"""The saboteurs and benign variants of a capability; `pal prove` holds their exact sets."""

import pytest

from pytest_pal.mocks.experiments import MockExperiments
from pytest_pal.model.verdict import Verdict
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, judge, unproven_by_hand

EXPERIMENTS = roster("experiments")


def test_the_mock_is_conformant() -> None:
    results = judge(MockExperiments)
    assert {id for id, result in results.items() if result.verdict != Verdict.PASSED} == set()
    assert len(results) > 100


@pytest.mark.parametrize("saboteur", by_hand(EXPERIMENTS), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, EXPERIMENTS.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", EXPERIMENTS.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, EXPERIMENTS.contract).unexpected == []


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("experiments") == set()
