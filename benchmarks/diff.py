"""What the comparison costs beside ``==``, side by side in one run: ``python benchmarks/diff.py``.

Payloads are mixed JSON from a seed, parsed twice, so that no two values are one object.
"""

import copy
import json
import random
import time
from collections.abc import Callable
from typing import Any

from pytest_pal import Rule, diff

SIZES = {"1 KB": (1_000, 2_000), "88 KB": (88_000, 50), "4.4 MB": (4_400_000, 5)}


def value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 3 or kind < 0.6:
        return chance.choice([chance.randint(0, 10**6), chance.random() * 100, True, None, "w" * chance.randint(3, 30)])
    if kind < 0.85:
        return {f"key_{n}": value(chance, depth + 1) for n in range(chance.randint(2, 8))}
    return [value(chance, depth + 1) for _ in range(chance.randint(2, 8))]


def document(chance: random.Random, size: int) -> str:
    """About ``size`` characters."""
    rows: list[Any] = []
    length = 0
    while length < size * 0.9:
        row = {f"field_{n}": value(chance, 2 if size < 2_000 else 0) for n in range(6)}
        rows.append(row)
        length += len(json.dumps(row))
    return json.dumps(rows)


def best(call: Callable[[], Any], runs: int) -> float:
    """The least seconds of some runs."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def changed(value: Any) -> Any:
    """A copy with one row in a hundred changed."""
    other = copy.deepcopy(value)
    for row in other[::100]:
        row["field_0"] = "changed"
    return other


def main() -> None:
    chance = random.Random(1)
    for name, (size, runs) in SIZES.items():
        ratios, ratios_changed = [], []
        for _ in range(9 if size < 1_000_000 else 3):
            text = document(chance, size)
            a, b = json.loads(text), json.loads(text)
            plain = best(lambda a=a, b=b: a == b, runs)
            ratios.append(best(lambda a=a, b=b: diff(a, b), runs) / plain)
            other = changed(b)
            ratios_changed.append(best(lambda a=a, b=other: diff(a, b), max(2, runs // 10)) / plain)
        middle = sorted(ratios)[len(ratios) // 2]
        print(f"{name:>6}: equal x{middle:.1f} of == (most x{max(ratios):.1f}), 1% changed x{min(ratios_changed):.1f}")
    rows = [{"id": f"r{n}", "v": n, "name": f"name {n}", "tags": ["a", "b"]} for n in range(1_000)]
    other = copy.deepcopy(rows)
    chance.shuffle(other)
    for row in other[:110]:
        row["v"] = -1
    by_id = Rule(path="", key="id", reason="the order is free", owner="benchmarks")
    print(f"1,000 records by key, 110 changed: {1_000 * best(lambda: diff(rows, other, [by_id]), 20):.1f} ms")


if __name__ == "__main__":
    main()
