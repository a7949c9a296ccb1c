"""experiments: every saboteur falls by just the clauses that it breaks, every benign variant passes all of them."""

import pytest

from pytest_pal.mocks.experiments import MockExperiments
from pytest_pal.model.verdict import Verdict
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import judge, unproven_by_hand

EXPERIMENTS = roster("experiments")


def test_the_mock_is_conformant() -> None:
    results = judge(MockExperiments)
    assert {id for id, result in results.items() if result.verdict != Verdict.PASSED} == set()
    assert len(results) > 100


@pytest.mark.slow
@pytest.mark.parametrize("adapter", EXPERIMENTS.written, ids=lambda adapter: adapter.name)
def test_what_falls_is_just_what_must(adapter: Saboteur | Benign) -> None:
    row = row_of(adapter, EXPERIMENTS.contract)
    assert (row.missing, row.unexpected) == ([], [])


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("experiments") == set()
