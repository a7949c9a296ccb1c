"""A reference for experiments: hashed shares, a Thompson sampler, and plain statistics on what was recorded."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import fsum, sqrt
from random import Random
from statistics import NormalDist
from typing import Any

from ..contracts.experiments.protocol import (
    ExperimentsTraits,
    ObservedExperiment,
    ObservedFlag,
    ObservedRecord,
    ObservedUnit,
    Rule,
)
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import thaw
from ..primitives.bandit import Arm, pick
from ..primitives.buckets import PARTS, choose, within
from ..primitives.keys import once
from ..primitives.state import State, StateBox

METHOD = "interval of the lift: delta method, 95%; p: two-sided z-test on the means per unit"
NORMAL = NormalDist()
Json = dict[str, Any]


class Project:
    """The vendor's own primitives over its state: one project with flags and experiments."""

    def __init__(self, state: State, seed: str) -> None:
        self._flags: dict[str, Json] = state["flags"]
        self._experiments: dict[str, Json] = state["experiments"]
        self._seed = seed

    def flag(self, key: str) -> Json:
        if key not in self._flags:
            raise NonRetryableError("not_found", f"no flag {key!r}")
        return self._flags[key]

    def experiment(self, key: str) -> Json:
        if key not in self._experiments:
            raise NonRetryableError("not_found", f"no flag or experiment {key!r}")
        return self._experiments[key]

    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        if key in self._experiments:
            raise NonRetryableError("conflict", f"{key!r} is an experiment")
        flag = self._flags.setdefault(key, {"type": kind, "percent": 100})
        if flag["type"] != kind:
            raise NonRetryableError("conflict", f"flag {key!r} is of type {flag['type']}")
        flag.update(value=value, rules=rules)

    def start(self, key: str, settings: Json) -> Json:
        """A new experiment, or the one that runs with the same settings."""
        if key in self._flags:
            raise NonRetryableError("conflict", f"{key!r} is a flag")
        new = {"settings": settings, "percent": 100, "units": {}, "records": {}, "rewards": {}}
        experiment = self._experiments.setdefault(key, new)
        if experiment["settings"] != settings:
            raise NonRetryableError("conflict", f"experiment {key!r} runs with other settings")
        return experiment

    def ramp(self, key: str, percent: int) -> None:
        found = self._flags.get(key) or self.experiment(key)
        found["percent"] = percent

    def decide(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, Any, str]:
        """Variant, value and reason for one unit, which is exposed where it gets an experiment's variant."""
        if key in self._flags:
            return self.switch(key, unit, attributes)
        experiment = self.experiment(key)
        if not self.is_in(key, unit, experiment["percent"]):
            return None, None, "not_in_ramp"
        return self.expose(key, experiment, unit), None, "assigned"

    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return within(f"ramp/{key}", unit, percent * PARTS // 100)

    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        wanted = rule["value"] if rule["op"] == "in" else [rule["value"]]
        seen = attributes.get(rule["attribute"])
        return any(seen == value and isinstance(seen, bool) is isinstance(value, bool) for value in wanted)

    def add(self, key: str, unit: str, value: float) -> None:
        experiment = self.experiment(key)
        experiment["records"].setdefault(unit, []).append(value)
        if unit in experiment["units"]:
            _reward(experiment, unit, value)

    def switch(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str, Any, str]:
        flag = self._flags[key]
        for rule in flag["rules"]:
            if self.matches(rule, attributes):
                return rule["variant"], flag["value"] if rule["variant"] == "on" else None, "rule"
        if not self.is_in(key, unit, flag["percent"]):
            return "off", None, "not_in_ramp"
        return ("off", None, "off") if flag["value"] is False else ("on", flag["value"], "assigned")

    def expose(self, key: str, experiment: Json, unit: str) -> str:
        """The unit's variant, the same for ever; its values from before count from now on."""
        units: dict[str, str] = experiment["units"]
        if unit not in units:
            units[unit] = self.choose(key, experiment, unit)
            for value in experiment["records"].get(unit, ()):
                _reward(experiment, unit, value)
        return units[unit]

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        settings, names = experiment["settings"], variants(experiment)
        if "weights" in settings:
            return names[choose(f"variant/{key}", unit, settings["weights"])]
        arms = [Arm(*experiment["rewards"].get(name, ())) for name in names]
        return names[pick(arms, settings["floor"], Random(f"{self._seed}/{key}/{unit}"))]


class MockExperiments:
    """ExperimentsProvider in process. config: state, seed (0; of the bandit's draws)."""

    capability = "experiments"
    contract = "1.0"
    traits = ExperimentsTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"flags": {}, "experiments": {}, "keys": {}})
        self._seed = str(config.get("seed", 0))
        self._ctx = ctx

    def set_flag(self, key: str, value: Any, rules: Sequence[Rule]) -> Json:
        kind = _type(value)
        if kind not in self.traits.flag_types:
            raise NonRetryableError("unsupported", f"a flag cannot be a {kind} here")
        with self._box as state:
            project = self._project(state)
            project.put_flag(key, value, kind, [rule.plain() for rule in rules])
            return {"key": key, **thaw(project.flag(key))}

    def get_flag(self, key: str) -> Json:
        with self._box as state:
            return {"key": key, **thaw(self._project(state).flag(key))}

    def ramp(self, key: str, percent: int) -> Json:
        with self._box as state:
            self._project(state).ramp(key, percent)
        return {"key": key, "percent": percent}

    def start_ab(self, key: str, variants: Sequence[str], weights: Sequence[int], metric: str) -> Json:
        return self._start(key, {"variants": list(variants), "weights": list(weights), "metric": metric})

    def start_bandit(self, key: str, arms: Sequence[str], floor: int) -> Json:
        return self._start(key, {"arms": list(arms), "floor": floor})

    def assign(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Json:
        with self._box as state:
            variant, value, reason = self._project(state).decide(key, unit_id, attributes)
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}

    def report(self, key: str) -> Json:
        with self._box as state:
            rows = _rows(self._project(state).experiment(key))
        return {"key": key, "variants": rows, "method": METHOD, "as_of": self._ctx.clock.now()}

    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        payload = {"key": key, "unit_id": unit_id, "value": value}

        def effect() -> Json:
            self._project(state).add(key, unit_id, value)
            return payload

        with self._box as state:
            return once(state["keys"], "record", idempotency_key, payload, effect)

    @contextmanager
    def primitives(self) -> Iterator[Project]:
        """The vendor behind this mock, for a wire that speaks of what it keeps."""
        with self._box as state:
            yield self._project(state)

    def observe(self) -> "MockExperiments":
        return self

    def flags(self) -> list[ObservedFlag]:
        with self._box as state:
            return [ObservedFlag.model_validate({"key": key, **flag}) for key, flag in state["flags"].items()]

    def experiments(self) -> list[ObservedExperiment]:
        with self._box as state:
            return [
                ObservedExperiment(key=key, variants=tuple(variants(found)), percent=found["percent"])
                for key, found in state["experiments"].items()
            ]

    def units(self) -> list[ObservedUnit]:
        with self._box as state:
            return [
                ObservedUnit(key=key, unit_id=unit, variant=variant)
                for key, found in state["experiments"].items()
                for unit, variant in found["units"].items()
            ]

    def records(self) -> list[ObservedRecord]:
        with self._box as state:
            return [
                ObservedRecord(key=key, unit_id=unit, value=value)
                for key, found in state["experiments"].items()
                for unit, values in found["records"].items()
                for value in values
            ]

    def _start(self, key: str, settings: Json) -> Json:
        with self._box as state:
            experiment = self._project(state).start(key, settings)
            return {"key": key, **thaw(experiment["settings"]), "percent": experiment["percent"]}

    def _project(self, state: State) -> Project:
        return Project(state, self._seed)


