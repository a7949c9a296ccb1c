"""A conformance run inside a pytest session: what is judged, what came of it, and the exit code."""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

import pytest

from ..canonical import file_text, write_atomically
from ..clock import Clock, SystemClock
from ..errors import PalError, did_you_mean
from ..model.verdict import ClauseResult, Tally, Verdict
from ..registry.entry_points import CAPABILITIES, entries
from ..report import matrix
from ..report.conformance import conformance_report
from . import process
from .discovery import Discovered, Selection, discover
from .families import ORDER
from .golden_session import GOLDENS
from .items import ROOT, ClauseFilter, PalItem, node
from .local import local_adapters
from .plan import Case
from .ratchet import Ratchet, Stale, excuse
from .remarks import Seen, remarks
from .strength import headline
from .verdict import tally
from .waiver_file import read_waivers

CLOCK: Clock = SystemClock()
"""Says which day it is, for waivers; everything else in a run has a simulated clock."""
NO_PROXY = ("NO_PROXY", "no_proxy")
"""A proxy of the machine's would stand between an adapter and the vendor on loopback."""
NOTHING_MATCHED = int(pytest.ExitCode.NO_TESTS_COLLECTED)


def activate(config: pytest.Config) -> None:
    """Takes pasted ids out of the arguments, decides what else is run, and registers the session's hooks."""
    pasted = [argument for argument in config.args if argument.startswith(f"{ROOT}::")]
    # A worker is handed the option as its controller made it.
    config.option.pal_ids = [*getattr(config.option, "pal_ids", ()), *pasted]
    config.args = [argument for argument in config.args if argument not in pasted]
    if _pal_alone(config):
        config.args = []
    config.pluginmanager.register(PalSession(config), "pytest_pal.session")


def _pal_alone(config: pytest.Config) -> bool:
    """True where no path was given; with ``--pal`` from addopts the ordinary tests are run too."""
    given = config.args_source is config.ArgsSource.ARGS
    worker = hasattr(config, "workerinput")
    typed = "--pal" in config.invocation_params.args
    if worker:
        return bool(vars(config)["workerinput"]["pal_alone"])
    return bool(config.option.pal_ids) and not config.args if given else typed


