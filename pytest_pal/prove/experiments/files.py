"""A correct adapter over files, which shares nothing with the mock: a log that everybody follows, booleans only."""

import fcntl
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

from ...contracts.experiments.protocol import ExperimentsTraits, ObservedExperiment, ObservedFlag, ObservedUnit, Rule
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context

Json = dict[str, Any]


class Follower:
    """What a log comes to. It is read on from where it was left."""

    def __init__(self, path: str | Path) -> None:
        self._path, self._read, self._lock = Path(path), 0, Lock()
        self.flags: dict[str, Json] = {}
        self.tests: dict[str, Json] = {}
        self.percent: dict[str, int] = {}
        self.units: dict[str, dict[str, str]] = {}

    @contextmanager
    def alone(self) -> Iterator["Follower"]:
        """Up to date, and nobody else writes meanwhile."""
        with self._lock, self._path.open("ab+") as self._file:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._file.seek(self._read)
            for line in self._file:
                self._tell(*json.loads(line))
            self._read = self._file.tell()
            yield self

    def add(self, *event: Any) -> None:
        line = json.dumps(event).encode() + b"\n"
        self._file.write(line)
        self._read += len(line)
        self._tell(*event)

    def _tell(self, what: str, key: str, *rest: Any) -> None:
        if what == "ramp":
            self.percent[key] = rest[0]
        elif what == "unit":
            self.units[key][rest[0]] = rest[1]
        else:
            self.percent.setdefault(key, 100)
            (self.flags if what == "flag" else self.tests)[key] = rest[0]
            self.units.setdefault(key, {})


class LoggedExperiments:
    """ExperimentsProvider over a log, with boolean flags, and neither bandits nor records. config: path."""

    capability = "experiments"
    contract = "1.0"
    traits = ExperimentsTraits(flag_types=("boolean",), balance_tolerance=0.02)
    unsupported: ClassVar[dict[str, str]] = {
        "start_bandit": "its splits are fixed",
        "record": "values come from the warehouse",
    }

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._log, self._ctx = Follower(config["path"]), ctx

    def set_flag(self, key: str, value: Any, rules: Sequence[Rule]) -> Json:
        if not isinstance(value, bool):
            raise NonRetryableError("unsupported", "flags are booleans here")
        with self._log.alone() as log:
            if key in log.tests:
                raise NonRetryableError("conflict", "an experiment has that key")
            log.add("flag", key, {"value": value, "rules": [rule.plain() for rule in rules]})
        return self.get_flag(key)

    def get_flag(self, key: str) -> Json:
        with self._log.alone() as log:
            if key not in log.flags:
                raise NonRetryableError("not_found", "no flag has that key")
            return {"key": key, "type": "boolean", **deepcopy(log.flags[key]), "percent": log.percent[key]}

    def ramp(self, key: str, percent: int) -> Json:
        with self._log.alone() as log:
            self._must_stand(log.percent, key)
            log.add("ramp", key, percent)
        return {"key": key, "percent": percent, "extensions": {"revision": percent + 1}}

    def start_ab(self, key: str, variants: Sequence[str], weights: Sequence[int], metric: str) -> Json:
        settings = {"variants": list(variants), "weights": list(weights), "metric": metric}
        with self._log.alone() as log:
            if key in log.flags or log.tests.get(key, settings) != settings:
                raise NonRetryableError("conflict", "something else has that key")
            if key not in log.tests:
                log.add("test", key, settings)
            return {"key": key, **deepcopy(settings), "percent": log.percent[key]}

    def assign(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Json:
        with self._log.alone() as log:
            self._must_stand(log.percent, key)
            is_in = _point("ramp", key, unit_id) < log.percent[key] / 100
            variant: str | None
            if key in log.flags:
                variant, reason = _switch(log.flags[key], attributes, is_in)
            else:
                reason = "assigned" if is_in else "not_in_ramp"
                variant = _split(log.tests[key], _point("split", key, unit_id)) if is_in else None
                if variant is not None and unit_id not in log.units[key]:
                    log.add("unit", key, unit_id, variant)
            value = log.flags[key]["value"] if key in log.flags and variant == "on" else None
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}

    def report(self, key: str) -> Json:
        with self._log.alone() as log:
            self._must_stand(log.tests, key)
            counts = Counter(log.units[key].values())
            names = log.tests[key]["variants"]
        rows = [
            {"variant": name, "units": counts[name], "conversions": 0, "mean": 0, "lift": None if n else 0}
            for n, name in enumerate(names)
        ]
        return {"key": key, "variants": rows[::-1], "method": "no values are kept", "as_of": self._ctx.clock.now()}

    def _must_stand(self, table: Mapping[str, Any], key: str) -> None:
        if key not in table:
            raise NonRetryableError("not_found", "nothing has that key")


def _point(*names: str) -> float:
    """0..1, the same everywhere."""
    return int.from_bytes(blake2b(json.dumps(names).encode(), digest_size=6).digest()) / 2**48


def _switch(flag: Json, attributes: Mapping[str, Any], is_in: bool) -> tuple[str, str]:
    for rule in flag["rules"]:
        seen = _comparable(attributes.get(rule["attribute"]))
        values = rule["value"] if isinstance(rule["value"], list) else [rule["value"]]
        if seen in map(_comparable, values):
            return rule["variant"], "rule"
    if is_in:
        return ("on", "assigned") if flag["value"] else ("off", "off")
    return "off", "not_in_ramp"


def _comparable(value: Any) -> tuple[str, Any]:
    return ("number" if isinstance(value, int | float) and not isinstance(value, bool) else str(type(value)), value)


def _split(test: Json, point: float) -> str:
    ends = zip(test["variants"], accumulate(test["weights"]), strict=True)
    return str(next(name for name, end in ends if point * 10_000 < end))


class Reader:
    """Follows the log by itself."""

    def __init__(self, path: Path) -> None:
        self._log = Follower(path)

    def flags(self) -> Sequence[ObservedFlag]:
        with self._log.alone() as log:
            return [ObservedFlag(key=key, percent=log.percent[key], **flag) for key, flag in log.flags.items()]

    def experiments(self) -> Sequence[ObservedExperiment]:
        with self._log.alone() as log:
            return [
                ObservedExperiment(key=key, variants=test["variants"], percent=log.percent[key])
                for key, test in log.tests.items()
            ]

    def units(self) -> Sequence[ObservedUnit]:
        with self._log.alone() as log:
            return [
                ObservedUnit(key=key, unit_id=unit, variant=variant)
                for key, units in log.units.items()
                for unit, variant in units.items()
            ]

    def records(self) -> Sequence[Any]:
        return []


FILES = Harness(
    LoggedExperiments,
    fresh=lambda directory: directory / "project.jsonl",
    config=lambda path: {"path": str(path)},
    observe=Reader,
)
