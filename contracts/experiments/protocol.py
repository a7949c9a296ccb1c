"""ExperimentsProvider: its payloads, traits, operations and observer. Shares are in parts of 10,000."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, model_validator

from ...model.fields import FREE, MEASURED, TIME, tolerance
from ...model.operation import operation
from ...model.payload import Observed, Output, Payload, Traits
from ...model.values import Count, FrozenMap, Instant, Integer, JsonMap, Key, Name, Number, Text, freeze

PARTS = 10_000
NO_ATTRIBUTES = FrozenMap()
FlagType = Literal["boolean", "string", "number"]
FLAG_TYPES: tuple[FlagType, ...] = ("boolean", "string", "number")
STATISTIC = tolerance(1e-6)


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | bool | int | float):
        raise ValueError("must be a boolean, a string or a number")
    return freeze(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return freeze(value)


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("the names must be distinct")
    return names


def _parallel(weights: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
    variants = info.data.get("variants")
    if variants is not None and len(variants) != len(weights):
        raise ValueError("must have one weight per variant")
    if sum(weights) != PARTS:
        raise ValueError(f"must sum to {PARTS}")
    return weights


def _fits(floor: int, info: ValidationInfo) -> int:
    if len(info.data.get("arms", ())) * floor > PARTS:
        raise ValueError(f"arms x floor must be at most {PARTS}")
    return floor


def _ordered(interval: tuple[float, float]) -> tuple[float, float]:
    if interval[0] > interval[1]:
        raise ValueError("must be (low, high)")
    return interval


FlagValue = Annotated[Any, PlainValidator(_scalar, json_schema_input_type=bool | str | int | float)]
Value = Annotated[Any, PlainValidator(_number, json_schema_input_type=int | float)]
Variants = Annotated[tuple[Name, ...], Field(min_length=2), AfterValidator(_distinct)]
Weights = Annotated[tuple[Count, ...], AfterValidator(_parallel)]
Floor = Annotated[Count, AfterValidator(_fits)]
Interval = Annotated[tuple[Number, Number], AfterValidator(_ordered)]
Percent = Annotated[Integer, Field(ge=0, le=100)]


class ExperimentsTraits(Traits):
    """``flag_types``: what a flag's value can be. ``balance_tolerance``: how far a variant's share of
    10,000 units may be from its weight, both as parts of 1."""

    flag_types: tuple[FlagType, ...] = FLAG_TYPES
    balance_tolerance: float = Field(default=0.03, gt=0, le=0.03)

    @model_validator(mode="after")
    def _has_booleans(self) -> Self:
        if "boolean" not in self.flag_types:
            raise ValueError("flag_types must list boolean")
        return self


class Rule(Payload):
    """Sets a flag's variant for units whose ``attribute`` is ``value`` (eq) or one of its elements (in).

    Numbers compare by value, a boolean is never a number, an absent attribute never matches.
    """

    attribute: Text = Field(min_length=1)
    op: Literal["eq", "in"]
    value: FlagValue | tuple[FlagValue, ...]
    variant: Literal["on", "off"]

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if isinstance(self.value, tuple) is not (self.op == "in"):
            raise ValueError("op in takes a list, op eq one boolean, string or number")
        if self.value == ():
            raise ValueError("op in takes at least one value")
        return self


class Flag(Output):
    """``percent`` is the share of units that are in, 0..100."""

    key: Key
    value: FlagValue
    type: FlagType
    rules: tuple[Rule, ...]
    percent: Percent


class Ramp(Output):
    """The share of units of a flag or an experiment that are in, 0..100."""

    key: Key
    percent: Percent


class ABTest(Output):
    """``weights`` are parts of 10,000, parallel to ``variants``; the first variant is the one compared with."""

    key: Key
    variants: Variants
    weights: Weights
    metric: Key
    percent: Percent


class Bandit(Output):
    """Every arm gets at least ``floor`` parts of 10,000 of the new units."""

    key: Key
    arms: Variants
    floor: Floor
    percent: Percent


class Assignment(Output):
    """What a unit gets. ``variant``: of a flag on or off; of an experiment None where the unit is not in.

    ``value`` is the flag's value when it is on, else None. ``reason``: a rule matched; the unit is
    not in the ramp; the flag's value is false (off); none of these (assigned).
    """

    key: Key
    unit_id: Key
    variant: Annotated[Name | None, MEASURED]
    value: Annotated[FlagValue | None, MEASURED] = None
    reason: Annotated[Literal["rule", "not_in_ramp", "off", "assigned"], MEASURED]


class VariantReport(Payload):
    """``units``: distinct exposed ones. ``conversions``: records of these. ``mean``: sum of values / units.

    ``lift`` is mean / the first variant's mean - 1. ``interval`` (low, high) is of the lift and ``p``
    of no difference from the first variant, by the report's method; both may be None.
    """

    variant: Name
    units: Annotated[Count, MEASURED]
    conversions: Annotated[Count, MEASURED]
    mean: Annotated[Number, STATISTIC]
    lift: Annotated[Number | None, STATISTIC] = None
    interval: Annotated[Interval | None, MEASURED] = None
    p: Annotated[Annotated[Number, Field(ge=0, le=1)] | None, MEASURED] = None


class Report(Output):
    """One row per variant or arm. ``method`` says how interval and p were found, or that they were not."""

    key: Key
    variants: tuple[VariantReport, ...]
    method: Annotated[Text, FREE] = Field(min_length=1)
    as_of: Annotated[Instant, TIME]


class Recorded(Output):
    """One value that came of one unit."""

    key: Key
    unit_id: Key
    value: Value


class ExperimentsProvider(Protocol):
    """Decides which unit sees which variant, and reports what came of it."""

    @operation("write", "natural", unit="unit_id", entity="flag", reads=("get_flag",))
    def set_flag(self, key: Name, value: FlagValue, rules: tuple[Rule, ...] = ()) -> Flag:
        """Makes a flag, or replaces its value (of the same type) and its rules; never its percent."""

    @operation("read", "repeatable", unit="unit_id", entity="flag")
    def get_flag(self, key: Key) -> Flag:
        """The flag as it is."""

    @operation("write", "natural", unit="unit_id", entity="key", reads=("get_flag",))
    def ramp(self, key: Key, percent: Percent) -> Ramp:
        """Sets the share of units that are in, of a flag or an experiment."""

    @operation("write", "natural", unit="unit_id", entity="experiment", reads=("report",))
    def start_ab(self, key: Key, variants: Variants, weights: Weights, metric: Key) -> ABTest:
        """Starts an experiment with fixed shares; the same settings again: success, no change."""

    @operation("write", "natural", unit="unit_id", entity="experiment", reads=("report",), optional=True)
    def start_bandit(self, key: Key, arms: Variants, floor: Floor) -> Bandit:
        """Starts an experiment that moves new units to the arm with the greater recorded values in 0..1."""

    @operation("write", "natural", unit="unit_id", entity="unit", reads=("report",))
    def assign(self, key: Key, unit_id: Key, attributes: JsonMap = NO_ATTRIBUTES) -> Assignment:
        """What this unit gets; of an experiment, the unit is exposed from then on."""

    @operation("read", "repeatable", unit="unit_id", entity="experiment")
    def report(self, key: Key) -> Report:
        """What came of an experiment so far."""

    @operation("write", "key", unit="unit_id", entity="record", reads=("report",), optional=True)
    def record(self, key: Key, unit_id: Key, value: Value, *, idempotency_key: Key) -> Recorded:
        """Adds one value of a unit; before the unit is exposed, it counts from the exposure on."""


class ObservedFlag(Observed):
    """A flag as the vendor keeps it."""

    key: str
    value: FlagValue | None = None
    rules: tuple[Rule, ...] | None = None
    percent: Integer | None = None


class ObservedExperiment(Observed):
    """An experiment of either kind as the vendor keeps it; ``variants`` are the arms of a bandit."""

    key: str
    variants: tuple[str, ...] | None = None
    percent: Integer | None = None


class ObservedUnit(Observed):
    """A unit that was exposed to an experiment; once per experiment and unit."""

    key: str
    unit_id: str
    variant: str | None = None


class ObservedRecord(Observed):
    """One effect of `ExperimentsProvider.record`."""

    key: str
    unit_id: str
    value: Value


class ExperimentsObserver(Protocol):
    """A second pair of eyes on the vendor's project."""

    def flags(self) -> Sequence[ObservedFlag]: ...
    def experiments(self) -> Sequence[ObservedExperiment]: ...
    def units(self) -> Sequence[ObservedUnit]: ...
    def records(self) -> Sequence[ObservedRecord]: ...
