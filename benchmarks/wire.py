"""What the families over the wire cost, and whether their timing holds: ``wire.py items | suite | flakes [TIMES]``.

``items``: one clause at a time, in milliseconds of the machine, over the twins. ``suite``: the mocks and the twins by
pytest, in one process and in two. ``flakes``: each slow fault at one operation that reads and one that writes, at
each seam, with both cores busy; it prints how often a verdict was not the one that is right.
"""

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

from pytest_pal.faults.catalogue import BY_NAME
from pytest_pal.kit.discovery import Selection, discover
from pytest_pal.kit.plan import Case
from pytest_pal.model.clause import Clause
from pytest_pal.model.verdict import Verdict

SLOW = frozenset(name for name, fault in BY_NAME.items() if fault.slow)
SEAMS = {"twin_ads": ("create_campaign", "report"), "smtp_lifecycle": ("send",)}
SUITE = ["--pal", "--pal-adapter=mock_*", "--pal-adapter=twin_*", "-q", "-p", "no:cacheprovider"]


def items() -> None:
    """The median, the 95th percentile and the most of each kind of item."""
    spent: dict[str, list[float]] = {"fault": [], "slow fault": [], "other": []}
    for case in _cases("twin_*"):
        for clause in case.clauses:
            if not clause.new_process:
                spent[_kind(clause)].append(_timed(case, clause))
    for kind, times in spent.items():
        last = statistics.quantiles(times, n=20)[-1]
        print(f"{kind:<12}{len(times):>6} items{statistics.median(times):>9.2f} ms median{last:>9.2f} ms p95")


def suite() -> None:
    """Seconds of the machine, pytest's own start included."""
    for workers in ([], ["-n", "2"]):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "pytest", *SUITE, *workers], capture_output=True, text=True)
        last = done.stdout.strip().splitlines()[-1]
        print(f"{' '.join(workers) or 'alone':<8}{time.perf_counter() - started:>7.1f} s   {last}")


def flakes(times: int) -> None:
    """Every verdict must be ``passed``; two processes keep the cores busy meanwhile."""
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(2)]
    for burner in burners:
        burner.start()
    seen: Counter[tuple[str, str]] = Counter()
    for case, clause in _slow_items():
        for _ in range(times):
            result = case.run(clause).result
            seen[clause.id, str(result.verdict)] += 1
            if result.verdict is not Verdict.PASSED:
                print(f"{case.adapter} {clause.id}: {result.verdict}\n{result.text}")
    for burner in burners:
        burner.kill()
    for (id, verdict), count in sorted(seen.items()):
        print(f"{count:>6} {verdict:<9} {id}")


def _cases(*adapters: str) -> tuple[Case, ...]:
    from pathlib import Path

    return discover(Selection(root=Path.cwd(), adapters=adapters)).cases


def _slow_items() -> Iterator[tuple[Case, Clause]]:
    for case in _cases(*SEAMS):
        for clause in case.clauses:
            slow = clause.family == "fault" and clause.id.split(".")[3] in SLOW
            if slow and clause.operation in SEAMS[case.adapter]:
                yield case, clause


def _kind(clause: Clause) -> str:
    if clause.family != "fault":
        return "other"
    return "slow fault" if clause.id.split(".")[3] in SLOW else "fault"


def _timed(case: Case, clause: Clause) -> float:
    started = time.perf_counter()
    case.run(clause)
    return 1_000 * (time.perf_counter() - started)


def _burn() -> None:
    while True:
        pass


def main(arguments: list[str]) -> int:
    commands: dict[str, Callable[[], None]] = {
        "items": items,
        "suite": suite,
        "flakes": lambda: flakes(int(arguments[1]) if len(arguments) > 1 else 500),
    }
    if not arguments or arguments[0] not in commands:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    commands[arguments[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
