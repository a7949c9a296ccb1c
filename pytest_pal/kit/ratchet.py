"""The ratchet of waivers: one that matches nothing, has expired, or whose clause holds fails the run."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ..model.clause import Clause, Level
from ..model.verdict import GREEN, ClauseResult, Verdict
from ..model.waiver import Waiver
from ..report.waived import time_left
from .discovery import Discovered, Selection
from .plan import Case
from .waiver_file import Entry


@dataclass(frozen=True)
class Stale:
    """A waiver that has to go: its place, and why."""

    entry: Entry
    why: str


@dataclass(frozen=True)
class Ratchet:
    """What one run says about the project's waivers. ``today`` is one day for all of the run, in UTC."""

    entries: tuple[Entry, ...]
    today: date

    def in_force(self, adapter: str) -> Mapping[str, Waiver]:
        """The waivers of an adapter that hold today, by clause ID."""
        waivers = (entry.waiver for entry in self.entries)
        return {w.clause: w for w in waivers if w.adapter == adapter and not w.has_expired(self.today)}

    def unmatched(self, found: Discovered, selection: Selection) -> Iterator[Stale]:
        """Waivers of what is not there, for a whole run; those of adapters that it does not judge are left alone."""
        cases = {case.adapter: case for case in found.cases}
        for entry in self.entries:
            waiver = entry.waiver
            case, capability = cases.get(waiver.adapter), waiver.clause.split(".")[0]
            if case is not None:
                if why := _not_required(case, waiver.clause):
                    yield Stale(entry, why)
            elif selection.covers(waiver.adapter, capability) and waiver.adapter not in found.known:
                yield Stale(entry, _unknown("adapter", waiver.adapter, found.known))

    def outlived(self, results: Mapping[tuple[str, str], ClauseResult]) -> Iterator[Stale]:
        """Waivers of clauses that ran, by (adapter, clause ID), and that hold or whose time is over."""
        for entry in self.entries:
            result, waiver = results.get((entry.waiver.adapter, entry.waiver.clause)), entry.waiver
            if result is None:
                continue
            if result.verdict in GREEN:
                yield Stale(entry, "the clause holds, so there is nothing to waive")
            elif waiver.has_expired(self.today):
                yield Stale(entry, f"expired on {waiver.expires}; mend the adapter")


def excuse(case: Case, clause: Clause, result: ClauseResult, today: date) -> str:
    """Why a clause that fails does not fail the run, or ''."""
    if result.verdict is Verdict.WAIVED:
        waiver = case.waivers[clause.id]
        return f"waived, {time_left(waiver, today)}; {waiver.owner}: {waiver.reason}"
    if result.verdict is Verdict.PROVISIONAL:
        return f"provisional, required from {case.capability} {clause.since} on"
    return ""


def _not_required(case: Case, clause: str) -> str:
    """Why a clause is none that the adapter has to hold, or ''; of one that could not be loaded nobody knows."""
    if case.target is None or clause in case.required.ids:
        return ""
    known = {found.id: found for found in case.target.contract.clauses}
    if clause not in known:
        return _unknown("clause", clause, known)
    return f"nothing to waive: {_reason(case, known[clause])}"


def _reason(case: Case, clause: Clause) -> str:
    if clause.level is not Level.MUST:
        return f"it is a {clause.level}"
    if reason := case.required.not_applicable.get(clause):
        return f"it says nothing of the adapter: {reason}"
    return f"it is required from {case.capability} {clause.since} on, and the adapter is pinned to an older version"


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"there is no such {what}{f'; did you mean {near[0]!r}?' if near else ''}"