class PalSession:
    """The hooks of one session with ``--pal``."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.alone = not config.args
        self.results: dict[tuple[str, str], dict[str, ClauseResult]] = {}
        self.deselected = 0
        self.stopped = self._frozen = False
        options = config.option
        self.clauses = ClauseFilter(options.pal_clause, options.pal_ids)
        self.is_worker = hasattr(config, "workerinput")
        self.found = Discovered((), {}, ())
        self.selection = Selection(config.rootpath)
        self.ratchet = Ratchet((), self._today())
        self.stale: list[Stale] = []
        self._undo: dict[str, str | None] = {}

    # what is judged

    def pytest_sessionstart(self) -> None:
        options = self.config.option
        self._undo.update({name: os.environ.get(name) for name in NO_PROXY})
        os.environ.update(dict.fromkeys(NO_PROXY, "*"))
        if options.pal_report and self.clauses.is_partial:
            raise pytest.UsageError(_PARTIAL_REPORT)
        if options.pal_report and Path(options.pal_report).is_dir():
            raise pytest.UsageError(f"--pal-report {options.pal_report}: is a folder; name a file")
        self.selection = Selection(
            root=self.config.rootpath,
            adapters=options.pal_adapter,
            capabilities=options.pal_capability,
            required=options.pal_require,
            local=local_adapters(self.config),
        )
        self.found = discover(self.selection)
        self._refuse_unmatched()
        self._add_goldens()
        self._waive()

    def _waive(self) -> None:
        try:
            self.ratchet = replace(self.ratchet, entries=read_waivers(self.config.rootpath))
        except PalError as error:
            raise pytest.UsageError(str(error)) from error
        cases = (replace(case, waivers=self.ratchet.in_force(case.adapter)) for case in self.found.cases)
        self.found = replace(self.found, cases=tuple(cases))

    def _today(self) -> date:
        """One day for all of a run: workers are told the controller's."""
        told = vars(self.config).get("workerinput", {}).get("pal_today")
        return date.fromisoformat(told) if told else CLOCK.now().date()

    def _add_goldens(self) -> None:
        """An adapter has golden files of its own once the project has a folder for them, or makes one."""
        goldens: Any = self.config.pluginmanager.get_plugin(GOLDENS)
        cases = [goldens.prepared(case) for case in self.found.cases]
        self.found = replace(self.found, cases=tuple(cases))

    def _refuse_unmatched(self) -> None:
        options = self.config.option
        capabilities = [entry.name for entry in entries(CAPABILITIES)]
        for option, globs, known in (
            ("--pal-adapter", options.pal_adapter, self.found.known),
            ("--pal-capability", options.pal_capability, capabilities),
        ):
            for glob in globs:
                if not any(fnmatchcase(name, glob) for name in known):
                    pytest.exit(f"{option} {glob}: nothing matches; {did_you_mean(glob, known)}", NOTHING_MATCHED)
        if not self.found.cases:
            pytest.exit(f"no adapter to judge; installed are: {', '.join(self.found.known)}", NOTHING_MATCHED)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            root = node(collector, ROOT, list(self.found.cases), 0, self.clauses)
            report.result = [*report.result, root]
        return report

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += sum(isinstance(item, PalItem) for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        items = [item for item in session.items if isinstance(item, PalItem)]
        if self.config.option.pal_report and self.partial and not self.is_worker:
            raise pytest.UsageError(_PARTIAL_REPORT)
        if any(item.clause.new_process for item in items) and not self.config.option.collectonly:
            process.start()
        if not gc.get_freeze_count():
            gc.collect()
            gc.freeze()
            self._frozen = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist: a worker gets neither the paths that were left out nor the ids that were taken out."""
        node.workerinput.update(pal_alone=self.alone, pal_today=self.ratchet.today.isoformat())

    # what came of it

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Clauses have no fixtures and so no setup: one phase instead of three, at half the cost."""
        if not isinstance(item, PalItem):
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reraise = (pytest.exit.Exception, KeyboardInterrupt)
        with self._captured(item):
            call = pytest.CallInfo.from_call(item.runtest, "call", reraise)
        report = hook.pytest_runtest_makereport(item=item, call=call)
        hook.pytest_runtest_logreport(report=report)
        if report.failed:
            hook.pytest_exception_interact(node=item, call=call, report=report)
        hook.pytest_runtest_logreport(report=_ended(item))
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _captured(self, item: PalItem) -> AbstractContextManager[None]:
        """What is written to standard output and error goes into the item's report, unless ``-s`` is given."""
        capture: Any = self.config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            return nullcontext()
        return cast(AbstractContextManager[None], capture.item_capture("call", item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
        report = yield
        if isinstance(item, PalItem) and call.when == "call":
            result = item.result()
            if result is not None:
                report.pal = {"case": [item.case.capability, item.case.adapter], "result": result.plain()}
                if reason := excuse(item.case, item.clause, result, self.ratchet.today):
                    report.outcome, report.wasxfail = "skipped", reason
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        verdict = getattr(report, "pal", {}).get("result", {}).get("verdict", "")
        if verdict not in (Verdict.WAIVED, Verdict.PROVISIONAL):
            return None
        return str(verdict), verdict[0], (verdict.upper(), {"yellow": True})

    def pytest_runtest_logreport(self, report: Any) -> None:
        told = getattr(report, "pal", None)
        if told is not None:
            result = ClauseResult.of(told["result"])
            self.results.setdefault(tuple(told["case"]), {})[result.clause_id] = result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        self.deselected += getattr(node, "workeroutput", {}).get("pal_deselected", 0)

    @property
    def partial(self) -> bool:
        return self.clauses.is_partial or self.deselected > 0 or self.stopped

    def tallies(self) -> list[Tally]:
        judged = [case for case in self.found.cases if not self.partial or self._of(case)]
        return [tally(case.required, self._of(case), partial=self.partial) for case in judged]

    def _of(self, case: Case) -> dict[str, ClauseResult]:
        return self.results.get((case.capability, case.adapter), {})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        process.stop()
        if self._frozen:
            gc.unfreeze()
        self._with_proxies_again()
        if self.is_worker:
            vars(self.config)["workeroutput"]["pal_deselected"] = self.deselected
            return
        self.stopped = bool(session.shouldstop or session.shouldfail)
        ran = int(exitstatus) in (0, 1) and not self.config.option.collectonly
        self.stale = list(self._stale()) if ran else []
        if self.stale or (ran and not self.partial and any(not found.passes for found in self.tallies())):
            session.exitstatus = max(int(exitstatus), int(pytest.ExitCode.TESTS_FAILED))
        if ran and self.config.option.pal_report:
            self._write_report(session)

    def _with_proxies_again(self) -> None:
        for name, value in self._undo.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _stale(self) -> Iterator[Stale]:
        """What a part of the clauses cannot show is not said of a partial run."""
        if not self.partial:
            yield from self.ratchet.unmatched(self.found, self.selection)
        required = [(case, id, result) for case in self.found.cases for id, result in self._of(case).items()]
        yield from self.ratchet.outlived(
            {(case.adapter, id): result for case, id, result in required if id in case.required.ids}
        )

    def _write_report(self, session: pytest.Session) -> None:
        if self.partial:
            self._note(_PARTIAL_REPORT)
            session.exitstatus = int(pytest.ExitCode.USAGE_ERROR)
            return
        judged = [
            (found, self._of(case), case.required.ids)
            for case, found in zip(self.found.cases, self.tallies(), strict=True)
        ]
        path = Path(self.config.option.pal_report)
        try:
            write_atomically(path, file_text(conformance_report(judged)))
        except OSError as error:
            self._note(f"--pal-report {path}: {error.strerror}; nothing was written")
            session.exitstatus = int(pytest.ExitCode.USAGE_ERROR)

    def _note(self, text: str) -> None:
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"\npal: {text}", red=True)

    # what people see

    def pytest_report_header(self) -> list[str]:
        contracts = {case.capability: case.target.contract for case in self.found.cases if case.target is not None}
        return [f"pal: {line}" for line in (self._header(), *headline(contracts.values()))]

    def _header(self) -> str:
        options = self.config.option
        asked = [*options.pal_adapter, *options.pal_capability, *options.pal_clause]
        return f"judging {', '.join(asked)}" if asked else "judging this project's adapters, or the mocks"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        tallies = self.tallies()
        if self.config.option.collectonly or not tallies:
            return
        rows = [(case.adapter, self._of(case)) for case in self.found.cases if self._of(case)]
        terminalreporter.section("pal: conformance", sep="=")
        for lines in (matrix.families(rows, ORDER), matrix.numbers(tallies), matrix.causes(rows)):
            if lines:
                terminalreporter.write_line("\n".join([*lines, ""]))
        seen = Seen(self.found, self.results, tallies, self.ratchet, self.stale, self.partial)
        for line in remarks(seen, verbose=self.config.get_verbosity() > 0):
            terminalreporter.write_line(line)


def _ended(item: PalItem) -> pytest.TestReport:
    """The last report of an item; reporters such as JUnit's wait for it."""
    properties = item.user_properties
    return pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "teardown", user_properties=properties)


_PARTIAL_REPORT = (
    "--pal-report needs a whole run: its shape cannot say 'partial'. Leave out -k, -m, -x, --lf, --deselect, "
    "--pal-clause and pasted ids, or leave out --pal-report"
)
