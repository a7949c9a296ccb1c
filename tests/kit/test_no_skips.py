"""No check contains a skip: what could not be tried is red, not quiet."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKS = [*(ROOT / "contracts").rglob("*.py"), *(ROOT / "pytest_pal" / "kit").rglob("*.py")]
QUIET = {"skip", "skipif", "xfail", "importorskip", "SkipTest"}


def quiet_names(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in QUIET:
            yield name


def test_the_scan_sees_a_skip() -> None:
    assert list(quiet_names("import pytest\npytest.skip('later')")) == ["skip"]


def test_no_check_skips() -> None:
    assert len(CHECKS) > 30
    assert {path: found for path in CHECKS if (found := list(quiet_names(path.read_text("utf-8"))))} == {}
