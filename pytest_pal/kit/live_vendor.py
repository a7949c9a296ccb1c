"""A vendor of one item: the mock behind a loopback server, its ledger, and the fault that is switched on."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic_core import to_jsonable_python

from ..canonical import digest
from ..clock import SimulatedClock
from ..errors import NonRetryableError, PalError, ProviderError, RetryableError
from ..faults.catalogue import Fault
from ..faults.message import Delivery, Reply, Request
from ..faults.rpc import RpcServer
from ..faults.server import HttpServer
from ..model.capability import Capability
from ..model.context import Context, Ids
from ..model.values import KEY_PATTERN
from ..primitives.state import State
from .endpoint import COUNTED, Endpoint
from .ledger import Entry, Ledger
from .sending import Asked
from .vendor import Vendor, json_reply
from .wire_templates import arguments, body, place

OK = 200
ERRORS = 400
SERVED_S = 0.001
"""What a served request takes on the simulated clock, in seconds."""
_KEY = re.compile(KEY_PATTERN)


TOKEN = 0
"""In the place of a number: requests for a token, which have none."""


@dataclass
class Switch:
    """A fault that is on from the ``at``-th request of a window, or at `TOKEN`; ``fired`` counts what it met."""

    fault: Fault
    at: int
    fired: int = 0

    def meets(self, number: int) -> bool:
        """Whether the request with this number fails, or one for a token, whose number is `TOKEN`."""
        placed = number >= self.at if TOKEN not in (number, self.at) else number == self.at
        return placed and (self.fault.times is None or self.fired < self.fault.times)


@dataclass
class Wiring:
    """What an item gives its vendor: the clock and ids of the bench, the mock's configuration, the secret.

    ``host`` is the name in ``url``; ``foreign`` shows a stranger's certificate.
    """

    capability: Capability
    clock: SimulatedClock
    ids: Ids
    config: Mapping[str, Any]
    secret: str
    host: str = "127.0.0.1"
    foreign: bool = False


class LiveVendor:
    """What a harness's functions are handed: ``url``, ``secret``, ``cafile``, ``mock``, ``scratch``."""

    _answering: ClassVar["LiveVendor | None"] = None

    def __init__(self, vendor: Vendor, wiring: Wiring) -> None:
        self._vendor, self._wiring = vendor, wiring
        self.secret = wiring.secret
        self.begin()
        self._open, self._leading = ExitStack(), ExitStack()
        self._server = self._serve()
        self.answer()

    def begin(self) -> None:
        """Forgets everything: an empty mock, no request, no fault."""
        self.ledger = Ledger()
        self._wrong: list[str] = []
        self.strayed: list[Request] = []
        self.scratch: State = {}
        self._replies: dict[tuple[str, str], tuple[str, Any]] = {}
        self._tokens: dict[str, None] = {self.secret: None}
        self.switch: Switch | None = None
        self._met = ""
        self.__dict__.pop("mock", None)

    def _serve(self) -> HttpServer | RpcServer:
        if codecs := self._vendor.codecs:
            return self._open.enter_context(RpcServer(self._respond, codecs))
        hosts, foreign = self._vendor.hosts, self._wiring.foreign
        if not hosts and not foreign:
            return self._open.enter_context(HttpServer(self._respond))
        from ..faults.tls import foreign_context, server_context

        context = foreign_context(*hosts) if foreign else server_context(*hosts)
        return self._open.enter_context(HttpServer(self._respond, tls=context))

    def answer(self) -> None:
        """Has the hosts that the SDK has built in lead here; of several vendors of a process one answers at a time."""
        if self.hosts and LiveVendor._answering is not self:
            from ..faults.redirect import redirected

            self._leading.close()
            self._leading.enter_context(redirected(self.hosts, cafile=self.cafile))
            LiveVendor._answering = self

    @property
    def hosts(self) -> dict[str, int]:
        """The hosts that lead here, each with the port on loopback."""
        return dict.fromkeys(self._vendor.hosts, self._server.port)

    # what a harness uses

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        parts = urlsplit(self._server.url)
        host = "localhost" if parts.scheme == "https" else self._wiring.host
        return f"{parts.scheme}://{host}:{self.port}"

    @property
    def cafile(self) -> str:
        """The certificate of the test CA, for an adapter that is told whom to trust."""
        from ..faults.tls import CAFILE

        return str(CAFILE)

    @cached_property
    def mock(self) -> Any:
        cls = self._vendor.mock or _mock_of(self._wiring.capability)
        config = {**self._wiring.config, **self._vendor.config, "state": {}}
        return cls(config, Context(clock=self._wiring.clock, ids=self._wiring.ids))

    # what the kit uses

    @property
    def unstable(self) -> tuple[str, ...]:
        return self._vendor.unstable

    @property
    def secrets(self) -> list[str]:
        """What opens it: its secret, and the tokens that it gave."""
        return list(self._tokens)

    @property
    def problems(self) -> list[str]:
        """Requests that nothing is mapped to, mappings that failed, replies that could not be sent."""
        return [*self._wrong, *(f"the server failed: {error!r}" for error in self._server.errors)]

    def rotate(self, secret: str) -> None:
        """Takes this secret, and neither another one nor a token given before."""
        self.secret = secret
        self._tokens = {secret: None}

    def close(self) -> None:
        self._leading.close()
        self._open.close()
        if LiveVendor._answering is self:
            LiveVendor._answering = None

    def release(self) -> None:
        """Drops what is held: whoever still waits sees the connection close."""
        self._server.release()

    @cached_property
    def elsewhere(self) -> str:
        """The address of a server that nobody should talk to; ``strayed`` is what it was asked nevertheless."""

        def respond(request: Request) -> Reply:
            self.strayed.append(request)
            return json_reply(200, {})

        return self._open.enter_context(HttpServer(respond)).url

    @contextmanager
    def failing(self, fault: Fault, at: int = 1) -> Iterator[Switch]:
        """From the ``at``-th request that counts on, until the end, the vendor fails so."""
        self.answer()
        with ExitStack() as stack:
            if fault.unreachable == "refused" and isinstance(self._server, HttpServer):
                stack.enter_context(self._server.refusing())
            elif fault.unreachable == "dns":
                from ..faults.redirect import unresolvable

                stack.enter_context(unresolvable({self._wiring.host, *self._vendor.hosts}))
            elif not fault.unreachable:
                self.switch = Switch(fault, at)
            try:
                yield self.switch or Switch(fault, at, fired=1)
            finally:
                self.switch = None

    def _respond(self, request: Request) -> Reply:
        self._wiring.clock.advance(SERVED_S)
        endpoint, path = self._endpoint(request)
        number = self._number(endpoint)
        switch = None if number is None else self._switch(number)
        self._met = switch.fault.name if switch else ""
        reply = (
            self._answered(endpoint, path, request) if switch is None else self._failed(switch, endpoint, path, request)
        )
        about = {} if endpoint is None else self._about(endpoint, path, request)
        self.ledger.add(Entry(request, endpoint, reply, number or 0, self._met, **about))
        return reply

    def _number(self, endpoint: Endpoint | None) -> int | None:
        """The place of a request at which a fault may be; None for one at which none is placed."""
        if endpoint is None or endpoint.kind not in (*COUNTED, "auth"):
            return None
        return TOKEN if endpoint.kind == "auth" else self.ledger.number()

    def _switch(self, number: int) -> Switch | None:
        """The fault that is on at a request."""
        return self.switch if self.switch is not None and self.switch.meets(number) else None

    def _endpoint(self, request: Request) -> tuple[Endpoint | None, dict[str, str]]:
        for endpoint in self._vendor.endpoints:
            path = endpoint.match(request)
            if path is not None:
                return endpoint, path
        return None, {}

    def _about(self, endpoint: Endpoint, path: Mapping[str, str], request: Request) -> dict[str, Any]:
        def at(where: str | None) -> str | None:
            try:
                return None if where is None else place(request, path, where)
            except ValueError:
                return None

        return {"key": at(endpoint.key), "part": at(endpoint.per), "path": path}

    def _failed(self, switch: Switch, endpoint: Endpoint | None, path: dict[str, str], request: Request) -> Reply:
        switch.fired += 1
        fault = switch.fault
        if fault.stage == "after":
            reply = self._answered(endpoint, path, request)
            if fault.status == OK:
                return _altered(reply, fault)
        if fault.delivery is not Delivery.WHOLE:
            return Reply(delivery=fault.delivery)
        reply = self._vendor.faulty(fault, request)
        if fault.name == "redirected":
            return replace(reply, headers={**reply.headers, "location": f"{self.elsewhere}{request.path}"})
        return reply

    def _answered(self, endpoint: Endpoint | None, path: dict[str, str], request: Request) -> Reply:
        """What the vendor answers when nothing is wrong with it."""
        if endpoint is None:
            mapped = ", ".join(found.route for found in self._vendor.endpoints)
            self._wrong.append(f"{request.method} {request.path} is mapped to nothing; there are {mapped}")
            return self._vendor.error(404, None, "no such endpoint")
        if refusal := self._refusal(endpoint, path, request):
            return refusal
        try:
            return self._acted(endpoint, path, request)
        except ProviderError as error:
            return self._error(error)
        except Exception as error:  # noqa: BLE001 - a mapping is somebody else's code
            self._wrong.append(f"the mapping of {endpoint.route} failed: {type(error).__name__}: {error}")
            return self._vendor.error(500, None, "the mapping failed")

    def _refusal(self, endpoint: Endpoint, path: dict[str, str], request: Request) -> Reply | None:
        most = self._vendor.max_body
        if most is not None and len(request.body) > most:
            return self._vendor.error(413, None, "the body is too large")
        places = self._vendor.secret_places
        if not places or endpoint.kind == "auth":
            return None
        shown = " ".join(place(request, path, where) or "" for where in places)
        known = any(token in text for token in self._tokens for text in (shown, *_decoded(shown)))
        return None if known else self._vendor.error(self._vendor.status_of("unauthenticated"), None, "who is it?")

    def _acted(self, endpoint: Endpoint, path: dict[str, str], request: Request) -> Reply:
        if endpoint.kind == "auth":
            token = f"token-{self._wiring.ids.new()}"
            self._tokens[token] = None
            result: Any = {"token": token}
        else:
            result = self._result(endpoint, path, request)
        if isinstance(result, Reply):
            return result
        content = body(endpoint.reply, result, self._vendor.maps)
        if endpoint.sent is not None:
            content = endpoint.sent(content, self._asked(endpoint, path, request))
        if isinstance(content, Reply):
            return replace(content, status=endpoint.status, headers={**content.headers, **endpoint.headers})
        return json_reply(endpoint.status, content, endpoint.headers)

    def _asked(self, endpoint: Endpoint, path: Mapping[str, str], request: Request) -> Asked:
        scheme = "https" if self._server.url.startswith("https") else "http"
        origin = f"{scheme}://{request.headers.get('host', '')}"
        key = place(request, path, endpoint.key) if endpoint.key else None
        return Asked(request, path, self.scratch, key, origin, self._met)

    def _result(self, endpoint: Endpoint, path: dict[str, str], request: Request) -> Any:
        key = place(request, path, endpoint.key) if endpoint.key and endpoint.dedupe == "key" else None
        if isinstance(endpoint.calls, str) and endpoint.calls in self._wiring.capability.operations:
            return self._operation(endpoint.calls, self._arguments(endpoint, path, request), key)
        return self._once(endpoint, request, key, lambda: self._called(endpoint, path, request))

    def _arguments(self, endpoint: Endpoint, path: Mapping[str, str], request: Request) -> dict[str, Any]:
        given = arguments(endpoint.request, request, path, self._vendor.maps)
        if endpoint.request is None and endpoint.sent is not None:
            given.pop(endpoint.sent.parameter, None)
        return given

    def _operation(self, name: str, given: dict[str, Any], key: str | None) -> Any:
        """An operation of the contract on the mock. Without a key that is remembered, each is a new one."""
        capability, declared = self._wiring.capability, self._wiring.capability.operation(name)
        if declared.key and declared.key in declared.by_keyword:
            given = {**given, declared.key: _as_key(key) if key else self._wiring.ids.new()}
        checked = capability.check(name, **given)
        positional = [value for field, value in checked.items() if field not in declared.by_keyword]
        keyword = {field: value for field, value in checked.items() if field in declared.by_keyword}
        return capability.accept(name, getattr(self.mock, name)(*positional, **keyword)).plain()

    def _called(self, endpoint: Endpoint, path: dict[str, str], request: Request) -> Any:
        if callable(endpoint.calls):
            return _plain(endpoint.calls(request, self.mock, self.scratch))
        given = self._arguments(endpoint, path, request)
        with self.mock.primitives() as primitives:
            primitive: Callable[..., Any] | None = getattr(primitives, endpoint.calls, None)
            if primitive is None or endpoint.calls.startswith("_"):
                known = [name for name in dir(primitives) if not name.startswith("_")]
                operations = ", ".join([*self._wiring.capability.operations, *known])
                raise PalError(f"{endpoint.calls!r} is no operation and no primitive; there are {operations}")
            return _plain(primitive(**given))

    def _once(self, endpoint: Endpoint, request: Request, key: str | None, act: Callable[[], Any]) -> Any:
        """What a vendor that remembers the key answers, where what is called does not do so itself."""
        if key is None:
            return act()
        slot, print_ = (endpoint.route, key), digest(request.body.decode(errors="backslashreplace"))
        if slot not in self._replies:
            self._replies[slot] = (print_, act())
        elif self._replies[slot][0] != print_:
            raise NonRetryableError("key_conflict", "the key was used with another payload")
        return self._replies[slot][1]

    def _error(self, error: ProviderError) -> Reply:
        after = error.retry_after if isinstance(error, RetryableError) else None
        headers = {} if after is None else {"retry-after": f"{after:g}"}
        status = self._vendor.status_of(error.code)
        return self._vendor.error(status, str(error.code), error.message, headers, unknown=error.outcome_unknown)