@dataclass(frozen=True)
class Group:
    """The exposed units of one variant: the sum of each unit's values, and how many values there were."""

    sums: Sequence[float]
    conversions: int

    @property
    def mean(self) -> float:
        return fsum(self.sums) / len(self.sums) if self.sums else 0.0

    @property
    def error(self) -> float:
        """The estimated variance of the mean; from at least two units."""
        return fsum((each - self.mean) ** 2 for each in self.sums) / (len(self.sums) - 1) / len(self.sums)


def variants(experiment: Json) -> list[str]:
    """The names of an experiment's variants, or of a bandit's arms."""
    settings = experiment["settings"]
    names: list[str] = settings["variants"] if "variants" in settings else settings["arms"]
    return names


def groups(experiment: Json) -> dict[str, Group]:
    """What came of each variant, in the order of the settings."""
    values: dict[str, list[list[float]]] = {name: [] for name in variants(experiment)}
    for unit, variant in experiment["units"].items():
        values[variant].append(experiment["records"].get(unit, []))
    return {name: Group([fsum(of_unit) for of_unit in found], sum(map(len, found))) for name, found in values.items()}


def _rows(experiment: Json) -> list[Json]:
    found = groups(experiment)
    first = next(iter(found.values()))
    return [
        {
            "variant": name,
            "units": len(group.sums),
            "conversions": group.conversions,
            "mean": group.mean,
            "lift": _lift(first, group),
            **_significance(first, group),
        }
        for name, group in found.items()
    ]


def _lift(first: Group, group: Group) -> float | None:
    if group is first:
        return 0.0
    return group.mean / first.mean - 1 if first.mean else None


def _significance(first: Group, group: Group) -> Json:
    """Nothing for the first variant itself, below two units, or where nothing varies."""
    if group is first or min(len(first.sums), len(group.sums)) < 2 or not first.mean:
        return {}
    ratio, spread = group.mean / first.mean, sqrt(first.error + group.error)
    if not spread:
        return {}
    half = NORMAL.inv_cdf(0.975) * sqrt(group.error + ratio**2 * first.error) / abs(first.mean)
    p = 2 * NORMAL.cdf(-abs(group.mean - first.mean) / spread)
    return {"interval": [ratio - 1 - half, ratio - 1 + half], "p": p}


def _reward(experiment: Json, unit: str, value: float) -> None:
    """Adds a value of an exposed unit to what the sampler knows of its arm."""
    rewards, arm = experiment["rewards"], experiment["units"][unit]
    seen = Arm(*rewards.get(arm, ())).seen(value)
    rewards[arm] = [seen.count, seen.total]


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
