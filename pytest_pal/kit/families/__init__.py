"""The clause families: checks that are made for any capability from what its operations declare."""

from collections.abc import Iterator

from ...model.clause import Clause
from ..contract import Contract
from . import (
    attempts,
    bad_input,
    concurrency,
    determinism,
    engine,
    faults,
    golden,
    idempotency,
    life_cycle,
    lost_replies,
    offline,
    pages,
    parts,
    repeats,
    sameness,
    scenario,
    secrets,
    shape,
    telemetry,
    tokens,
    wire,
)

ORDER = (
    "discovery",
    "shape",
    "scenario",
    "golden",
    "own_golden",
    "rule",
    "determinism",
    "idempotency",
    "bad_input",
    "life_cycle",
    "concurrency",
    "offline",
    "fault",
    "retry",
    "secrets",
    "telemetry",
    "wire",
)
"""Families in order of dependency; a capability's own clauses are of the family ``rule``."""

_SOURCES = (
    shape,
    scenario,
    golden,
    determinism,
    idempotency,
    sameness,
    bad_input,
    life_cycle,
    concurrency,
    offline,
    engine,
    faults,
    lost_replies,
    attempts,
    repeats,
    secrets,
    tokens,
    telemetry,
    wire,
    pages,
    parts,
)


def generate(contract: Contract) -> Iterator[Clause]:
    """Every generated clause of a contract."""
    for family in _SOURCES:
        yield from family.clauses(contract)


def rank(clause: Clause) -> tuple[int, str]:
    """Sorts clauses by dependency; a family of somebody else's comes with the rules."""
    family = clause.family if clause.family in ORDER else "rule"
    return ORDER.index(family), clause.id
