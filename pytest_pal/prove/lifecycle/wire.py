"""Wrong over HTTP: what clients of a messaging vendor are tempted to do when it does not answer."""

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...kit.twins.client import Client
from ...kit.twins.harness import LIFECYCLE
from ...mocks.lifecycle import MockLifecycle
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http
from .changes import Json


class GoneOptedOut(Excuses):
    """Takes an address that is gone for somebody who opted out: push vendors say 410 for both."""

    of = "send"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"id": "gone", "status": "suppressed"} if error.message.endswith("410") else None


class EmptyIsAccepted(Client):
    """Takes any 2xx for a receipt, also one that it cannot read."""

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        if operation.name != "send" or reply.body:
            return super().parsed(operation, reply)
        return {"id": self.ctx.ids.new(), "status": "accepted"}


class SendsWhatItCannotSchedule(Client):
    """Where the vendor does not schedule, it sends now: better early than never."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if operation.name != "schedule" or error.code != "rate_limited":
                raise
            return super().ask(operation, "send", {"message": body["message"]}, headers)


class RepeatsThrottled(Client):
    """Knows that the vendor throttles bursts, and tries once more at once."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if operation.name != "send" or error.code != "rate_limited":
                raise
            return super().ask(operation, endpoint, body, headers)


class SchedulesKeyless(Client):
    """The vendor documents its key for send only."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {} if operation.name == "schedule" else super().key_header(operation, arguments)


class KeyOfTheAttempt(Client):
    """Adds the time to the key, so that the vendor's day-long memory does not matter."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        key = super().key_header(operation, arguments)
        stamp = format(self.ctx.clock.now().timestamp(), ".6f")
        return {name: f"{value[:40]}-{stamp}" for name, value in key.items()} if operation.name == "send" else key


class WaitsMilliseconds(Client):
    """Reads Retry-After as milliseconds."""

    def wait(self, reply: HttpReply, told: Mapping[str, Any]) -> float | None:
        seconds = super().wait(reply, told)
        return seconds and seconds / 1_000


class SaysWhoWasAsked(Client):
    """Says in its error what it sent, headers and all, so that support can help."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        if operation.name == "schedule":
            error.details["request"] = self.authorization()
        return error


class NotSentIsKnown(Client):
    """Says of a message whose answer never came that it was not sent."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except ProviderError as error:
            if operation.name == "send" and error.code in ("timeout", "malformed_reply"):
                error.outcome_unknown = False
            raise


class DraftsFirst(Client):
    """Saves a message as a draft before it schedules it, and the vendor sends its drafts."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "schedule":
            super().ask(operation, "send", {"message": body["message"]}, headers)
        return super().ask(operation, endpoint, body, headers)


class PreviewsAtHome(Client):
    """Renders previews by itself, and does not say so."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        if operation.name != "preview" or arguments["message"].template is not None:
            return super().attempt(operation, arguments)
        seen = MockLifecycle({}, self.ctx).preview(arguments["message"])
        return operation.output.model_validate(seen)


UNSURE = "each answer that is late or cannot be read leaves it unsure"
AT_HOME = "no preview meets its vendor, so that none of its faults is told"

SABOTEURS = (
    Saboteur("gone_opted_out", over_http(LIFECYCLE, GoneOptedOut), "lifecycle.send.fault.status_410"),
    Saboteur("empty_is_accepted", over_http(LIFECYCLE, EmptyIsAccepted), "lifecycle.send.fault.empty"),
    Saboteur(
        "sends_what_it_cannot_schedule",
        over_http(LIFECYCLE, SendsWhatItCannotSchedule),
        "lifecycle.schedule.retry.one_attempt",
        RECORDED,
    ),
    Saboteur("repeats_throttled", over_http(LIFECYCLE, RepeatsThrottled), "lifecycle.send.retry.one_attempt", RECORDED),
    Saboteur(
        "schedules_keyless",
        over_http(LIFECYCLE, SchedulesKeyless),
        "lifecycle.schedule.idempotency.lost_ack",
        RECORDED,
        "the vendor never sees a key of schedule",
    ),
    Saboteur(
        "key_of_the_attempt",
        over_http(LIFECYCLE, KeyOfTheAttempt),
        "lifecycle.send.retry.stable_key",
        RECORDED,
        "no repeat has the key of the first call",
    ),
    Saboteur("waits_milliseconds", over_http(LIFECYCLE, WaitsMilliseconds), "lifecycle.send.retry.retry_after"),
    Saboteur("says_who_was_asked", over_http(LIFECYCLE, SaysWhoWasAsked), "lifecycle.schedule.secrets.hidden"),
    Saboteur("not_sent_is_known", over_http(LIFECYCLE, NotSentIsKnown), "lifecycle.send.fault.hang", RECORDED, UNSURE),
    Saboteur(
        "drafts_first",
        over_http(LIFECYCLE, DraftsFirst),
        "lifecycle.schedule.idempotency.interrupted",
        RECORDED,
        "every message that is scheduled is sent, too",
    ),
    Saboteur(
        "previews_at_home", over_http(LIFECYCLE, PreviewsAtHome), "lifecycle.preview.wire.claim", RECORDED, AT_HOME
    ),
)
