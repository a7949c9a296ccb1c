"""Wrong in bandits."""

import time
from typing import Any

from ...mocks.experiments import MockExperiments, Project, variants
from ...primitives.buckets import bucket
from ..saboteur import Saboteur
from .projects import Json, over


class Uniform(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return variants(experiment)[bucket(key, unit) % len(variants(experiment))]


class AlwaysFirst(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return variants(experiment)[0]


class Minimises(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        settings = experiment["settings"]
        rewards = {arm: [count, count - total] for arm, (count, total) in experiment["rewards"].items()}
        return super().choose(key, {"settings": settings, "rewards": rewards}, unit)


class NoFloor(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        settings = experiment["settings"]
        return super().choose(key, {**experiment, "settings": {**settings, "floor": 0}}, unit)


class MovesUnits(Project):
    def expose(self, key: str, experiment: Json, unit: str) -> str:
        units: dict[str, str] = experiment["units"]
        old = units.pop(unit, None)
        best = max(experiment["rewards"].items(), default=(None, 0), key=lambda item: item[1][1])[0]
        units[unit] = best if old and best else super().expose(key, experiment, unit)
        return units[unit]


class DrawsTwice(MockExperiments):
    """Looks whether a bandit knows the unit, and draws later."""

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            one = state["experiments"].get(key, {"settings": {}})
            is_new = "arms" in one["settings"] and unit_id not in one["units"]
        if not is_new:
            return super().assign(key, unit_id, attributes)
        time.sleep(0.002)
        with self._box as state:
            state["experiments"][key]["units"].pop(unit_id, None)
            self._seed += "x"
            return super().assign(key, unit_id, attributes)


SABOTEURS = (
    Saboteur(
        "uniform",
        over(Uniform),
        "experiments.start_bandit.rule.finds_the_better",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.scenario.edge_values",
        ),
    ),
    Saboteur(
        "always_first",
        over(AlwaysFirst),
        "experiments.start_bandit.rule.finds_the_better",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.scenario.edge_values",
            "experiments.start_bandit.rule.floor",
        ),
    ),
    Saboteur("minimises", over(Minimises), "experiments.start_bandit.rule.finds_the_better"),
    Saboteur("no_floor", over(NoFloor), "experiments.start_bandit.rule.floor"),
    Saboteur("moves_units", over(MovesUnits), "experiments.start_bandit.rule.sticky"),
    Saboteur("draws_twice", DrawsTwice, "experiments.start_bandit.rule.at_once"),
)
