"""Wrong over HTTP: what clients of a customer data platform are tempted to do when it does not answer."""

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...kit.twins.client import Client
from ...kit.twins.harness import CDP
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http

Json = dict[str, Any]


def receipt(arguments: Mapping[str, Any]) -> Json:
    return {name: arguments[name] for name in ("event_id", "profile_id")}


class FiresAndForgets(Excuses):
    """Nothing must fail for an event that is lost."""

    of = "ingest_event"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return receipt(arguments) if error.code == "connection" else None


class EmptyIsAccepted(Client):
    """Takes any 2xx for a receipt, also an empty one."""

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        if operation.name != "ingest_event" or reply.body:
            return super().parsed(operation, reply)
        return {"event_id": "accepted", "profile_id": "accepted"}


class OverlooksItemErrors(Client):
    """Looks at the status only, though the vendor says inside what it did not take."""

    def answer(self, operation: Operation, reply: HttpReply) -> Any:
        if operation.name == "ingest_event" and reply.status == 200 and b'"error"' in reply.body:
            return {"event_id": "sent", "profile_id": "sent"}
        return super().answer(operation, reply)


class DuplicateIsFine(Excuses):
    """Takes every conflict for an event that is there already."""

    of = "ingest_event"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return receipt(arguments) if error.code == "conflict" else None


class IdsOfItsOwn(Client):
    """Gives every event that it sends an id of its own, as its vendor's library would."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name != "ingest_event":
            return super().ask(operation, endpoint, body, headers)
        answer = super().ask(operation, endpoint, {**body, "event_id": self.ctx.ids.new()}, headers)
        return {**answer, "event_id": body["event_id"]} if isinstance(answer, dict) else answer


class PatchesAgain(Client):
    """A patch may be repeated, so this client repeats it by itself."""

    def send(self, operation: Operation, *request: Any) -> HttpReply:
        try:
            return super().send(operation, *request)
        except RetryableError as error:
            if operation.name != "upsert_profile" or error.code != "connection":
                raise
            return super().send(operation, *request)


class UnknownIsEmpty(Excuses):
    """A profile that nobody has is one without traits."""

    of = "get_profile"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"id": arguments["id"], "traits": {}, "identifiers": {}} if error.code == "not_found" else None


class LastKnown(Client):
    """Where the vendor is down, it shows what it last knew."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        known: dict[str, Any] = self.__dict__.setdefault("known", {})
        try:
            answer = super().attempt(operation, arguments)
        except RetryableError as error:
            if operation.name != "get_profile" or error.code != "unavailable" or arguments["id"] not in known:
                raise
            return operation.output.model_validate(known[arguments["id"]])
        if operation.name in ("upsert_profile", "get_profile"):
            known[arguments["id"]] = answer.plain()
        return answer


class EmptiesFirst(Client):
    """Replaces an audience by emptying it and adding everybody."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "sync_audience":
            super().ask(operation, endpoint, {**body, "members": []}, headers)
        return super().ask(operation, endpoint, body, headers)


class WaitsForJobs(Client):
    """Gives a sync of an audience an hour, since it may be large."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "sync_audience":
            self._running.deadline = type(self._running.deadline)(3_600.0)
        return super().ask(operation, endpoint, body, headers)


class WaitsForDatesOnly(Client):
    """Overlooks a Retry-After in seconds."""

    def wait(self, reply: HttpReply, told: Mapping[str, Any]) -> float | None:
        return None if reply.headers.get("retry-after", "").isdecimal() else super().wait(reply, told)


class DebugsWithHeaders(Client):
    """Logs an upsert that failed with all that was sent."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        if operation.name == "upsert_profile":
            self.ctx.logger.info("upsert failed: %s %s", reply.status, self.authorization())
        return super().refusal(operation, reply)


SYNC = "cdp.sync_audience."

SABOTEURS = (
    Saboteur(
        "fires_and_forgets",
        over_http(CDP, FiresAndForgets),
        "cdp.ingest_event.fault.refused",
        RECORDED,
        "no connection that breaks is told",
    ),
    Saboteur("empty_is_accepted", over_http(CDP, EmptyIsAccepted), "cdp.ingest_event.fault.empty"),
    Saboteur("overlooks_item_errors", over_http(CDP, OverlooksItemErrors), "cdp.ingest_event.fault.error_in_200"),
    Saboteur("duplicate_is_fine", over_http(CDP, DuplicateIsFine), "cdp.ingest_event.fault.status_409"),
    Saboteur(
        "ids_of_its_own",
        over_http(CDP, IdsOfItsOwn),
        "cdp.ingest_event.idempotency.lost_ack",
        RECORDED,
        "the vendor never sees an event's id",
    ),
    Saboteur("patches_again", over_http(CDP, PatchesAgain), "cdp.upsert_profile.retry.no_replay", RECORDED),
    Saboteur("unknown_is_empty", over_http(CDP, UnknownIsEmpty), "cdp.get_profile.fault.status_404", RECORDED),
    Saboteur(
        "last_known",
        over_http(CDP, LastKnown),
        "cdp.get_profile.fault.status_503",
        RECORDED,
    ),
    Saboteur("empties_first", over_http(CDP, EmptiesFirst), "cdp.adapter.scenario.long_life", RECORDED),
    Saboteur("waits_for_jobs", over_http(CDP, WaitsForJobs), SYNC + "fault.hang", RECORDED),
    Saboteur("waits_for_dates_only", over_http(CDP, WaitsForDatesOnly), SYNC + "retry.retry_after", RECORDED),
    Saboteur("debugs_with_headers", over_http(CDP, DebugsWithHeaders), "cdp.upsert_profile.secrets.hidden"),
)
