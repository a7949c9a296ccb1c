"""Golden: a scenario gives the outputs that the mock gave when the contract's golden file was recorded."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...canonical import wrapped
from ...compare.strict_json import read_json
from ...model.clause import WHOLE, Check, Clause, Unproven
from ..contract import Contract, Scenario
from ..golden_files import Recording, hold
from ..parity import parity
from ..playing import Played, play, variables
from ..trace import trace


def clauses(contract: Contract) -> Iterator[Clause]:
    if contract.goldens is None:
        return
    for scenario in contract.scenarios:
        yield Clause(
            f"{contract.capability.name}.{WHOLE}.golden.{scenario.name}",
            f"The outputs of the scenario {scenario.name} are the mock's, by field class.",
            _check(scenario, contract.goldens / f"{scenario.name}.json"),
            since=scenario.since,
            needs=tuple(name for name in contract.shaped_by if name in contract.optional),
            applies=contract.as_the_mock,
        )


def own_clauses(contract: Contract, folder: Path) -> Iterator[Clause]:
    """The clauses of an adapter's own golden files, which stand in its repository."""
    for scenario in contract.scenarios:
        yield Clause(
            f"{contract.capability.name}.{WHOLE}.own_golden.{scenario.name}",
            f"The trace of the scenario {scenario.name} is the one in this project's golden file.",
            _own_check(scenario, folder / f"{scenario.name}.json"),
        )


def _own_check(scenario: Scenario, path: Path) -> Check:
    def check(subject: Any) -> None:
        used = variables(subject)
        _hold(subject, "own_golden", scenario, path, document(scenario, subject, used, play(scenario, subject)))

    return check


def _check(scenario: Scenario, path: Path) -> Check:
    def check(subject: Any) -> None:
        used = variables(subject)
        played = play(scenario, subject)
        if subject.target.is_the_mock:
            _hold(subject, "golden", scenario, path, document(scenario, subject, used, played))
        elif not path.exists():
            raise Unproven(f"no golden file {path}; type pytest --pal --pal-golden=new in the contract's project")
        else:
            parity(read_json(path), used, played, subject.traits, str(subject.target.declared))

    return check


def _hold(subject: Any, family: str, scenario: Scenario, path: Path, seen: dict[str, Any]) -> None:
    name = subject.capability.name
    item = f"pal::{name}::{subject.target.name}::{name}.{WHOLE}.{family}.{scenario.name}"
    hold(Recording(path, seen, f"pytest --pal --pal-golden=update '{item}'"))


def document(scenario: Scenario, subject: Any, used: Mapping[str, Any], played: list[Played]) -> dict[str, Any]:
    """What a golden file holds of one scenario."""
    return {
        "capability": subject.capability.name,
        "contract": subject.capability.version,
        "scenario": scenario.name,
        "variables": wrapped({name: value for name, value in used.items() if f"${{{name}" in str(scenario.steps)}),
        "steps": trace(played),
    }
