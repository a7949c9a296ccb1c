"""The saboteurs and benign variants of a capability; `pal prove` holds their exact sets."""

import pytest

from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.llm_gateway import MockLLMGateway
from pytest_pal.prove.llm_gateway.benign import OTHERS_MODELS
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, fallen, judge, unproven_by_hand

LLM_GATEWAY = roster("llm_gateway")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLLMGateway) == set()
    assert len(judge(MockLLMGateway)) > 45


@pytest.mark.parametrize("saboteur", by_hand(LLM_GATEWAY), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, LLM_GATEWAY.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", LLM_GATEWAY.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, LLM_GATEWAY.contract).unexpected == []


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
