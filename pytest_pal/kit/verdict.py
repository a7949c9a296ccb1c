"""The arithmetic of a verdict: pure, and out of reach of adapters, harnesses and conftests.

The rules: the parts add up to the required set; nothing failed or unproven; of every required
operation at least one clause passed; waivers cover at most a tenth of the set, never a whole
operation, never shape, scenario or golden clauses.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..model.clause import WHOLE, Clause, Level
from ..model.verdict import ClauseResult, Tally, Verdict
from ..model.versions import version

WAIVER_SHARE = 0.10
NEVER_WAIVED = frozenset({"shape", "scenario", "golden"})
_COUNTED = (Verdict.PASSED, Verdict.FAILED, Verdict.WAIVED, Verdict.UNSUPPORTED, Verdict.UNPROVEN)


@dataclass(frozen=True)
class RequiredSet:
    """What one adapter must show: every MUST clause of its pinned contract version that applies to it.

    ``not_applicable`` are the others, each with the reason.
    """

    capability: str
    adapter: str
    clauses: tuple[Clause, ...]
    operations: frozenset[str]
    not_applicable: Mapping[Clause, str] = field(default_factory=dict)

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(clause.id for clause in self.clauses)


def is_provisional(clause: Clause, pinned: str) -> bool:
    """True for a clause that came in after the version the adapter is pinned to."""
    return version(clause.since) > version(pinned)


def required_set(
    capability: str,
    adapter: str,
    clauses: Iterable[Clause],
    *,
    pinned: str,
    why_not: Callable[[Clause], str],
    operations: Iterable[str],
    unsupported: Iterable[str],
) -> RequiredSet:
    """Filters a contract's clauses down to what this adapter must show; ``why_not`` says what does not apply."""
    musts = [clause for clause in clauses if clause.level is Level.MUST and not is_provisional(clause, pinned)]
    others = {clause: reason for clause in musts if (reason := why_not(clause))}
    required = frozenset(operations) - frozenset(unsupported)
    return RequiredSet(capability, adapter, tuple(c for c in musts if c not in others), required, others)


def tally(required: RequiredSet, results: Mapping[str, ClauseResult], *, partial: bool = False) -> Tally:
    """Adds up the results of one adapter. What is required and did not run is unproven, unless partial."""
    verdicts = {id: result.verdict for id, result in results.items() if id in required.ids}
    missing = required.ids - verdicts.keys()
    count = Counter(verdicts.values())
    count[Verdict.UNPROVEN] += 0 if partial else len(missing)
    asked = len(verdicts) if partial else len(required.ids)
    assert asked == sum(count[verdict] for verdict in _COUNTED), "the parts must add up to the required set"
    return Tally(
        capability=required.capability,
        adapter=required.adapter,
        required=asked,
        passed=count[Verdict.PASSED],
        failed=count[Verdict.FAILED],
        waived=count[Verdict.WAIVED],
        unsupported=count[Verdict.UNSUPPORTED],
        unproven=count[Verdict.UNPROVEN],
        not_applicable=len(required.not_applicable),
        provisional=sum(result.verdict is Verdict.PROVISIONAL for result in results.values()),
        advisory_failed=sum(
            result.level is not Level.MUST and result.verdict is Verdict.FAILED for result in results.values()
        ),
        partial=partial,
        problems=tuple(_problems(required, verdicts, count, asked, partial)),
    )


def _problems(
    required: RequiredSet, verdicts: Mapping[str, Verdict], count: Counter[Verdict], asked: int, partial: bool
) -> Iterable[str]:
    for verdict in (Verdict.FAILED, Verdict.UNPROVEN):
        if count[verdict]:
            yield f"{count[verdict]} {verdict}"
    if partial:
        return
    if asked == 0:
        yield "no required clause ran"
    shown = {clause.operation for clause in required.clauses if verdicts.get(clause.id) is Verdict.PASSED}
    for operation in sorted(required.operations - shown - {WHOLE}):
        yield f"no clause of {operation} passed"
    waived = [clause for clause in required.clauses if verdicts.get(clause.id) is Verdict.WAIVED]
    if len(waived) > WAIVER_SHARE * asked:
        yield f"{len(waived)} waived, more than a tenth of {asked}"
    for clause in waived:
        if clause.family in NEVER_WAIVED:
            yield f"{clause.id} is waived; {clause.family} clauses never are"
