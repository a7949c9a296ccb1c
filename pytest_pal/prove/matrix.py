"""The kill matrix: which clauses fall for an adapter, and whether these are the ones that must."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..kit.contract import Contract
from ..kit.process import importable
from ..kit.runner import run_clause
from ..kit.target import Target
from ..model.clause import WHOLE, Clause
from ..model.verdict import RED
from .saboteur import Benign, Saboteur, target_of

SLOW_FAMILY = "rule"
"""Some rules draw thousands of units: over the wire they are only judged for who breaks one, or in full."""
PATIENT = frozenset(
    {
        *("fault.drip", "fault.drip_head", "fault.hang", "fault.late", "retry.slow_is_one_attempt"),
        *("life_cycle.no_leak", "idempotency.newer_writes"),
    }
)
"""Checks that wait, or make many calls: each is only judged for who is made for it, or in full."""
UNSTEADY = ".fault.endless"
"""How much comes before the bound is the machine's: who only mistakes the one for the other may fall here or not."""
AGAIN = 3
"""How often what came out otherwise than it must is judged again: a machine that stood still is no verdict."""

Wanted = Callable[[Clause], bool]


@dataclass(frozen=True)
class Judged:
    """One row of the matrix. ``judged`` are the IDs that were tried, ``fell`` those that failed or proved nothing.

    ``held`` are those for which ``expected`` speaks: what else falls, in full, is shown and not held against it.
    """

    capability: str
    name: str
    kind: str
    expected: frozenset[str]
    judged: frozenset[str]
    held: frozenset[str]
    fell: frozenset[str]
    breaks: str = ""
    derived: bool = False

    @property
    def survived(self) -> bool:
        """A saboteur that the clause it was made for did not fail."""
        return self.kind == "saboteur" and self.breaks not in self.fell

    @property
    def missing(self) -> list[str]:
        """Clauses that had to fall and did not."""
        return sorted(self.expected - self.fell)

    @property
    def unexpected(self) -> list[str]:
        """Clauses that fell and must not have."""
        return sorted((self.fell & self.held) - self.expected)

    @property
    def as_it_must(self) -> bool:
        return not self.missing and not self.unexpected

    def recorded(self) -> "Judged":
        """The row after what fell was recorded as what must fall; the clause it was made for still must."""
        return replace(self, expected=(self.fell & self.held) | {self.breaks})


def judge(adapter: Saboteur | Benign, contract: Contract, *, full: bool = False, again: int = AGAIN) -> Judged:
    """The row of one adapter. Never raises for what the adapter does."""
    target = target_of(adapter, contract)
    expected = _steady(adapter) if isinstance(adapter, Saboteur) else frozenset()
    clauses = {clause.id: clause for clause in scope(adapter, target)}
    held = frozenset(clauses)
    if full:
        clauses |= {clause.id: clause for clause in _beyond(held, target)}
    if isinstance(adapter, Benign):
        held = frozenset(clauses)
    fell = {id for id, clause in clauses.items() if _falls(target, clause)}
    is_new = isinstance(adapter, Saboteur) and adapter.also is None
    for _ in range(0 if is_new else again):
        wrong = sorted((fell ^ expected) & held)
        fell ^= {id for id in wrong if _falls(target, clauses[id]) is not (id in fell)}
    _let_go(target)
    return Judged(
        capability=contract.capability.name,
        name=adapter.name,
        kind="saboteur" if isinstance(adapter, Saboteur) else "benign",
        expected=expected,
        judged=frozenset(clauses),
        held=held,
        fell=frozenset(fell),
        breaks=adapter.breaks if isinstance(adapter, Saboteur) else "",
        derived=isinstance(adapter, Saboteur) and adapter.derived,
    )


def caught(saboteur: Saboteur, contract: Contract) -> bool:
    """Whether the clause that a saboteur is made for fails it; `judge` tells whether just what must falls."""
    target = target_of(saboteur, contract)
    made_for = next(clause for clause in target.contract.clauses if clause.id == saboteur.breaks)
    fell = _falls(target, made_for)
    _let_go(target)
    return fell


def scope(adapter: Saboteur | Benign, target: Target) -> Iterator[Clause]:
    """The clauses that an adapter is judged by, in order of dependency.

    A benign variant is judged by all that need no other process, over the wire without the rules; for a saboteur
    see `Saboteur`.
    """
    wanted = _benign(target) if isinstance(adapter, Benign) else _wrong(adapter, target)
    for clause in target.contract.clauses:
        if not target.why_not(clause) and wanted(clause):
            yield clause


def _beyond(held: frozenset[str], target: Target) -> Iterator[Clause]:
    """All others. They come last: an adapter that hung, or remembers, is no longer what it was."""
    for clause in target.contract.clauses:
        elsewhere = clause.new_process and not importable(target.cls)
        if clause.id not in held and not elsewhere and not target.why_not(clause):
            yield clause


def _benign(target: Target) -> Wanted:
    return lambda clause: not clause.new_process and (target.reach == "in_process" or clause.family != SLOW_FAMILY)


def _wrong(saboteur: Saboteur, target: Target) -> Wanted:
    made_for = next(clause for clause in target.contract.clauses if clause.id == saboteur.breaks)
    operations = {WHOLE, *saboteur.operations, *(id.split(".")[1] for id in saboteur.expected)}
    rules = made_for.family == SLOW_FAMILY or (saboteur.rules and target.reach == "in_process")

    def wanted(clause: Clause) -> bool:
        if clause.id.endswith(UNSTEADY) and clause.id != saboteur.breaks:
            return False
        if clause.id in saboteur.expected:
            return True
        if clause.new_process and not made_for.new_process:
            return False
        if _tail(clause) in PATIENT and _tail(made_for) != _tail(clause):
            return False
        return (rules or clause.family != SLOW_FAMILY) and (saboteur.full or clause.operation in operations)

    return wanted


def _tail(clause: Clause) -> str:
    return clause.id.split(".", 2)[2]


def _steady(saboteur: Saboteur) -> frozenset[str]:
    return frozenset(id for id in saboteur.expected if not id.endswith(UNSTEADY) or id == saboteur.breaks)


def _falls(target: Target, clause: Clause) -> bool:
    return run_clause(target, clause).result.verdict in RED


def _let_go(target: Target) -> None:
    """An adapter that leaks on purpose says how to end that: ``let_go()``."""
    let_go = getattr(target.cls, "let_go", None)
    if callable(let_go):
        let_go()
        gc.collect()
