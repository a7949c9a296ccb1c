"""Wrong in refusals: what is taken that must not be."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ...mocks.experiments import MockExperiments, Project
from ..saboteur import Saboteur
from .projects import Json, over


class PutsFlagOver(Project):
    """A flag takes the key of what has such a setting."""

    has: ClassVar[str]

    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        if self.has in self._experiments.get(key, {}).get("settings", {}):
            del self._experiments[key]
        super().put_flag(key, value, kind, rules)


class FlagOverExperiment(PutsFlagOver):
    has = "weights"


class FlagOverBandit(PutsFlagOver):
    has = "floor"


class TakesAnyType(Project):
    """Replaces a flag by one of another type."""

    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        if self._flags.get(key, {}).get("type") in ("boolean", "string"):
            self._flags[key]["type"] = kind
        super().put_flag(key, value, kind, rules)


class StartsOver(Project):
    """What is started with one setting takes the key of a flag, or of what has another setting."""

    starts: ClassVar[str]
    has: ClassVar[str] = ""

    def start(self, key: str, settings: Json) -> Json:
        if self.starts in settings:
            if not self.has:
                self._flags.pop(key, None)
            elif self.has in self._experiments.get(key, {}).get("settings", {}):
                del self._experiments[key]
        return super().start(key, settings)


class ExperimentOverFlag(StartsOver):
    starts = "weights"


class BanditOverFlag(StartsOver):
    starts = "floor"


class ExperimentOverBandit(StartsOver):
    starts, has = "weights", "floor"


class BanditOverExperiment(StartsOver):
    starts, has = "floor", "weights"


class KeepsFirst(Project):
    """Where only this setting is another one, the first settings stay, and nobody is told."""

    setting: ClassVar[str]

    def start(self, key: str, settings: Json) -> Json:
        known = self._experiments.get(key, {}).get("settings", settings)
        same_but_that = {**settings, self.setting: known.get(self.setting)} == known
        return super().start(key, known if same_but_that else settings)


class KeepsFirstWeights(KeepsFirst):
    setting = "weights"


class KeepsFirstVariants(KeepsFirst):
    setting = "variants"


class KeepsFirstMetric(KeepsFirst):
    setting = "metric"


class KeepsFirstFloor(KeepsFirst):
    setting = "floor"


class KeepsFirstArms(KeepsFirst):
    setting = "arms"


class Knows(MockExperiments):
    """Knows what stands under a key: flags, experiments or None."""

    def kind(self, key: str) -> str | None:
        with self._box as state:
            return next((kind for kind in ("flags", "experiments") if key in state[kind]), None)


class FindsEveryFlag(Knows):
    def get_flag(self, key: str) -> Json:
        if self.kind(key) is None:
            return {"key": key, "value": False, "type": "boolean", "rules": [], "percent": 0}
        return super().get_flag(key)


class ExperimentsAreFlags(Knows):
    def get_flag(self, key: str) -> Json:
        if self.kind(key) == "experiments":
            return {"key": key, "value": True, "type": "boolean", "rules": [], "percent": 100}
        return super().get_flag(key)


class RampsNothing(Knows):
    def ramp(self, key: str, percent: int) -> Json:
        return {"key": key, "percent": percent} if self.kind(key) is None else super().ramp(key, percent)


class AssignsNothing(Knows):
    def assign(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Json:
        if self.kind(key) is None:
            return {"key": key, "unit_id": unit_id, "variant": None, "value": None, "reason": "not_in_ramp"}
        return super().assign(key, unit_id, attributes)


class ReportsWithout(Knows):
    """Reports on what has no report."""

    on: ClassVar[str | None] = None

    def report(self, key: str) -> Json:
        if self.kind(key) == self.on:
            return {"key": key, "variants": [], "method": "none", "as_of": self._ctx.clock.now()}
        return super().report(key)


class ReportsNothing(ReportsWithout):
    pass


class ReportsFlags(ReportsWithout):
    on = "flags"


class RecordsWithout(Knows):
    """Takes values of what has no records."""

    on: ClassVar[str | None] = None

    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        if self.kind(key) == self.on:
            return {"key": key, "unit_id": unit_id, "value": value}
        return super().record(key, unit_id, value, idempotency_key=idempotency_key)


class RecordsNothing(RecordsWithout):
    pass


class RecordsFlags(RecordsWithout):
    on = "flags"


SABOTEURS = (
    Saboteur("flag_over_experiment", over(FlagOverExperiment), "experiments.set_flag.bad_input.experiment_key"),
    Saboteur("flag_over_bandit", over(FlagOverBandit), "experiments.set_flag.bad_input.bandit_key"),
    Saboteur("experiment_over_flag", over(ExperimentOverFlag), "experiments.start_ab.bad_input.flag_key"),
    Saboteur("experiment_over_bandit", over(ExperimentOverBandit), "experiments.start_ab.bad_input.bandit_key"),
    Saboteur("bandit_over_flag", over(BanditOverFlag), "experiments.start_bandit.bad_input.flag_key"),
    Saboteur("bandit_over_experiment", over(BanditOverExperiment), "experiments.start_bandit.bad_input.experiment_key"),
    Saboteur("keeps_first_weights", over(KeepsFirstWeights), "experiments.start_ab.bad_input.other_weights"),
    Saboteur("keeps_first_variants", over(KeepsFirstVariants), "experiments.start_ab.bad_input.other_variants"),
    Saboteur("keeps_first_metric", over(KeepsFirstMetric), "experiments.start_ab.bad_input.other_metric"),
    Saboteur("keeps_first_floor", over(KeepsFirstFloor), "experiments.start_bandit.bad_input.other_floor"),
    Saboteur("keeps_first_arms", over(KeepsFirstArms), "experiments.start_bandit.bad_input.other_arms"),
    Saboteur(
        "takes_any_type",
        over(TakesAnyType),
        "experiments.set_flag.bad_input.other_type",
        also=("experiments.set_flag.rule.type_stays",),
    ),
    Saboteur(
        "finds_every_flag",
        FindsEveryFlag,
        "experiments.get_flag.bad_input.unknown_key",
        also=(
            "experiments.adapter.golden.refused_inputs",
            "experiments.adapter.scenario.refused_inputs",
        ),
    ),
    Saboteur("experiments_are_flags", ExperimentsAreFlags, "experiments.get_flag.bad_input.experiment_key"),
    Saboteur(
        "ramps_nothing",
        RampsNothing,
        "experiments.ramp.bad_input.unknown_key",
        also=(
            "experiments.adapter.golden.refused_inputs",
            "experiments.adapter.scenario.refused_inputs",
        ),
    ),
    Saboteur(
        "assigns_nothing",
        AssignsNothing,
        "experiments.assign.bad_input.unknown_key",
        also=(
            "experiments.adapter.golden.refused_inputs",
            "experiments.adapter.scenario.refused_inputs",
            "experiments.assign.rule.other_instance",
        ),
    ),
    Saboteur(
        "reports_nothing",
        ReportsNothing,
        "experiments.report.bad_input.unknown_key",
        also=(
            "experiments.adapter.golden.refused_inputs",
            "experiments.adapter.scenario.refused_inputs",
        ),
    ),
    Saboteur("reports_flags", ReportsFlags, "experiments.report.bad_input.flag_key"),
    Saboteur(
        "records_nothing",
        RecordsNothing,
        "experiments.record.bad_input.unknown_key",
        also=(
            "experiments.adapter.golden.refused_optional",
            "experiments.adapter.scenario.refused_optional",
            "experiments.record.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "records_flags",
        RecordsFlags,
        "experiments.record.bad_input.flag_key",
        also=("experiments.record.idempotency.refused_is_free",),
    ),
)
