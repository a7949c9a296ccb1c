"""The ratchet of waivers: one that matches nothing, has expired, or whose clause holds fails the run."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ..model.clause import Clause, Level
from ..model.verdict import GREEN, ClauseResult
from ..model.waiver import Waiver
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

    def expired(self, adapter: str, clause: str) -> Entry | None:
        """The waiver that a clause had until some day before today."""
        named = (entry for entry in self.entries if (entry.waiver.adapter, entry.waiver.clause) == (adapter, clause))
        return next((entry for entry in named if entry.waiver.has_expired(self.today)), None)

    def unmatched(self, found: Discovered, selection: Selection) -> Iterator[Stale]:
        """Waivers of what is not there, for a whole run; those of adapters that it does not judge are left alone."""
        cases = {case.adapter: case for case in found.cases}
        for entry in self.entries:
            case, waiver = cases.get(entry.waiver.adapter), entry.waiver
            if case is not None:
                why = _not_required(case, waiver.clause)
            elif selection.covers(waiver.adapter, waiver.clause.split(".")[0]):
                why = "" if waiver.adapter in found.known else _unknown("adapter", waiver.adapter, found.known)
            else:
                why = ""
            if why:
                yield Stale(entry, why)

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
    if clause in case.required.not_applicable:
        return "it does not apply to the adapter's traits"
    return f"it is required from {case.capability} {clause.since} on, and the adapter is pinned to an older version"


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"there is no such {what}{f'; did you mean {near[0]!r}?' if near else ''}"
