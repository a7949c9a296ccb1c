"""What llm_observability takes, and what its harness must give."""

from typing import Any

import pytest

from pytest_pal.contracts.llm_observability import CAPABILITY
from pytest_pal.contracts.llm_observability.protocol import CONTENT_ATTRIBUTES
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.prove.llm_observability.benign import RUNS

from ..judging import fallen


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
