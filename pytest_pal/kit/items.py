"""The pytest nodes of a conformance run: pal::<capability>::<adapter>::<clause>."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ..model.clause import Clause
from ..model.verdict import RED, ClauseResult, Verdict
from .golden_files import GoldenDiffers
from .golden_session import GOLDENS
from .plan import Case
from .runner import Run, schedule

ROOT = "pal"
OUTER_TIMEOUT_S = 300
"""An outer net: a step that hangs ends long before, see `runner`; a long clause on a busy machine may take minutes."""


class ClauseRed(Exception):
    """A clause is failed or unproven; `PalItem.repr_failure` tells why."""


class PalItem(pytest.Item):
    """One clause on one adapter. After it ran, ``run`` holds what it came to."""

    def __init__(self, *, case: Case, clause: Clause, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.clause = clause
        self.run: Run | None = None
        if self.config.pluginmanager.has_plugin("timeout"):
            self.add_marker(pytest.mark.timeout(OUTER_TIMEOUT_S))
        self.user_properties += [
            ("clause", clause.id),
            ("level", str(clause.level)),
            ("sentence", clause.sentence),
        ]

    def runtest(self) -> None:
        self.run = self.case.run(self.clause)
        if isinstance(self.run.error, GoldenDiffers):
            self._accept(self.run.error)
        if self.run.result.verdict in RED and self.clause.id in self.case.red_ids:
            raise ClauseRed(self.clause.id) from self.run.error

    def _accept(self, found: GoldenDiffers) -> None:
        """Where the run may, what was seen becomes the golden file, and the clause holds."""
        goldens: Any = self.config.pluginmanager.get_plugin(GOLDENS)
        if goldens.accepts(self, found):
            assert self.run is not None
            self.run = Run(replace(self.run.result, verdict=Verdict.PASSED, cause="", text=""))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if self.run is None or not isinstance(excinfo.value, ClauseRed):
            return super().repr_failure(excinfo)
        text = f"{self.run.result.text}\n\nrerun: pytest --pal {self._selecting()}'{self.nodeid}'"
        text += f"\nexplain: pal explain {self.clause.id}"
        if self.case.target is not None and self.case.target.reach != "in_process":
            text += f"\nreplay: pal repro '{self.nodeid}'  # {schedule(self.run)}"
        if self.config.option.pal_debug and self.run.error is not None:
            raised = pytest.ExceptionInfo.from_exception(self.run.error)
            text += f"\n\n{raised.getrepr(style='long')}"
        return text

    def reportinfo(self) -> tuple[Any, int, str]:
        """The last part is the failure's headline; were it the end of the id, -v would change the id's dots."""
        return self.config.rootpath / ROOT, 0, f"{self.case.adapter}: {self.clause.id}"

    def result(self) -> ClauseResult | None:
        return None if self.run is None else self.run.result

    def _selecting(self) -> str:
        adapters = self.config.option.pal_adapter
        return f"--pal-adapter={self.case.adapter} " if adapters else ""

    def __repr__(self) -> str:
        return f"<{self.clause.level} {self.clause.id}: {self.clause.sentence}>"


class PalNode(pytest.Collector):
    """A level of the tree: the root, a capability, or an adapter."""

    def __init__(self, *, cases: list[Case], depth: int, clauses: "ClauseFilter", **rest: Any) -> None:
        super().__init__(**rest)
        self._cases = cases
        self._depth = depth
        self._clauses = clauses

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return self._items() if self._depth == 2 else self._nodes()

    def _nodes(self) -> Iterator["PalNode"]:
        key = "capability" if self._depth == 0 else "adapter"
        for name in dict.fromkeys(getattr(case, key) for case in self._cases):
            cases = [case for case in self._cases if getattr(case, key) == name]
            yield node(self, name, cases, self._depth + 1, self._clauses)

    def _items(self) -> Iterator[PalItem]:
        for case in self._cases:
            for clause in case.clauses:
                if self._clauses.wants(case, clause):
                    yield PalItem.from_parent(self, name=clause.id, case=case, clause=clause)

    def __repr__(self) -> str:
        return f"<{('pal', 'Capability', 'Adapter')[self._depth]} {self.name}>"


class ClauseFilter:
    """Which clauses were asked for by ``--pal-clause`` globs and by pasted node ids."""

    def __init__(self, globs: list[str], ids: list[str]) -> None:
        self.globs = globs
        self.ids = [id.rstrip(":") for id in ids]

    @property
    def is_partial(self) -> bool:
        return bool(self.globs or self.ids)

    def wants(self, case: Case, clause: Clause) -> bool:
        nodeid = f"{ROOT}::{case.capability}::{case.adapter}::{clause.id}"
        pasted = not self.ids or any(nodeid == id or nodeid.startswith(f"{id}::") for id in self.ids)
        return pasted and (not self.globs or any(fnmatchcase(clause.id, glob) for glob in self.globs))


def node(parent: Any, name: str, cases: list[Case], depth: int, clauses: ClauseFilter) -> PalNode:
    """A node of the tree; the root (depth 0) has the session as its parent and the id ``pal``."""
    nodeid = ROOT if depth == 0 else f"{parent.nodeid}::{name}"
    made: PalNode = PalNode.from_parent(
        parent, name=name, nodeid=nodeid, path=parent.config.rootpath, cases=cases, depth=depth, clauses=clauses
    )
    return made
