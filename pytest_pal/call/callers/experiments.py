"""ExperimentsProvider for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/experiments/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.experiments.protocol import (
    ABTest,
    Assignment,
    Bandit,
    Flag,
    FlagValue,
    Floor,
    Percent,
    Ramp,
    Recorded,
    Report,
    Rule,
    Value,
    Variants,
    Weights,
)
from ...model.values import JsonMap, Key, Name


class AsyncExperimentsProvider(Protocol):
    """Decides which unit sees which variant, and reports what came of it."""

    async def set_flag(self, key: Name, value: FlagValue, rules: tuple[Rule, ...] = ...) -> Flag:
        """Makes a flag, or replaces its value (of the same type) and its rules; never its percent."""

    async def get_flag(self, key: Key) -> Flag:
        """The flag as it is."""

    async def ramp(self, key: Key, percent: Percent) -> Ramp:
        """Sets the share of units that are in, of a flag or an experiment."""

    async def start_ab(self, key: Key, variants: Variants, weights: Weights, metric: Key) -> ABTest:
        """Starts an experiment with fixed shares; the same settings again: success, no change."""

    async def start_bandit(self, key: Key, arms: Variants, floor: Floor) -> Bandit:
        """Starts an experiment that moves new units to the arm with the greater recorded values in 0..1."""

    async def assign(self, key: Key, unit_id: Key, attributes: JsonMap = ...) -> Assignment:
        """What this unit gets; of an experiment, the unit is exposed from then on."""

    async def report(self, key: Key) -> Report:
        """What came of an experiment so far."""

    async def record(self, key: Key, unit_id: Key, value: Value, *, idempotency_key: Key) -> Recorded:
        """Adds one value of a unit; before the unit is exposed, it counts from the exposure on."""


class ExperimentsCaller(Protocol):
    """Decides which unit sees which variant, and reports what came of it."""

    def set_flag(self, key: Name, value: FlagValue, rules: tuple[Rule, ...] = ...) -> Flag:
        """Makes a flag, or replaces its value (of the same type) and its rules; never its percent."""

    def get_flag(self, key: Key) -> Flag:
        """The flag as it is."""

    def ramp(self, key: Key, percent: Percent) -> Ramp:
        """Sets the share of units that are in, of a flag or an experiment."""

    def start_ab(self, key: Key, variants: Variants, weights: Weights, metric: Key) -> ABTest:
        """Starts an experiment with fixed shares; the same settings again: success, no change."""

    def start_bandit(self, key: Key, arms: Variants, floor: Floor) -> Bandit:
        """Starts an experiment that moves new units to the arm with the greater recorded values in 0..1."""

    def assign(self, key: Key, unit_id: Key, attributes: JsonMap = ...) -> Assignment:
        """What this unit gets; of an experiment, the unit is exposed from then on."""

    def report(self, key: Key) -> Report:
        """What came of an experiment so far."""

    def record(self, key: Key, unit_id: Key, value: Value, *, idempotency_key: Key | None = ...) -> Recorded:
        """Adds one value of a unit; before the unit is exposed, it counts from the exposure on."""

    def close(self) -> None: ...


class AsyncExperimentsCaller(Protocol):
    """Decides which unit sees which variant, and reports what came of it."""

    async def set_flag(self, key: Name, value: FlagValue, rules: tuple[Rule, ...] = ...) -> Flag:
        """Makes a flag, or replaces its value (of the same type) and its rules; never its percent."""

    async def get_flag(self, key: Key) -> Flag:
        """The flag as it is."""

    async def ramp(self, key: Key, percent: Percent) -> Ramp:
        """Sets the share of units that are in, of a flag or an experiment."""

    async def start_ab(self, key: Key, variants: Variants, weights: Weights, metric: Key) -> ABTest:
        """Starts an experiment with fixed shares; the same settings again: success, no change."""

    async def start_bandit(self, key: Key, arms: Variants, floor: Floor) -> Bandit:
        """Starts an experiment that moves new units to the arm with the greater recorded values in 0..1."""

    async def assign(self, key: Key, unit_id: Key, attributes: JsonMap = ...) -> Assignment:
        """What this unit gets; of an experiment, the unit is exposed from then on."""

    async def report(self, key: Key) -> Report:
        """What came of an experiment so far."""

    async def record(self, key: Key, unit_id: Key, value: Value, *, idempotency_key: Key | None = ...) -> Recorded:
        """Adds one value of a unit; before the unit is exposed, it counts from the exposure on."""

    async def aclose(self) -> None: ...
