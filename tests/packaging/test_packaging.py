"""Every way to have pytest-pal gives the same report: wheel, sdist, editable, and a clone that is not installed.

Each environment is a fresh one with nothing but the declared dependencies, used from an empty folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LINKS = ("contracts", "mocks", "golden")
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "*cache*", "dist", "build", "*.egg-info", ".coverage*")
CAPABILITIES = ["ads", "cdp", "experiments", "lifecycle", "llm_gateway", "llm_observability", "vectorstore"]
WHERE = """
import importlib, pkgutil
for part in ("contracts", "golden", "kit", "mocks", "model"):
    package = importlib.import_module(f"pytest_pal.{part}")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        print(importlib.import_module(found.name).__file__)
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
    """What the command printed, in an environment without the settings of this session."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, f"{done.args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copied(to: Path) -> Path:
    """The files of this checkout, links as links; also where this checkout itself has none."""
    shutil.copytree(ROOT, to, symlinks=True, ignore=LEFT_OUT)
    for name in LINKS:
        link = to / "pytest_pal" / name
        if not link.is_dir():
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..") / name, target_is_directory=True)
    return to


class Environment:
    """A fresh virtual environment; packages come in through the pip of this session."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "venv"
        self.empty = folder / "empty"
        self.empty.mkdir()
        self.python = self.home / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(sys.executable, "-m", "venv", "--without-pip", self.home, cwd=folder)

    def install(self, *what: str | Path) -> None:
        pip = (sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-input")
        run(*pip, *what, cwd=self.empty)

    def outside(self, home: Path, cwd: Path) -> list[str]:
        """The modules that come from elsewhere than ``home``."""
        files = run(self.python, "-c", WHERE, cwd=cwd).splitlines()
        assert len(files) > 50
        return [file for file in files if home not in Path(file).parents]

    def report(self, cwd: Path, *options: str) -> bytes:
        """The report of a conformance run that passed."""
        file = self.home / "report.json"
        run(self.python, "-m", "pytest", "-p", "no:cacheprovider", *options, "--pal", f"--pal-report={file}", cwd=cwd)
        return file.read_bytes()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("clone") / "pytest-pal")


@pytest.fixture(scope="module")
def dist(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of the clone, and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, clone, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def from_wheel(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("wheel"))
    environment.install(only(dist, "*.whl"))
    return environment


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the dependencies of pytest-pal and without pytest-pal."""
    environment = Environment(tmp_path_factory.mktemp("bare"))
    environment.install(*tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])
    return environment


@pytest.fixture(scope="module")
def expected(bare: Environment, clone: Path) -> bytes:
    """The report of a clone that is not installed: seven capabilities, all green."""
    assert bare.outside(clone, clone) == []
    report = bare.report(clone, "-p", "pytest_pal.plugin", "--pal-adapter=mock_*")
    verdicts = {each["capability"]: each["pass"] for each in json.loads(report)["reports"]}
    assert verdicts == dict.fromkeys(CAPABILITIES, True)
    return report


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def test_the_wheel_holds_the_folders_and_nothing_else(clone: Path, dist: Path) -> None:
    """And since it was built from the sdist, the sdist holds them too."""
    wanted = {name: content for part in ("pytest_pal", *LINKS) for name, content in _in_wheel(clone, part)}
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        seen = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert sorted(seen) == sorted(wanted)
    assert seen == wanted
    assert {"pytest_pal/py.typed", "pytest_pal/contracts/ads/scenarios.yaml"} <= set(seen)


def _in_wheel(clone: Path, part: str) -> Iterator[tuple[str, bytes]]:
    for file in (clone / part).rglob("*"):
        path = file.relative_to(clone)
        linked = path.parts[0] == "pytest_pal" and path.parts[1] in LINKS
        if file.is_file() and not linked and "__pycache__" not in path.parts:
            name = path if part == "pytest_pal" else "pytest_pal" / path
            yield name.as_posix(), file.read_bytes()


def test_it_works_as_a_wheel(from_wheel: Environment, expected: bytes) -> None:
    assert from_wheel.outside(from_wheel.home, from_wheel.empty) == []
    assert from_wheel.report(from_wheel.empty) == expected


def test_it_works_from_an_sdist(dist: Path, tmp_path: Path, expected: bytes) -> None:
    environment = Environment(tmp_path)
    environment.install(only(dist, "*.tar.gz"))
    assert environment.outside(environment.home, environment.empty) == []
    assert environment.report(environment.empty) == expected


def test_it_works_as_an_editable_install(clone: Path, tmp_path: Path, expected: bytes) -> None:
    environment = Environment(tmp_path)
    environment.install("-e", clone)
    assert environment.outside(clone, environment.empty) == []
    assert environment.report(environment.empty) == expected


@pytest.mark.parametrize("links", ["text", "none"])
def test_it_works_in_a_clone_without_links(links: str, bare: Environment, tmp_path: Path, expected: bytes) -> None:
    """Git with core.symlinks=false writes small text files; an unpacked sdist has nothing there."""
    clone = copied(tmp_path / "pytest-pal")
    for name in LINKS:
        (clone / "pytest_pal" / name).unlink()
        if links == "text":
            (clone / "pytest_pal" / name).write_text(f"../{name}")
    assert bare.outside(clone, clone) == []
    assert bare.report(clone, "-p", "pytest_pal.plugin", "--pal-adapter=mock_*") == expected


def test_type_checkers_see_the_wheel(from_wheel: Environment, tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", from_wheel.python)
    assert "Success" in run(*mypy, "--cache-dir", os.devnull, "typed.py", cwd=tmp_path)
