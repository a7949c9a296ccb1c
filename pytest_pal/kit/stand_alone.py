"""A vendor that stands alone, for adapters in other languages and for trying things by hand.

It has control endpoints beside its own: faults are switched on, time moves on, and what it keeps can be looked at.
"""

import random
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..canonical import file_text
from ..clock import RunningClock
from ..errors import PalError, did_you_mean
from ..faults.catalogue import BY_NAME, Fault
from ..faults.listener import HOST
from ..faults.message import Delivery, Reply, Request
from ..faults.server import HttpServer
from ..model.capability import faults as told_faults
from ..model.context import RandomIds
from .bench import SEED
from .contract import Contract
from .ledger import Entry
from .live_vendor import LiveVendor, Switch, Wiring
from .observers import rows
from .vendor import Vendor

CONTROL = "/_pal/"
SECRET = "pal-secret"
_TURN = re.compile(r"(?P<name>\w+)(@(?P<at>[1-9]\d*)(-(?P<to>[1-9]\d*))?)?")
_INSTEAD = {
    "refused": "end this vendor, and its port refuses",
    "dns": "give the adapter a host that does not exist",
    "tls": "start this vendor with --tls, and do not trust its cafile",
}


@dataclass
class Turn(Switch):
    """A fault that is on from the ``at``-th request that counts to the ``to``-th, both included; None: for ever."""

    to: int | None = None

    def meets(self, number: int) -> bool:
        return super().meets(number) and (self.to is None or number <= self.to)

    def plain(self) -> dict[str, Any]:
        return {"name": self.fault.name, "at": self.at, "to": self.to, "fired": self.fired}


def turn_of(text: str, vendor: Vendor) -> Turn:
    """``NAME``, ``NAME@I`` (from the I-th request on) or ``NAME@I-J``. Raises PalError."""
    found = _TURN.fullmatch(text)
    if found is None:
        raise PalError(f"{text!r} is no fault; write NAME, NAME@3 (from the 3rd request on) or NAME@1-2")
    at, to = int(found["at"] or 1), found["to"]
    return _turn(found["name"], at, None if to is None else int(to), vendor)


def _turn(name: str, at: int, to: int | None, vendor: Vendor) -> Turn:
    if to is not None and to < at:
        raise PalError(f"{name}: its last request, {to}, comes before its first, {at}")
    return Turn(_playable(name, vendor), at, to=to)


def _playable(name: str, vendor: Vendor) -> Fault:
    if name not in BY_NAME:
        raise PalError(f"there is no fault {name!r}; {did_you_mean(name, BY_NAME)}")
    fault = BY_NAME[name]
    if fault.unreachable:
        raise PalError(f"{name} cannot be switched on here: {_INSTEAD[fault.unreachable]}")
    if "http" not in fault.seams or not vendor.plays(fault):
        raise PalError(f"this vendor has no words for {name}; pal vendor --faults lists the others")
    return fault


