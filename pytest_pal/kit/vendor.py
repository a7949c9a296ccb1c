"""A vendor behind HTTP, described: endpoints over the mock of a capability, and what is the vendor's own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ErrorCode, PalError
from ..faults.catalogue import BY_NAME, Fault
from ..faults.message import Codec, Reply, Request
from .endpoint import COUNTED, Endpoint, check_place

ErrorBody = Callable[[int, str | None, str], Any]
STATUSES: Mapping[str, int] = {
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.TIMEOUT: 504,
    ErrorCode.CONNECTION: 502,
    ErrorCode.IN_PROGRESS: 409,
    ErrorCode.INVALID: 422,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.KEY_CONFLICT: 409,
    ErrorCode.QUOTA_EXHAUSTED: 402,
    ErrorCode.MALFORMED_REPLY: 502,
}
OTHER_STATUS = 400


def error_body(status: int, code: str | None, message: str) -> Any:
    """The body of an error, for a vendor that says no other: ``{"error": {"code", "message"}}``."""
    told = {"message": message} if code is None else {"code": code, "message": message}
    return {"error": told}


@dataclass(frozen=True, init=False)
class Vendor:
    """What stands on the other side of the wire: requests mean calls on the mock, which keeps the state.

    ``mock`` is another class than the capability's, ``config`` its configuration. ``maps`` are value maps by
    name, ours -> theirs. ``statuses`` are HTTP statuses by error code, ``error_body(status, code, message)`` the
    JSON of an error, where ``code`` is None for one that only the status speaks of. ``faults`` are replies of the
    vendor's own by the name of a fault, or None for one that it does not know. ``auth`` is where the secret
    travels, ``header:Authorization``, or several such places; another one is refused. ``max_body`` is in bytes.
    ``hosts`` are names that the adapter's SDK has built in: they lead here, over TLS, while an item runs.
    ``unstable`` are pointers into bodies of requests, ``/sent_at`` or ``/batch/*/uuid``, that differ from run to
    run: golden files leave them out. Raises PalError.
    """

    endpoints: tuple[Endpoint, ...]
    mock: type | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    maps: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    statuses: Mapping[str, int] = field(default_factory=dict)
    error_body: ErrorBody = error_body
    faults: Mapping[str, Reply | Callable[[Request], Reply] | None] = field(default_factory=dict)
    auth: str | tuple[str, ...] | None = None
    max_body: int | None = None
    hosts: tuple[str, ...] = ()
    unstable: tuple[str, ...] = ()

    def __init__(self, *endpoints: Endpoint | tuple[Endpoint, ...], **own: Any) -> None:
        flat = [one for each in endpoints for one in (each if isinstance(each, tuple) else (each,))]
        fields = self.__dataclass_fields__
        for name in (name for name in own if name not in fields or name == "endpoints"):
            raise PalError(f"a Vendor has no {name!r}; it has {', '.join(list(fields)[1:])}")
        defaults = {name: _default(found) for name, found in fields.items() if name != "endpoints"}
        for name, value in {**defaults, **own, "endpoints": tuple(flat)}.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if not any(endpoint.kind in COUNTED for endpoint in self.endpoints):
            raise PalError("a Vendor needs endpoints: effect('POST /v1/campaigns', calls='create_campaign', ...)")
        if 0 < len(self.codecs) < len(self.endpoints):
            raise PalError("a Vendor is served over gRPC or over HTTP: let each endpoint be an rpc(...), or none")
        for name in (name for name in self.faults if name not in BY_NAME):
            raise PalError(f"faults: there is no fault {name!r}; there are {', '.join(BY_NAME)}")
        for code in (code for code in self.statuses if code not in set(ErrorCode)):
            raise PalError(f"statuses: there is no code {code!r}; there are {', '.join(ErrorCode)}")
        for place in self.secret_places:
            check_place("auth", place)

    @property
    def codecs(self) -> Mapping[str, Codec]:
        """How messages are read and written by gRPC method; none for a vendor behind HTTP."""
        return {one.route.partition(" ")[2]: one.codec for one in self.endpoints if one.codec is not None}

    @property
    def secret_places(self) -> tuple[str, ...]:
        """Where the secret travels; none where it is not asked for."""
        return (self.auth,) if isinstance(self.auth, str) else self.auth or ()

    def status_of(self, code: str) -> int:
        return self.statuses.get(code, STATUSES.get(code, OTHER_STATUS))

    def plays(self, fault: Fault) -> bool:
        """Whether it can fail so: what only an error body can say needs one that the vendor has."""
        if fault.name in self.faults:
            return self.faults[fault.name] is not None
        return fault.means is None or self.error_body is error_body

    def error(
        self,
        status: int,
        code: str | None,
        message: str,
        headers: Mapping[str, str] | None = None,
        *,
        unknown: bool | None = None,
    ) -> Reply:
        """An error in the vendor's own words; the body that vendors have by default also says whether it acted."""
        body = self.error_body(status, code, message)
        if self.error_body is error_body and unknown is not None:
            body["error"]["outcome_unknown"] = unknown
        return json_reply(status, body, headers)

    def faulty(self, fault: Fault, request: Request) -> Reply:
        """The reply of a vendor that fails before it acts."""
        own = self.faults.get(fault.name)
        if own is not None:
            return own if isinstance(own, Reply) else own(request)
        if fault.body is not None:
            return Reply(fault.status, {"content-type": "application/json", **fault.headers}, fault.body)
        return self.error(fault.status, fault.means, "as the fault says", fault.headers)


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body; None is an empty one."""
    encoded = b"" if body is None else json.dumps(body).encode()
    return Reply(status, {"content-type": "application/json", **(headers or {})}, encoded)


def _default(found: Any) -> Any:
    return found.default_factory() if callable(found.default_factory) else found.default
