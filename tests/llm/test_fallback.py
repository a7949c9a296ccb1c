"""What follows a failure, and which model a vendor's word stands for."""

from typing import Any

import pytest

from pytest_pal.errors import RETRYABLE_CODES, ErrorCode, NonRetryableError
from pytest_pal.llm.catalogue import Catalogue
from pytest_pal.llm.fallback import Attempt, first_model, model_meant, next_model, served_model
from pytest_pal.llm.policy import Policy
from pytest_pal.llm.request import Request
from pytest_pal.llm.routing import decide

ROWS = [("a1", "ash", 900_000), ("a2", "ash", 800_000), ("b1", "birch", 700_000), ("c1", "cedar", 600_000)]
PRICES = {"input": 0, "output": 1_000_000}
MODELS = Catalogue.model_validate(
    {"models": [{"id": id, "vendor": vendor, "quality_ppm": ppm, "prices": PRICES} for id, vendor, ppm in ROWS]}
)
ASKED = Request(input_tokens=1, max_output_tokens=10)
EACH = 10_000_000


def following(*attempts: Attempt, **parts: Any) -> str | None:
    policy = Policy.model_validate({"weights": {"quality": 1}, "constraints": {}, **parts})
    return next_model(policy, MODELS, ASKED, decide(policy, MODELS, ASKED), attempts)


def failure(model: str, error: str, **options: Any) -> Attempt:
    return Attempt(model=model, error=ErrorCode(error), **options)


ON = {*RETRYABLE_CODES, "not_found"}
ELSEWHERE = {"quota_exhausted", "unauthenticated"}


@pytest.mark.parametrize("code", [*ErrorCode])
def test_only_some_failures_are_followed_by_another_model(code: str) -> None:
    expected = "a2" if code in ON else "b1" if code in ELSEWHERE else None
    assert following(failure("a1", code)) == expected


@pytest.mark.parametrize("code", ["connection", "malformed_reply"])
def test_an_unknown_outcome_is_followed_unless_the_policy_says_no(code: str) -> None:
    lost = failure("a1", code, outcome_unknown=True)
    assert following(lost) == "a2"
    assert following(lost, fallback={"on_unknown": False}) is None


def test_each_model_is_asked_once_and_a_barred_vendor_stays_barred() -> None:
    tried = [failure("a1", "quota_exhausted"), failure("b1", "unavailable")]
    assert following(*tried) == "c1"
    assert following(*tried, failure("c1", "unavailable")) is None
    assert following(failure("a1", "timeout"), fallback={"max": 0}) is None


@pytest.mark.parametrize(
    ("first", "limit", "expected"),
    [
        ({"outcome_unknown": True}, 2 * EACH, "a2"),
        ({"outcome_unknown": True}, 2 * EACH - 1, None),
        ({"outcome_unknown": True, "cost": 3}, EACH + 3, "a2"),
        ({"outcome_unknown": True, "cost": 3}, EACH + 2, None),
        ({}, EACH, "a2"),
        ({"cost": 1}, EACH, None),
    ],
)
def test_what_was_spent_counts_against_the_cost_limit(first: Any, limit: int, expected: str | None) -> None:
    constraints = {"max_cost_usd": limit / 10**12}
    assert following(failure("a1", "unavailable", **first), constraints=constraints) == expected


def test_the_cost_limit_may_come_with_a_tag() -> None:
    override = {"tag": "", "constraints": {"max_cost_usd": EACH / 10**12}}
    policy = Policy.model_validate({"weights": {"quality": 1}, "tag_overrides": [override]})
    lost = failure("a1", "connection", outcome_unknown=True)
    for tags, expected in (({"": ""}, None), ({}, "a2")):
        asked = ASKED.model_copy(update={"tags": tags})
        assert next_model(policy, MODELS, asked, decide(policy, MODELS, asked), [lost]) == expected


def test_a_dearer_model_is_passed_over_for_one_that_fits() -> None:
    rows = [{**entry.plain(), "prices": {"input": 0, "output": int(entry.id != "c1")}} for entry in MODELS.models]
    models = Catalogue.model_validate({"models": rows})
    policy = Policy.model_validate({"weights": {"quality": 1}, "constraints": {"max_cost_usd": 1e-11}})
    decision = decide(policy, models, ASKED)
    assert decision.fallback_chain == ("a2", "b1", "c1")
    lost = failure("a1", "connection", outcome_unknown=True)
    assert next_model(policy, models, ASKED, decision, [lost]) == "c1"


def test_a_model_whose_price_nobody_knows_counts_as_nothing_where_the_policy_accepts_it() -> None:
    models = Catalogue.model_validate({"models": [{**entry.plain(), "prices": None} for entry in MODELS.models]})
    policy = Policy.model_validate(
        {"weights": {"quality": 1}, "constraints": {"max_cost_usd": 0}, "on_missing": "accept"}
    )
    lost = failure("a1", "connection", outcome_unknown=True)
    assert next_model(policy, models, ASKED, decide(policy, models, ASKED), [lost]) == "a2"


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("m", "m"),
        ("m-2026-01-15", "m"),
        ("m-20260115", "m"),
        ("m@20260115", "m"),
        ("m-0115", "m"),
        ("n", "n"),
        ("n-2026-01-15", "n"),
        ("m-large", "m-large"),
        ("m-large-2026-01-15", "m-large"),
        ("m-mini", None),
        ("m2026-01-15", None),
        ("m-2026-01-15-beta", None),
        ("M", None),
        ("-0115", None),
        ("", None),
    ],
)
def test_a_dated_name_is_the_model_without_the_date(told: str, meant: str | None) -> None:
    assert model_meant(["m-large", "m", "n"], "m", told) == meant


def test_the_asked_model_comes_before_an_entry_of_the_same_dated_name() -> None:
    assert model_meant(["m", "m-2026-01-15"], "m", "m-2026-01-15") == "m"
    assert model_meant(["m", "m-2026-01-15"], "n", "m-2026-01-15") == "m-2026-01-15"
    assert model_meant(["n"], "m", "m-2026-01-15") is None


def test_a_model_outside_the_decision_is_a_malformed_reply() -> None:
    policy = Policy.model_validate({"weights": {"quality": 1}, "constraints": {"deny_models": ["b1"]}})
    decision = decide(policy, MODELS, ASKED)
    assert served_model(decision, "a1", None) is None
    assert served_model(decision, "a1", "c1-0101") == "c1"
    with pytest.raises(NonRetryableError, match="malformed_reply"):
        served_model(decision, "a1", "b1")


def test_the_first_model_is_the_chosen_one() -> None:
    assert first_model(decide(Policy.model_validate({"weights": {"quality": 1}}), MODELS, ASKED)) == "a1"


def test_where_nothing_is_eligible_the_rejects_are_in_the_details() -> None:
    policy = Policy.model_validate({"weights": {"quality": 1}, "constraints": {"allow_models": []}})
    with pytest.raises(NonRetryableError, match="no_candidate") as caught:
        first_model(decide(policy, MODELS, ASKED))
    assert [row["model"] for row in caught.value.details["rejects"]] == ["a1", "a2", "b1", "c1"]
    assert caught.value.details["rejects"][0]["rule"] == "allow_models"
