"""The rules of llm_gateway for accounts and catalogues that are not the samples."""

import pytest

from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.llm_gateway import MockLLMGateway
from pytest_pal.prove.llm_gateway.benign import OTHERS_MODELS

from ..judging import fallen, judge


@pytest.mark.parametrize("others", OTHERS_MODELS)
def test_the_rules_hold_for_accounts_and_catalogues_of_their_own(others: Harness) -> None:
    assert fallen(others, only=".rule.") == set()


def test_an_account_without_any_model_of_the_catalogue_is_told_what_to_configure() -> None:
    results = judge(Harness(MockLLMGateway, config={"offered": []}), only="route.rule.cost")
    assert results
    assert all(
        "configure a catalogue of models it has" in result.text.replace("\n", " ") for result in results.values()
    )
