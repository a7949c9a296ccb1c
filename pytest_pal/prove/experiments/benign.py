"""Unusual, and correct."""

import copy
from bisect import bisect
from itertools import accumulate
from random import Random
from typing import Any, ClassVar

from ...contracts.experiments.protocol import ABTest, ExperimentsTraits, Flag
from ...errors import NonRetryableError
from ...kit.twins.harness import EXPERIMENTS
from ...mocks.experiments import MockExperiments, Project, variants
from ...model.values import thaw
from ..saboteur import Benign
from ..wired import asking_first, in_its_words
from .datafile import DATAFILE
from .drawn import DRAWN
from .files import FILES
from .flags import kind_of
from .projects import Json
from .sqlite import SQLITE


class Dice(Project):
    """Draws once for a unit and writes it down; another kind of share, and rows in another order."""

    def __init__(self, state: Json, seed: str) -> None:
        super().__init__(state, seed)
        self._shares: dict[str, float] = state.setdefault("shares", {})

    def is_in(self, key: str, unit: str, percent: int) -> bool:
        return self._share("ramp", key, unit) * 100 < percent

    def choose(self, key: str, experiment: Json, unit: str) -> str:
        if "floor" in experiment["settings"]:
            return super().choose(key, experiment, unit)
        ends = list(accumulate(experiment["settings"]["weights"]))
        return variants(experiment)[bisect(ends, self._share("variant", key, unit) * ends[-1])]

    def _share(self, *of: str) -> float:
        name = "/".join(of)
        if name not in self._shares:
            self._shares[name] = Random(f"{self._seed}/{len(self._shares)}").random()
        return self._shares[name]


class Models(MockExperiments):
    """Gives models with extensions, rows in another order, and no statistics."""

    def _project(self, state: Json) -> Project:
        return Dice(state, self._seed)

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


class Particular(MockExperiments):
    """Takes ten rules of plain attributes."""

    def _project(self, state: Json) -> Project:
        return LastArmFirst(state, self._seed)

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
            Project(state, "").put_flag(key, value, kind_of(value), [rule.plain() for rule in rules])
            return {"key": key, **thaw(state["flags"][key])}

    def assign(self, key: str, unit_id: str, attributes: Any) -> Json:
        with self._box as state:
            variant, value, reason = self._stale(state).decide(key, unit_id, attributes)
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}


class LaggingAsync(Lagging):
    """The same with coroutines."""

    async def set_flag(self, *arguments: Any) -> Any:  # type: ignore[override]
        return super().set_flag(*arguments)

    async def get_flag(self, key: str) -> Any:  # type: ignore[override]
        return super().get_flag(key)

    async def ramp(self, key: str, percent: int) -> Any:  # type: ignore[override]
        return super().ramp(key, percent)

    async def start_ab(self, *arguments: Any) -> Any:  # type: ignore[override]
        return super().start_ab(*arguments)

    async def start_bandit(self, *arguments: Any) -> Any:  # type: ignore[override]
        return super().start_bandit(*arguments)

    async def assign(self, *arguments: Any) -> Any:  # type: ignore[override]
        return super().assign(*arguments)

    async def report(self, key: str) -> Any:  # type: ignore[override]
        return super().report(key)

    async def record(self, *arguments: Any, idempotency_key: str) -> Any:  # type: ignore[override]
        return super().record(*arguments, idempotency_key=idempotency_key)


class WithoutRecords(MockExperiments):
    unsupported: ClassVar[dict[str, str]] = {"record": "events come from its own SDK"}
    record = None  # type: ignore[assignment]


class WithoutBandits(MockExperiments):
    unsupported: ClassVar[dict[str, str]] = {"start_bandit": "the vendor has none"}
    start_bandit = None  # type: ignore[assignment]


BENIGN = (
    Benign("sqlite", SQLITE, "its bandit is greedy, its shares are by another hash, it has no statistics", alone=True),
    Benign("files", FILES, "booleans only, no bandits, no records, rows of reports the other way round", alone=True),
    Benign("drawn", DRAWN, "coroutines, payloads with extensions, and draws that are written down", alone=True),
    Benign("models", Models, "draws that are written down, payloads with extensions, rows in another order"),
    Benign("particular", Particular, "at most ten rules, of plain attributes; a bandit that tries its last arm first"),
    Benign("deferring", Deferring, "booleans only, and exposures that are sent with the next report"),
    Benign("lagging", LaggingAsync, "coroutines, and flags as they were three seconds ago, as it says"),
    Benign("without_records", WithoutRecords, "no values can be recorded, as it says"),
    Benign("without_bandits", WithoutBandits, "no bandits, as it says"),
    Benign("in_its_words", in_its_words(EXPERIMENTS), "answers are zipped and cut, errors in its own words"),
    Benign("asks_first", asking_first(EXPERIMENTS), "an operation is two requests"),
    Benign("datafile", DATAFILE, "it decides by rules that are up to 3 s old, and tells of exposures with a report"),
)