def _altered(reply: Reply, fault: Fault) -> Reply:
    """The answer of a vendor that acted, as it comes to its caller."""
    headers = {**reply.headers, **fault.headers}
    if fault.body is not None and reply.status < ERRORS and reply.body:
        plain = {name: value for name, value in headers.items() if name.lower() != "content-encoding"}
        return replace(reply, headers=plain, body=fault.body)
    return replace(reply, headers=headers, delivery=fault.delivery, late_s=fault.late_s)


def _plain(result: Any) -> Any:
    return result if isinstance(result, Reply) else to_jsonable_python(result, by_alias=True)


def _decoded(shown: str) -> Iterator[str]:
    """What stands in the words that are base64, as those of Basic authentication are (RFC 7617)."""
    for word in shown.split():
        with suppress(ValueError):
            yield b64decode(word, validate=True).decode()


def _as_key(key: str) -> str:
    """A wire key as the contract's; it may be longer, or have other characters."""
    return key if _KEY.fullmatch(key) else sha256(key.encode()).hexdigest()


def _mock_of(capability: Capability) -> type:
    if capability.mock is None:
        raise PalError(f"{capability.name} names no mock; give the Vendor one: Vendor(..., mock=MyMock)")
    module, _, name = capability.mock.partition(":")
    found: type = getattr(import_module(module), name)
    return found
