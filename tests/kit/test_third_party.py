"""A capability of a separate distribution gets its families, like the seven."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EIGHTH = Path(__file__).parents[1] / "data" / "eighth"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(EIGHTH)], check=True)
    return target


def judged(installed: Path, cwd: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pal", *options]
    env = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_foreign_capability_gets_its_families(installed: Path, tmp_path: Path) -> None:
    good = judged(installed, tmp_path, "--pal-adapter=acme_geo", "-v")
    assert good.returncode == 0, good.stdout
    for clause in (
        "shape.no_alias",
        "idempotency.new_process",
        "idempotency.conflict",
        "determinism.same_calls",
        "concurrency.all_effects",
        "bad_input.check",
    ):
        assert f"pal::geo::acme_geo::geo.register.{clause} PASSED" in good.stdout
    for clause in ("find.rule.found_again", "find.bad_input.unknown_place", "adapter.offline.guard"):
        assert f"pal::geo::acme_geo::geo.{clause} PASSED" in good.stdout


@pytest.mark.slow
def test_an_adapter_that_drops_every_write_is_red(installed: Path, tmp_path: Path) -> None:
    lossy = judged(installed, tmp_path, "--pal-adapter=lossy_geo")
    assert lossy.returncode == 1
    assert "geo.find.rule.found_again" in lossy.stdout
    assert "geo.register.idempotency.distinct_keys" in lossy.stdout


@pytest.mark.slow
def test_the_project_at_hand_is_judged_without_being_named(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((EIGHTH / "pyproject.toml").read_text())
    found = judged(installed, tmp_path)
    assert found.returncode == 1
    assert "mock_ads" not in found.stdout
    rows = [line for line in found.stdout.splitlines() if line.endswith(("PASS", "FAIL"))]
    assert [(row.split()[0], row.split()[-1]) for row in rows] == [
        ("acme_geo", "PASS"),
        ("hasty_geo", "FAIL"),
        ("lossy_geo", "FAIL"),
        ("newer_geo", "PASS"),
    ]
