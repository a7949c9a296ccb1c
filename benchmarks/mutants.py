"""How many wrong mocks the clauses catch: mutation testing of mocks/, judged by `pytest --pal` alone.

    python benchmarks/mutants.py                              # 40 mutants of each mock
    python benchmarks/mutants.py --mock ads --sample 200      # more of one (repeat --mock for several)
    python benchmarks/mutants.py --seed 2 --jobs 4 --json mutants.json

Needs cosmic-ray (pip install cosmic-ray) beside an installed pytest-pal with its pytest. All mutations by all
operators of cosmic-ray that take no arguments are enumerated, and a sample is drawn by the seed; mutations inside
type annotations are left out, since they change nothing or cannot be imported. Each mutant is written into a copy
of the source tree, and the conformance run of that mock goes over it there. It is killed by exit code 1 or by the
timeout, and has survived with exit code 0. Before that each copy must pass as it is, and must fail with a mock that
raises when it is imported: so it is proven that the copy is what runs.
Exit code: 0; 2 where a run was neither.
"""

import argparse
import ast
import difflib
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PARTS = ("pytest_pal", "contracts", "mocks", "golden")
JUNK = shutil.ignore_patterns("__pycache__", "*.pyc")
POISON = "raise RuntimeError('this mock must not be importable')\n"
OUTCOMES = {0: "survived", 1: "killed", None: "killed"}


@dataclass(frozen=True)
class Mutation:
    """One change: the ``occurrence``-th place where a cosmic-ray operator applies, at ``line`` (from 1)."""

    mock: str
    operator: str
    occurrence: int
    line: int


@dataclass(frozen=True)
class Result:
    """``outcome`` is killed, survived, or error with the exit code; ``diff`` is unified."""

    mutation: Mutation
    outcome: str
    seconds: float
    diff: str


def mutations(mock: str, source: str) -> Iterator[Mutation]:
    """Every mutation of a mock's source outside its annotations."""
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes, annotated = list(ast_nodes(get_ast(source))), list(_annotations(source))
    for name, operator in _operators().items():
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(places):
            if not any(first <= start < last for first, last in annotated):
                yield Mutation(mock, name, occurrence, start[0])


def _operators() -> dict[str, Any]:
    from cosmic_ray import plugins

    found = {name: plugins.get_operator(name) for name in sorted(plugins.operator_names())}
    return {name: made() for name, made in found.items() if not made.arguments() and name != "core/NoOp"}


