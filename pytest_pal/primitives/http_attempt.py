"""One HTTP/1.1 request on a connection: opened, sent, answered within one bound, its failures in the taxonomy."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h11

from ..errors import NonRetryableError, RetryableError
from .http_errors import Effect

LARGEST_BODY = 32 * 2**20
"""A longer body, in bytes, is no answer to a request of these contracts."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PIECE = 65_536
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HttpReply:
    """An answer that arrived whole. Header names are in lower case, repeated ones joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Place:
    """Where a request goes; ``target`` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def key(self) -> tuple[str, str, int]:
        """Whom a connection is to."""
        return self.scheme, self.host, self.port


def place_of(url: str) -> Place:
    """The parts of an absolute URL. Raises NonRetryableError(not_configured)."""
    try:
        parts = urlsplit(url)
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        (parts.hostname or "").encode("idna")
    except (ValueError, KeyError):
        port = 0
    if not port or not parts.hostname or "@" in parts.netloc:
        # Nothing of the URL is shown, since it may hold a secret.
        raise NonRetryableError("not_configured", "the URL is not of the form http(s)://host[:port]/path")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, parts.hostname, port, target)


def serialised(
    conn: h11.Connection, method: str, place: Place, headers: Mapping[str, str], body: bytes, *, keep: bool
) -> bytes:
    """The request as it is sent. What cannot be sent is not quoted: neither in the message nor as a cause."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    sent = {
        "host": host if place.port == _PORTS[place.scheme] else f"{host}:{place.port}",
        "accept-encoding": "identity",
        **{name.lower(): value for name, value in headers.items()},
        **({} if keep else {"connection": "close"}),
    }
    if body or method not in READS:
        sent["content-length"] = str(len(body))
    try:
        pairs = [(name.encode("ascii"), value.encode()) for name, value in sent.items()]
        parts = [h11.Request(method=method, headers=pairs, target=place.target), h11.Data(data=body)]
        return b"".join(conn.send(part) or b"" for part in (*parts, h11.EndOfMessage()))
    except (h11.LocalProtocolError, UnicodeError):
        pass
    raise NonRetryableError("invalid", "the method, the path or a header holds what HTTP cannot carry")


def trust_of(cafile: str | Path | None) -> ssl.SSLContext:
    """Whose certificates count: the system's, or those of a file."""
    try:
        return _context(cafile, None if cafile is None else os.stat(cafile).st_mtime_ns)
    except OSError as error:
        raise NonRetryableError("not_configured", f"cafile {cafile} holds no certificates (PEM)") from error


@lru_cache(maxsize=16)
def _context(cafile: str | Path | None, changed: int | None) -> ssl.SSLContext:
    """Kept, since reading the system's certificates takes tens of milliseconds."""
    context = ssl.create_default_context(cafile=cafile)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Deadline:
    """``seconds`` from now, for an attempt that makes several requests: hand each what is `left`.

    The clock is bound when the class is defined, since a test that freezes time must not stop it.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._end = now() + seconds

    def left(self) -> float:
        """Seconds, 0 when it is over."""
        return max(0.0, self._end - self._now())

    def bound(self, sock: socket.socket) -> None:
        """Has the next call of ``sock`` end in time. Raises TimeoutError where nothing is left."""
        left = self.left()
        if left <= 0:
            raise TimeoutError("no time is left")
        sock.settimeout(left)


class Attempt:
    """One exchange under way: ``name`` is what errors call it. It knows whether anything was sent."""

    def __init__(self, name: str, effect: Effect, seconds: float) -> None:
        self._name, self._effect, self._seconds = name, effect, seconds
        self._deadline = Deadline(seconds)
        self._sent = False

    @property
    def _unknown(self) -> bool:
        return self._sent and self._effect == "write"

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            message = f"{self._name}: no whole answer within {self._seconds:g} s"
            raise RetryableError("timeout", message, outcome_unknown=self._unknown) from error
        except OSError as error:
            what = "the connection was lost" if self._sent else "no connection"
            message = f"{self._name}: {what} ({type(error).__name__})"
            raise RetryableError("connection", message, outcome_unknown=self._unknown) from error

    def connect(self, place: Place, trust: ssl.SSLContext | None) -> socket.socket:
        sock = self._dial(place)
        if trust is None:
            return sock
        try:
            self._deadline.bound(sock)
            return trust.wrap_socket(sock, server_hostname=place.host)
        except BaseException:
            sock.close()
            raise

    def _dial(self, place: Place) -> socket.socket:
        """A connection to the first address of the host that takes one."""
        failure = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                self._deadline.bound(sock)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure

    def send(self, sock: socket.socket, data: bytes) -> None:
        """Sends it piece by piece, since a bound of one ``sendall`` over TLS is one of each record."""
        view = memoryview(data)
        try:
            while view:
                self._deadline.bound(sock)
                sent = sock.send(view[:_PIECE])
                self._sent = True
                view = view[sent:]
        except (BrokenPipeError, ConnectionResetError):
            # A vendor may refuse a request before it has read it all, and close; its answer is still there to read.
            if not self._sent:
                raise

    def read(self, sock: socket.socket, conn: h11.Connection) -> HttpReply:
        head, body = self._event(sock, conn), bytearray()
        while isinstance(head, h11.InformationalResponse):
            head = self._event(sock, conn)
        if not isinstance(head, h11.Response):
            raise self._malformed("what came is no HTTP answer")
        while isinstance(event := self._event(sock, conn), h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise self._malformed(f"the body has more than {LARGEST_BODY} bytes")
        return HttpReply(head.status_code, _joined(head.headers), bytes(body))

    def _event(self, sock: socket.socket, conn: h11.Connection) -> Any:
        ended = False
        while (event := _parsed(conn)) is h11.NEED_DATA:
            self._deadline.bound(sock)
            data = sock.recv(_PIECE)
            ended = not data
            conn.receive_data(data)
        if event is not None:
            return event
        if ended:
            raise ConnectionResetError("closed before the answer was whole")
        raise self._malformed("what came is no HTTP answer")

    def _malformed(self, why: str) -> NonRetryableError:
        return NonRetryableError("malformed_reply", f"{self._name}: {why}", outcome_unknown=self._unknown)


def _parsed(conn: h11.Connection) -> Any:
    """The next event; None where the bytes are no HTTP. h11's error quotes them, and they may echo a secret."""
    try:
        return conn.next_event()
    except h11.RemoteProtocolError:
        return None


def _joined(headers: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
