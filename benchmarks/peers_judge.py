"""Both judges over every wrong store; peers.py runs it in its own virtual environment, with its own arguments."""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from peers_page import page
from peers_table import CONTROL, Row, chosen, plain, table, unseen
from peers_witness import shown

from pytest_pal.prove.matrix import caught
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Saboteur

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "peers.md"
SUITE = HERE / "peers_suite.py"
OPTIONS = ("-p", "no:cacheprovider", "-q", "--tb=no", "--disable-socket", "--allow-unix-socket", "--timeout=60")
"""pytest-socket is theirs: with it on, a store in process that opens a socket falls too. Nothing leaves the machine."""
WITHOUT = ""
"""Tests of theirs that take no store."""
PACKAGES = ("langchain-tests", "langchain-core", "pytest", "pytest-pal")
Outcomes = dict[str, dict[str, str]]
"""By store and test: passed, failed, error or skipped."""


def outcomes() -> Outcomes:
    """What their suite says, in one pytest process."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        settings, report = Path(folder, "pytest.ini"), Path(folder, "report.xml")
        settings.write_text("[pytest]\nasyncio_mode = auto\n", "utf-8")
        command = [sys.executable, "-m", "pytest", str(SUITE), "-c", str(settings), f"--junitxml={report}", *OPTIONS]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode not in (0, 1):
            sys.exit(f"the suite did not run (exit code {done.returncode}):\n{done.stdout}{done.stderr}")
        return read(report.read_text("utf-8"))


def read(report: str) -> Outcomes:
    """A report in JUnit's XML, whose tests are named test[store]."""
    found: Outcomes = defaultdict(dict)
    for case in ElementTree.fromstring(report).iter("testcase"):
        test, _, store = case.attrib["name"].rstrip("]").partition("[")
        bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[store][test] = {"failure": "failed"}.get(bad[0], bad[0]) if bad else "passed"
    return found


def control(found: Outcomes) -> int:
    """How many tests the correct mock passes; ends the program unless these are all, and each store had them all."""
    tests = {**found[WITHOUT], **found[CONTROL]}
    wrong = {test: outcome for test, outcome in tests.items() if outcome != "passed"}
    if wrong or not found[CONTROL]:
        sys.exit(f"the correct mock must pass all of their suite, and does not: {wrong or 'it was not run'}")
    untried = [each.name for each in chosen() if found[each.name].keys() != found[CONTROL].keys()]
    if untried:
        sys.exit(f"their suite was not run in full over {', '.join(untried)}")
    return len(tests)


def rows(found: Outcomes) -> list[Row]:
    return [_row(each, _failed(found[each.name])) for each in chosen()]


def _row(saboteur: Saboteur, failed: tuple[str, ...]) -> Row:
    why = unseen(saboteur)
    ours = caught(saboteur, roster("vectorstore").contract)
    return Row(saboteur.name, saboteur.breaks, why, failed, ours, () if why or failed else shown(saboteur.harness))


def proven(judged: Iterable[Row]) -> None:
    """Ends the program where a defect is said to be in sight, and nothing shows it."""
    hidden = [row.name for row in judged if not (row.unseen or row.failed or row.shown)]
    if hidden:
        sys.exit(f"in sight, and no witness shows it: {', '.join(hidden)}; write one, or say why it is out of sight")


def _failed(tests: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(test for test, outcome in tests.items() if outcome != "passed"))


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = outcomes()
    tests, judged, used = control(found), rows(found), versions()
    proven(judged)
    print(table(judged))
    if given.json:
        given.json.write_text(json.dumps(plain(judged, used), indent=2, sort_keys=True) + "\n", "utf-8")
    if given.write:
        PAGE.write_text(page(judged, used, tests), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
