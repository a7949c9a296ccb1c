"""The reference client: an adapter of any capability over the identity mapping.

What a fault can show wrong about an adapter is here one small method each, so that a wrong adapter is a
subclass with one method of its own.
"""

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import ValidationError

from ...errors import ErrorCode, ProviderError
from ...model.capability import Capability
from ...model.context import Context
from ...model.operation import Operation
from ...model.payload import Output
from ...primitives.http_call import HttpReply, exchange
from ...primitives.http_errors import error_of, error_of_status, retry_after_s

KEY = "idempotency_key"
Json = dict[str, Any]


class Twin:
    """Give a subclass its capability: ``class TwinAds(Twin, of=CAPABILITY)``; it gets a method per operation.

    config: base_url, token, cafile (a file of trusted certificates; the system's).
    """

    declares: ClassVar[Capability]
    capability: ClassVar[str]
    contract: ClassVar[str] = "1.0"
    traits: ClassVar[Any]

    def __init_subclass__(cls, of: Capability | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if of is None:
            return
        cls.declares, cls.capability = of, of.name
        for operation in of.operations.values():
            if operation.name not in vars(cls):
                setattr(cls, operation.name, _method(operation))

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._base_url = str(config["base_url"]).rstrip("/")
        self._token = str(config["token"])
        self._cafile = config.get("cafile")
        self._ctx = ctx

    # one call

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        """Checks, asks once, and understands the answer."""
        checked = self.declares.check(operation.name, **arguments)
        body = operation.arguments.model_construct(**checked).plain()
        body.pop(KEY, None)
        answer = self.ask(operation, operation.name, body, self.key_header(operation, checked))
        return self.output(operation, answer)

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> Any:
        """One request for an operation: the JSON of its success."""
        reply = self.send(operation, endpoint, body, headers)
        self.log(operation, reply)
        if not 200 <= reply.status < 300:
            raise self.refusal(operation, reply)
        answer = self.parsed(operation, reply)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise self.refusal(operation, reply)
        return answer

    # what saboteurs change

    def seconds(self) -> float:
        """The bound of one request."""
        return self._ctx.remaining()

    def authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"}

    def key_header(self, operation: Operation, arguments: Mapping[str, Any]) -> dict[str, str]:
        return {"idempotency-key": arguments[KEY]} if operation.key == KEY else {}

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Mapping[str, str]) -> HttpReply:
        """Sends one request, once."""
        return exchange(
            "POST",
            f"{self._base_url}/{endpoint}",
            headers={"content-type": "application/json", **self.authorization(), **headers},
            body=json.dumps(body).encode(),
            seconds=self.seconds(),
            effect=operation.effect,
            cafile=self._cafile,
        )

    def log(self, operation: Operation, reply: HttpReply) -> None:
        self._ctx.logger.debug("%s.%s: %d", self.capability, operation.name, reply.status)

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
        return retry_after_s(said, self._ctx.clock.now())

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


def _method(operation: Operation) -> Callable[..., Output]:
    """A method with the Protocol's signature."""
    signature = inspect.signature(operation.function)

    @functools.wraps(operation.function, assigned=("__name__", "__doc__"), updated=())
    def call(self: Twin, *positional: Any, **named: Any) -> Output:
        bound = signature.bind(self, *positional, **named)
        bound.apply_defaults()
        _, *names = signature.parameters
        return self.attempt(operation, {name: bound.arguments[name] for name in names})

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
