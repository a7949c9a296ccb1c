"""Every clause of experiments has a saboteur: a mock with one promise broken, that it must fail."""

import copy
import os
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.experiments.protocol import ABTest, ExperimentsTraits, Flag
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.experiments import MockExperiments, Project, variants
from pytest_pal.model.values import thaw
from pytest_pal.model.verdict import Verdict
from pytest_pal.primitives.buckets import PARTS, bucket

from ..judging import contract, fallen, judge

Json = dict[str, Any]


def over(project: type[Project], base: type[MockExperiments] = MockExperiments) -> type:
    """The mock over a project that breaks a promise."""

    def opened(self: Any, state: Any) -> Project:
        return project(state, self._seed)

    return type(f"Mock{project.__name__}", (base,), {"_project": opened})


def report_with(change: Any) -> type:
    """The mock with something done to every report."""

    def report(self: Any, key: str) -> Json:
        found = MockExperiments.report(self, key)
        change(found)
        return found

    return type("MockReports", (MockExperiments,), {"report": report})


def each_row(change: Any) -> type:
    return report_with(lambda found: [change(row) for row in found["variants"]])


# flags


class CutsText(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, value.strip() if isinstance(value, str) else value, rules)


class SortsRules(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, value, sorted(rules, key=lambda rule: rule.attribute))


class NumbersOfBooleans(MockExperiments):
    def get_flag(self, key: str) -> Json:
        found = super().get_flag(key)
        return {**found, "type": "number" if isinstance(found["value"], bool | int | float) else "string"}


