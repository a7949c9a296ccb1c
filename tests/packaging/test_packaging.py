"""Every way to have pytest-pal gives the same verdicts: wheel, sdist, editable, and a clone that is not installed.

Each environment is a fresh one with nothing but the declared dependencies, and works in an empty folder.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LINKS = ("contracts", "mocks")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "*cache*", "dist", "build", "*.egg-info", ".coverage*")
CAPABILITIES = "ads cdp experiments lifecycle llm_gateway llm_observability vectorstore".split()
WHERE = """
import importlib, pkgutil, pytest_pal
names = [found.name for found in pkgutil.walk_packages(pytest_pal.__path__, "pytest_pal.")]
wanted = [name for name in names if name.split(".")[1] in ("contracts", "kit", "mocks", "model")]
print(*{importlib.import_module(name).__file__ for name in wanted}, sep="\\n")
"""
TYPED = """
from pytest_pal import Capability, RetryableError
from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.mocks.ads import MockAds

found: Capability = CAPABILITY
wait: float | None = RetryableError("timeout").retry_after
adapter: type[MockAds] = MockAds
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What the command printed, in an environment without settings of this session."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, f"{done.args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copied(to: Path) -> Path:
    """The files of this checkout, its links kept as links."""
    shutil.copytree(ROOT, to, symlinks=True, ignore=LEFT_OUT)
    for name in LINKS:
        link = to / "pytest_pal" / name
        if not link.exists():
            link.symlink_to(Path("..") / name, target_is_directory=True)
    return to


class Environment:
    """A fresh virtual environment; packages come in through the pip of this session."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home.parent)

    def install(self, *what: str | Path) -> None:
        pip = (sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-input")
        run(*pip, *what, cwd=self.home)

    def files(self, cwd: Path) -> list[Path]:
        """Where the modules come from that a run needs."""
        return [Path(line) for line in run(self.python, "-c", WHERE, cwd=cwd).splitlines()]

    def report(self, cwd: Path, *options: str) -> bytes:
        """The report of a conformance run that passed."""
        file = self.home / "report.json"
        run(self.python, "-m", "pytest", *options, "--pal", f"--pal-report={file}", cwd=cwd)
        return file.read_bytes()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("clone") / "pytest-pal")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that was built from it; the tree they come from is gone."""
    folder = tmp_path_factory.mktemp("dist")
    tree = copied(tmp_path_factory.mktemp("source") / "pytest-pal")
    quick = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "build", *quick, "--outdir", folder, tree, cwd=folder)
    shutil.rmtree(tree)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the dependencies of pytest-pal and without pytest-pal."""
    environment = Environment(tmp_path_factory.mktemp("bare") / "venv")
    environment.install(*tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])
    return environment


@pytest.fixture(scope="module")
def reports() -> dict[str, bytes]:
    return {}


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def in_wheel(name: str) -> dict[str, bytes]:
    """The files of a top-level folder, under the names they have in a wheel."""
    prefix = f"pytest_pal/{name}" if name in LINKS else name
    files = (file for file in (ROOT / name).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    named = {f"{prefix}/{file.relative_to(ROOT / name).as_posix()}": file.read_bytes() for file in files}
    return {path: content for path, content in named.items() if name in LINKS or not path.startswith(SHADOWED)}


SHADOWED = tuple(f"pytest_pal/{name}/" for name in LINKS)


def test_the_wheel_of_the_sdist_holds_the_folders_and_nothing_else(dist: Path) -> None:
    expected = {**in_wheel("pytest_pal"), **in_wheel("contracts"), **in_wheel("mocks")}
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        seen = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert sorted(seen) == sorted(expected)
    assert seen == expected
    assert "pytest_pal/py.typed" in seen
    assert "pytest_pal/contracts/ads/scenarios.yaml" in seen


def _wheel(environment: Environment, dist: Path, clone: Path) -> Path:
    environment.install(only(dist, "*.whl"))
    return environment.home


def _sdist(environment: Environment, dist: Path, clone: Path) -> Path:
    environment.install(only(dist, "*.tar.gz"))
    return environment.home


def _editable(environment: Environment, dist: Path, clone: Path) -> Path:
    environment.install("-e", clone)
    return clone


@pytest.mark.parametrize("way", [_wheel, _sdist, _editable])
def test_it_works_in_a_fresh_environment(
    way: Callable[[Environment, Path, Path], Path], dist: Path, clone: Path, tmp_path: Path, reports: dict[str, bytes]
) -> None:
    environment = Environment(tmp_path / "venv")
    home, empty = way(environment, dist, clone), tmp_path / "empty"
    empty.mkdir()
    assert [file for file in environment.files(empty) if home not in file.parents] == []
    reports[way.__name__] = environment.report(empty)
    _all_pass(reports[way.__name__])
    assert list(empty.iterdir()) == [] or [path.name for path in empty.iterdir()] == [".pytest_cache"]


@pytest.mark.parametrize("links", ["links", "text", "none"])
def test_it_works_in_a_clone_that_is_not_installed(
    links: str, bare: Environment, tmp_path: Path, reports: dict[str, bytes]
) -> None:
    """Also where git wrote each link as a small text file, and in an unpacked sdist, which has none."""
    clone = copied(tmp_path / "pytest-pal")
    for name in LINKS if links != "links" else ():
        (clone / "pytest_pal" / name).unlink()
        if links == "text":
            (clone / "pytest_pal" / name).write_text(f"../{name}")
    assert [file for file in bare.files(clone) if clone not in file.parents] == []
    reports[links] = bare.report(clone, "-p", "pytest_pal.plugin")
    _all_pass(reports[links])


def test_every_way_gave_the_same_report(reports: dict[str, bytes]) -> None:
    if reports:
        first = next(iter(reports))
        assert [way for way, report in reports.items() if report != reports[first]] == []


def test_type_checkers_see_the_wheel(dist: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install(only(dist, "*.whl"))
    (tmp_path / "typed.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", environment.python)
    assert "Success" in run(*mypy, "--cache-dir", os.devnull, "typed.py", cwd=tmp_path)


def _all_pass(report: bytes) -> None:
    found: Any = json.loads(report)
    assert [(each["capability"], each["pass"]) for each in _sorted(found["reports"])] == [
        (name, True) for name in CAPABILITIES
    ]


def _sorted(reports: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from sorted(reports, key=lambda each: str(each["capability"]))
