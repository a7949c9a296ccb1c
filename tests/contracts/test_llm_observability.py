"""llm_observability: every saboteur falls by just the clauses that it breaks, every benign variant passes all."""

from typing import Any

import pytest

from pytest_pal.contracts.llm_observability import CAPABILITY
from pytest_pal.contracts.llm_observability.protocol import CONTENT_ATTRIBUTES
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.prove.llm_observability.benign import RUNS
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, fallen, judge, unproven_by_hand

LLM_OBSERVABILITY = roster("llm_observability")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLLMObservability) == set()
    assert len(judge(MockLLMObservability)) > 70


@pytest.mark.parametrize("saboteur", by_hand(LLM_OBSERVABILITY), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, LLM_OBSERVABILITY.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", LLM_OBSERVABILITY.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, LLM_OBSERVABILITY.contract).unexpected == []


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("llm_observability") == set()


def test_a_vendor_that_takes_the_run_that_it_must_not_know_falls() -> None:
    clause = "llm_observability.link.rule.unknown_run"
    assert fallen(Harness(MockLLMObservability, given=RUNS.given), only=clause) == {clause}


@pytest.mark.parametrize("evaluation", [{}, {"score": None, "label": None}, {"label": ""}, {"score": True}])
def test_an_evaluation_needs_a_score_or_a_label(evaluation: dict[str, Any]) -> None:
    with pytest.raises(NonRetryableError, match=r"invalid: log_eval: /(label|score)"):
        CAPABILITY.check("log_eval", id="t", name="quality", idempotency_key="k", **evaluation)


def test_the_list_of_content_attributes_is_closed() -> None:
    assert isinstance(CONTENT_ATTRIBUTES, frozenset)
    assert {"prompt", "completion", "gen_ai.input.messages"} <= CONTENT_ATTRIBUTES
    assert "model" not in CONTENT_ATTRIBUTES
