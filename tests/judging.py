"""Judging a class without pytest: which clauses fall, and why."""

import importlib
from functools import cache
from typing import Any

from pytest_pal.kit.contract import Contract
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.loader import load
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.target import Target
from pytest_pal.model.verdict import ClauseResult, Verdict
from pytest_pal.prove.roster import Roster, roster
from pytest_pal.prove.saboteur import Saboteur

GREEN = (Verdict.PASSED, Verdict.UNSUPPORTED)


@cache
def contract(capability: str) -> Contract:
    return load(importlib.import_module(f"pytest_pal.contracts.{capability}").CAPABILITY)


def judge(adapter: type | Harness, *, capability: str | None = None, only: str = "") -> dict[str, ClauseResult]:
    """The result of every clause that applies; ``only`` is a part of the clause's ID.

    Clauses that need another process are left out unless ``only`` names them.
    """
    harness = adapter if isinstance(adapter, Harness) else Harness(adapter)
    found: Any = harness.cls
    target = Target(found.__name__, contract(capability or found.capability), harness, "tests")
    return {
        clause.id: run_clause(target, clause).result
        for clause in target.contract.clauses
        if only in clause.id and not target.why_not(clause)
        if only or not clause.new_process
    }


def fallen(adapter: type | Harness, **options: Any) -> set[str]:
    """The IDs of the clauses that are red."""
    return {id for id, result in judge(adapter, **options).items() if result.verdict not in GREEN}


def by_hand(found: Roster) -> list[Saboteur]:
    """The saboteurs that a person wrote."""
    return [each for each in found.saboteurs if not each.derived]


def unproven_by_hand(capability: str) -> set[str]:
    """The rules, refusals and scenarios of a contract that no saboteur was written for."""
    found = roster(capability)
    refusals = {f"{capability}.{each.operation}.bad_input.{each.name}" for each in found.contract.refusals}
    own = {clause.id for clause in found.contract.clauses if clause.family in ("rule", "scenario")}
    written = (each for each in found.written if isinstance(each, Saboteur))
    return (own | refusals) - {id for each in written for id in each.expected}