class _Asked(BaseModel):
    """The body of PUT /_pal/fault."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    at: int = Field(default=1, ge=1)
    to: int | None = Field(default=None, ge=1)


class _Moved(BaseModel):
    """The body of POST /_pal/advance."""

    model_config = ConfigDict(extra="forbid", strict=True)
    seconds: float = Field(ge=0, allow_inf_nan=False)


class StandAlone(LiveVendor):
    """``told`` is called with each request that is no control, as JSON; on the server's thread, so it may not block.

    The clock goes with the machine's time, and ids are the same after each start. Raises PalError for a port that
    is taken.
    """

    def __init__(
        self,
        contract: Contract,
        vendor: Vendor,
        *,
        turns: Iterable[Turn] = (),
        told: Callable[[Mapping[str, Any]], None] = lambda shown: None,
        port: int = 0,
        tls: bool = False,
    ) -> None:
        self._first, self._told, self._port, self._tls = tuple(turns), told, port, tls
        config = {"seed": 0, **contract.config}
        super().__init__(vendor, Wiring(contract.capability, RunningClock(), self._fresh_ids(), config, SECRET))

    def begin(self) -> None:
        super().begin()
        self._wiring.clock, self._wiring.ids = RunningClock(), self._fresh_ids()
        self._turns = [Turn(turn.fault, turn.at, to=turn.to) for turn in self._first]
        self._shown: list[dict[str, Any]] = []

    @staticmethod
    def _fresh_ids() -> RandomIds:
        return RandomIds(random.Random(SEED))

    def about(self) -> dict[str, Any]:
        """Where it is, what it takes, and what can be asked of it."""
        endpoints = [
            {"route": endpoint.route, "kind": endpoint.kind, **({"key": endpoint.key} if endpoint.key else {})}
            for endpoint in self._vendor.endpoints
        ]
        return {
            "url": self.url,
            "secret": self.secret,
            "auth": list(self._vendor.secret_places),
            "cafile": self.cafile if self._tls else None,
            "endpoints": endpoints,
            "faults": [turn.plain() for turn in self._turns],
            "control": {f"{method} {path}": text for (method, path), (text, _) in _CONTROLS.items()},
        }

    def _serve(self) -> HttpServer:
        if not 0 <= self._port < 2**16:
            raise PalError(f"port {self._port} is none: give 1 to 65535, or leave out --port for a free one")
        if self._port and _taken(self._port):
            raise PalError(f"port {self._port} is taken; leave out --port for a free one")
        try:
            return self._open.enter_context(HttpServer(self._respond, tls=self._context(), port=self._port))
        except OSError as error:
            raise PalError(f"port {self._port} cannot be had ({error}); leave out --port for a free one") from error

    def answer(self) -> None:
        """Whoever asks is no part of this process: no name leads here."""

    def _context(self) -> Any:
        if not self._tls:
            return None
        from ..faults.tls import server_context

        return server_context()

    def _switch(self, number: int) -> Switch | None:
        return next((turn for turn in reversed(self._turns) if turn.meets(number)), None)

    def _respond(self, request: Request) -> Reply:
        if request.path.startswith(CONTROL) or request.path == CONTROL.rstrip("/"):
            return self._control(request)
        wrong = len(self._wrong)
        reply = super()._respond(request)
        shown = self._as_shown(self.ledger.entries[-1], self._wrong[wrong:])
        self._shown.append(shown)
        self._told(shown)
        return reply

    def _as_shown(self, entry: Entry, wrong: list[str]) -> dict[str, Any]:
        """A request and its answer as JSON; of credentials only whether they are those of this vendor."""
        reply: dict[str, Any] = {"status": entry.reply.status, "body": _text(entry.reply.body)}
        if entry.reply.delivery is not Delivery.WHOLE:
            reply = {"delivery": str(entry.reply.delivery)}
        return {
            "request": len(self._shown) + 1,
            "method": entry.request.method,
            "path": entry.request.path,
            "query": dict(entry.request.query),
            "body": _text(entry.request.body),
            "counted": entry.number,
            "headers": {name: self._safe(name, value) for name, value in entry.request.headers.items()},
            "key": entry.key,
            "fault": entry.fault or None,
            "reply": reply,
            "problems": wrong,
        }

    def _safe(self, name: str, value: str) -> str:
        places = {where.lower() for where in self._vendor.secret_places}
        if f"header:{name}" not in places and name not in ("authorization", "proxy-authorization", "cookie"):
            return value
        return "<this vendor's secret>" if any(token in value for token in self._tokens) else "<not its secret>"

    # what can be asked of it

    def _control(self, request: Request) -> Reply:
        path = request.path if request.path != CONTROL.rstrip("/") else CONTROL
        found = _CONTROLS.get((request.method, path))
        if found is None:
            there = ", ".join(f"{method} {path}" for method, path in _CONTROLS)
            return _json(404, {"error": {"message": f"there is no {request.method} {path}; there are {there}"}})
        try:
            return _json(200, found[1](self, request))
        except ValidationError as error:
            return _json(400, {"error": {"message": told_faults(error)}})
        except (PalError, ValueError, OverflowError) as error:
            return _json(400, {"error": {"message": str(error)}})

    def _requests(self, request: Request) -> Any:
        return self._shown

    def _state(self, request: Request) -> Any:
        names, capability = self._wiring.capability.observed, self._wiring.capability
        observer = self.mock.observe() if names else None
        return {name: rows(capability, name, getattr(observer, name)()) for name in names}

    def _put_fault(self, request: Request) -> Any:
        asked = _Asked.model_validate(request.json)
        self._turns = [_turn(asked.name, asked.at, asked.to, self._vendor)]
        self.ledger.mark()
        return self._turns[0].plain()

    def _lift(self, request: Request) -> Any:
        self._turns = []
        self.release()
        return {}

    def _advance(self, request: Request) -> Any:
        self._wiring.clock.advance(_Moved.model_validate(request.json).seconds)
        return {"now": self._wiring.clock.now().isoformat()}

    def _reset(self, request: Request) -> Any:
        self.begin()
        self.release()
        return {}


_Handler = Callable[[StandAlone, Request], Any]
_CONTROLS: Mapping[tuple[str, str], tuple[str, _Handler]] = {
    ("GET", CONTROL): ("what it serves, and what can be asked of it", lambda live, request: live.about()),
    ("GET", f"{CONTROL}requests"): ("every request so far, with its answer", StandAlone._requests),
    ("GET", f"{CONTROL}state"): ("what the vendor keeps", StandAlone._state),
    ("PUT", f"{CONTROL}fault"): (
        'fails so from now on: {"name": ..., "at": 1, "to": null}, counted from the next request',
        StandAlone._put_fault,
    ),
    ("DELETE", f"{CONTROL}fault"): ("works again, and drops the connections that hang", StandAlone._lift),
    ("POST", f"{CONTROL}advance"): ('moves the vendor\'s clock on: {"seconds": 3600}', StandAlone._advance),
    ("POST", f"{CONTROL}reset"): ("is as at the start", StandAlone._reset),
}


def _json(status: int, value: Any) -> Reply:
    return Reply(status, {"content-type": "application/json"}, file_text(value).encode())


def _text(body: bytes) -> Any:
    try:
        return Request("", "", body=body).json
    except ValueError:
        return body.decode(errors="backslashreplace")


def _taken(port: int) -> bool:
    """Whether somebody listens there: two servers may share a port where both say so, as ours do."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
