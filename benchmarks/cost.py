"""What pytest-pal costs: inactive, per item, and as a whole. Ratios and medians of paired runs.

python benchmarks/cost.py inactive     # an ordinary session, with the plugin and with -p no:pytest_pal.plugin
python benchmarks/cost.py item         # CPU of a clause item beyond the body of its check
python benchmarks/cost.py run          # pytest --pal --pal-adapter='mock_*': wall, items, peak memory
python benchmarks/cost.py golden       # 1,000 tests that verify a golden file, beside the same tests without
"""

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

TRIVIAL = """
from dataclasses import replace
from pytest_pal.model.clause import Clause
from pytest_pal.kit import discovery
from pytest_pal.mocks.ads import MockAds

original = discovery.contract_of

def many(name):
    clauses = [Clause(f"ads.pause.rule.n{n}", "Nothing is asked.", lambda subject: None) for n in range(COUNT)]
    return replace(original(name), clauses=tuple(clauses))

discovery.contract_of = many

class Acme(MockAds):
    pass

def pytest_pal_adapters(config):
    return {"acme": Acme}
"""


def measured(command: list[str], cwd: Path) -> tuple[float, float, float, str]:
    """CPU seconds, wall seconds, peak memory in MB of any one child so far, and the output."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=dict(os.environ))
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, after.ru_maxrss / 1024, done.stdout


def inactive(folder: Path, runs: int) -> None:
    (folder / "test_one.py").write_text("def test_one(): pass\n")
    pairs = []
    for _ in range(runs + 1):
        without = measured([*PYTEST, "-p", "no:pytest_pal.plugin"], folder)[0]
        pairs.append((without, measured(PYTEST, folder)[0]))
    differences = [1000 * (active - without) for without, active in pairs[1:]]
    ratios = [active / without for without, active in pairs[1:]]
    print(f"inactive plugin: {statistics.median(differences):+.1f} ms CPU, x{statistics.median(ratios):.3f}", end=" ")
    print(f"(medians of {runs} pairs)")


def item(folder: Path, runs: int) -> None:
    costs = []
    for _ in range(runs):
        cpu = {}
        for count in (500, 2500):
            (folder / "conftest.py").write_text(TRIVIAL.replace("COUNT", str(count)))
            cpu[count] = measured([*PYTEST, "--pal"], folder)[0]
        costs.append(1000 * (cpu[2500] - cpu[500]) / 2000)
    print(f"one item in process: {statistics.median(costs):.3f} ms CPU (median of {runs} slopes over 2,000 items)")


def run(folder: Path, runs: int) -> None:
    found = [measured([*PYTEST, "--pal", "--pal-adapter=mock_*"], folder) for _ in range(runs)]
    items = re.search(r"(\d+) passed", found[0][3])
    wall = statistics.median(wall for _, wall, _, _ in found)
    cpu = statistics.median(cpu for cpu, _, _, _ in found)
    print(f"seven mocks: {items[1] if items else '?'} items passed, {wall:.2f} s wall, {cpu:.2f} s CPU", end=", ")
    print(f"peak {max(memory for _, _, memory, _ in found):.0f} MB (medians of {runs} runs)")


GOLDEN = """
import pytest

@pytest.mark.parametrize("n", range(1_000))
def test_one(n, pal_golden):
    value = {f"field_{i}": [n, i, "text" * 5, None] for i in range(6)}
    CALL
"""


def golden(folder: Path, runs: int) -> None:
    walls = {}
    for name, call in (("without", "assert value"), ("with", "pal_golden(value)")):
        (folder / name).mkdir()
        (folder / name / "test_it.py").write_text(GOLDEN.replace("CALL", call))
        environment = dict(os.environ, PAL_GOLDEN_WRITE="1")
        subprocess.run(
            [*PYTEST, "--pal-golden=new"], cwd=folder / name, env=environment, capture_output=True, check=True
        )
        walls[name] = [measured(PYTEST, folder / name)[0] for _ in range(runs)]
    ratios = [w / wo for w, wo in zip(walls["with"], walls["without"], strict=True)]
    print(f"1,000 golden files verified: x{statistics.median(ratios):.2f} of the same tests without, CPU", end=" ")
    print(f"(median of {runs} pairs)")


def main() -> None:
    benchmarks: dict[str, Callable[[Path, int], None]] = {
        "inactive": inactive,
        "item": item,
        "run": run,
        "golden": golden,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=benchmarks)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        benchmarks[given.what](Path(folder), given.runs)


if __name__ == "__main__":
    main()
