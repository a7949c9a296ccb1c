"""Shares of units: even, stable everywhere, independent by salt, nested."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from pytest_pal.primitives.buckets import PARTS, bucket, choose, within

UNITS = [f"user-{n}" for n in range(20_000)]


@pytest.mark.parametrize(
    ("salt", "unit", "place"),
    # printf '4:salt6:unit-1' | sha256sum, its first 16 digits x 10,000 / 16^16
    [("salt", "unit-1", 8106), ("", "", 2228), ("exp/price", "ada", 5359)],
)
def test_a_bucket_can_be_recomputed_anywhere(salt: str, unit: str, place: int) -> None:
    assert bucket(salt, unit) == place


def test_another_process_under_another_hash_seed_agrees() -> None:
    code = "from pytest_pal.primitives.buckets import bucket; print([bucket('s', f'u{n}') for n in range(50)])"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str([bucket("s", f"u{n}") for n in range(50)])


def test_salt_and_unit_are_kept_apart() -> None:
    assert len({bucket("ab", "c"), bucket("a", "bc"), bucket("", "abc"), bucket("abc", "")}) == 4


def test_buckets_are_even_to_the_last() -> None:
    tenths = Counter(bucket("even", unit) * 100 // PARTS for unit in UNITS)
    assert sorted(tenths) == [*range(100)]
    # 200 expected in each of 100; the chi-square of 99 degrees is below 180 but once in a million.
    assert sum((count - 200) ** 2 / 200 for count in tenths.values()) < 180


def test_another_salt_is_an_independent_split() -> None:
    both = sum(within("one", unit, 5_000) and within("two", unit, 5_000) for unit in UNITS)
    assert abs(both - 5_000) < 300


def test_a_share_that_rises_keeps_its_units() -> None:
    for unit in UNITS[:500]:
        seen = [within("ramp", unit, parts) for parts in range(0, PARTS + 1, 500)]
        assert seen == sorted(seen)
        assert (seen[0], seen[-1]) == (False, True)


def test_none_and_all_are_exact() -> None:
    assert not any(within("x", unit, 0) for unit in UNITS)
    assert all(within("x", unit, PARTS) for unit in UNITS)


def test_a_share_begins_at_its_bucket() -> None:
    place = bucket("edge", "unit")
    assert not within("edge", "unit", place)
    assert within("edge", "unit", place + 1)
    assert choose("edge", "unit", [place, PARTS - place]) == 1
    assert choose("edge", "unit", [place + 1, PARTS - place - 1]) == 0


def test_choices_follow_the_weights_and_nobody_gets_nothing() -> None:
    weights = [0, 2_000, 0, 7_000, 1_000, 0]
    counts = Counter(choose("weights", unit, weights) for unit in UNITS)
    assert sorted(counts) == [1, 3, 4]
    assert all(abs(counts[index] - 2 * weights[index]) < 350 for index in counts)


@pytest.mark.parametrize("weights", [[], [5_000], [5_000, 5_001], [20_000, -10_000]])
def test_weights_that_are_no_shares_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights must"):
        choose("bad", "unit", weights)
