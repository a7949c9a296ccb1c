"""Loads a contract and checks it, so that a mistake in it is named by file and line, not by a verdict."""

import importlib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from ..compare.strict_yaml import LINE, bare, load_yaml
from ..errors import NonRetryableError, PalError
from ..model.capability import Capability
from ..model.clause import ID_PATTERN, WHOLE, Clause
from ..model.fields import FIRST
from ..model.samples import Part, Refusal, Sample, Scene
from .bench import START
from .contract import Contract, Scenario, ScenarioStep
from .declared import check_declared
from .families import generate, rank
from .since import check_versions, not_since
from .templates import Names, fill, seconds

_KINDS = ("call", "observe", "advance", "restart")
_STEP = {*_KINDS, "with", "expect", "error", "save", "part", "needs", "exactly_once", LINE}
_SCENARIO = {"name", "title", "since", "config", "steps", LINE}


def load(capability: Capability) -> Contract:
    """The contract with its own and its generated clauses, in order of dependency. Raises PalError."""
    check_versions(capability)
    check_declared(capability)
    samples = _module(capability, "samples")
    contract = Contract(
        capability=capability,
        samples=samples.SAMPLES,
        refusals=tuple(getattr(samples, "REFUSALS", ())),
        parts={part.name: part for part in getattr(samples, "PARTS", ())},
        variables=getattr(samples, "variables", lambda scene: {}),
        config=getattr(samples, "CONFIG", {}),
        provided=getattr(samples, "PROVIDED", {}),
        scenarios=tuple(_scenarios(capability)),
        goldens=_goldens(capability),
        shaped_by=tuple(getattr(samples, "SHAPED_BY", ())),
    )
    _check_samples(contract, samples)
    for scenario in contract.scenarios:
        _check_scenario(contract, scenario)
    clauses = [*_own_clauses(capability), *generate(contract)]
    _check_clauses(contract, clauses)
    return replace(contract, clauses=tuple(sorted(clauses, key=rank)))


def _goldens(capability: Capability) -> Path | None:
    if capability.golden is None:
        return None
    package, _, folder = capability.golden.partition("/")
    return Path(str(resources.files(package))).resolve() / folder


