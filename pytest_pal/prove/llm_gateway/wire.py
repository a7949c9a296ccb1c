"""Wrong over HTTP: what clients of a vendor of models are tempted to do."""

from collections.abc import Mapping
from typing import Any

from ...errors import ErrorCode, ProviderError, RetryableError
from ...kit.twins.client import Client
from ...kit.twins.harness import LLM_GATEWAY
from ...model.operation import Operation
from ...primitives.http_call import HttpReply
from ...primitives.http_errors import error_of_status
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http

Json = dict[str, Any]


class EmptyWhenThrottled(Excuses):
    """A vendor that has no time to list its models has none."""

    of = "models"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"models": []} if error.code == "rate_limited" else None


class EmptyWhenGone(Excuses):
    """An account without a list of models has none."""

    of = "models"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"models": []} if error.code == "not_found" else None


class QuotaIsThrottled(Client):
    """Takes every 429 for one that passes, also a used-up quota."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        is_it = operation.name == "route" and error.code == "quota_exhausted" and reply.status == 429
        return RetryableError("rate_limited", error.message) if is_it else error


class ErrorIsMalformed(Client):
    """Reads an answer of 200 without looking for an error inside."""

    def answer(self, operation: Operation, reply: HttpReply) -> Any:
        if operation.name == "route" and 200 <= reply.status < 300:
            return self.parsed(operation, reply)
        return super().answer(operation, reply)


class GoneIsUnavailable(Client):
    """Takes a model that was withdrawn for one that is down."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        code = ErrorCode.UNAVAILABLE if operation.name == "route" and reply.status == 410 else None
        return error_of_status(410, effect="write", code=code) if code else super().refusal(operation, reply)


class AsksTwice(Client):
    """Asks each model once more before it goes on to the next."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if operation.name != "route" or error.code != "unavailable":
                raise
            return super().ask(operation, endpoint, body, headers)


class NoPace(Client):
    """Says nothing of when to come back."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        if operation.name == "route" and isinstance(error, RetryableError):
            error.retry_after = 0.5
        return error


class TellsItsKey(Client):
    """Names the key in the error of a request that it was not allowed to make."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        if operation.name == "route" and reply.status == 401:
            error.details["sent"] = self.authorization()
        return error


class LostIsNothing(Client):
    """Believes that a model which said nothing was not asked."""

    def send(self, operation: Operation, *request: Any) -> HttpReply:
        try:
            return super().send(operation, *request)
        except RetryableError as error:
            if operation.name == "route":
                error.outcome_unknown = False
            raise


SAYS_PURE = over_http(LLM_GATEWAY, Client, meets_wire={"models": "pure"})
SHOWS_KEY = over_http(LLM_GATEWAY, Client, __repr__=lambda self: f"TwinLLMGateway({self._client.authorization()})")


SABOTEURS = (
    Saboteur(
        "empty_when_throttled",
        over_http(LLM_GATEWAY, EmptyWhenThrottled),
        "llm_gateway.adapter.telemetry.error_rate",
        also=RECORDED,
        reason="the trial of each clause that throttles models is told that all is well",
    ),
    Saboteur(
        "empty_when_gone",
        over_http(LLM_GATEWAY, EmptyWhenGone),
        "llm_gateway.models.fault.status_404",
        also=("llm_gateway.models.fault.status_410",),
    ),
    Saboteur("quota_is_throttled", over_http(LLM_GATEWAY, QuotaIsThrottled), "llm_gateway.route.fault.hard_quota"),
    Saboteur("error_is_malformed", over_http(LLM_GATEWAY, ErrorIsMalformed), "llm_gateway.route.fault.error_in_200"),
    Saboteur("gone_is_unavailable", over_http(LLM_GATEWAY, GoneIsUnavailable), "llm_gateway.route.fault.status_410"),
    Saboteur("asks_twice", over_http(LLM_GATEWAY, AsksTwice), "llm_gateway.route.retry.one_attempt"),
    Saboteur("no_pace", over_http(LLM_GATEWAY, NoPace), "llm_gateway.route.retry.retry_after"),
    Saboteur("tells_its_key", over_http(LLM_GATEWAY, TellsItsKey), "llm_gateway.route.secrets.hidden"),
    Saboteur(
        "lost_is_nothing",
        over_http(LLM_GATEWAY, LostIsNothing),
        "llm_gateway.route.fault.reset_after",
        also=RECORDED,
        reason="there are many ways to lose an answer",
    ),
    Saboteur("says_pure", SAYS_PURE, "llm_gateway.models.wire.claim"),
    Saboteur("shows_key", SHOWS_KEY, "llm_gateway.adapter.secrets.repr"),
)
