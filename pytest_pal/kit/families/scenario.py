"""Scenarios: a life of one adapter, held against expectations that a person wrote."""

from collections.abc import Iterator

from ...model.clause import WHOLE, Check, Clause
from ...model.subject import Subject
from ..contract import Contract, Scenario
from ..playing import play


def clauses(contract: Contract) -> Iterator[Clause]:
    for scenario in contract.scenarios:
        yield Clause(
            f"{contract.capability.name}.{WHOLE}.scenario.{scenario.name}",
            scenario.title,
            _check(scenario),
            since=scenario.since,
        )


def _check(scenario: Scenario) -> Check:
    def check(subject: Subject) -> None:
        play(scenario, subject)

    return check