class StartsAtZero(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        new = key not in self._flags
        super().put_flag(key, *rest)
        if new:
            self.ramp(key, 0)


class KeepsRules(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        super().put_flag(key, value, kind, [*self._flags.get(key, {}).get("rules", []), *rules])


class ResetsFlag(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        super().put_flag(key, *rest)
        self._flags[key]["percent"] = 100


class ZeroIsUnset(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        super().put_flag(key, *rest)
        self._flags[key]["percent"] = self._flags[key]["percent"] or 100


class BooleansAreIntegers(MockExperiments):
    """isinstance(True, int)."""

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        with self._box as state:
            if key in state["flags"] and isinstance(value, int):
                state["flags"][key]["type"] = _kind(value)
        return super().set_flag(key, value, rules)


class ChangesType(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        self._flags.get(key, {}).update(type=kind)
        super().put_flag(key, value, kind, rules)


class StrictNumbers(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        if isinstance(value, float) and key in self._box._state["flags"]:
            raise NonRetryableError("conflict", "was a whole number")
        return super().set_flag(key, value, rules)


class ValueOfRules(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return variant, True if (variant, reason) == ("on", "rule") else value, reason


class RampClearsRules(Project):
    def ramp(self, key: str, percent: int) -> None:
        super().ramp(key, percent)
        self._flags.get(key, {}).update(rules=[])


class FalsyIsOff(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return (variant, value, reason) if value or reason != "assigned" else ("off", None, "off")


class FalseIsOn(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return ("on", False, "assigned") if reason == "off" else (variant, value, reason)


class ValueWhenOff(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, _, reason = super().switch(key, unit, attributes)
        return variant, self._flags[key]["value"], reason


class BooleansAreNumbers(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        wanted = rule["value"] if rule["op"] == "in" else [rule["value"]]
        return attributes.get(rule["attribute"]) in wanted


class AbsentIsFalse(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return super().matches(rule, {rule["attribute"]: False, **attributes})


class TrimsText(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        seen = attributes.get(rule["attribute"])
        trimmed = {rule["attribute"]: seen.strip()} if isinstance(seen, str) else attributes
        return super().matches(rule, trimmed)


class PlainNamesOnly(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return rule["attribute"].isidentifier() and super().matches(rule, attributes)


class TenRules(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        super().put_flag(key, value, kind, rules[:10])


class TenValues(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return super().matches({**rule, "value": rule["value"][:10]} if rule["op"] == "in" else rule, attributes)


class OneRuleForAll(Project):
    """Keeps rules by their condition, so that the last of two wins."""

    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        kept = {(rule["attribute"], rule["op"], str(rule["value"])): rule for rule in rules}
        super().put_flag(key, value, kind, [*kept.values()])


class LastMatch(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        flag = self._flags[key]
        self._flags[key] = {**flag, "rules": flag["rules"][::-1]}
        try:
            return super().switch(key, unit, attributes)
        finally:
            self._flags[key] = flag


class RampFirst(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        if not self.is_in(key, unit, self._flags[key]["percent"]):
            return "off", None, "not_in_ramp"
        return super().switch(key, unit, attributes)


class OffFirst(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        seen = super().switch(key, unit, attributes)
        false = self._flags[key]["value"] is False
        return ("off", None, "off") if false and seen[2] == "not_in_ramp" else seen


class OffBeatsRules(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        seen = super().switch(key, unit, attributes)
        return ("off", None, "off") if self._flags[key]["value"] is False and seen[2] == "rule" else seen


# ramps and shares


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


class EvenSplit(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        return {**super().start_ab(key, variants, weights, metric), "weights": [PARTS // 2, PARTS // 2, 0]}


# experiments


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
    """Assigns by what an instance saw first, until it writes itself."""

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            seen = self.__dict__.setdefault("_seen", copy.deepcopy({**state}))
        variant, value, reason = self._project(seen).decide(key, unit_id, attributes)
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}


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


# exposure and reports


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
    """Writes the whole project back as it was at the start of the call."""

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            before = copy.deepcopy(state["experiments"])
        time.sleep(0.002)
        with self._box as state:
            state["experiments"] = before
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


# bandits


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
        old = experiment["units"].pop(unit, None)
        best = max(experiment["rewards"].items(), default=(None, 0), key=lambda item: item[1][1])[0]
        experiment["units"][unit] = best if old and best else super().expose(key, experiment, unit)
        return experiment["units"][unit]


class DrawsTwice(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            known = unit_id in state["experiments"].get(key, {}).get("units", {})
        time.sleep(0.002)
        if known:
            return super().assign(key, unit_id, attributes)
        with self._box as state:
            state["experiments"][key]["units"].pop(unit_id, None)
            self._seed += "x"
            return super().assign(key, unit_id, attributes)


# refusals


class Overwrites(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        self._flags[key] = {"value": value, "type": kind, "rules": rules, "percent": 100}

    def start(self, key: str, settings: Json) -> Json:
        new = {"settings": settings, "percent": 100, "units": {}, "records": {}, "rewards": {}}
        self._experiments[key] = new
        return new


class FindsAnything(MockExperiments):
    """Answers for what is not there."""

    def get_flag(self, key: str) -> Json:
        try:
            return super().get_flag(key)
        except NonRetryableError:
            return {"key": key, "value": False, "type": "boolean", "rules": [], "percent": 0}

    def ramp(self, key: str, percent: int) -> Json:
        return {"key": key, "percent": percent}

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {"key": key, "unit_id": unit_id, "variant": None, "value": None, "reason": "not_in_ramp"}

    def report(self, key: str) -> Json:
        try:
            return super().report(key)
        except NonRetryableError:
            return {"key": key, "variants": [], "method": "none", "as_of": self._ctx.clock.now()}

    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return {"key": key, "unit_id": unit_id, "value": value}


class Converts(MockExperiments):
    """Takes values of every type, and says that it does not."""

    traits = ExperimentsTraits(flag_types=("boolean",))

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, bool(value), rules)


class ReadsOnce(MockExperiments):
    def get_flag(self, key: str) -> Json:
        known: Json = self.__dict__.setdefault("_known", {}).setdefault(key, super().get_flag(key))
        return known

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        self.__dict__.setdefault("_known", {}).pop(key, None)
        return super().set_flag(key, value, rules)


class AnyOrder(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        with self._box as state:
            known = state["experiments"].get(key, {}).get("settings")
            if known and dict(zip(known["variants"], known["weights"], strict=True)) == dict(
                zip(variants, weights, strict=True)
            ):
                variants, weights = known["variants"], known["weights"]
        return super().start_ab(key, variants, weights, metric)


class FoldsUnits(MockExperiments):
    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        return {**super().assign(key, unit_id.lower(), attributes), "unit_id": unit_id}


class FoldsMetrics(MockExperiments):
    def start_ab(self, key: str, variants: Any, weights: Any, metric: str) -> Json:
        return super().start_ab(key, variants, weights, metric.lower())


class KeyOfExperiment(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return super().record(key, unit_id, value, idempotency_key=f"{key}.{idempotency_key}"[:64])


class KeyOfUnit(MockExperiments):
    def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Json:
        return super().record(key, unit_id, value, idempotency_key=f"{unit_id}.{idempotency_key}"[:64])


RULE = "experiments.{}.rule.{}"
SABOTEURS: list[tuple[type, str]] = [
    (CutsText, "set_flag.rule.echo"),
    (SortsRules, "set_flag.rule.echo"),
    (NumbersOfBooleans, "set_flag.rule.echo"),
    (over(StartsAtZero), "set_flag.rule.echo"),
    (over(KeepsRules), "set_flag.rule.replaces"),
    (over(ResetsFlag), "set_flag.rule.keeps_percent"),
    (over(ZeroIsUnset), "set_flag.rule.keeps_percent"),
    (BooleansAreIntegers, "set_flag.rule.type_stays"),
    (over(ChangesType), "set_flag.rule.type_stays"),
    (StrictNumbers, "set_flag.rule.type_stays"),
    (ReadsOnce, "get_flag.rule.other_instance"),
    (AnyOrder, "start_ab.rule.other_order"),
    (FoldsUnits, "adapter.rule.ids"),
    (NumbersUnits, "adapter.rule.ids"),
    (FoldsMetrics, "adapter.rule.ids"),
    (KeyOfExperiment, "record.rule.key_scope"),
    (KeyOfUnit, "record.rule.key_scope"),
    (over(RampClearsRules), "ramp.rule.shown"),
    (over(FalsyIsOff), "assign.rule.flag_value"),
    (over(FalseIsOn), "assign.rule.flag_value"),
    (over(BooleansAreNumbers), "assign.rule.matching"),
    (over(AbsentIsFalse), "assign.rule.matching"),
    (over(TrimsText), "assign.rule.matching"),
    (over(PlainNamesOnly), "assign.rule.attribute_names"),
    (over(TenRules), "assign.rule.many_rules"),
    (over(TenValues), "assign.rule.many_rules"),
    (over(OneRuleForAll), "assign.rule.first_match"),
    (over(LastMatch), "assign.rule.first_match"),
    (over(RampFirst), "assign.rule.order"),
    (over(OffFirst), "assign.rule.order"),
    (over(OffBeatsRules), "assign.rule.order"),
    (over(ValueWhenOff), "assign.rule.no_value_when_off"),
    (over(ValueOfRules), "assign.rule.no_value_when_off"),
    (over(LeaksAtZero), "ramp.rule.exact"),
    (over(MissesAtHundred), "ramp.rule.exact"),
    (over(AllOrNothing), "ramp.rule.share"),
    (over(SquaresPercent), "ramp.rule.share"),
    (over(DrawsAnew), "ramp.rule.keeps_units"),
    (over(SlidesShare), "ramp.rule.keeps_units"),
    (over(RedrawsAfterRamp), "ramp.rule.keeps_units"),
    (EvenSplit, "start_ab.rule.echo"),
    (SortsVariants, "start_ab.rule.echo"),
    (over(ResetsExperiment), "start_ab.rule.keeps_percent"),
    (over(RestartsExperiment), "start_ab.rule.keeps_percent"),
    (over(RampsAll), "start_ab.rule.keeps_percent"),
    (LosesFloor, "start_bandit.rule.echo"),
    (over(ResetsExperiment), "start_bandit.rule.echo"),
    (over(IgnoresWeights), "assign.rule.balanced"),
    (over(SlightlyOff), "assign.rule.balanced"),
    (CoarseWeights, "assign.rule.balanced"),
    (over(OneHash), "assign.rule.balanced_in_ramp"),
    (over(NoSalt), "assign.rule.independent"),
    (over(OneRamp), "assign.rule.independent_ramps"),
    (KeepsWhatItSaw, "assign.rule.other_instance"),
    (MissesForEver, "assign.rule.other_instance"),
    (over(AttributesCount), "assign.rule.sticky"),
    (over(AlwaysNew), "assign.rule.sticky"),
    (PerInstance, "assign.rule.sticky"),
    (Monthly, "assign.rule.sticky"),
    (Yearly, "assign.rule.sticky"),
    (PythonHash, "assign.rule.same_in_new_process"),
    (PerProcess, "assign.rule.same_in_new_process"),
    (CountsCalls, "assign.rule.exposed_once"),
    (over(ExposesAll), "assign.rule.not_in_no_exposure"),
    (over(ForgetsExposure), "assign.rule.not_in_no_exposure"),
    (over(FirstVariantWhenOut), "assign.rule.not_in_no_exposure"),
    (LosesUpdates, "assign.rule.at_once"),
    (SkipsEmptyRows, "report.rule.rows"),
    (each_row(lambda row: row.update(lift=row["lift"] or 0)), "report.rule.rows"),
    (report_with(lambda found: found["variants"].append(found["variants"][0])), "report.rule.bandit_rows"),
    (report_with(lambda found: found["variants"].pop()), "report.rule.bandit_rows"),
    (each_row(lambda row: row.update(lift=1.0)), "report.rule.bandit_rows"),
    (report_with(lambda found: found.update(as_of="2020-01-01T00:00:00Z")), "report.rule.as_of"),
    (report_with(lambda found: found.update(key="other")), "report.rule.as_of"),
    (CountsPeople, "record.rule.counts"),
    (over(KeepsLastValue), "record.rule.counts"),
    (over(SharesRecords), "record.rule.counts"),
    (StopsAtRampDown, "record.rule.counts"),
    (each_row(lambda row: row.update(mean=row["mean"] / 2)), "record.rule.counts"),
    (each_row(lambda row: row.update(lift=(row["lift"] or 0) + 1)), "record.rule.counts"),
    (each_row(lambda row: row.update(lift=None)), "record.rule.counts"),
    (each_row(lambda row: row.update(lift=abs(row["lift"] or 0))), "record.rule.lift_below_zero"),
    (FirstHundred, "report.rule.long"),
    (over(TenValuesOfAUnit), "report.rule.long"),
    (over(DropsEarlyValues), "record.rule.from_exposure_on"),
    (CountsStrangers, "record.rule.from_exposure_on"),
    (WholeNumbers, "record.rule.echo"),
    (over(Uniform), "start_bandit.rule.finds_the_better"),
    (over(AlwaysFirst), "start_bandit.rule.finds_the_better"),
    (over(Minimises), "start_bandit.rule.finds_the_better"),
    (over(NoFloor), "start_bandit.rule.floor"),
    (over(MovesUnits), "start_bandit.rule.sticky"),
    (over(RedrawsAfterRamp), "start_bandit.rule.sticky"),
    (DrawsTwice, "start_bandit.rule.at_once"),
    (over(Overwrites), "set_flag.bad_input.other_type"),
    (Converts, "set_flag.bad_input.foreign_type"),
    (over(Overwrites), "set_flag.bad_input.experiment_key"),
    (over(Overwrites), "set_flag.bad_input.bandit_key"),
    (FindsAnything, "get_flag.bad_input.unknown_key"),
    (FindsAnything, "get_flag.bad_input.experiment_key"),
    (FindsAnything, "ramp.bad_input.unknown_key"),
    (over(Overwrites), "start_ab.bad_input.flag_key"),
    (over(Overwrites), "start_ab.bad_input.other_weights"),
    (over(Overwrites), "start_ab.bad_input.other_variants"),
    (over(Overwrites), "start_ab.bad_input.other_metric"),
    (over(Overwrites), "start_ab.bad_input.bandit_key"),
    (over(Overwrites), "start_bandit.bad_input.flag_key"),
    (over(Overwrites), "start_bandit.bad_input.experiment_key"),
    (over(Overwrites), "start_bandit.bad_input.other_floor"),
    (over(Overwrites), "start_bandit.bad_input.other_arms"),
    (FindsAnything, "assign.bad_input.unknown_key"),
    (FindsAnything, "report.bad_input.unknown_key"),
    (FindsAnything, "report.bad_input.flag_key"),
    (FindsAnything, "record.bad_input.unknown_key"),
    (FindsAnything, "record.bad_input.flag_key"),
]


# unusual, and right


def asynchronous(cls: type[MockExperiments]) -> type:
    """The same with coroutines."""

    def wrapped(name: str) -> Any:
        async def operation(self: Any, *arguments: Any, **named: Any) -> Any:
            return getattr(cls, name)(self, *arguments, **named)

        return operation

    names = contract("experiments").capability.operations
    return type(f"Async{cls.__name__}", (cls,), {name: wrapped(name) for name in names})


class Dice(Project):
    """Draws once for a unit and writes it down; another kind of share, and rows in another order."""

    random = Random(20_260_302)
    shares: ClassVar[dict[tuple[str, str], float]] = {}

    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return self.shares.setdefault((key, unit), self.random.random()) * 100 < percent

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        if "floor" in experiment["settings"]:
            return super().choose(key, experiment, unit)
        return self.random.choices(variants(experiment), experiment["settings"]["weights"])[0]


class Models(over(Dice)):  # type: ignore[misc]
    """Gives models with extensions, rows in another order, and no statistics."""

    def get_flag(self, key: str) -> Any:
        found = super().get_flag(key)
        return Flag.model_validate({**found, "extensions": {"link": f"https://flags.test/{key}"}})

    def start_ab(self, *arguments: Any) -> Any:
        return ABTest.model_validate({**super().start_ab(*arguments), "extensions": {"id": 17}})

    def report(self, key: str) -> Json:
        found = super().report(key)
        rows = [{**row, "interval": None, "p": None} for row in reversed(found["variants"])]
        return {**found, "variants": rows, "method": "none", "extensions": {"seed": 5}}


class LastArmFirst(Project):
    """Tries the arms one after another from the last to the first, and then follows the rewards."""

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        arms = variants(experiment)
        tried = len(experiment["units"]) // 30
        return (
            arms[-1 - tried]
            if "floor" in experiment["settings"] and tried < len(arms)
            else super().choose(key, experiment, unit)
        )


class Particular(over(LastArmFirst)):  # type: ignore[misc]
    """Takes ten rules of plain attributes."""

    def set_flag(self, key: str, value: Any, rules: Any) -> Any:
        if len(rules) > 10:
            raise NonRetryableError("payload_too_large", "at most ten rules")
        if not all(rule.attribute.isidentifier() and rule.attribute.isascii() for rule in rules):
            raise NonRetryableError("invalid", "an attribute has letters, digits and _ in its name")
        return super().set_flag(key, value, rules)


class Narrow(MockExperiments):
    """Booleans only, without bandits and records, and a closer balance."""

    traits = ExperimentsTraits(flag_types=("boolean",), balance_tolerance=0.02)
    unsupported: ClassVar = {"start_bandit": "the vendor has none", "record": "events come from its own SDK"}

    def start_bandit(self, *_: Any) -> Json:
        raise NonRetryableError("unsupported", "no bandits")

    def record(self, *_: Any, **__: Any) -> Json:
        raise NonRetryableError("unsupported", "no records")


class Deferring(Narrow):
    """Assigns locally, and tells the vendor of its exposures with the next report."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waiting: list[tuple[str, str]] = []

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            copied = {name: state[name] for name in ("flags", "keys")}
            copied["experiments"] = {name: {**one, "units": {}} for name, one in state["experiments"].items()}
            variant, value, reason = self._project(copied).decide(key, unit_id, attributes)
            if variant and key in state["experiments"]:
                self._waiting.append((key, unit_id))
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}

    def report(self, key: str) -> Json:
        self.close()
        return super().report(key)

    def close(self) -> None:
        with self._box as state:
            project = self._project(state)
            for key, unit in self._waiting:
                project.expose(key, project.experiment(key), unit)
            self._waiting = []


class Lagging(MockExperiments):
    """Sees flags and settings as they were up to three seconds ago."""

    traits = ExperimentsTraits(read_bound_s=3)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._seen: tuple[Any, Json] | None = None

    def _stale(self, state: Json) -> Project:
        now = self._ctx.clock.now()
        if self._seen is None or (now - self._seen[0]).total_seconds() >= 3:
            self._seen = now, copy.deepcopy(state)
        stale = {**self._seen[1]}
        stale["experiments"] = {
            key: {**state["experiments"][key], "percent": one["percent"]} for key, one in stale["experiments"].items()
        }
        return Project(stale, self._seed)

    def get_flag(self, key: str) -> Json:
        with self._box as state:
            return {"key": key, **thaw(self._stale(state).flag(key))}

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        with self._box as state:
            Project(state, "").put_flag(key, value, _kind(value), [rule.plain() for rule in rules])
            return {"key": key, **thaw(state["flags"][key])}

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            variant, value, reason = self._stale(state).decide(key, unit_id, attributes)
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}


def _kind(value: Any) -> str:
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"


BENIGN: Sequence[type] = (Models, Particular, Deferring, asynchronous(Lagging))


def test_the_mock_is_conformant() -> None:
    results = judge(MockExperiments)
    assert {id for id, result in results.items() if result.verdict != Verdict.PASSED} == set()
    assert len(results) > 100


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert fallen(saboteur, only=f"experiments.{clause}") == {f"experiments.{clause}"}


@pytest.mark.parametrize("operation", ["record", "start_bandit"])
def test_one_optional_operation_may_be_missing(operation: str) -> None:
    members = {operation: getattr(Narrow, operation), "unsupported": {operation: "not here"}}
    lacking = type("Lacking", (MockExperiments,), members)
    for family in (".scenario.", ".bad_input.", "record.rule.", "report.rule.", "start_bandit.rule."):
        assert fallen(lacking, only=family) == set()


def test_every_own_clause_has_a_saboteur() -> None:
    clauses = {clause.id for clause in contract("experiments").clauses if clause.family == "rule"}
    refusals = {
        f"experiments.{refusal.operation}.bad_input.{refusal.name}" for refusal in contract("experiments").refusals
    }
    assert clauses | refusals == {f"experiments.{clause}" for _, clause in SABOTEURS}


@pytest.mark.parametrize("adapter", BENIGN)
def test_an_unusual_adapter_is_conformant(adapter: type) -> None:
    assert fallen(adapter) == set()
