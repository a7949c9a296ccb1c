"""Wrong as a whole: opening, closing, sharing, leaking, calling out."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ...model.operation import Operation
from .calls import Call, Given, around
from .defect import Defect

LIFE = "adapter.life_cycle"


def _constructed(base: Any, first: Any) -> dict[str, Any]:
    """A constructor that does something first: it may change the configuration."""

    def __init__(self: Any, config: Mapping[str, Any], ctx: Any) -> None:
        base.__init__(self, first(self, config), ctx)

    return {"__init__": __init__}


def _dials(base: type, operation: Operation) -> dict[str, Any]:
    def first(self: Any, config: Any) -> Any:
        with socket.socket() as wire, suppress(OSError):
            wire.connect_ex(("127.0.0.1", 9))
        return config

    return _constructed(base, first)


def _looks_up(base: type, operation: Operation) -> dict[str, Any]:
    def first(self: Any, config: Any) -> Any:
        with suppress(OSError):
            socket.getaddrinfo("vendor.example", 443)
        return config

    return _constructed(base, first)


def _closes_once(base: type, operation: Operation) -> dict[str, Any]:
    def close(self: Any) -> None:
        if self.__dict__.pop("_closed", False):
            raise RuntimeError("closed already")
        self.__dict__["_closed"] = True
        getattr(base, "close", lambda self: None)(self)

    return {"close": close}


def _leaks_threads(base: type, operation: Operation) -> dict[str, Any]:
    ends: list[threading.Event] = []

    def first(self: Any, config: Any) -> Any:
        ends.append(threading.Event())
        threading.Thread(target=ends[-1].wait, daemon=True).start()
        return config

    def let_go(cls: type) -> None:
        while ends:
            ends.pop().set()

    return {**_constructed(base, first), "let_go": classmethod(let_go)}


def _leaks_files(base: type, operation: Operation) -> dict[str, Any]:
    files: list[Any] = []

    def first(self: Any, config: Any) -> Any:
        files.append(Path("/dev/null").open())  # noqa: SIM115 - leaking is the point
        return config

    def let_go(cls: type) -> None:
        while files:
            files.pop().close()

    return {**_constructed(base, first), "let_go": classmethod(let_go)}


def _shares(base: type, operation: Operation) -> dict[str, Any]:
    shared: dict[str, Any] = {}
    return _constructed(base, lambda self, config: {**config, "state": shared})


def _phones(base: type, operation: Operation) -> dict[str, Any]:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, suppress(OSError):
            wire.sendto(b"hello", ("192.0.2.1", 9))
        return call()

    return around(base, operation, wrong)


def _sleeps(base: type, operation: Operation) -> dict[str, Any]:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        time.sleep(0.001)
        return call()

    return around(base, operation, wrong)


_whole = partial(Defect, whole=True)
DEFECTS = (
    _whole("dials_when_made", "every instance that is made connects", f"{LIFE}.quiet_constructor", _dials),
    _whole("looks_up_when_made", "every instance that is made looks a name up", f"{LIFE}.quiet_constructor", _looks_up),
    _whole("closes_once", "a second close raises", f"{LIFE}.close_twice", _closes_once),
    _whole("leaks_threads", "each instance leaves a thread", f"{LIFE}.no_leak", _leaks_threads),
    _whole("leaks_files", "each instance leaves an open file", f"{LIFE}.no_leak", _leaks_files),
    _whole("shares_state", "all instances share one state", f"{LIFE}.apart", _shares, stateless=False),
    _whole("sleeps", "a call sleeps by the machine's clock", "adapter.offline.own_sleep", _sleeps),
    _whole("phones_home", "each call sends something outside", "adapter.offline.guard", _phones),
)
