"""The policy file: what is valid, and what its numbers become."""

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_pal.canonical import digest
from pytest_pal.llm.policy import Constraints, Policy, Weights
from pytest_pal.llm.units import LARGEST, PICODOLLARS, PPM, capped, scaled

SPECIFIED = {"weights": {"cost": 0.25, "latency": 0.25, "quality": 0.25, "safety": 0.25}, "constraints": {}}


def test_the_policy_of_the_specification_is_valid_and_the_default() -> None:
    assert Policy.model_validate(SPECIFIED) == Policy()
    assert set(Policy().weights.millionths.values()) == {250_000}


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": {}},
        {"weights": {"cost": 0}},
        {"weights": {"cost": 1e-7}},
        {"weights": {"cost": -1, "quality": 2}},
        {"weights": {"cost": float("nan")}},
        {"weights": {"cost": True}},
        {"weights": {"speed": 1}},
        {"constraints": {"max_cost": 1}},
        {"constraints": {"max_cost_usd": -1}},
        {"constraints": {"min_quality": 70}},
        {"references": {"cost_usd": 0}},
        {"on_missing": "ignore"},
        {"fallback": {"max": -1}},
        {"expected_output_tokens": 0},
        {"tag_overrides": [{"value": "x"}]},
    ],
)
def test_a_wrong_policy_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({**SPECIFIED, **wrong})


@pytest.mark.parametrize(
    ("value", "factor", "expected"),
    [
        (0.02, PICODOLLARS, 2 * 10**10),
        (0.1, PPM, 100_000),
        (1e-12, PICODOLLARS, 1),
        (0.0000005, PPM, 0),
        (3, PPM, 3_000_000),
    ],
)
def test_decimals_become_the_integers_that_they_look_like(value: float, factor: int, expected: int) -> None:
    assert scaled(value, factor) == expected


def test_integers_stay_within_what_json_carries() -> None:
    assert (capped(LARGEST), capped(LARGEST + 1), LARGEST) == (LARGEST, LARGEST, 9_007_199_254_740_991)


def test_references_become_picodollars_and_microseconds() -> None:
    assert Policy().references.integers == {"cost": 10**10, "latency": 1_000_000}


def test_a_patch_replaces_what_it_names_and_leaves_the_rest() -> None:
    base = Constraints(max_cost_usd=1, deny_models=("a",))
    assert base.patched(Constraints(deny_models=())) == Constraints(max_cost_usd=1, deny_models=())


def test_overrides_apply_in_order() -> None:
    rows = [
        {"tag": "a", "weights": {"cost": 1}, "constraints": {"min_quality": 0.5, "min_safety": 0.5}},
        {"tag": "b", "value": "1", "weights": {"quality": 1}, "constraints": {"min_quality": 0.9}},
        {"tag": "c", "constraints": {}},
    ]
    policy = Policy.model_validate({**SPECIFIED, "tag_overrides": rows})
    both = policy.for_tags({"a": "", "b": "1", "c": ""})
    assert (both.weights, both.constraints) == (
        Weights(quality=1),
        Constraints(min_quality=0.9, min_safety=0.5),
    )
    assert policy.for_tags({"b": "2"}).constraints == Constraints()
    assert policy.for_tags({"a": "x"}).weights == Weights(cost=1)


def test_the_digest_is_that_of_the_whole_policy() -> None:
    assert Policy().digest == digest(Policy().plain())
    assert Policy.model_validate({**SPECIFIED, "on_missing": "accept"}).digest != Policy().digest


def test_a_changed_copy_has_its_own_digest_and_integers() -> None:
    policy = Policy()
    assert policy.digest != policy.model_copy(update={"version": "2"}).digest
    assert policy.weights.model_copy(update={"cost": 0.5}).millionths["cost"] == 500_000
    assert policy.model_copy(update={"version": "2"}).version == "2"
