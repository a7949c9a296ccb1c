"""Wrong over HTTP: what clients of a vector store are tempted to do when it does not answer."""

from collections.abc import Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...kit.twins.client import Client
from ...kit.twins.harness import VECTORSTORE
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply
from ..saboteur import RECORDED, Saboteur
from ..wired import Excuses, over_http
from .changes import Json


class NotYetIsEmpty(Excuses):
    """A collection that is not there has nothing to find."""

    of = "search"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"hits": []} if error.code == "not_found" else None


class UnreadableIsEmpty(Excuses):
    """An answer without hits that can be read has no hits."""

    of = "search"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"hits": []} if error.code == "malformed_reply" and not error.message.endswith("307") else None


class DownIsEmpty(Excuses):
    """A search must never break a page."""

    of = "search"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {"hits": []} if error.code == "timeout" else None


class AliasIsThere(Excuses):
    """Takes every conflict of a swap for an alias that stands there already."""

    of = "swap"

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        return {**arguments, "previous": arguments["collection"]} if error.message.endswith("409") else None


class AcceptedIsStored(Client):
    """Takes any 2xx of an upsert for success, also one without a body."""

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        return super().parsed(operation, reply) if operation.name != "index" or reply.body else {"stored": 0}


class OverlooksItemErrors(Client):
    """Looks at the status only, though the vendor says inside what it did not take."""

    def answer(self, operation: Operation, reply: HttpReply) -> Any:
        if operation.name == "index" and reply.status == 200 and b'"error"' in reply.body:
            return {"stored": 0}
        return super().answer(operation, reply)


class InHalves(Client):
    """Sends records in halves, and names those of a second half that could not be stored: correct."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name != "index" or len(body["records"]) < 2:
            return super().ask(operation, endpoint, body, headers)
        half = len(body["records"]) // 2
        first = self._part(operation, endpoint, {**body, "records": body["records"][:half]})
        return self._rest(operation, endpoint, {**body, "records": body["records"][half:]}, first)

    def named(self, records: list[Json], error: ProviderError) -> list[Json]:
        why = {"code": str(error.code), "retryable": isinstance(error, RetryableError)}
        return [{"id": record["id"], **why} for record in records]

    def _part(self, operation: Operation, endpoint: str, body: Json) -> Json:
        return self.output(operation, super().ask(operation, endpoint, body, {})).plain()

    def _rest(self, operation: Operation, endpoint: str, body: Json, first: Json) -> Json:
        try:
            rest = self._part(operation, endpoint, body)
        except ProviderError as error:
            return {**first, "failed": self.named(body["records"], error)}
        return {"stored": first["stored"] + rest["stored"], "failed": [*first["failed"], *rest["failed"]]}


class HidesTheRest(InHalves):
    """Counts what got through, and does not name the rest."""

    def named(self, records: list[Json], error: ProviderError) -> list[Json]:
        return []


class NamesThemInvalid(InHalves):
    """Has one code for whatever was not stored."""

    def named(self, records: list[Json], error: ProviderError) -> list[Json]:
        return [{"id": record["id"], "code": "invalid", "retryable": False} for record in records]


class UpsertsAgain(Client):
    """An upsert may be repeated, so this client repeats it by itself."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if operation.name != "index" or error.code != "unavailable":
                raise
            return super().ask(operation, endpoint, body, headers)


class SwapsToBeSure(Client):
    """Swaps twice, and tells what the second one said."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "swap":
            super().ask(operation, endpoint, body, headers)
        return super().ask(operation, endpoint, body, headers)


class WaitsForTheIndex(Client):
    """Gives an upsert an hour, since building an index takes its time."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        if operation.name == "index":
            self._running.deadline = type(self._running.deadline)(3_600.0)
        return super().ask(operation, endpoint, body, headers)


class SaysItDidNotHappen(Client):
    """Says of a swap that took too long that it did not happen."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except RetryableError as error:
            if operation.name == "swap" and error.code == "timeout":
                error.outcome_unknown = False
            raise


class ShowsItsRequest(Client):
    """Keeps the request with the error, headers and all."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        if operation.name == "search":
            error.__cause__ = OSError(f"POST /search {self.authorization()}")
        return error


class WaitsALittleAtMost(Client):
    """Does not believe a vendor that asks it to wait for long."""

    def wait(self, reply: HttpReply, told: Mapping[str, Any]) -> float | None:
        seconds = super().wait(reply, told)
        return seconds and min(seconds, 5.0)


SEARCH, INDEX, SWAP = "vectorstore.search.", "vectorstore.index.", "vectorstore.swap."
SILENT = "whatever does not come in time is one thing to it"

SABOTEURS = (
    Saboteur("not_yet_is_empty", over_http(VECTORSTORE, NotYetIsEmpty), SEARCH + "fault.status_404", RECORDED),
    Saboteur("unreadable_is_empty", over_http(VECTORSTORE, UnreadableIsEmpty), SEARCH + "fault.malformed", RECORDED),
    Saboteur("down_is_empty", over_http(VECTORSTORE, DownIsEmpty), SEARCH + "fault.hang", RECORDED, SILENT),
    Saboteur("alias_is_there", over_http(VECTORSTORE, AliasIsThere), SWAP + "fault.status_409", RECORDED),
    Saboteur("accepted_is_stored", over_http(VECTORSTORE, AcceptedIsStored), INDEX + "fault.empty"),
    Saboteur("overlooks_item_errors", over_http(VECTORSTORE, OverlooksItemErrors), INDEX + "fault.error_in_200"),
    Saboteur(
        "hides_the_rest",
        over_http(VECTORSTORE, HidesTheRest),
        INDEX + "fault.status_503",
        RECORDED,
        "no failure of the second request is told",
    ),
    Saboteur(
        "names_them_invalid",
        over_http(VECTORSTORE, NamesThemInvalid),
        INDEX + "fault.status_429",
        RECORDED,
        "each failure of the second request has the wrong code",
    ),
    Saboteur("upserts_again", over_http(VECTORSTORE, UpsertsAgain), INDEX + "retry.one_attempt", RECORDED),
    Saboteur(
        "swaps_to_be_sure", over_http(VECTORSTORE, SwapsToBeSure), "vectorstore.adapter.scenario.long_life", RECORDED
    ),
    Saboteur("waits_for_the_index", over_http(VECTORSTORE, WaitsForTheIndex), INDEX + "fault.hang", RECORDED),
    Saboteur("says_that_it_did_not_happen", over_http(VECTORSTORE, SaysItDidNotHappen), SWAP + "fault.hang", RECORDED),
    Saboteur("shows_its_request", over_http(VECTORSTORE, ShowsItsRequest), SEARCH + "secrets.hidden"),
    Saboteur("waits_a_little_at_most", over_http(VECTORSTORE, WaitsALittleAtMost), SEARCH + "retry.retry_after"),
)
