"""What there is to say of a clause, or of a check of a family wherever it applies, as JSON."""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import PalError, did_you_mean
from ..kit.contract import Contract
from ..kit.discovery import contract_of
from ..kit.explanations import FAMILIES, explanation
from ..kit.families.golden import own_clauses
from ..kit.plan import SENTENCES, Problem, discovery_clause
from ..model.clause import WHOLE, Clause
from ..registry.entry_points import CAPABILITIES, entries

PROVE = "pytest_pal.prove"
BY_HAND = ("rule", "scenario", "golden", "own_golden")
"""Families whose checks are each capability's own, by name."""


def about(id: str) -> dict[str, Any]:
    """Of a clause, or of family.check over all operations. Raises PalError where there is no such thing."""
    if id.count(".") != 1 or id.split(".")[0] in _capabilities():
        return explained(id)
    contracts = installed()
    known = checks(contracts)
    if id not in known:
        raise PalError(f"no family has a check {id!r}; {did_you_mean(id, known)}")
    return explained_check(id, contracts)


def explained(id: str) -> dict[str, Any]:
    """Of one clause. Raises PalError where there is none."""
    clause, package = _clause(id)
    return {
        "id": clause.id,
        "level": str(clause.level),
        "since": clause.since,
        "sentence": clause.sentence,
        **_told(id, package),
        "proven_by": proof(id),
    }


def explained_check(name: str, contracts: Iterable[Contract]) -> dict[str, Any]:
    """Of family.check in the contracts: its sentences, each with the clauses that say it."""
    by_sentence: dict[tuple[str, str, str], list[str]] = {}
    for contract in contracts:
        for clause in contract.clauses:
            if check_of(clause) == name:
                said = (str(clause.level), clause.since, _for_any(clause, contract))
                by_sentence.setdefault(said, []).append(clause.id)
    sentences = [
        {"level": level, "since": since, "sentence": sentence, "clauses": ids}
        for (level, since, sentence), ids in by_sentence.items()
    ]
    return {"id": name, "sentences": sentences, **_told(name, FAMILIES)}


def checks(contracts: Iterable[Contract]) -> list[str]:
    """Every family.check that is generated for one of them, in order of dependency."""
    return list(dict.fromkeys(filter(None, (check_of(clause) for found in contracts for clause in found.clauses))))


def check_of(clause: Clause) -> str:
    """family.check of a clause that is generated, or '' of one that its capability names by itself."""
    name = clause.id.split(".", 2)[2]
    refusal = clause.family == "bad_input" and name != "bad_input.check"
    return "" if refusal or clause.family in BY_HAND else name


def proof(id: str) -> list[str]:
    """The wrong adapters that are made to fail the clause; else those that fail it too."""
    saboteurs = _saboteurs(id.split(".")[0])
    made_for_it = [each.name for each in saboteurs if each.breaks == id]
    return made_for_it or [each.name for each in saboteurs if id in each.expected]


def installed() -> list[Contract]:
    """The contracts of all capabilities. Raises PalError for one that cannot be loaded."""
    return [_contract(name) for name in _capabilities()]


def _capabilities() -> list[str]:
    return [entry.name for entry in entries(CAPABILITIES)]


def _contract(name: str) -> Contract:
    try:
        return contract_of(name)
    except Exception as error:  # a third party's contract may raise anything
        raise PalError(f"capability {name} cannot be loaded: {error}") from error


def _told(id: str, package: str) -> dict[str, Any]:
    found = explanation(id, package)
    return {"why": found.why, "mend": found.mend, "seen": list(found.seen)}


def _clause(id: str) -> tuple[Clause, str]:
    capability, _, rest = id.partition(".")
    kind = rest.removeprefix(f"{WHOLE}.discovery.")
    if kind != rest and kind in SENTENCES:
        return discovery_clause(capability, "", Problem(kind, "")), FAMILIES
    if capability not in _capabilities():
        names = ", ".join(_capabilities())
        raise PalError(f"there is no clause {id!r}; an ID reads capability.operation.family.check, begins with {names}")
    contract = _contract(capability)
    known = {clause.id: clause for clause in (*contract.clauses, *own_clauses(contract, Path()))}
    if id not in known:
        lists = f"pal contract show {capability} lists all {len(contract.clauses)}"
        raise PalError(f"there is no clause {id!r}; {did_you_mean(id, known, else_=lists)}")
    return known[id], contract.capability.package


def _for_any(clause: Clause, contract: Contract) -> str:
    """The sentence without the names of its one operation and of what that returns."""
    operation = contract.capability.operations.get(clause.operation)
    if operation is None:
        return clause.sentence
    sentence = re.sub(rf"\b{operation.name}\b", "the operation", clause.sentence, count=1)
    sentence = re.sub(rf"\b{operation.output.__name__}\b", "output", sentence)
    return sentence[0].upper() + sentence[1:]


@cache
def _saboteurs(capability: str) -> tuple[Any, ...]:
    if find_spec(PROVE) is None or capability not in _capabilities():
        return ()
    roster = import_module(f"{PROVE}.roster").roster(capability)
    return tuple(roster.saboteurs)
