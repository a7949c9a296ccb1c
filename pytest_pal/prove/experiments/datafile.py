"""Over HTTP, and correct: it decides here by a file of rules, and tells of its exposures later."""

from collections.abc import Mapping
from hashlib import sha1
from itertools import accumulate
from threading import Lock
from typing import Any, ClassVar

from pydantic import ValidationError

from ...contracts.experiments.protocol import ABTest, ExperimentsTraits, Flag, Rule
from ...errors import NonRetryableError, ProviderError
from ...faults.message import Request
from ...kit.endpoint import effect, read
from ...kit.twins.adapters import TwinExperiments
from ...kit.twins.client import Client
from ...kit.twins.harness import identity, twin
from ...mocks.experiments import MockExperiments
from ...model.capability import Capability
from ...model.context import Context
from ...model.operation import Operation
from ...model.payload import Payload
from .projects import Json

OLDEST_S = 3
"""A file of rules that is as old as this, in seconds, is fetched anew."""
PARTS = 10_000


class Rules(Payload):
    """All that an assignment needs."""

    flags: tuple[Flag, ...]
    tests: tuple[ABTest, ...]

    def find(self, key: str) -> Flag | ABTest:
        every: tuple[Flag | ABTest, ...] = (*self.flags, *self.tests)
        found = next((one for one in every if one.key == key), None)
        if found is None:
            raise NonRetryableError("not_found", f"no flag and no test {key}")
        return found


class DecidesHere(Client):
    """Fetches the rules where they are too old, and keeps exposures until a report, or the end."""

    def __init__(self, capability: Capability, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(capability, config, ctx)
        self._rules: tuple[float, Rules] | None = None
        self._waiting: dict[tuple[str, str], str] = {}
        self._lock = Lock()

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "assign":
            return self._assigned(**body)
        if operation.name == "report":
            self._flush()
        return super().ask(operation, endpoint, body, headers)

    def close(self) -> None:
        """Raises NonRetryableError with ``lost`` in its details, how many exposures are left; then try again."""
        try:
            self.begin()
            self._flush()
        except ProviderError as error:
            lost = len(self._waiting)
            message = f"{lost} exposures could not be sent: {error.message}"
            raise NonRetryableError(
                error.code, message, outcome_unknown=error.outcome_unknown, details={"lost": lost}
            ) from error
        finally:
            super().close()

    def _assigned(self, key: str, unit_id: str, attributes: Mapping[str, Any]) -> Json:
        found = self._fresh().find(key)
        variant, reason = decided(found, unit_id, attributes)
        value = found.value if isinstance(found, Flag) and variant == "on" else None
        if isinstance(found, ABTest) and variant is not None:
            with self._lock:
                self._waiting[key, unit_id] = variant
        return {"key": key, "unit_id": unit_id, "variant": variant, "value": value, "reason": reason}

    def _fresh(self) -> Rules:
        known, now = self._rules, self.ctx.clock.now().timestamp()
        if known is not None and now - known[0] < OLDEST_S:
            return known[1]
        reading = self.capability.operation("get_flag")
        told = super().ask(reading, "rules", {}, {})
        try:
            rules = Rules.model_validate(told)
        except ValidationError:
            pass
        else:
            self._rules = now, rules
            return rules
        raise self.malformed(reading, "its answer is no file of rules")

    def _flush(self) -> None:
        """Sends what waits; what came meanwhile waits on. Whoever is told twice of an exposure counts it once."""
        with self._lock:
            sent = dict(self._waiting)
        if not sent:
            return
        writing = self.capability.operation("assign")
        units = [{"key": key, "unit": unit, "variant": variant} for (key, unit), variant in sent.items()]
        if super().ask(writing, "exposures", {"units": units}, {}) != {"taken": len(units)}:
            raise self.malformed(writing, "it did not take all exposures")
        with self._lock:
            for slot in sent:
                self._waiting.pop(slot, None)


class DatafileExperiments(TwinExperiments, client=DecidesHere):
    traits = ExperimentsTraits(read_bound_s=OLDEST_S)
    meets_wire: ClassVar = {"assign": "local"}
    unsupported: ClassVar = {"start_bandit": "who decides by a file does not know what came of it"}
    start_bandit: ClassVar[None] = None


def decided(of: Flag | ABTest, unit: str, attributes: Mapping[str, Any]) -> tuple[str | None, str]:
    """Variant and reason."""
    return switched(of, unit, attributes) if isinstance(of, Flag) else drawn(of, unit)


def switched(flag: Flag, unit: str, attributes: Mapping[str, Any]) -> tuple[str, str]:
    rule = next((rule for rule in flag.rules if fits(rule, attributes)), None)
    if rule is not None:
        return rule.variant, "rule"
    if place("in", flag.key, unit) >= flag.percent * 100:
        return "off", "not_in_ramp"
    return ("off", "off") if flag.value is False else ("on", "assigned")


def fits(rule: Rule, attributes: Mapping[str, Any]) -> bool:
    seen, wanted = attributes.get(rule.attribute), rule.value if isinstance(rule.value, tuple) else (rule.value,)
    return any(seen == one and isinstance(seen, bool) is isinstance(one, bool) for one in wanted)


def drawn(test: ABTest, unit: str) -> tuple[str | None, str]:
    if place("in", test.key, unit) >= test.percent * 100:
        return None, "not_in_ramp"
    at = place("of", test.key, unit)
    ends = zip(test.variants, accumulate(test.weights), strict=True)
    return next(variant for variant, end in ends if at < end), "assigned"


def place(*names: str) -> int:
    """Where a unit stands, 0..9,999, for ever."""
    return int.from_bytes(sha1("/".join(names).encode(), usedforsecurity=False).digest()[-8:]) % PARTS


def rules(request: Request, mock: MockExperiments, scratch: Json) -> Json:
    """All flags and tests of the project."""
    with mock.primitives() as project:
        flags = [{"key": row.key, **project.flag(row.key)} for row in mock.flags()]
        tests = [(row.key, project.experiment(row.key)) for row in mock.experiments()]
    return {"flags": flags, "tests": [{"key": key, "percent": of["percent"], **of["settings"]} for key, of in tests]}


def exposures(request: Request, mock: MockExperiments, scratch: Json) -> Json:
    """Writes down who saw what; the first variant of a unit stays."""
    told = request.json["units"]
    with mock.primitives() as project:
        for one in told:
            project.experiment(one["key"])["units"].setdefault(one["unit"], one["variant"])
    return {"taken": len(told)}


DATAFILE = twin(
    DatafileExperiments,
    *(one for one in identity(DatafileExperiments._of) if one.calls not in ("assign", "start_bandit")),
    read("POST /rules", calls=rules),
    effect("POST /exposures", calls=exposures),
)
