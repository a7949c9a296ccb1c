"""Endpoints: one line per request that a vendor answers, and what it means to the mock behind it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..errors import PalError
from ..faults.message import Codec, Request, to_json
from .sending import JobPoll, JobStart, Sending

Kind = Literal["effect", "read", "auth", "undo", "background"]
COUNTED = frozenset({"effect", "read"})
"""Kinds of requests that faults are placed at, and that amplification counts."""
Handler = Callable[[Request, Any, dict[str, Any]], Any]
_JOB = {"id": "$/id", "status": "running"}
_ROUTE = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)")
_PARAMETER = re.compile(r"\{(\w+)\}")
_PLACE = re.compile(r"(header|body|query|path):(.+)")


@dataclass(frozen=True)
class Endpoint:
    """``route`` is a method and a path, ``POST /v1/campaigns/{id}``; the other fields are those of `effect`."""

    route: str
    kind: Kind
    calls: str | Handler
    request: Any = None
    reply: Any = "$"
    status: int = 200
    key: str | None = None
    dedupe: Literal["key", "none"] = "key"
    per: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Sending | None = None
    codec: Codec | None = None

    def __post_init__(self) -> None:
        if not _ROUTE.fullmatch(self.route):
            raise PalError(f"{self.route!r} is no route; write a method and a path, 'POST /v1/campaigns/{{id}}'")
        names = _PARAMETER.findall(self.route)
        for name in names:
            if not name.isidentifier():
                raise PalError(f"{self.route}: {{{name}}} is no name; write a letter first, such as {{id}}")
            if names.count(name) > 1:
                raise PalError(f"{self.route}: {{{name}}} stands there twice; give each its own name")
        for place in filter(None, (self.key, self.per)):
            check_place(self.route, place)

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        path = self.route.partition(" ")[2]
        parts = _PARAMETER.split(path)
        names = [re.escape(part) if n % 2 == 0 else f"(?P<{part}>[^/]+)" for n, part in enumerate(parts)]
        return re.compile("".join(names))

    def match(self, request: Request) -> dict[str, str] | None:
        """The path's parameters where the request is one of this endpoint, else None."""
        found = self._pattern.fullmatch(request.path) if request.method == self.method else None
        return None if found is None else found.groupdict()


def check_place(whose: str, place: str) -> None:
    """Raises PalError for what names no place in a request."""
    if not _PLACE.fullmatch(place):
        raise PalError(f"{whose}: {place!r} is no place; write header:Name, body:/pointer, query:name or path:name")


def effect(
    route: str,
    *,
    calls: str | Handler,
    key: str | None = None,
    request: Any = None,
    reply: Any = "$",
    status: int = 200,
    dedupe: Literal["key", "none"] = "key",
    per: str | None = None,
    headers: Mapping[str, str] | None = None,
    sent: Sending | None = None,
) -> Endpoint:
    """A request that changes something at the vendor.

    ``calls`` is an operation of the contract, a primitive of the mock, or a function of (request, mock,
    scratch). ``request`` makes its arguments and ``reply`` the body, each a template, see `wire_templates`.
    ``key`` is where the idempotency key travels: ``header:Name``, ``body:/pointer``, ``query:name``,
    ``path:name``; None: the vendor knows none, and each request is an effect of its own. ``dedupe="none"``: it is
    sent, and ignored. ``per`` is a place in the request whose values are counted apart: the model of a fallback.
    ``sent`` is how the body is sent: `pages` or `stream`.
    """
    return Endpoint(route, "effect", calls, request, reply, status, key, dedupe, per, dict(headers or {}), sent)


def read(
    route: str,
    *,
    calls: str | Handler,
    request: Any = None,
    reply: Any = "$",
    status: int = 200,
    per: str | None = None,
    headers: Mapping[str, str] | None = None,
    sent: Sending | None = None,
) -> Endpoint:
    """A request that changes nothing; the arguments are those of `effect`."""
    return Endpoint(route, "read", calls, request, reply, status, None, "none", per, dict(headers or {}), sent)


def job(
    create: str,
    poll: str,
    *,
    calls: str | Handler,
    kind: Literal["read", "effect"] = "read",
    done_after: int = 2,
    request: Any = None,
    reply: Any = "$",
    created: Any = _JOB,
    pending: Any = _JOB,
    wait: int | None = None,
    id: str = "path:id",
    key: str | None = None,
) -> tuple[Endpoint, Endpoint]:
    """Two requests for one operation: ``create`` starts a job (202), ``poll`` asks for it until it is done.

    The operation is done at once, and its errors are those of ``create``; the poll number ``done_after`` gives its
    ``reply``, those before it ``pending`` with Retry-After ``wait`` seconds. ``$/id`` in ``created`` and ``pending``
    is the job's, and ``id`` the place where a poll names it. ``create`` counts as ``kind``; polls are not counted,
    and no fault is placed there. Raises PalError.
    """
    if done_after < 1:
        raise PalError(f"job: done_after={done_after}; a job is done at its first poll (1) or later")
    start = Endpoint(create, kind, calls, request, reply, 202, key, sent=JobStart(create, created))
    match = Endpoint(poll, "background", calls).match
    return start, Endpoint(poll, "background", JobPoll(create, id, done_after, pending, wait, match))


def rpc(
    method: str,
    *,
    calls: str | Handler,
    kind: Literal["read", "effect"] = "effect",
    key: str | None = None,
    request: Any = None,
    reply: Any = "$",
    per: str | None = None,
    decode: Callable[[bytes], Any] = json.loads,
    encode: Callable[[Any], bytes] = to_json,
) -> Endpoint:
    """A unary gRPC method, ``/pkg.Service/Method``; the other arguments are those of `effect`. Extra `grpc`.

    ``decode`` makes plain data of a request's message, such as ``lambda raw: MessageToDict(Order.FromString(raw))``,
    ``encode`` a reply's message of plain data, such as ``lambda plain: ParseDict(plain, Made()).SerializeToString()``;
    without them messages are JSON. Metadata are headers: ``key="header:idempotency-key"``. An error's details are
    the vendor's error body. All endpoints of a vendor are gRPC's, or none.
    """
    return Endpoint(f"POST {method}", kind, calls, request, reply, key=key, per=per, codec=Codec(decode, encode))


def undo(route: str, *, calls: str | Handler, request: Any = None, reply: Any = "$", status: int = 200) -> Endpoint:
    """A request that takes back what an interrupted operation began; no fault is placed there, none is counted."""
    return Endpoint(route, "undo", calls, request, reply, status)


def background(
    route: str, *, calls: str | Handler, request: Any = None, reply: Any = "$", status: int = 200
) -> Endpoint:
    """A request that an SDK makes by itself, such as a stream of updates; no fault is placed there, none is counted."""
    return Endpoint(route, "background", calls, request, reply, status)


def auth(route: str, *, reply: Any = None, status: int = 200) -> Endpoint:
    """A request for a token; ``$/token`` in ``reply`` is a new one, which the vendor takes beside its secret."""
    template = {"access_token": "$/token", "token_type": "Bearer", "expires_in": 3600} if reply is None else reply
    return Endpoint(route, "auth", "", None, template, status)
