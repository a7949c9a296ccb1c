"""A correct adapter over objects in memory, which shares nothing with the mock: coroutines, and draws written down."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ...contracts.experiments.protocol import (
    ABTest,
    Assignment,
    Bandit,
    ExperimentsTraits,
    Flag,
    ObservedExperiment,
    ObservedFlag,
    ObservedRecord,
    ObservedUnit,
    Ramp,
    Recorded,
    Report,
    Rule,
    VariantReport,
)
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context


@dataclass
class Thing:
    """A flag, or an experiment with its variants. ``places`` are where units stand, 0..100, once they were asked of."""

    percent: int = 100
    places: dict[str, float] = field(default_factory=dict)

    def has(self, unit: str, random: Random) -> bool:
        return self.places.setdefault(unit, random.uniform(0, 100)) < self.percent


@dataclass
class Switch(Thing):
    value: Any = None
    rules: tuple[Rule, ...] = ()


@dataclass
class Trial(Thing):
    variants: tuple[str, ...] = ()
    weights: tuple[int, ...] = ()
    metric: str = ""
    floor: int | None = None
    units: dict[str, str] = field(default_factory=dict)
    values: list[tuple[str, float]] = field(default_factory=list)

    @property
    def settings(self) -> tuple[Any, ...]:
        return self.variants, self.weights, self.metric, self.floor

    def of(self, variant: str) -> tuple[int, list[float]]:
        """How many units a variant has, and their values."""
        members = {unit for unit, found in self.units.items() if found == variant}
        return len(members), [value for unit, value in self.values if unit in members]

    def drawn(self, random: Random) -> str:
        if self.floor is None:
            return random.choices(self.variants, self.weights)[0]
        counts = {arm: sum(found == arm for found in self.units.values()) for arm in self.variants}
        due = [arm for arm in self.variants if counts[arm] * 10_000 <= self.floor * len(self.units)]
        return due[0] if due else max(self.variants, key=self._mean)

    def _mean(self, arm: str) -> float:
        values = [min(1.0, max(0.0, value)) for value in self.of(arm)[1]]
        return sum(values) / len(values) if values else 1.0


class Shop:
    """A vendor in memory."""

    def __init__(self) -> None:
        self.things: dict[str, Switch | Trial] = {}
        self.keys: dict[str, tuple[str, str, Any]] = {}
        self.random = Random(11)

    def flags(self) -> Sequence[ObservedFlag]:
        found = [(key, thing) for key, thing in self.things.items() if isinstance(thing, Switch)]
        return [ObservedFlag(key=key, value=one.value, rules=one.rules, percent=one.percent) for key, one in found]

    def trials(self) -> dict[str, Trial]:
        return {key: thing for key, thing in self.things.items() if isinstance(thing, Trial)}

    def experiments(self) -> Sequence[ObservedExperiment]:
        return [ObservedExperiment(key=key, variants=one.variants) for key, one in self.trials().items()]

    def units(self) -> Sequence[ObservedUnit]:
        found = [(key, *unit) for key, one in self.trials().items() for unit in one.units.items()]
        return [ObservedUnit(key=key, unit_id=unit, variant=variant) for key, unit, variant in found]

    def records(self) -> Sequence[ObservedRecord]:
        found = [(key, *value) for key, one in self.trials().items() for value in one.values]
        return [ObservedRecord(key=key, unit_id=unit, value=value) for key, unit, value in found]


class DrawnExperiments:
    """ExperimentsProvider over a `Shop`. config: shop."""

    capability = "experiments"
    contract = "1.0"
    traits = ExperimentsTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._shop: Shop = config["shop"]
        self._clock = ctx.clock

    async def set_flag(self, key: str, value: Any, rules: tuple[Rule, ...]) -> Flag:
        await asyncio.sleep(0)
        found = self._shop.things.get(key) or Switch(value=value)
        if not isinstance(found, Switch) or _type(found.value) != _type(value):
            raise NonRetryableError("conflict")
        found.value, found.rules = value, rules
        self._shop.things[key] = found
        return self._flag(key, found)

    async def get_flag(self, key: str) -> Flag:
        await asyncio.sleep(0)
        found = self._shop.things.get(key)
        if not isinstance(found, Switch):
            raise NonRetryableError("not_found")
        return self._flag(key, found)

    def _flag(self, key: str, found: Switch) -> Flag:
        about = {"link": f"https://shop.test/{key}"}
        kind = _type(found.value)
        return Flag(key=key, value=found.value, type=kind, rules=found.rules, percent=found.percent, extensions=about)

    async def ramp(self, key: str, percent: int) -> Ramp:
        if key not in self._shop.things:
            raise NonRetryableError("not_found")
        self._shop.things[key].percent = percent
        return Ramp(key=key, percent=percent)

    async def start_ab(self, key: str, variants: tuple[str, ...], weights: tuple[int, ...], metric: str) -> ABTest:
        one = self._started(key, Trial(variants=variants, weights=weights, metric=metric))
        return ABTest(key=key, variants=one.variants, weights=one.weights, metric=one.metric, percent=one.percent)

    async def start_bandit(self, key: str, arms: tuple[str, ...], floor: int) -> Bandit:
        one = self._started(key, Trial(variants=arms, floor=floor))
        return Bandit(key=key, arms=one.variants, floor=one.floor, percent=one.percent)

    def _started(self, key: str, new: Trial) -> Trial:
        found = self._shop.things.setdefault(key, new)
        if not isinstance(found, Trial) or found.settings != new.settings:
            raise NonRetryableError("conflict")
        return found

    async def assign(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Assignment:
        await asyncio.sleep(0)
        thing = self._shop.things.get(key)
        if thing is None:
            raise NonRetryableError("not_found")
        variant: str | None = None
        is_in, value = thing.has(unit_id, self._shop.random), None
        if isinstance(thing, Switch):
            variant, reason = _switched(thing, attributes, is_in)
            value = thing.value if variant == "on" else None
        else:
            reason = "assigned" if is_in else "not_in_ramp"
            if is_in and unit_id not in thing.units:
                thing.units[unit_id] = thing.drawn(self._shop.random)
            variant = thing.units[unit_id] if is_in else None
        return Assignment.model_validate(
            {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}
        )

    async def report(self, key: str) -> Report:
        one = self._trial(key)
        base = _mean(*one.of(one.variants[0]))
        rows = tuple(self._row(one, name, base) for name in one.variants)
        return Report(key=key, variants=rows, method="no statistics", as_of=self._clock.now())

    def _row(self, one: Trial, name: str, base: float) -> VariantReport:
        units, values = one.of(name)
        mean = _mean(units, values)
        lift = mean / base - 1 if base else None
        return VariantReport(variant=name, units=units, conversions=len(values), mean=mean, lift=lift)

    async def record(self, key: str, unit_id: str, value: float, *, idempotency_key: str) -> Recorded:
        payload = (key, unit_id, value)
        if idempotency_key not in self._shop.keys:
            self._trial(key).values.append((unit_id, value))
            self._shop.keys[idempotency_key] = payload
        if self._shop.keys[idempotency_key] != payload:
            raise NonRetryableError("key_conflict")
        return Recorded(key=key, unit_id=unit_id, value=value)

    def _trial(self, key: str) -> Trial:
        one = self._shop.things.get(key)
        if not isinstance(one, Trial):
            raise NonRetryableError("not_found")
        return one


def _type(value: Any) -> Any:
    return {bool: "boolean", str: "string"}.get(type(value), "number")


def _mean(units: int, values: list[float]) -> float:
    return sum(values) / units if units else 0.0


def _switched(flag: Switch, attributes: Mapping[str, Any], is_in: bool) -> tuple[str, str]:
    for rule in flag.rules:
        values = rule.value if rule.op == "in" else (rule.value,)
        seen = attributes.get(rule.attribute)
        if seen is not None and any((_type(seen), seen) == (_type(value), value) for value in values):
            return rule.variant, "rule"
    if not is_in:
        return "off", "not_in_ramp"
    return ("off", "off") if flag.value is False else ("on", "assigned")


DRAWN = Harness(DrawnExperiments, fresh=Shop, config=lambda shop: {"shop": shop}, observe=lambda shop: shop)