def _annotations(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations begin and end: (line from 1, column)."""
    for node in ast.walk(ast.parse(source)):
        for field in ("annotation", "returns"):
            found = getattr(node, field, None)
            if found is not None:
                yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)


def mutated(source: str, mutation: Mutation) -> str:
    """The source with the mutation applied."""
    from cosmic_ray.mutating import mutate_code

    changed: str | None = mutate_code(source, _operators()[mutation.operator], mutation.occurrence)
    if changed is None:
        raise LookupError(f"{mutation} does not apply")
    return changed


class Copy:
    """A copy of the source tree in which one mock at a time is another."""

    def __init__(self, folder: Path, timeout: float) -> None:
        self._folder, self._timeout = folder, timeout
        for part in PARTS:
            if (ROOT / part).exists():
                shutil.copytree(ROOT / part, folder / part, symlinks=True, ignore=JUNK)
        shutil.copy(ROOT / "pyproject.toml", folder)
        (folder / "tests").mkdir()  # its settings name that folder

    def run(self, mock: str, source: str) -> int | None:
        """The exit code of the conformance run over that source; None where it took too long."""
        path = self._folder / "mocks" / f"{mock}.py"
        original = path.read_text("utf-8")
        path.write_text(source, "utf-8")
        try:
            return self._pytest(f"mock_{mock}")
        finally:
            path.write_text(original, "utf-8")

    def _pytest(self, adapter: str) -> int | None:
        command = [sys.executable, "-m", "pytest", "-p", "pytest_pal.plugin", "--pal", f"--pal-adapter={adapter}"]
        process = subprocess.Popen(
            [*command, "-x", "-q", "-p", "no:cacheprovider"],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own session: pytest and the kit's child process
            process.wait()
            return None


def prove(copy: Copy, mocks: Sequence[str]) -> None:
    """Ends the program unless the copy passes as it is, and fails with a mock that cannot be imported."""
    for mock in mocks:
        source = _source(mock)
        if (code := copy.run(mock, source)) != 0:
            sys.exit(f"mock_{mock} does not pass unchanged ({_ended(code)}); mend that first")
        if copy.run(mock, POISON + source) in (0, None):
            sys.exit(f"a mock_{mock} that raises on import passes: the copy is not what runs")


def _ended(code: int | None) -> str:
    return "it took longer than --timeout" if code is None else f"exit code {code}"


def judged(copies: "queue.Queue[Copy]", mutation: Mutation) -> Result:
    source, started = _source(mutation.mock), time.perf_counter()
    changed = mutated(source, mutation)
    copy = copies.get()
    try:
        code = copy.run(mutation.mock, changed)
    finally:
        copies.put(copy)
    outcome = OUTCOMES.get(code, f"error {code}")
    return Result(mutation, outcome, time.perf_counter() - started, _diff(mutation.mock, source, changed))


def _diff(mock: str, source: str, changed: str) -> str:
    name = f"mocks/{mock}.py"
    lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), name, name, n=1, lineterm="")
    return "\n".join(lines)


def _source(mock: str) -> str:
    return (ROOT / "mocks" / f"{mock}.py").read_text("utf-8")


def sampled(mock: str, size: int, seed: int) -> tuple[int, list[Mutation]]:
    """How many mutations there are, and those that the seed picks."""
    found = list(mutations(mock, _source(mock)))
    return len(found), random.Random(f"{seed}/{mock}").sample(found, min(size, len(found)))


def table(rows: Sequence[Sequence[Any]]) -> str:
    """Columns of equal width, the first one to the left."""
    width = max(len(str(row[0])) for row in rows)
    return "\n".join(f"{row[0]!s:<{width}}" + "".join(f"{cell!s:>10}" for cell in row[1:]) for row in rows)


def _row(name: str, possible: int, results: Sequence[Result]) -> list[Any]:
    killed = sum(result.outcome == "killed" for result in results)
    survived = sum(result.outcome == "survived" for result in results)
    rate = f"{100 * killed / (killed + survived):.1f}%" if killed + survived else "-"
    return [name, possible, len(results), killed, survived, len(results) - killed - survived, rate]


def report(possible: dict[str, int], results: Sequence[Result]) -> str:
    """The table, then every mutant that was not killed."""
    rows: list[Sequence[Any]] = [("mock", "possible", "sampled", "killed", "survived", "errors", "rate")]
    rows += [_row(mock, n, [r for r in results if r.mutation.mock == mock]) for mock, n in possible.items()]
    if len(possible) > 1:
        rows.append(_row("all", sum(possible.values()), results))
    alive = (result for result in results if result.outcome != "killed")
    return "\n\n".join([table(rows), *(_told(result) for result in alive)])


def _told(result: Result) -> str:
    mutation = result.mutation
    where = f"mocks/{mutation.mock}.py:{mutation.line}"
    return f"{where}  {result.outcome}  {mutation.operator} #{mutation.occurrence}\n{result.diff}"


def _mocks() -> list[str]:
    return sorted(path.stem for path in (ROOT / "mocks").glob("*.py") if path.stem != "__init__")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mock", action="append", choices=_mocks(), help="only this mock (repeatable)")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="mutants of each mock (default 40)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws another sample (default 1)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once (default 2)")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds for one run (default 60)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result to this file")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    try:
        import cosmic_ray  # noqa: F401
    except ImportError:
        sys.exit("mutants.py uses the operators of cosmic-ray; type: pip install cosmic-ray")
    mocks = arguments.mock or _mocks()
    drawn = {mock: sampled(mock, arguments.sample, arguments.seed) for mock in mocks}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: queue.Queue[Copy] = queue.Queue()
        for n in range(arguments.jobs):
            copies.put(Copy(Path(folder) / str(n), arguments.timeout))
        prove(copies.queue[0], mocks)
        wanted = [mutation for _, picked in drawn.values() for mutation in picked]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(lambda mutation: judged(copies, mutation), wanted))
    sys.stdout.write(report({mock: possible for mock, (possible, _) in drawn.items()}, results) + "\n")
    if arguments.json:
        text = json.dumps([asdict(result) for result in results], indent=2, sort_keys=True)
        arguments.json.write_text(text + "\n", "utf-8")
    return 0 if all(result.outcome in ("killed", "survived") for result in results) else 2


if __name__ == "__main__":
    sys.exit(main())
