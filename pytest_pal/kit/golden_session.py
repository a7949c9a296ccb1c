"""Golden files in a pytest session: what tests and clauses recorded is written once, after they have passed."""

import os
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .golden_files import GoldenDiffers, Recording
    from .plan import Case

GOLDENS = "pytest_pal.goldens"
FOLDER, TESTS = "golden", "tests"
_CI = ("CI", "BUILD_NUMBER")  # what pytest itself goes by
_PARTIAL = ("lf", "stepwise", "pal_clause", "pal_ids")
_not_passed = pytest.StashKey[bool]()
_recorded = pytest.StashKey[list[tuple[str, Any]]]()


class GoldenSession:
    """``--pal-golden`` is one of verify (the default), new, update and prune.

    In a worker it only compares and tells; the controller writes.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.root = config, config.rootpath
        self.mode: str = config.option.pal_golden
        self.folders: dict[Path, set[str]] = {}
        self.lines: list[str] = []
        self.problems: list[str] = []
        self._told: list[tuple[str, Any]] = []
        self._excused: list[str] = []
        self._modules: set[str] = set()
        self._whole = not any("::" in argument for argument in config.args)
        if self.mode != "verify" and _on_ci() and os.environ.get("PAL_GOLDEN_WRITE") != "1":
            raise pytest.UsageError(f"--pal-golden={self.mode} on CI: set PAL_GOLDEN_WRITE=1 as well if that is meant")

    def prepared(self, case: "Case") -> "Case":
        """The case with its own golden files, where the project has a folder for them or is to make one."""
        from .plan import with_own_goldens

        if case.target is None:
            return case
        names = {scenario.name for scenario in case.target.contract.scenarios}
        contracts, own = case.target.contract.goldens, self.root / FOLDER / case.adapter
        if contracts is not None and self.root.resolve() in contracts.parents:
            self.folders[contracts] = names
        if case.target.is_the_mock or not (own.is_dir() or self.mode in ("new", "update")):
            return case
        self.folders[own] = names
        return with_own_goldens(case, own)

    # where tests run

    def expect(self, item: pytest.Item, value: Any, name: str = "", classes: Mapping[str, str] | None = None) -> None:
        """Holds a value against the golden file of a test; see the fixture ``pal_golden``."""
        from .golden_files import GoldenDiffers, Recording, file_for
        from .placeholders import shown

        __tracebackhide__ = True
        path = file_for(self.root / FOLDER / TESTS, item.nodeid, name)
        accept = f"pytest --pal-golden=update '{item.nodeid}'"
        try:
            self.hold(item, Recording(path, shown(value, classes or {}), accept))
        except GoldenDiffers as found:
            from .explaining import differing

            raise AssertionError(differing(found)) from None

    def hold(self, item: pytest.Item, recording: "Recording") -> None:
        """Raises where the file differs and this run may not take over what was seen."""
        from .golden_files import GoldenDiffers, hold

        try:
            hold(recording)
            self._keep(item, recording.path, None)
        except GoldenDiffers as found:
            if not self.accepts(item, found):
                raise

    def accepts(self, item: pytest.Item, found: "GoldenDiffers") -> bool:
        """Whether this run takes over what was seen; it is written once the item has passed."""
        accepted = found.may_be_accepted(self.mode, self.root)
        if accepted:
            self._keep(item, found.recording.path, found.recording.value)
        return accepted

    def _keep(self, item: pytest.Item, path: Path, value: Any) -> None:
        item.stash.setdefault(_recorded, []).append((str(path), value))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
        report = yield
        item.stash[_not_passed] = item.stash.get(_not_passed, False) or report.outcome != "passed"
        if call.when == "teardown" or not hasattr(item, "fixturenames"):
            self._tell(item, report)
        return report

    def _tell(self, item: pytest.Item, report: Any) -> None:
        if item.stash[_not_passed]:
            report.pal_excused = item.nodeid
        elif _recorded in item.stash:
            report.pal_goldens = item.stash[_recorded]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._modules |= {item.nodeid.partition("::")[0] for item in session.items if hasattr(item, "fixturenames")}

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._whole = self._whole and not items

    # where the session is led

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        modules = getattr(node, "workeroutput", {}).get("pal_modules")
        self._whole = self._whole and modules is not None
        self._modules |= set(modules or ())

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._told += getattr(report, "pal_goldens", ())
        if hasattr(report, "pal_excused"):
            self._excused.append(report.pal_excused)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if hasattr(self.config, "workerinput"):
            vars(self.config)["workeroutput"]["pal_modules"] = sorted(self._modules) if self._whole else None
            return
        if self._told or self.folders or self.mode != "verify":
            self.lines += self._write()
            if self._is_whole(session, exitstatus):
                self._strays()
        if self.problems:
            session.exitstatus = max(int(exitstatus), int(pytest.ExitCode.TESTS_FAILED))

    def _write(self) -> Iterator[str]:
        from .golden_files import collisions, write

        count = Counter(path for path, _ in self._told)
        twice = sorted(path for path, times in count.items() if times > 1)
        self.problems += [f"{path}: recorded twice; give one of them a name of its own" for path in twice]
        self.problems += [f"{' and '.join(group)}: one file on some disks" for group in collisions(count)]
        for path, value in sorted(self._told, key=lambda told: told[0]):
            if value is not None and not self.problems:
                yield from write(Path(path), value)

    def _is_whole(self, session: pytest.Session, exitstatus: int) -> bool:
        narrowed = any(getattr(self.config.option, name, False) for name in _PARTIAL)
        stopped = bool(session.shouldstop or session.shouldfail)
        return self._whole and int(exitstatus) in (0, 1) and not (narrowed or stopped or self.config.option.collectonly)

    def _strays(self) -> None:
        from .golden_files import file_for, folder_for, strays

        tests = self.root / FOLDER / TESTS
        used = {Path(path) for path, _ in self._told}
        found = [path for folder, names in self.folders.items() for path in strays(folder, names)]
        excused = [file_for(tests, nodeid, "").with_suffix("") for nodeid in self._excused]
        for module in sorted(self._modules):
            files = set(folder_for(tests, module).glob("*.json")) - used
            found += [f for f in sorted(files) if not any(_belongs(f, stem) for stem in excused)]
        for path in found:
            if self.mode == "prune":
                path.unlink()
                self.lines.append(f"{path}: deleted, nothing records it")
            else:
                self.problems.append(f"{path}: nothing records it; add --pal-golden=prune to delete it")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.lines or self.problems:
            terminalreporter.section("pal: golden files", sep="=")
            for line in self.lines:
                terminalreporter.write_line(line)
            for line in self.problems:
                terminalreporter.write_line(line, red=True)


def _belongs(file: Path, stem: Path) -> bool:
    return file.parent == stem.parent and (file.stem == stem.name or file.stem.startswith(f"{stem.name}."))


def _on_ci() -> bool:
    return any(os.environ.get(name) for name in _CI)