def _module(capability: Capability, name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{capability.package}.{name}")
    except ModuleNotFoundError as error:
        raise PalError(f"capability {capability.name}: {capability.package}.{name} is missing ({error})") from error


def _own_clauses(capability: Capability) -> Iterator[Clause]:
    """The clauses of the package's module ``clauses``, in the order in which they are written."""
    for value in vars(_module(capability, "clauses")).values():
        if isinstance(value, Clause):
            yield value


def _place(clause: Clause) -> str:
    """Where the check is written; one that is no function, such as a partial one, by what it prints as."""
    code = getattr(clause.check, "__code__", None)
    return repr(clause.check) if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _check_clauses(contract: Contract, clauses: list[Clause]) -> None:
    seen: dict[str, Clause] = {}
    known = {*contract.capability.operations, WHOLE}
    for clause in clauses:
        wrong = {
            "an ID reads capability.operation.family.check": not ID_PATTERN.fullmatch(clause.id),
            f"its capability is not {contract.capability.name}": clause.capability != contract.capability.name,
            f"its operation is none of {', '.join(sorted(known))}": clause.operation not in known,
            "it has no sentence; write one as the check's docstring": not clause.sentence,
            not_since(contract.capability, clause.since): True,
            f"it needs what is not optional: {clause.needs}": not set(clause.needs) <= set(contract.optional),
            f"the ID stands already at {_place(seen.get(clause.id, clause))}": clause.id in seen,
        }
        for text in (text for text, is_wrong in wrong.items() if text and is_wrong):
            raise PalError(f"{_place(clause)}: clause {clause.id!r}: {text}")
        seen[clause.id] = clause


def _check_samples(contract: Contract, samples: ModuleType) -> None:
    operations = contract.capability.operations
    missing = [name for name in operations if name not in contract.samples]
    if missing:
        raise PalError(f"{samples.__file__}: SAMPLES has no sample of {', '.join(missing)}")
    named = [*contract.samples, *(refusal.operation for refusal in contract.refusals)]
    named += [part.operation for part in contract.parts.values()]
    taken: list[Sample | Refusal | Part] = [*contract.samples.values(), *contract.refusals, *contract.parts.values()]
    named += [step.operation for each in taken for step in each.given]
    for name in named:
        if name not in operations:
            raise PalError(f"{samples.__file__}: {name!r} is no operation; there are {', '.join(operations)}")


def _scenarios(capability: Capability) -> Iterator[Scenario]:
    file = resources.files(capability.package) / "scenarios.yaml"
    if not file.is_file():
        return
    try:
        rows = load_yaml(file.read_text("utf-8")) or []
    except PalError as error:
        raise PalError(f"{file}: {error}") from error
    if not isinstance(rows, list):
        raise PalError(f"{file}: must be a list of scenarios")
    for row in rows:
        yield _scenario(capability, f"{file}", row)


def _scenario(capability: Capability, file: str, row: Any) -> Scenario:
    _only(file, row, _SCENARIO, "scenario")
    since = row.get("since", FIRST)
    if wrong := not_since(capability, since):
        raise PalError(f"{file}:{row[LINE]}: scenario {row.get('name')}: {wrong}")
    for needed in ("name", "title", "steps"):
        if not row.get(needed):
            raise PalError(f"{file}:{row[LINE]}: the scenario has no {needed}")
    return Scenario(
        name=row["name"],
        title=row["title"],
        line=row[LINE],
        since=since,
        config=bare(row.get("config", {})),
        steps=tuple(_step(file, step) for step in row["steps"]),
    )


def _step(file: str, row: Any) -> ScenarioStep:
    _only(file, row, _STEP, "step")
    kinds = [kind for kind in _KINDS if kind in row]
    if len(kinds) != 1:
        raise PalError(f"{file}:{row[LINE]}: a step is exactly one of {', '.join(_KINDS)}")
    error = row.get("error", ())
    needs = row.get("needs", ())
    return ScenarioStep(
        kind=kinds[0],
        line=row[LINE],
        value=row[kinds[0]],
        arguments=bare(row.get("with", {})),
        expect=bare(row.get("expect")),
        expects="expect" in row,
        error=(error,) if isinstance(error, str) else tuple(error),
        save=bare(row.get("save")),
        part=row.get("part"),
        needs=(needs,) if isinstance(needs, str) else tuple(needs),
        exactly_once=bool(row.get("exactly_once", False)),
    )


def _only(file: str, row: Any, known: set[str], what: str) -> None:
    if not isinstance(row, dict):
        raise PalError(f"{file}: a {what} must be a mapping, not {row!r}")
    unknown = sorted(set(row) - known)
    if unknown:
        names = ", ".join(sorted(known - {LINE}))
        raise PalError(f"{file}:{row[LINE]}: a {what} has no {unknown[0]!r}; it has {names}")


def _check_scenario(contract: Contract, scenario: Scenario) -> None:
    capability = contract.capability
    file = resources.files(capability.package) / "scenarios.yaml"
    scene = Scene(capability.traits(), START, 0, {}, contract.provided)
    names: dict[str, Any] = {**contract.provided, **contract.variables(scene)}
    for step in scenario.steps:
        try:
            _check_step(contract, step, Names(names, START, START))
        except (PalError, NonRetryableError) as error:
            raise PalError(f"{file}:{step.line}: scenario {scenario.name}: {error}") from error
        names.update(dict.fromkeys(step.save or {}, "saved-value"))


def _check_step(contract: Contract, step: ScenarioStep, names: Names) -> None:
    optional = {*step.needs, *([step.part] if step.part else [])}
    if unknown := sorted(optional - set(contract.optional)):
        raise PalError(f"{unknown[0]!r} is not optional; optional are {', '.join(contract.optional) or 'none'}")
    if step.kind == "advance":
        seconds(step.value)
    if step.kind == "observe" and step.value not in contract.capability.observed:
        raise PalError(f"the observer has no {step.value!r}; it has {', '.join(contract.capability.observed)}")
    fill(step.expect, names)
    if step.kind == "call":
        operation = contract.capability.operation(step.value)
        arguments = fill(step.arguments, names)
        if not step.error:
            key = {operation.key: "a-key"} if operation.key else {}
            contract.capability.check(step.value, **{**key, **arguments})
