"""The guard: an audit hook that sees every look-up, connection and child process of this process.

Audit events of the standard library: https://docs.python.org/3/library/audit_events.html
"""

import ipaddress
import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ADDRESSES = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getnameinfo": 0}
_MULTIPROCESSING = "multiprocessing"
_CHILDREN: dict[str, int | None] = {  # where the event says which program
    "subprocess.Popen": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.posix_spawn": 0,
    "os.spawn": 1,
    "os.startfile": 0,
    "os.fork": None,
    "os.forkpty": None,
    _MULTIPROCESSING: None,
}
_WATCHED = _LOOK_UPS | _ADDRESSES.keys() | _CHILDREN.keys()
_LOCAL_TOOLS = frozenset("uname lsb_release file ldconfig gcc cc ld objdump ifconfig ip arp netstat lscpu".split())
"""What `platform`, `ctypes.util`, `uuid` and their like ask about this machine, in a child that talks to nobody."""
_LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})


class NetworkForbidden(OSError):
    """An address, or a child process, was used that the adapter's reach does not allow."""


class Guard:
    """While `watching`, collects what was tried in ``violations`` and refuses it."""

    def __init__(self) -> None:
        self._installed = False
        self._loopback_allowed = True
        self._active = False
        self._here = threading.local()
        self.violations: list[str] = []
        self._dialled: Counter[str] = Counter()

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        """Gives how often each address is connected to, while `watching`; refused connections leave no other trace."""
        outer, self._dialled = self._dialled, Counter()
        try:
            yield self._dialled
        finally:
            self._dialled = outer

    @contextmanager
    def watching(self, *, loopback: bool) -> Iterator[list[str]]:
        """Gives the list of violations; ``loopback`` allows addresses of this machine."""
        if not self._installed:
            _tell_of_multiprocessing()
            sys.addaudithook(self._hook)
            self._installed = True
        outer = self.violations, self._loopback_allowed, self._active
        self.violations, self._loopback_allowed, self._active = [], loopback, True
        try:
            yield self.violations
        finally:
            self.violations, self._loopback_allowed, self._active = outer

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For what the kit and a harness do themselves: nothing that this thread does is the adapter's."""
        outer = self._paused
        self._here.paused = True
        try:
            yield
        finally:
            self._here.paused = outer

    @property
    def _paused(self) -> bool:
        return getattr(self._here, "paused", False)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active or event not in _WATCHED or self._paused:
            return
        if event in _CHILDREN:
            program = _program(event, arguments)
            if program not in _LOCAL_TOOLS:
                violation = f"child process {program}, whose network nobody sees"
                self._refuse(violation, f"no child process ({program})")
            return
        host = _host(event, arguments)
        if event == "socket.connect" and host is not None:
            self._dialled[host] += 1
        if host is not None and not (self._loopback_allowed and _is_loopback(host)):
            self._refuse(f"{event.removeprefix('socket.')} {host}", f"no connection to {host}")

    def _refuse(self, violation: str, what: str) -> None:
        self.violations.append(violation)
        raise NetworkForbidden(f"pytest-pal: {what} during a conformance run")


def _program(event: str, arguments: tuple[Any, ...]) -> str:
    """The name of a program without its arguments, which may hold a secret."""
    index = _CHILDREN[event]
    named = os.fsdecode((arguments[index] if index is not None else None) or event)
    return os.path.basename(named.split()[0] if event == "os.system" else named)


def _tell_of_multiprocessing() -> None:
    """Its start methods spawn and forkserver make children by a function that raises no audit event."""
    try:
        import _posixsubprocess
    except ImportError:  # Windows, where the event is another
        return
    original: Any = _posixsubprocess.fork_exec

    def fork_exec(arguments: Any, *rest: Any) -> Any:
        # The tracker only cleans up behind this process: a lock may start it.
        if not any(b"multiprocessing.resource_tracker" in os.fsencode(word) for word in arguments):
            sys.audit(_MULTIPROCESSING)
        return original(arguments, *rest)

    _posixsubprocess.fork_exec = fork_exec


def _host(event: str, arguments: tuple[Any, ...]) -> str | None:
    """The host that is looked up or talked to; None for what has none, such as a unix socket."""
    if event in _LOOK_UPS:
        host = _text(arguments[0] or "localhost")
        # Asking what this machine is called is no use of a network: `email.utils.make_msgid` does.
        return None if host == socket.gethostname() else host
    address = arguments[_ADDRESSES[event]]
    return _text(address[0]) if isinstance(address, tuple) else None


def _text(host: Any) -> str:
    return host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)


def _is_loopback(host: str) -> bool:
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):  # RFC 6761
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


GUARD = Guard()
