"""Wrong in who is in, and who gets what."""

import os
from collections.abc import Mapping
from typing import Any

from ...contracts.experiments.protocol import ExperimentsTraits
from ...errors import NonRetryableError
from ...mocks.experiments import MockExperiments, Project, variants
from ...primitives.buckets import PARTS, bucket
from ..saboteur import RECORDED, Saboteur
from .projects import Json, over


class RampClearsRules(Project):
    def ramp(self, key: str, percent: int) -> None:
        super().ramp(key, percent)
        self._flags.get(key, {}).update(rules=[])


class LeaksAtZero(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return bucket(key, unit) // 100 <= percent


class MissesAtHundred(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return bucket(key, unit) // 100 < percent - 1


class AllOrNothing(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return percent > 0


class SquaresPercent(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return super().is_in(key, unit, percent * percent // 100)


class DrawsAnew(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return super().is_in(f"{key}{percent}", unit, percent)


class SlidesShare(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return (bucket(key, unit) + 130 * percent) % PARTS < percent * 100


class RedrawsAfterRamp(Project):
    def ramp(self, key: str, percent: int) -> None:
        super().ramp(key, percent)
        self._experiments.get(key, {}).update(units={})

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return super().choose(f"{key}{experiment['percent']}", experiment, unit)


class RampsAll(Project):
    def ramp(self, key: str, percent: int) -> None:
        super().ramp(key, percent)
        for other in self._experiments.values() if key in self._experiments else ():
            other["percent"] = percent


class OneRamp(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return super().is_in("", unit, percent)


class OneHash(Project):
    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return super().is_in("", unit, percent)

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return variants(experiment)[bucket("ramp/", unit) * len(variants(experiment)) // PARTS]


class NoSalt(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return super().choose("", experiment, unit)


class IgnoresWeights(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return variants(experiment)[bucket(key, unit) % len(variants(experiment))]


class SlightlyOff(Project):
    def choose(self, key: str, experiment: Json, unit: str) -> str:
        return variants(experiment)[0] if bucket("x", unit) < 900 else super().choose(key, experiment, unit)


class CoarseWeights(MockExperiments):
    """Within chance, not within the balance that it claims."""

    traits = ExperimentsTraits(balance_tolerance=0.0001)


class AttributesCount(Project):
    def decide(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, Any, str]:
        if key in self._experiments and attributes:
            unit += "x"
        return super().decide(key, unit, attributes)


class AlwaysNew(Project):
    """Draws again for every call, by a counter."""

    drawn = 0

    def decide(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, Any, str]:
        AlwaysNew.drawn += 1
        return super().decide(key, f"{unit}.{AlwaysNew.drawn}", attributes)


class PerInstance(MockExperiments):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._salt = str(id(self))

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, f"{unit_id}.{self._salt}", attributes), "unit_id": unit_id}


class Monthly(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        month = self._ctx.clock.now().month
        return {**super().assign(key, f"{unit_id}.{month}", attributes), "unit_id": unit_id}


class Yearly(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        year = self._ctx.clock.now().year
        return {**super().assign(key, f"{unit_id}.{year}", attributes), "unit_id": unit_id}


class KeepsWhatItSaw(MockExperiments):
    """Assigns by the percent and the flag that an instance saw first, until it writes itself."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._seen: dict[str, Json] = {}

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            table = state["flags"] if key in state["flags"] else state["experiments"]
            if key not in table:
                return super().assign(key, unit_id, attributes)
            now = {name: table[key][name] for name in ("percent", "value", "rules") if name in table[key]}
            table[key].update(self._seen.setdefault(key, now))
            try:
                return super().assign(key, unit_id, attributes)
            finally:
                table[key].update(now)

    def set_flag(self, *arguments: Any) -> Json:
        self._seen.clear()
        return super().set_flag(*arguments)

    def ramp(self, *arguments: Any) -> Json:
        self._seen.clear()
        return super().ramp(*arguments)


class MissesForEver(MockExperiments):
    """What was not there is not looked for again."""

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        missing = self.__dict__.setdefault("_missing", set())
        with self._box as state:
            missing |= {key} - {*state["flags"], *state["experiments"]}
        if key in missing:
            raise NonRetryableError("not_found", key)
        return super().assign(key, unit_id, attributes)


class NumbersUnits(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, unit_id.lstrip("0") or "0", attributes), "unit_id": unit_id}


class PythonHash(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, f"{hash(unit_id)}", attributes), "unit_id": unit_id}


class PerProcess(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, f"{unit_id}.{os.getpid()}", attributes), "unit_id": unit_id}


class FoldsUnits(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, unit_id.lower(), attributes), "unit_id": unit_id}


SABOTEURS = (
    Saboteur("folds_units", FoldsUnits, "experiments.adapter.rule.ids"),
    Saboteur("numbers_units", NumbersUnits, "experiments.adapter.rule.ids"),
    Saboteur(
        "ramp_clears_rules",
        over(RampClearsRules),
        "experiments.ramp.rule.shown",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur("leaks_at_zero", over(LeaksAtZero), "experiments.ramp.rule.exact"),
    Saboteur(
        "misses_at_hundred",
        over(MissesAtHundred),
        "experiments.ramp.rule.exact",
        also=("experiments.adapter.rule.ids",),
    ),
    Saboteur(
        "all_or_nothing", over(AllOrNothing), "experiments.ramp.rule.share", also=("experiments.ramp.rule.keeps_units",)
    ),
    Saboteur("squares_percent", over(SquaresPercent), "experiments.ramp.rule.share"),
    Saboteur("draws_anew", over(DrawsAnew), "experiments.ramp.rule.keeps_units"),
    Saboteur("slides_share", over(SlidesShare), "experiments.ramp.rule.keeps_units"),
    Saboteur(
        "redraws_after_ramp",
        over(RedrawsAfterRamp),
        "experiments.ramp.rule.keeps_units",
        also=("experiments.start_bandit.rule.sticky",),
    ),
    Saboteur("ramps_all", over(RampsAll), "experiments.start_ab.rule.keeps_percent"),
    Saboteur(
        "ignores_weights",
        over(IgnoresWeights),
        "experiments.assign.rule.balanced",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.scenario.edge_values",
        ),
    ),
    Saboteur("slightly_off", over(SlightlyOff), "experiments.assign.rule.balanced"),
    Saboteur("coarse_weights", CoarseWeights, "experiments.assign.rule.balanced"),
    Saboteur(
        "one_hash",
        over(OneHash),
        "experiments.assign.rule.balanced_in_ramp",
        also=RECORDED,
        reason="who is in depends on the variant, and so do all experiments on one another",
    ),
    Saboteur("no_salt", over(NoSalt), "experiments.assign.rule.independent"),
    Saboteur("one_ramp", over(OneRamp), "experiments.assign.rule.independent_ramps"),
    Saboteur("keeps_what_it_saw", KeepsWhatItSaw, "experiments.assign.rule.other_instance"),
    Saboteur("misses_for_ever", MissesForEver, "experiments.assign.rule.other_instance"),
    Saboteur(
        "attributes_count",
        over(AttributesCount),
        "experiments.assign.rule.sticky",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.scenario.every_operation",
        ),
    ),
    Saboteur(
        "always_new",
        over(AlwaysNew),
        "experiments.assign.rule.sticky",
        also=RECORDED,
        reason="no unit ever gets the same again",
    ),
    Saboteur(
        "per_instance",
        PerInstance,
        "experiments.assign.rule.sticky",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "monthly",
        Monthly,
        "experiments.assign.rule.sticky",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "yearly",
        Yearly,
        "experiments.assign.rule.sticky",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "python_hash",
        PythonHash,
        "experiments.assign.rule.same_in_new_process",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "per_process",
        PerProcess,
        "experiments.assign.rule.same_in_new_process",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
        ),
    ),
)
