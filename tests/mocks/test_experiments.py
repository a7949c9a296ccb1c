"""What clauses cannot see of the experiments mock: its statistics, its seed, its state."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pytest_pal.contracts.experiments import CAPABILITY
from pytest_pal.contracts.experiments.protocol import Report
from pytest_pal.mocks.experiments import MockExperiments
from pytest_pal.model.context import Context, RandomIds

Json = dict[str, Any]


def opened(state: Any, seed: int = 0) -> MockExperiments:
    return MockExperiments({"state": state, "seed": seed}, Context(ids=RandomIds(Random(1))))


def with_values(first: list[float], second: list[float]) -> Report:
    """The report of an experiment in which each unit has one value."""
    experiment: Json = {
        "settings": {"variants": ["a", "b"], "weights": [5_000, 5_000], "metric": "m"},
        "percent": 100,
        "units": {f"{name}{n}": name for name, found in (("a", first), ("b", second)) for n in range(len(found))},
        "records": {
            f"{name}{n}": [value] for name, found in (("a", first), ("b", second)) for n, value in enumerate(found)
        },
        "rewards": {},
    }
    report = CAPABILITY.accept("report", opened({"experiments": {"e": experiment}}).report("e"))
    assert isinstance(report, Report)
    return report


def test_interval_and_p_are_the_textbook_s() -> None:
    control, row = with_values([1] * 10 + [0] * 90, [1] * 20 + [0] * 80).variants
    assert (control.lift, control.interval, control.p) == (0, None, None)
    # By hand: variances of the means 0.09 / 99 and 0.16 / 99, z = 0.1 / 0.05025.
    assert row.lift == pytest.approx(1.0)
    assert row.p == pytest.approx(0.0466, abs=1e-4)
    assert row.interval == pytest.approx((1 - 1.4205, 1 + 1.4205), abs=1e-4)


def test_a_mean_below_zero_gives_an_ordered_interval() -> None:
    row = with_values([-1, -2, -3], [-2, -4, -5]).variants[1]
    assert row.interval is not None
    assert row.interval[0] < row.lift < row.interval[1]


@pytest.mark.parametrize(
    ("first", "second"), [([], []), ([1], [2, 3]), ([1, 2], [3]), ([1, 1], [2, 2]), ([1, -1], [1, 2])]
)
def test_nothing_is_claimed_from_too_little(first: list[float], second: list[float]) -> None:
    rows = with_values(first, second).variants
    assert [(row.interval, row.p) for row in rows] == [(None, None)] * 2
    assert rows[0].lift == 0


def test_two_units_each_are_enough() -> None:
    row = with_values([1, 2], [3, 5]).variants[1]
    assert row.interval is not None
    assert row.p is not None


def test_without_a_difference_p_is_even() -> None:
    random = Random(3)
    draws = [[[random.gauss(10, 3) for _ in range(40)] for _ in range(2)] for _ in range(400)]
    found = [with_values(first, second).variants[1] for first, second in draws]
    low = sum(row.p is not None and row.p < 0.2 for row in found)
    covered = sum(row.interval is not None and row.interval[0] <= 0 <= row.interval[1] for row in found)
    assert 50 < low < 115
    assert covered > 360


def _arms(seed: int) -> list[str]:
    mock = opened({}, seed)
    mock.start_bandit("b", ["left", "right"], 0)
    return [mock.assign("b", f"unit-{n}", {})["variant"] for n in range(40)]


def test_the_seed_decides_what_a_bandit_draws() -> None:
    assert _arms(0) == _arms(0)
    assert _arms(0) != _arms(1)


def test_a_value_from_before_the_exposure_teaches_the_bandit() -> None:
    state: Json = {}
    mock = opened(state)
    mock.start_bandit("b", ["left", "right"], 0)
    for n in range(20):
        mock.record("b", f"unit-{n}", 0.5, idempotency_key=f"key-{n}")
    assert state["experiments"]["b"]["rewards"] == {}
    for n in range(20):
        mock.assign("b", f"unit-{n}", {})
        mock.assign("b", f"unit-{n}", {})
    rewards = state["experiments"]["b"]["rewards"].values()
    assert [sum(parts) for parts in zip(*rewards, strict=True)] == [20, 10.0]


def test_a_file_and_a_dict_hold_the_same(tmp_path: Path) -> None:
    state: Json = {}
    for where in (state, str(tmp_path / "state.json")):
        mock = opened(where)
        mock.set_flag("f", 1.5, [])
        mock.start_ab("e", ["a", "b"], [5_000, 5_000], "m")
        mock.start_bandit("b", ["a", "b"], 1_000)
        for key in ("e", "b"):
            mock.assign(key, "unit", {})
            mock.record(key, "unit", 1, idempotency_key=key)
    assert json.loads((tmp_path / "state.json").read_text()) == json.loads(json.dumps(state)) == state
