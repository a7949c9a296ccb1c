"""Wrong over HTTP: what clients of a flag vendor are tempted to do when it does not answer."""

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...kit.twins.client import KEY, Client
from ...kit.twins.harness import EXPERIMENTS
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http

Json = dict[str, Any]


class NotInWhenSlow(Excuses):
    """A page must not wait for its variant: a unit whose answer takes too long is not in."""

    of = "assign"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        nothing = {"key": arguments["key"], "unit_id": arguments["unit_id"], "variant": None, "reason": "not_in_ramp"}
        return nothing if error.code == "timeout" else None


class SetsWhenThrottled(Excuses):
    """Says that a flag is set, and means to set it later."""

    of = "set_flag"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        flag = {"key": arguments["key"], "value": arguments["value"], "rules": arguments["rules"]}
        return {**flag, "type": "boolean", "percent": 100} if error.code == "rate_limited" else None


class ConflictIsStarted(Excuses):
    """Takes every conflict for an experiment that runs already."""

    of = "start_ab"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {**arguments, "percent": 100} if error.code == "conflict" else None


class GoneIsOff(Excuses):
    """Takes a flag that was deleted for one that is off."""

    of = "get_flag"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        off = {"key": arguments["key"], "value": False, "type": "boolean", "rules": (), "percent": 100}
        return off if error.message.endswith("410") else None


class RecordsAgain(Client):
    """Sends a value once more where the connection was lost, without its key."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if operation.name != "record" or error.code != "connection":
                raise
            return super().ask(operation, endpoint, body, {})


class KeyIsTheValue(Client):
    """A value of a unit has a key by itself, so that nobody need think of one."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        if operation.name != "record":
            return super().key_header(operation, arguments)
        return {"idempotency-key": f"{arguments['key']}.{arguments['unit_id']}.{arguments['value']}"[:64]}


class OwnPace(Client):
    """Tells the caller of ramp to come back in a minute, whatever the vendor asks for."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except RetryableError as error:
            if operation.name == "ramp":
                error.retry_after = 60.0
            raise


class PrintsUnits(Client):
    """Logs what it asked for a unit, and as whom."""

    def log(self, operation: Operation, reply: HttpReply) -> None:
        if operation.name == "assign":
            self.ctx.logger.info("assigned with %s", self.authorization())


class ReportsWhatIsThere(Client):
    """An answer that cannot be read is a report without rows."""

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        try:
            return super().parsed(operation, reply)
        except ProviderError:
            if operation.name != "report":
                raise
            return {"key": "unknown", "variants": [], "method": "none", "as_of": self.ctx.clock.now()}


class RecordsInTwo(Client):
    """Assigns a unit before its value is recorded, since only exposed ones count."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        made = super().attempt(operation, arguments)
        if operation.name == "record":
            ask = {"key": arguments["key"], "unit_id": f"{arguments[KEY][:50]}", "attributes": {}}
            super().attempt(self.capability.operation("assign"), ask)
        return made


SAYS_PURE = over_http(EXPERIMENTS, Client, meets_wire={"get_flag": "pure"})


SABOTEURS = (
    Saboteur(
        "not_in_when_slow",
        over_http(EXPERIMENTS, NotInWhenSlow),
        "experiments.assign.fault.hang",
        also=(
            "experiments.assign.fault.late",
            "experiments.assign.fault.drip",
            "experiments.assign.fault.drip_head",
            "experiments.assign.fault.status_408",
            "experiments.assign.fault.status_504",
        ),
        reason="there are many ways to be slow",
    ),
    Saboteur(
        "sets_when_throttled",
        over_http(EXPERIMENTS, SetsWhenThrottled),
        "experiments.adapter.telemetry.error_rate",
        also=RECORDED,
        reason="the trial of each clause that throttles set_flag is told that all is well",
    ),
    Saboteur(
        "conflict_is_started",
        over_http(EXPERIMENTS, ConflictIsStarted),
        "experiments.start_ab.fault.status_409",
        also=(
            "experiments.start_ab.bad_input.bandit_key",
            "experiments.start_ab.bad_input.flag_key",
            "experiments.start_ab.bad_input.other_metric",
            "experiments.start_ab.bad_input.other_variants",
            "experiments.start_ab.bad_input.other_weights",
        ),
        reason="every refusal of start_ab is a conflict",
    ),
    Saboteur("gone_is_off", over_http(EXPERIMENTS, GoneIsOff), "experiments.get_flag.fault.status_410"),
    Saboteur(
        "records_again",
        over_http(EXPERIMENTS, RecordsAgain),
        "experiments.record.idempotency.lost_ack",
        also=(
            "experiments.record.retry.no_replay",
            "experiments.record.retry.one_attempt",
            "experiments.record.retry.recovers",
        ),
    ),
    Saboteur(
        "key_is_the_value",
        over_http(EXPERIMENTS, KeyIsTheValue),
        "experiments.record.retry.stable_key",
        also=(
            "experiments.record.idempotency.conflict",
            "experiments.record.idempotency.distinct_keys",
            "experiments.record.idempotency.every_member",
        ),
    ),
    Saboteur(
        "own_pace",
        over_http(EXPERIMENTS, OwnPace),
        "experiments.ramp.retry.retry_after",
        also=(
            "experiments.ramp.retry.recovers",
            "experiments.ramp.retry.three_attempts",
        ),
    ),
    Saboteur("prints_units", over_http(EXPERIMENTS, PrintsUnits), "experiments.assign.secrets.hidden"),
    Saboteur(
        "reports_what_is_there",
        over_http(EXPERIMENTS, ReportsWhatIsThere),
        "experiments.report.fault.malformed",
        also=("experiments.report.fault.empty",),
    ),
    Saboteur(
        "records_in_two",
        over_http(EXPERIMENTS, RecordsInTwo),
        "experiments.record.idempotency.interrupted",
        also=(
            "experiments.record.fault.late",
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
            "experiments.record.idempotency.lost_ack",
        ),
        reason="the units that it makes up are counted by whatever looks at reports",
    ),
    Saboteur("says_pure", SAYS_PURE, "experiments.get_flag.wire.claim"),
)
