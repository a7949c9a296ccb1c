"""What a run has to do: the adapters that are judged, each with its clauses and its required set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from ..errors import PalError
from ..model.clause import WHOLE, Clause, ClauseFailed
from ..model.verdict import Verdict
from ..model.waiver import Waiver
from .families.golden import own_clauses
from .runner import Run, run_clause, unrunnable
from .target import Target
from .verdict import RequiredSet, required_set


@dataclass(frozen=True)
class Case:
    """One adapter to be judged. Without a target there are only clauses that say why it cannot be.

    ``own`` are IDs of clauses that the contract does not know: the project's own golden files.
    ``waivers`` are the project's waivers of this adapter that hold today, by clause ID.
    """

    capability: str
    adapter: str
    origin: str
    target: Target | None
    clauses: tuple[Clause, ...]
    required: RequiredSet
    own: frozenset[str] = frozenset()
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    @cached_property
    def red_ids(self) -> frozenset[str]:
        """The clauses whose failure fails the run: the required ones, and the project's own golden files."""
        return self.required.ids | self.own

    def run(self, clause: Clause) -> Run:
        if self.target is None:
            return unrunnable(clause)
        run, waiver = run_clause(self.target, clause), self.waivers.get(clause.id)
        return run if waiver is None or clause.id not in self.required.ids else _under(waiver, run)


def _under(waiver: Waiver, run: Run) -> Run:
    """A waiver is for what is known to fail: what could not be tried stays unproven, and red."""
    result = run.result
    if result.verdict is Verdict.FAILED:
        result = replace(result, verdict=Verdict.WAIVED)
    elif result.verdict is Verdict.UNPROVEN:
        note = f"Its waiver ({waiver.reason}) is for a failure; this could not be tried, so nobody knows."
        result = replace(result, text=f"{result.text}\n\n{note}")
    return replace(run, result=result)


def case_of(target: Target) -> Case:
    """All clauses that apply to an adapter; those newer than its pin are run, but not required."""
    contract, pinned = target.contract, str(target.declared)
    required = required_set(
        contract.capability.name,
        target.name,
        contract.clauses,
        pinned=pinned,
        why_not=target.why_not,
        operations=contract.capability.operations,
        unsupported=target.unsupported,
    )
    clauses = tuple(clause for clause in contract.clauses if not target.why_not(clause))
    return Case(contract.capability.name, target.name, target.origin, target, clauses, required)


def with_own_goldens(case: Case, folder: Path) -> Case:
    """The case with a clause per scenario that holds the adapter's trace against the project's own golden file."""
    if case.target is None:
        return case
    own = tuple(own_clauses(case.target.contract, folder))
    return replace(case, clauses=(*case.clauses, *own), own=frozenset(clause.id for clause in own))


@dataclass(frozen=True)
class Problem:
    """Why an adapter that was found cannot be judged: what is missing, and what to do."""

    kind: str
    text: str


def broken_case(capability: str, adapter: str, origin: str, problems: list[Problem]) -> Case:
    """A case whose every clause fails with what is wrong with the adapter as it was found."""
    clauses = tuple(discovery_clause(capability, origin, problem) for problem in problems)
    return Case(capability, adapter, origin, None, clauses, RequiredSet(capability, adapter, clauses, frozenset()))


def discovery_clause(capability: str, origin: str, problem: Problem) -> Clause:
    """The clause that fails with what is wrong with an adapter as it was found."""
    id = f"{capability}.{WHOLE}.discovery.{problem.kind}"
    return Clause(id, SENTENCES[problem.kind], _failing(origin, problem))


def target_of(case: Case) -> Target:
    """Raises PalError with what is wrong with an adapter that cannot be judged."""
    if case.target is not None:
        return case.target
    try:
        case.clauses[0].check(None)
    except ClauseFailed as failed:
        raise PalError(f"{case.adapter} cannot be opened: {failed}") from None
    raise PalError(f"{case.adapter} cannot be opened")


def _failing(origin: str, problem: Problem) -> Callable[[object], NoReturn]:
    def check(subject: object) -> NoReturn:
        raise ClauseFailed(f"{problem.text} (found as {origin})")

    return check


SENTENCES = {
    "meets_wire": "An adapter says rightly which operations meet the wire, and how.",
    "loads": "The adapter, its harness and its capability can be loaded.",
    "extra": "An adapter that is named or required is installed with its extra.",
    "is_a_class": "An adapter is a class.",
    "capability": "An adapter names a capability that is installed.",
    "unique_name": "An adapter's name is its own.",
    "operations": "An adapter has every operation of its contract.",
    "pin": "An adapter is pinned to a version of its contract that this kit knows.",
    "traits": "An adapter's traits are within the contract's limits.",
    "unsupported": "Only optional operations and parts are declared unsupported, each with a reason.",
    "harness": "A harness judges the adapter whose name it has.",
}
"""What each kind of `Problem` breaks."""
