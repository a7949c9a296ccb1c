"""Wrong in exposures, records and reports."""

import time
from collections.abc import Mapping
from typing import Any

from ...mocks.experiments import MockExperiments, Project, variants
from ..saboteur import RECORDED, Saboteur
from .projects import Json, Reports, over

SMALL = 20


class CountsCalls(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        found = super().assign(key, unit_id, attributes)
        with self._box as state:
            units = state["experiments"].get(key, {}).get("units", {})
            units.update({f"{unit_id}.{len(units)}": found["variant"]} if found["variant"] else {})
        return found


class ExposesAll(Project):
    def decide(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, Any, str]:
        if key in self._experiments:
            self.expose(key, self._experiments[key], unit)
        return super().decide(key, unit, attributes)


class ForgetsExposure(Project):
    def ramp(self, key: str, percent: int) -> None:
        super().ramp(key, percent)
        if percent == 0:
            self._experiments.get(key, {}).update(units={})


class FirstVariantWhenOut(Project):
    def decide(self, key: str, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, Any, str]:
        variant, value, reason = super().decide(key, unit, attributes)
        outside = variant is None
        return (variants(self._experiments[key])[0] if outside else variant), value, reason


class LosesUpdates(MockExperiments):
    """Writes the units of a small experiment back as they were at the start of the call."""

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            before = dict(state["experiments"].get(key, {}).get("units", {}))
        if not before or len(before) > SMALL:
            return super().assign(key, unit_id, attributes)
        time.sleep(0.002)
        with self._box as state:
            state["experiments"][key]["units"] = before
            return super().assign(key, unit_id, attributes)


class SkipsEmptyRows(MockExperiments):
    def report(self, key: str) -> Json:
        found = super().report(key)
        return {**found, "variants": [row for row in found["variants"] if row["units"]]}


class DropsEarlyValues(Project):
    def add(self, key: str, unit: str, value: float) -> None:
        experiment = self.experiment(key)
        if unit in experiment["units"]:
            super().add(key, unit, value)


class CountsStrangers(MockExperiments):
    def report(self, key: str) -> Json:
        found = super().report(key)
        with self._box as state:
            experiment = state["experiments"][key]
            strangers = [unit for unit in experiment["records"] if unit not in experiment["units"]]
        found["variants"][0]["conversions"] += len(strangers)
        return found


class CountsPeople(MockExperiments):
    def report(self, key: str) -> Json:
        found = super().report(key)
        with self._box as state:
            experiment = state["experiments"][key]
            for row in found["variants"]:
                members = [unit for unit, variant in experiment["units"].items() if variant == row["variant"]]
                row["conversions"] = sum(unit in experiment["records"] for unit in members)
        return found


class KeepsLastValue(Project):
    def add(self, key: str, unit: str, value: float) -> None:
        self.experiment(key)["records"][unit] = []
        super().add(key, unit, value)


class SharesRecords(Project):
    def add(self, key: str, unit: str, value: float) -> None:
        self.experiment(key)
        for other in self._experiments:
            super().add(other, unit, value)


class StopsAtRampDown(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        with self._box as state:
            out = state["experiments"].get(key, {}).get("percent") == 0
        other = f"{unit_id}.out" if out else unit_id
        return {**super().record(key, other, value, idempotency_key=idempotency_key), "unit_id": unit_id}


class FirstHundred(MockExperiments):
    """Reads one page of its vendor's units."""

    def report(self, key: str) -> Json:
        found = super().report(key)
        for row in found["variants"]:
            row["units"] = min(row["units"], 100)
        return found


class TenValuesOfAUnit(Project):
    def add(self, key: str, unit: str, value: float) -> None:
        if len(self.experiment(key)["records"].get(unit, [])) < 10:
            super().add(key, unit, value)


class WholeNumbers(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return super().record(key, unit_id, int(value), idempotency_key=idempotency_key)


class KeyOfExperiment(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return super().record(key, unit_id, value, idempotency_key=f"{key}.{idempotency_key}"[:64])


class KeyOfUnit(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return super().record(key, unit_id, value, idempotency_key=f"{unit_id}.{idempotency_key}"[:64])


class LiftIsZero(Reports):
    def row(self, row: Json) -> Json:
        return {"lift": row["lift"] or 0}


class LiftIsRatio(Reports):
    def row(self, row: Json) -> Json:
        return {"lift": row["lift"] and row["lift"] + 1}


class NoLift(Reports):
    def row(self, row: Json) -> Json:
        return {"lift": None}


class LiftIsAbsolute(Reports):
    def row(self, row: Json) -> Json:
        return {"lift": row["lift"] and abs(row["lift"])}


class HalvesMeans(Reports):
    def row(self, row: Json) -> Json:
        return {"mean": row["mean"] / 2}


class BanditReports(Reports):
    """Only what is said of bandits is wrong."""

    def report(self, key: str) -> Json:
        with self._box as state:
            settings = state["experiments"].get(key, {}).get("settings", {})
        return super().report(key) if "arms" in settings else MockExperiments.report(self, key)


class LiftIsOne(BanditReports):
    def row(self, row: Json) -> Json:
        return {"lift": 1.0}


class FirstRowTwice(BanditReports):
    def change(self, found: Json) -> Json:
        return {**found, "variants": [*found["variants"], found["variants"][0]]}


class DropsLastRow(BanditReports):
    def change(self, found: Json) -> Json:
        return {**found, "variants": found["variants"][:-1]}


class OldReport(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "as_of": "2020-01-01T00:00:00Z"}


class OtherKey(Reports):
    def change(self, found: Json) -> Json:
        return {**found, "key": "other"}


SABOTEURS = (
    Saboteur(
        "key_of_experiment",
        KeyOfExperiment,
        "experiments.record.rule.key_scope",
        also=("experiments.record.idempotency.whole_key",),
    ),
    Saboteur(
        "key_of_unit",
        KeyOfUnit,
        "experiments.record.rule.key_scope",
        also=("experiments.record.idempotency.whole_key",),
    ),
    Saboteur(
        "counts_calls",
        CountsCalls,
        "experiments.assign.rule.exposed_once",
        also=RECORDED,
        reason="every assignment is counted as another unit",
    ),
    Saboteur("exposes_all", over(ExposesAll), "experiments.assign.rule.not_in_no_exposure"),
    Saboteur("forgets_exposure", over(ForgetsExposure), "experiments.assign.rule.not_in_no_exposure"),
    Saboteur(
        "first_variant_when_out",
        over(FirstVariantWhenOut),
        "experiments.assign.rule.not_in_no_exposure",
        also=RECORDED,
        reason="no unit is ever without a variant",
    ),
    Saboteur("loses_updates", LosesUpdates, "experiments.assign.rule.at_once"),
    Saboteur(
        "skips_empty_rows",
        SkipsEmptyRows,
        "experiments.report.rule.rows",
        also=RECORDED,
        reason="rows are missing wherever a variant has no units",
    ),
    Saboteur(
        "counts_people",
        CountsPeople,
        "experiments.record.rule.counts",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
            "experiments.record.rule.from_exposure_on",
        ),
    ),
    Saboteur(
        "keeps_last_value",
        over(KeepsLastValue),
        "experiments.record.rule.counts",
        also=RECORDED,
        reason="all but the last value of every unit is lost",
    ),
    Saboteur("shares_records", over(SharesRecords), "experiments.record.rule.counts"),
    Saboteur(
        "stops_at_ramp_down",
        StopsAtRampDown,
        "experiments.record.rule.counts",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur("first_hundred", FirstHundred, "experiments.report.rule.long"),
    Saboteur("ten_values_of_a_unit", over(TenValuesOfAUnit), "experiments.report.rule.long"),
    Saboteur(
        "drops_early_values",
        over(DropsEarlyValues),
        "experiments.record.rule.from_exposure_on",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur("counts_strangers", CountsStrangers, "experiments.record.rule.from_exposure_on"),
    Saboteur("whole_numbers", WholeNumbers, "experiments.record.rule.echo", also=("experiments.record.rule.counts",)),
    Saboteur(
        "lift_is_zero",
        LiftIsZero,
        "experiments.report.rule.rows",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.scenario.edge_values",
        ),
    ),
    Saboteur("first_row_twice", FirstRowTwice, "experiments.report.rule.bandit_rows"),
    Saboteur("drops_last_row", DropsLastRow, "experiments.report.rule.bandit_rows"),
    Saboteur("lift_is_one", LiftIsOne, "experiments.report.rule.bandit_rows"),
    Saboteur("old_report", OldReport, "experiments.report.rule.as_of"),
    Saboteur(
        "other_key",
        OtherKey,
        "experiments.report.rule.as_of",
        also=(
            "experiments.adapter.golden.edge_values",
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.golden.refused_inputs",
            "experiments.adapter.scenario.every_operation",
        ),
        reason="every report is one of something else",
    ),
    Saboteur(
        "halves_means",
        HalvesMeans,
        "experiments.record.rule.counts",
        also=RECORDED,
        reason="every mean that is not zero is wrong",
    ),
    Saboteur(
        "lift_is_ratio",
        LiftIsRatio,
        "experiments.record.rule.counts",
        also=("experiments.record.rule.lift_below_zero",),
    ),
    Saboteur(
        "no_lift",
        NoLift,
        "experiments.record.rule.counts",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.scenario.every_operation",
            "experiments.record.rule.lift_below_zero",
        ),
    ),
    Saboteur("lift_is_absolute", LiftIsAbsolute, "experiments.record.rule.lift_below_zero"),
)
