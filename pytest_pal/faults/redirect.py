"""Names that lead to a vendor on loopback, for SDKs whose hosts are fixed, and names that lead nowhere.

Three seams of the standard library reach every client that is written in Python: the look-up, the connection, and
the making of a TLS object. Clients that bring their own resolver or their own TLS (grpc, aiodns, uvloop, pyOpenSSL)
pass by. What is patched is the lower layer (`_socket.getaddrinfo`, `SSLContext._wrap_*`), because what sits above
calls it late: a client that did ``from socket import getaddrinfo`` is reached too.
"""

import _socket
import itertools
import os
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from ..errors import PalError

LOOPBACK = "127.0.0.1"
# Each route has an address of its own, so that a connection tells its route although a look-up knows no port.
_FIRST_ADDRESS, _ADDRESSES = IPv4Address("127.64.0.0"), 2**22
_ABSENT = object()


@contextmanager
def redirected(ports: Mapping[str, int], *, cafile: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """While open, connections of this process to these hosts go to ``127.0.0.1`` and the host's port.

    Whatever port the client asks for. TLS to these hosts trusts ``cafile`` (PEM) and nothing else; all other choices
    stay the client's own: it checks the name where it did, and verifies nothing where it turned that off. A client
    certificate is not sent. May be nested, and opened by several threads: the last one opened wins. Raises `PalError`
    for what is no host name.
    """
    trust = None if cafile is None else _trusting(Path(cafile).read_text("ascii"))
    with _OPEN.layer({_host_name(host): _Route(_new_address(), port, trust) for host, port in ports.items()}):
        yield


@contextmanager
def unresolvable(hosts: Collection[str]) -> Iterator[None]:
    """While open, a look-up of these hosts raises ``socket.gaierror(EAI_NONAME)``; an address needs no look-up."""
    with _OPEN.layer({_host_name(host): _NOWHERE for host in hosts}):
        yield


@dataclass(frozen=True)
class _Route:
    address: str
    port: int
    trust: ssl.SSLContext | None


_Layer = Mapping[str, _Route]
_NOWHERE = _Route("", 0, None)


def _host_name(host: str) -> str:
    if not host or set(host) & set(":/@* "):
        raise PalError(f"{host!r} is no host name: give the bare name, such as 'api.vendor.example'")
    return _folded(host)


def _folded(host: str) -> str:
    return host.rstrip(".").lower()


_numbers = itertools.count(1)


def _new_address() -> str:
    return str(_FIRST_ADDRESS + next(_numbers) % _ADDRESSES)


@lru_cache(maxsize=8)
def _trusting(pem: str) -> ssl.SSLContext:
    """Kept, since every item of a run opens the same redirect and the making takes 0.2 ms."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return context


class _Open:
    """The layers that are open now, the newest first; readers take no lock, since the tuple is never changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layers: tuple[_Layer, ...] = ()
        self._replaced: list[tuple[Any, str, Any]] = []

    @contextmanager
    def layer(self, layer: _Layer) -> Iterator[None]:
        with self._lock:
            if not self._layers:
                self._patch()
            self._layers = (layer, *self._layers)
        try:
            yield
        finally:
            with self._lock:
                self._layers = tuple(other for other in self._layers if other is not layer)
                if not self._layers:
                    self._restore()

    def route(self, host: Any) -> _Route | None:
        """The route of a name, or of the address that a look-up gave for it; None for what is not ours."""
        name = _folded(host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host))
        return next((layer[name] for layer in self._layers if name in layer), None) or self._owner(name)

    def address(self, host: Any) -> Any:
        """What a look-up of ``host`` is to look up instead."""
        route = _somewhere(self.route(host))
        return host if route is None else route.address

    def destination(self, address: Any) -> Any:
        """Where a connection to ``address`` goes; what is no pair of host and port stays."""
        if not isinstance(address, tuple) or len(address) < 2:
            return address
        route = _somewhere(self.route(address[0]))
        return address if route is None else (LOOPBACK, route.port)

    def _owner(self, address: str) -> _Route | None:
        routes = (route for layer in self._layers for route in layer.values())
        return next((route for route in routes if route.address == address), None)

    def _patch(self) -> None:
        for owner, name, around in _SEAMS:
            self._replaced.append((owner, name, vars(owner).get(name, _ABSENT)))
            setattr(owner, name, around(getattr(owner, name)))

    def _restore(self) -> None:
        while self._replaced:
            owner, name, before = self._replaced.pop()
            if before is _ABSENT:  # it was inherited
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def _somewhere(route: _Route | None) -> _Route | None:
    if route is _NOWHERE:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return route


_OPEN = _Open()


def _look_up(original: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        return original(_OPEN.address(host), *args, **kwargs)

    return look_up


def _connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def connect(wire: socket.socket, address: Any) -> Any:
        return original(wire, _OPEN.destination(address))

    return connect


def _wrap_socket(original: Callable[..., Any]) -> Callable[..., Any]:
    def wrap(context: Any, wire: Any, server_side: bool, server_hostname: str | None = None, **rest: Any) -> Any:
        return _trusted(original, (context, wire), server_side, server_hostname, rest)

    return wrap


def _wrap_bio(original: Callable[..., Any]) -> Callable[..., Any]:
    def wrap(
        context: Any, into: Any, out: Any, server_side: bool, server_hostname: str | None = None, **rest: Any
    ) -> Any:
        return _trusted(original, (context, into, out), server_side, server_hostname, rest)

    return wrap


def _trusted(
    original: Callable[..., Any],
    ends: tuple[Any, ...],
    server_side: bool,
    server_hostname: str | None,
    rest: dict[str, Any],
) -> Any:
    """The client's own context makes the TLS object, and only where that object looks for trust is then ours.

    So nothing of ours stays in a context that outlives the redirect, and what cannot be copied from it (such as
    ALPN) is kept. A session belongs to the context that it was made with, so none is resumed.
    """
    route = None if server_side or server_hostname is None else _OPEN.route(server_hostname)
    if route is None or route.trust is None:
        return original(*ends, server_side, server_hostname, **rest)
    made = original(*ends, server_side, server_hostname, **{**rest, "session": None})
    made.context = route.trust
    return made


_SEAMS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (_socket, "getaddrinfo", _look_up),
    (socket, "gethostbyname", _look_up),
    (socket, "gethostbyname_ex", _look_up),
    (socket.socket, "connect", _connect),
    (socket.socket, "connect_ex", _connect),
    (ssl.SSLContext, "_wrap_socket", _wrap_socket),
    (ssl.SSLContext, "_wrap_bio", _wrap_bio),
)
