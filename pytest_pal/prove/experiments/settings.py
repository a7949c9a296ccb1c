"""Wrong in starting: settings that are not those that were asked for."""

from typing import Any

from ...mocks.experiments import MockExperiments, Project
from ...primitives.buckets import PARTS
from ..saboteur import RECORDED, Saboteur
from .projects import Json, over


class EvenSplit(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        found = super().start_ab(key, variants, weights, metric)
        part = PARTS // len(variants)
        return {**found, "weights": [PARTS - part * (len(variants) - 1), *[part] * (len(variants) - 1)]}


class SortsVariants(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        return {**super().start_ab(key, variants, weights, metric), "variants": sorted(variants)}


class ResetsExperiment(Project):
    def start(self, key: str, settings: Json) -> Json:
        found = super().start(key, settings)
        found["percent"] = 100
        return found


class RestartsExperiment(Project):
    def start(self, key: str, settings: Json) -> Json:
        percent = super().start(key, settings)["percent"]
        found = self._experiments.pop(key)
        self._experiments[key] = {**found, "percent": percent, "units": {}, "salt": found.get("salt", 0) + 1}
        return self._experiments[key]

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return super().choose(f"{key}{experiment['salt']}", experiment, unit)


class LosesFloor(MockExperiments):
    def start_bandit(self, key: str, arms: Any, floor: int) -> Json:
        return {**super().start_bandit(key, arms, floor), "floor": floor // 100 * 100}


class AnyOrder(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        with self._box as state:
            known = state["experiments"].get(key, {}).get("settings")
            if known and dict(zip(known["variants"], known["weights"], strict=True)) == dict(
                zip(variants, weights, strict=True)
            ):
                variants, weights = known["variants"], known["weights"]
        return super().start_ab(key, variants, weights, metric)


class FoldsMetrics(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        return super().start_ab(key, variants, weights, metric.lower())


SABOTEURS = (
    Saboteur(
        "any_order",
        AnyOrder,
        "experiments.start_ab.rule.other_order",
        also=("experiments.start_ab.bad_input.bandit_key",),
    ),
    Saboteur("folds_metrics", FoldsMetrics, "experiments.adapter.rule.ids"),
    Saboteur(
        "even_split",
        EvenSplit,
        "experiments.start_ab.rule.echo",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.edge_values",
            "experiments.adapter.scenario.every_operation",
        ),
        reason="every experiment that is not split evenly looks as if it were",
    ),
    Saboteur(
        "sorts_variants",
        SortsVariants,
        "experiments.start_ab.rule.echo",
        also=RECORDED,
        reason="whatever is started with names in another order comes back sorted",
    ),
    Saboteur(
        "resets_experiment",
        over(ResetsExperiment),
        "experiments.start_ab.rule.keeps_percent",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
            "experiments.start_bandit.rule.echo",
        ),
    ),
    Saboteur("restarts_experiment", over(RestartsExperiment), "experiments.start_ab.rule.keeps_percent"),
    Saboteur("loses_floor", LosesFloor, "experiments.start_bandit.rule.echo"),
)
