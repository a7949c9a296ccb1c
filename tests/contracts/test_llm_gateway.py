"""llm_gateway: every saboteur falls by just the clauses that it breaks, every benign variant passes all of them."""

import pytest

from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.llm_gateway import MockLLMGateway
from pytest_pal.prove.llm_gateway.benign import OTHERS_MODELS
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import fallen, judge, unproven_by_hand

LLM_GATEWAY = roster("llm_gateway")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLLMGateway) == set()
    assert len(judge(MockLLMGateway)) > 45


@pytest.mark.slow
@pytest.mark.parametrize("adapter", LLM_GATEWAY.written, ids=lambda adapter: adapter.name)
def test_what_falls_is_just_what_must(adapter: Saboteur | Benign) -> None:
    row = row_of(adapter, LLM_GATEWAY.contract)
    assert (row.missing, row.unexpected) == ([], [])


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("llm_gateway") == set()


@pytest.mark.parametrize("others", OTHERS_MODELS)
def test_the_rules_hold_for_accounts_and_catalogues_of_their_own(others: Harness) -> None:
    assert fallen(others, only=".rule.") == set()


def test_an_account_without_any_model_of_the_catalogue_is_told_what_to_configure() -> None:
    results = judge(Harness(MockLLMGateway, config={"offered": []}), only="route.rule.cost")
    assert all(
        "configure a catalogue of models it has" in result.text.replace("\n", " ") for result in results.values()
    )
