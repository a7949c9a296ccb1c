"""The Thompson sampler: finds the better arm, keeps the floor, and takes its chance from outside."""

from collections import Counter
from random import Random
from statistics import fmean, pvariance

import pytest

from pytest_pal.primitives.bandit import Arm, pick


def picks(arms: list[Arm], floor: int, count: int = 4_000) -> Counter[int]:
    random = Random(7)
    return Counter(pick(arms, floor, random) for _ in range(count))


def test_the_same_chance_gives_the_same_arm() -> None:
    arms = [Arm(3, 1.5), Arm(4, 2.0)]
    assert [pick(arms, 100, Random(n)) for n in range(50)] == [pick(arms, 100, Random(n)) for n in range(50)]


def test_arms_without_values_are_even() -> None:
    counts = picks([Arm(), Arm(), Arm()], 0)
    assert all(abs(counts[arm] - 4_000 / 3) < 150 for arm in range(3))


@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_best_arm_gets_nearly_all(best: int) -> None:
    arms = [Arm(200, 150.0) if arm == best else Arm(200, 50.0) for arm in range(3)]
    assert picks(arms, 0)[best] == 4_000


def test_the_floor_goes_to_every_arm_whatever_was_seen() -> None:
    counts = picks([Arm(900, 0.0), Arm(900, 900.0), Arm(900, 1.0)], 1_500)
    assert abs(counts[0] - 600) < 120
    assert abs(counts[2] - 600) < 120
    assert abs(counts[1] - 2_800) < 150


def test_a_floor_that_takes_all_is_even() -> None:
    counts = picks([Arm(900, 0.0), Arm(900, 900.0)], 5_000)
    assert abs(counts[0] - 2_000) < 160


def test_samples_are_of_the_posterior() -> None:
    random = Random(11)
    draws = [Arm(8, 5.5).sample(random) for _ in range(20_000)]
    # Beta(6.5, 3.5): mean a / (a + b), variance ab / ((a + b)^2 (a + b + 1)).
    assert fmean(draws) == pytest.approx(0.65, abs=0.006)
    assert pvariance(draws) == pytest.approx(6.5 * 3.5 / (100 * 11), rel=0.06)


def test_values_count_as_cut_to_their_range() -> None:
    arm = Arm()
    for value in (0.25, 7, -3, 1):
        arm = arm.seen(value)
    assert arm == Arm(4, 2.25)


def test_one_run_from_nothing_learns() -> None:
    random, arms, chosen = Random(5), [Arm(), Arm()], Counter[int]()
    for _ in range(1_000):
        arm = pick(arms, 200, random)
        chosen[arm] += 1
        arms[arm] = arms[arm].seen(float(random.random() < (0.3, 0.5)[arm]))
    assert chosen[1] > 800
    assert chosen[0] >= 20
