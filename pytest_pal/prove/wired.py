"""Over HTTP: the harness of a reference client with another client, or with a vendor that speaks otherwise."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ..errors import ErrorCode, PalError, ProviderError
from ..faults.message import Reply
from ..kit.endpoint import Endpoint, read
from ..kit.harness import Harness
from ..kit.sending import Asked
from ..kit.twins.client import Client
from ..kit.vendor import Vendor
from ..model.capability import Capability
from ..model.context import Context
from ..model.operation import Operation
from ..model.payload import Output
from ..primitives.http_call import HttpClient, HttpReply
from ..primitives.http_errors import error_of_status

Json = dict[str, Any]


def over_http(harness: Harness, client: type[Client], **members: Any) -> Harness:
    """The reference client of ``harness`` with a client of its own, and with ``members`` in its class."""
    made = type(f"{harness.cls.__name__}{client.__name__}", (harness.cls,), members, client=client)
    return replace(harness, cls=made)


class Excuses(Client):
    """Has an answer of its own for some errors of one operation."""

    of: ClassVar[str]

    def excuse(self, error: ProviderError, arguments: Mapping[str, Any]) -> Json | None:
        raise NotImplementedError

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except ProviderError as error:
            answer = self.excuse(error, arguments) if operation.name == self.of else None
            if answer is None:
                raise
            return operation.output.model_validate(answer)


class ReadsItsWords(Client):
    """A vendor that zips and cuts its answers, closes each connection, and has error bodies of its own.

    Where it gives a reason it did nothing, but for a connection that it lost itself.
    """

    def __init__(self, capability: Capability, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(capability, config, ctx)
        self._http = HttpClient(cafile=config.get("cafile"), keeps=False)

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> HttpReply:
        reply = super().send(operation, endpoint, body, {**headers, "accept-encoding": "gzip"})
        is_zipped = reply.headers.get("content-encoding") == "gzip"
        return HttpReply(reply.status, reply.headers, gzip.decompress(reply.body)) if is_zipped else reply

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        reason = _reason(reply)
        return error_of_status(
            reply.status,
            effect=operation.effect,
            code=reason,
            retry_after=self.wait(reply, {}),
            outcome_unknown=None if reason in (None, ErrorCode.CONNECTION) else False,
        )


def _reason(reply: HttpReply) -> ErrorCode | None:
    try:
        return ErrorCode(json.loads(reply.body)["fault"]["reason"])
    except (ValueError, LookupError, TypeError):
        return None


def _in_its_words(status: int, code: str | None, message: str) -> Json:
    return {"ok": False, "fault": {"reason": code or f"E{status}", "detail": [message]}}


class _Zipped:
    """An answer in gzip and in chunks."""

    parameter = ""

    def __call__(self, content: Any, asked: Asked) -> Reply:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return Reply(200, headers, gzip.compress(json.dumps(content).encode(), mtime=0), chunked=True)


class AsksFirst(Client):
    """Two requests for each operation: whether the vendor is there, and then what for."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        super().ask(operation, "ready", body, {})
        return super().ask(operation, endpoint, body, headers)


def in_its_words(harness: Harness) -> Harness:
    """A correct client of a vendor that zips, cuts, hangs up, and has error bodies of its own."""
    zipped = tuple(replace(endpoint, sent=_Zipped()) for endpoint in _vendor(harness).endpoints)
    vendor = Vendor(zipped, auth=_vendor(harness).auth, error_body=_in_its_words)
    return replace(over_http(harness, ReadsItsWords), vendor=vendor)


def asking_first(harness: Harness, *, per: str | None = None) -> Harness:
    """A correct client that makes two requests for an operation; ``per`` as of the endpoints of its vendor."""
    ready: Endpoint = read("POST /ready", calls=lambda request, mock, scratch: {"ready": True}, per=per)
    vendor = Vendor(_vendor(harness).endpoints, ready, auth=_vendor(harness).auth)
    return replace(over_http(harness, AsksFirst), vendor=vendor)


def _vendor(harness: Harness) -> Vendor:
    if harness.vendor is None:
        raise PalError(f"the harness of {harness.cls.__name__} has no vendor; these variants are of a client over HTTP")
    return harness.vendor
