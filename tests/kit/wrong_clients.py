"""Clients of the twins that are wrong in one thing each; what they get wrong is their first line."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.kit.twins.client import KEY, Client, Json
from pytest_pal.model.operation import Operation
from pytest_pal.model.payload import Output
from pytest_pal.primitives.http_call import HttpReply
from pytest_pal.primitives.http_errors import error_of

PAUSED = {
    "id": "cmp_1",
    "name": "Spring",
    "budget": 5_000_000,
    "currency": "USD",
    "objective": "sales",
    "status": "paused",
}
Headers = Mapping[str, str]


# keys


class Keyless(Client):
    """Sends no idempotency key."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {}


class OneKeyForAll(Client):
    """Sends one key for equal payloads, whatever the caller's key is."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {"idempotency-key": "the-key"} if operation.key == KEY else {}


class NewKeyEachTime(Client):
    """Sends a new key with each attempt."""

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {"idempotency-key": self.ctx.ids.new()} if operation.key == KEY else {}


# attempts


class Insistent(Client):
    """Sends each request twice."""

    def send(self, *request: Any) -> HttpReply:
        super().send(*request)
        return super().send(*request)


class Retrying(Client):
    """Has a hidden retry, for these codes."""

    codes: frozenset[str] = frozenset({"unavailable", "connection", "rate_limited"})

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if error.code not in self.codes:
                raise
            return super().ask(operation, endpoint, body, headers)


class RetryingThrottled(Retrying):
    """Asks again at once when it is throttled."""

    codes = frozenset({"rate_limited"})


class RetryingLost(Retrying):
    """Asks again when the connection is lost."""

    codes = frozenset({"connection"})


class RetryingSlow(Client):
    """Has half of its bound for each of two tries."""

    def left(self) -> float:
        return super().left() / 2

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> Any:
        try:
            return super().ask(operation, endpoint, body, headers)
        except RetryableError as error:
            if error.code != "timeout":
                raise
            return super().ask(operation, endpoint, body, headers)


# bounds


class Unbounded(Client):
    """Waits for as long as the vendor likes."""

    def seconds(self) -> float:
        return 3600.0


class BoundsEachRead(Client):
    """Bounds each read of its socket, and not the attempt: a vendor that drips is waited for."""

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> HttpReply:
        address = urlsplit(self._base_url)
        trust = None if address.scheme == "http" else ssl.create_default_context(cafile=self._cafile)
        connection: Any = http.client.HTTPConnection(address.netloc, timeout=self.left())
        if trust is not None:
            connection = http.client.HTTPSConnection(address.netloc, timeout=self.left(), context=trust)
        sent = {"content-type": "application/json", **self.authorization(), **headers}
        asked = False
        try:
            connection.connect()
            connection.request("POST", f"/{endpoint}", json.dumps(body), sent)
            asked = operation.effect == "write"
            reply = connection.getresponse()
            return HttpReply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        except TimeoutError as error:
            raise RetryableError("timeout", outcome_unknown=asked) from error
        except (OSError, http.client.HTTPException) as error:
            raise RetryableError("connection", type(error).__name__, outcome_unknown=asked) from error
        finally:
            connection.close()

    def __init__(self, capability: Any, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(capability, config, ctx)
        self._cafile = config.get("cafile")


# what a failure means


class Swallowing(Client):
    """Takes every failure for a success."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except Exception:  # noqa: BLE001 - this is what is wrong about it
            return operation.output.model_construct(**PAUSED)


class Translating(Client):
    """Tells another error than the right one."""

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        try:
            return super().attempt(operation, arguments)
        except ProviderError as error:
            raise self.told(error) from error.__cause__

    def told(self, error: ProviderError) -> Exception:
        raise NotImplementedError


class Raw(Translating):
    """Lets the exceptions of its libraries through."""

    def told(self, error: ProviderError) -> Exception:
        if error.code == "malformed_reply":
            return ValueError("Expecting value")
        return error.__cause__ if isinstance(error.__cause__, OSError) else error


class AlwaysKnown(Translating):
    """Never says that an outcome is unknown."""

    def told(self, error: ProviderError) -> Exception:
        return error_of(error.code, outcome_unknown=False, retry_after=getattr(error, "retry_after", None))


class NeverKnown(Translating):
    """Says of each failure that its outcome is unknown."""

    def told(self, error: ProviderError) -> Exception:
        return error_of(error.code, outcome_unknown=True, retry_after=getattr(error, "retry_after", None))


