"""What a run has to say below its tables: problems, waivers, what is newer than a pin, what did not apply."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..model.clause import Clause
from ..model.verdict import ClauseResult, Tally, Verdict
from ..model.waiver import Waiver
from ..report.matrix import WIDTH
from ..report.waived import stale_lines, waived_lines
from .discovery import Discovered
from .plan import Case
from .ratchet import Ratchet, Stale

SHOWN_IDS = 5


@dataclass(frozen=True)
class Seen:
    """All that a run saw; results are by (capability, adapter), then by clause ID."""

    found: Discovered
    results: Mapping[tuple[str, str], Mapping[str, ClauseResult]]
    tallies: Sequence[Tally]
    ratchet: Ratchet
    stale: Sequence[Stale]
    partial: bool

    def with_verdict(self, verdict: Verdict) -> Iterator[tuple[Case, Clause]]:
        for case in self.found.cases:
            results = self.results.get((case.capability, case.adapter), {})
            clauses = (clause for clause in case.clauses if clause.id in results)
            yield from ((case, clause) for clause in clauses if results[clause.id].verdict is verdict)


def remarks(seen: Seen, *, verbose: bool) -> Iterator[str]:
    """Lines of at most 79 columns, but for what an adapter is called."""
    for found in seen.tallies:
        if found.problems and not found.partial:
            yield from [f"{found.adapter}: {'; '.join(found.problems)}", ""]
    yield from _headed("waived, known to fail:", waived_lines(_waived(seen), seen.ratchet.today))
    told = [(stale.entry.waiver, stale.entry.place, stale.why) for stale in seen.stale]
    yield from _headed("waivers that fail this run; delete these lines, or mend them:", stale_lines(told))
    yield from _headed("provisional, they fail, are newer than the pin, and are not scored:", _provisional(seen))
    yield from _not_applicable(seen, verbose)
    for name, extra in seen.found.missing_extras.items():
        yield f"{name}: not judged, its extra is missing: pip install 'pytest-pal[{extra}]'"
    if seen.partial:
        yield "partial: only a part of the clauses ran, so this is no verdict on an adapter"


def _headed(head: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    yield from [head, *found, ""] if found else []


def _waived(seen: Seen) -> Iterator[Waiver]:
    return (case.waivers[clause.id] for case, clause in seen.with_verdict(Verdict.WAIVED))


def _provisional(seen: Seen) -> Iterator[str]:
    """What would fail an adapter if it were pinned to the version in which a clause came in."""
    for case, clause in seen.with_verdict(Verdict.PROVISIONAL):
        yield f"  {case.adapter}: {clause.id}"
        text = f"{clause.level} from {case.capability} {clause.since} on: {clause.sentence}"
        yield from textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _not_applicable(seen: Seen, verbose: bool) -> Iterator[str]:
    counts = [f"{found.adapter} {found.not_applicable}" for found in seen.tallies if found.not_applicable]
    if counts:
        yield from textwrap.wrap(f"not applicable (-v says why): {', '.join(counts)}", WIDTH)
    for case in seen.found.cases if verbose else ():
        yield from _reasons(case)


def _reasons(case: Case) -> Iterator[str]:
    """Each reason with the first clauses that it takes out."""
    by_reason: dict[str, list[str]] = {}
    for clause, reason in case.required.not_applicable.items():
        by_reason.setdefault(reason, []).append(clause.id)
    for reason, ids in by_reason.items():
        more = [f"    and {len(ids) - SHOWN_IDS} more"] if len(ids) > SHOWN_IDS else []
        yield from [f"  {case.adapter}, {reason}:", *(f"    {id}" for id in ids[:SHOWN_IDS]), *more]
