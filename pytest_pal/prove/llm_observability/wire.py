"""Wrong over HTTP: what clients of a tracing vendor are tempted to do when it does not answer."""

from collections.abc import Mapping
from typing import Any

from ...errors import NonRetryableError, ProviderError, RetryableError
from ...kit.twins.client import KEY, Client
from ...kit.twins.harness import LLM_OBSERVABILITY
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http

Json = dict[str, Any]


class DropsWhenThrottled(Excuses):
    """Tracing must not disturb: a trace that the vendor has no time for is one that nobody keeps."""

    of = "trace_start"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        dropped = {"id": "dropped", "name": arguments["name"], "parent": arguments["parent"]}
        return dropped if error.code == "rate_limited" else None


class GoneIsEnded(Excuses):
    """Takes a trace that is gone for one that has ended."""

    of = "trace_stop"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"id": arguments["id"], "status": "aborted"} if error.message.endswith("410") else None


class ConflictIsLinked(Excuses):
    """Takes a conflict for a link that is there already."""

    of = "link"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {name: arguments[name] for name in ("id", "run_id")} if error.code == "conflict" else None


class StopsAgain(Client):
    """A stop may be repeated, so this client repeats it by itself."""

    def send(self, operation: Operation, *request: Any) -> HttpReply:
        try:
            return super().send(operation, *request)
        except RetryableError as error:
            if operation.name != "trace_stop" or error.code != "connection":
                raise
            return super().send(operation, *request)


class RenewsKeys(Client):
    """After an evaluation that failed it takes a new key for the same one."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except ProviderError:
            self._failed = arguments.get(KEY)
            raise

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        if operation.name == "log_eval" and arguments[KEY] == vars(self).get("_failed"):
            return {"idempotency-key": f"eval-{self.ctx.ids.new()}"}
        return super().key_header(operation, arguments)


class LogsItsHeaders(Client):
    """Says in its log how it authorised an evaluation."""

    def log(self, operation: Operation, reply: HttpReply) -> None:
        if operation.name == "log_eval":
            self.ctx.logger.debug("logged an evaluation as %s", self.authorization())


class HastyEnd(Client):
    """Says of a stop that took too long that it did not happen."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except RetryableError as error:
            if operation.name == "trace_stop" and error.code == "timeout":
                error.outcome_unknown = False
            raise


class NoRunIsInvalid(Client):
    """Takes every 404 of a link for a run that does not exist."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        if operation.name == "link" and reply.status == 404:
            return NonRetryableError("invalid", "there is no such run")
        return super().refusal(operation, reply)


class FilesEvals(Client):
    """Two requests for an evaluation with a label: the second files it, as a run by the name of its key."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        made = super().attempt(operation, arguments)
        if operation.name == "log_eval" and arguments["label"]:
            link = self.capability.operation("link")
            super().attempt(link, {"id": arguments["id"], "run_id": arguments[KEY]})
        return made


SAYS_PURE = over_http(LLM_OBSERVABILITY, Client, meets_wire={"link": "pure"})


SABOTEURS = (
    Saboteur(
        "drops_when_throttled",
        over_http(LLM_OBSERVABILITY, DropsWhenThrottled),
        "llm_observability.adapter.telemetry.error_rate",
        also=RECORDED,
        reason="the trial of each clause that throttles a start is told that all is well",
    ),
    Saboteur(
        "gone_is_ended", over_http(LLM_OBSERVABILITY, GoneIsEnded), "llm_observability.trace_stop.fault.status_410"
    ),
    Saboteur(
        "conflict_is_linked", over_http(LLM_OBSERVABILITY, ConflictIsLinked), "llm_observability.link.fault.status_409"
    ),
    Saboteur(
        "stops_again",
        over_http(LLM_OBSERVABILITY, StopsAgain),
        "llm_observability.trace_stop.retry.one_attempt",
        also=("llm_observability.trace_stop.retry.no_replay",),
    ),
    Saboteur(
        "renews_keys",
        over_http(LLM_OBSERVABILITY, RenewsKeys),
        "llm_observability.log_eval.idempotency.lost_ack",
        also=(
            "llm_observability.log_eval.idempotency.every_member",
            "llm_observability.log_eval.retry.recovers",
            "llm_observability.log_eval.retry.stable_key",
        ),
    ),
    Saboteur(
        "logs_its_headers", over_http(LLM_OBSERVABILITY, LogsItsHeaders), "llm_observability.log_eval.secrets.hidden"
    ),
    Saboteur(
        "hasty_end",
        over_http(LLM_OBSERVABILITY, HastyEnd),
        "llm_observability.trace_stop.fault.hang",
        also=(
            "llm_observability.trace_stop.fault.late",
            "llm_observability.trace_stop.fault.drip",
            "llm_observability.trace_stop.fault.drip_head",
            "llm_observability.trace_stop.fault.status_504",
        ),
    ),
    Saboteur(
        "no_run_is_invalid",
        over_http(LLM_OBSERVABILITY, NoRunIsInvalid),
        "llm_observability.link.fault.status_404",
        also=("llm_observability.link.bad_input.unknown_trace",),
    ),
    Saboteur(
        "files_evals",
        over_http(LLM_OBSERVABILITY, FilesEvals),
        "llm_observability.log_eval.idempotency.interrupted",
        also=(
            "llm_observability.log_eval.fault.late",
            "llm_observability.adapter.golden.every_operation",
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.every_operation",
            "llm_observability.adapter.scenario.long_life",
            "llm_observability.log_eval.idempotency.lost_ack",
        ),
        reason="the runs that it makes up are seen by whatever looks at links",
    ),
    Saboteur("says_pure", SAYS_PURE, "llm_observability.link.wire.claim"),
)
