"""The reference client: an adapter of any capability over the identity mapping.

A `Twin` has the operations, its `Client` everything else. What a fault can show wrong about an adapter is one
small method of the client, so that a wrong adapter of any capability is a client with one method of its own:
``class Keyless(TwinAds, client=KeylessClient)``.
"""

import functools
import inspect
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import ValidationError

from ...errors import ErrorCode, ProviderError
from ...model.capability import Capability
from ...model.context import Context
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import Deadline, HttpClient, HttpReply
from ...primitives.http_errors import error_of, error_of_status, retry_after_s

KEY = "idempotency_key"
Json = dict[str, Any]


class Client:
    """Asks the vendor of one capability. config: base_url, token, cafile (trusted certificates; the system's).

    Safe for threads. An attempt is one `begin` and the requests after it, on one thread. `close` lets its
    connections go.
    """

    def __init__(self, capability: Capability, config: Mapping[str, Any], ctx: Context) -> None:
        self.capability, self.ctx = capability, ctx
        self._base_url = str(config["base_url"]).rstrip("/")
        self._token = str(config["token"])
        self._http = HttpClient(cafile=config.get("cafile"))
        self._running = threading.local()

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        """Checks, asks once, and understands the answer."""
        checked = self.capability.check(operation.name, **arguments)
        self.begin()
        body = operation.arguments.model_construct(**checked).plain()
        body.pop(KEY, None)
        answer = self.ask(operation, operation.name, body, self.key_header(operation, checked))
        return self.output(operation, answer)

    def close(self) -> None:
        self._http.close()

    def begin(self) -> None:
        """Starts the bound of one attempt."""
        self._running.deadline = Deadline(self.seconds())

    def left(self) -> float:
        """Seconds that are left of the attempt."""
        left: float = self._running.deadline.left()
        return left

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        """One request for an operation: the JSON of its success."""
        return self.answer(operation, self.send(operation, endpoint, body, headers))

    def answer(self, operation: Operation, reply: HttpReply) -> Any:
        """The JSON of a success. Raises what any other reply means."""
        self.log(operation, reply)
        if not 200 <= reply.status < 300:
            raise self.refusal(operation, reply)
        answer = self.parsed(operation, reply)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise self.refusal(operation, reply)
        return answer

    def seconds(self) -> float:
        """The bound of one attempt."""
        return self.ctx.remaining()

    def authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"}

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {"idempotency-key": arguments[KEY]} if operation.key == KEY else {}

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> HttpReply:
        """Sends one request, once."""
        return self._http.exchange(
            "POST",
            f"{self._base_url}/{endpoint}",
            headers={"content-type": "application/json", **self.authorization(), **headers},
            body=json.dumps(body).encode(),
            seconds=self.left(),
            effect=operation.effect,
        )

    def log(self, operation: Operation, reply: HttpReply) -> None:
        self.ctx.logger.debug("%s.%s: %d", self.capability.name, operation.name, reply.status)

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        """What an answer that is no success means: by the body's own words first, else by its status.

        The vendor's message is not repeated: it may echo the request, token and all.
        """
        told = _told(reply)
        return error_of_status(
            reply.status,
            f"{operation.name}: the vendor answered {reply.status}",
            effect=operation.effect,
            code=_code(told),
            retry_after=self.wait(reply, told),
            outcome_unknown=_flag(told.get("outcome_unknown")),
            details=_mapping(told.get("details")),
        )

    def wait(self, reply: HttpReply, told: Mapping[str, Any]) -> float | None:
        """Seconds that the vendor asks to wait: by the header, else by the body."""
        said = reply.headers.get("retry-after", str(told.get("retry_after")))
        return retry_after_s(said, self.ctx.clock.now())

    def parsed(self, operation: Operation, reply: HttpReply) -> Any:
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            pass
        # Raised out here, since the cause would quote the body, which may echo the token.
        raise self.malformed(operation, "its answer is no JSON")

    def output(self, operation: Operation, answer: Any) -> Output:
        try:
            return operation.output.model_validate(answer)
        except ValidationError:
            pass
        raise self.malformed(operation, "its answer is not what the contract promises")

    def malformed(self, operation: Operation, why: str) -> ProviderError:
        unknown = operation.effect == "write"
        return error_of("malformed_reply", f"{operation.name}: {why}", outcome_unknown=unknown)


class Twin:
    """Give a subclass its capability: ``class TwinAds(Twin, of=CAPABILITY)``; it gets a method per operation.

    All other names begin with an underscore, or are those of every adapter: operations may have any name.
    """

    capability: ClassVar[str]
    contract: ClassVar[str] = "1.0"
    traits: ClassVar[Any]
    _of: ClassVar[Capability]
    _speaks: ClassVar[type[Client]] = Client

    def __init_subclass__(cls, of: Capability | None = None, client: type[Client] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls._speaks = client or cls._speaks
        if of is None:
            return
        cls._of, cls.capability = of, of.name
        for operation in of.operations.values():
            setattr(cls, operation.name, _method(operation))

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._client = self._speaks(self._of, config, ctx)

    def close(self) -> None:
        self._client.close()

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        return self._client.attempt(operation, arguments)


def _method(operation: Operation) -> Callable[..., Output]:
    """A method with the Protocol's signature."""
    signature = inspect.signature(operation.function)

    @functools.wraps(operation.function, assigned=("__name__", "__doc__"), updated=())
    def call(self: Twin, *positional: Any, **named: Any) -> Output:
        bound = signature.bind(self, *positional, **named)
        bound.apply_defaults()
        _, *names = signature.parameters
        return self._call(operation, {name: bound.arguments[name] for name in names})

    return call


def _told(reply: HttpReply) -> Mapping[str, Any]:
    """The member ``error`` of a body; empty where it has none."""
    try:
        return _mapping(json.loads(reply.body)["error"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _code(told: Mapping[str, Any]) -> ErrorCode | None:
    try:
        return ErrorCode(told["code"])
    except (KeyError, ValueError):
        return None
