"""The network guard: an audit hook that sees every look-up and connection of this process.

Audit events of the standard library: https://docs.python.org/3/library/audit_events.html
"""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_HOST_EVENTS = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0}
_ADDRESS_EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


class NetworkForbidden(OSError):
    """An address was used that the adapter's reach does not allow."""


class Guard:
    """While `watching`, collects what was tried in ``violations`` and refuses it."""

    def __init__(self) -> None:
        self._installed = False
        self._loopback_allowed = True
        self._active = False
        self.violations: list[str] = []

    @contextmanager
    def watching(self, *, loopback: bool) -> Iterator[list[str]]:
        """Gives the list of violations; ``loopback`` allows addresses of this machine."""
        if not self._installed:
            sys.addaudithook(self._hook)
            self._installed = True
        outer = self.violations, self._loopback_allowed, self._active
        self.violations, self._loopback_allowed, self._active = [], loopback, True
        try:
            yield self.violations
        finally:
            self.violations, self._loopback_allowed, self._active = outer

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active or not event.startswith("socket."):
            return
        target = _target(event, arguments)
        if target is not None and not (self._loopback_allowed and _is_loopback(target)):
            self.violations.append(f"{event.removeprefix('socket.')} {target}")
            raise NetworkForbidden(f"pytest-pal: no connection to {target} during a conformance run")


def _target(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event in _HOST_EVENTS:
        host = arguments[_HOST_EVENTS[event]] or "localhost"
        return host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)
    if event in _ADDRESS_EVENTS:
        address = arguments[_ADDRESS_EVENTS[event]]
        return str(address[0]) if isinstance(address, tuple) else None
    return None


def _is_loopback(host: str) -> bool:
    if host in ("localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


GUARD = Guard()
