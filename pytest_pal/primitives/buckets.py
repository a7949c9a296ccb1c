"""Stable shares: which part of 10,000 a unit falls in, by SHA-256. The same in every process and language.

A salt names what the units are split for: another salt is an independent split. A share that rises
keeps the units that it had.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

PARTS = 10_000


def bucket(salt: str, unit: str) -> int:
    """0..9,999, evenly: the first 64 bits of the hash of both, each led by its length, scaled down."""
    text = f"{len(salt)}:{salt}{len(unit)}:{unit}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) * PARTS >> 64


def within(salt: str, unit: str, parts: int) -> bool:
    """Whether the unit is in a share of ``parts`` of 10,000; 0 has nobody, 10,000 everybody."""
    return bucket(salt, unit) < parts


def choose(salt: str, unit: str, weights: Sequence[int]) -> int:
    """The index of the unit's share; ``weights`` are parts that sum to 10,000, 0 gets nobody.

    Raises ValueError for other sums, and for weights below 0.
    """
    if min(weights, default=0) < 0 or sum(weights) != PARTS:
        raise ValueError(f"weights must be at least 0 and sum to {PARTS}, not {list(weights)}")
    return bisect_right(list(accumulate(weights)), bucket(salt, unit))