class Final(Translating):
    """Makes every failure one that may not be tried again."""

    def told(self, error: ProviderError) -> Exception:
        return NonRetryableError("invalid", outcome_unknown=error.outcome_unknown)


class Hopeful(Translating):
    """Makes every failure one that may be tried again."""

    def told(self, error: ProviderError) -> Exception:
        return RetryableError("unavailable", outcome_unknown=error.outcome_unknown)


class Hasty(Translating):
    """Does not pass on for how long its vendor asked to wait."""

    def told(self, error: ProviderError) -> Exception:
        return error_of(error.code, outcome_unknown=error.outcome_unknown)


class Sulking(Client):
    """Never works again once it has failed."""

    failed = False

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        if self.failed:
            raise RetryableError("unavailable", "it has failed before")
        try:
            return super().attempt(operation, arguments)
        except ProviderError:
            self.failed = True
            raise


class ByTheStatus(Client):
    """Does not read what the vendor says in the body of an error."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        return super().refusal(operation, HttpReply(reply.status, reply.headers, b""))


class TakesAnyBody(Client):
    """Makes a result of whatever comes with a 200."""

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        try:
            return super().parsed(operation, reply)
        except ProviderError:
            return PAUSED

    def output(self, operation: Operation, answer: Any) -> Output:
        try:
            return super().output(operation, answer)
        except ProviderError:
            return operation.output.model_construct(**PAUSED)


class Follows(Client):
    """Goes where a redirect sends it, token and all."""

    def send(self, *request: Any) -> HttpReply:
        reply = super().send(*request)
        while 300 <= reply.status < 400:
            elsewhere = reply.headers["location"]
            reply = self._http.exchange("GET", elsewhere, headers=self.authorization(), seconds=self.left())
        return reply


class TrustsAnybody(Client):
    """Does not look at certificates."""

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> HttpReply:
        if not self._base_url.startswith("https"):
            return super().send(operation, endpoint, body, headers)
        trust = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(urlsplit(self._base_url).netloc, context=trust, timeout=self.left())
        connection.request("POST", f"/{endpoint}", json.dumps(body), {**self.authorization(), **headers})
        reply = connection.getresponse()
        try:
            return HttpReply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()


class LooksUpAtOnce(Client):
    """Lets the error of a look-up through, which it makes itself."""

    def send(self, *request: Any) -> HttpReply:
        socket.getaddrinfo(urlsplit(self._base_url).hostname, 0)
        return super().send(*request)


class MindsTheClock(Client):
    """Refuses answers whose date is not its own."""

    def answer(self, operation: Operation, reply: HttpReply) -> Any:
        date = reply.headers.get("date")
        if date and abs((parsedate_to_datetime(date) - self.ctx.clock.now()).total_seconds()) > 3600:
            raise NonRetryableError("malformed_reply", "the clocks differ", outcome_unknown=True)
        return super().answer(operation, reply)


# secrets


class Talkative(Client):
    """Logs its token."""

    def log(self, operation: Operation, reply: HttpReply) -> None:
        self.ctx.logger.info("sent %s", self.authorization())


class Quoting(Client):
    """Repeats in its errors what the vendor said."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        return error_of(error.code, reply.body.decode(), outcome_unknown=error.outcome_unknown)


class Attaching(Client):
    """Attaches its request to the errors that it raises."""

    def send(self, *request: Any) -> HttpReply:
        try:
            return super().send(*request)
        except ProviderError as error:
            error.request = {"headers": self.authorization()}  # type: ignore[attr-defined]
            raise


class Misreading(Client):
    """Takes one status for another thing than it is."""

    status: int

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        return error if reply.status != self.status else error_of("content_refused", "it was misread")


# several requests, and none


class LeavesHalf(Client):
    """Keeps its keys in memory, and those of calls that succeed only: what it began before is begun again."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.ended: dict[str, Output] = {}

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        key = str(arguments.get(KEY))
        if key not in self.ended:
            made = super().attempt(operation, arguments)
            if operation.key != KEY:
                return made
            self.ask(operation, "confirm", {}, {})
            self.ended[key] = made
        return self.ended[key]


class Remembers(Client):
    """Answers what it was asked before from what it was told then."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.told: dict[str, Output] = {}

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        if operation.name not in self.told:
            self.told[operation.name] = super().attempt(operation, arguments)
        return self.told[operation.name]
