"""HTTP for adapters: exchanges that are bounded as a whole, with every failure in the shared taxonomy.

No redirect is followed, nothing is sent twice, and no proxy is taken from the environment: what an adapter
asks for is what its vendor sees, once.
"""

import contextlib
import socket
import ssl
import weakref
from collections.abc import Mapping
from pathlib import Path

import h11

from .http_attempt import READS, Attempt, Deadline, HttpReply, Place, place_of, serialised, trust_of
from .http_errors import Effect

__all__ = ["Deadline", "HttpClient", "HttpReply", "exchange"]

IDLE_S = 4.0
"""Vendors close a connection that was idle for 5 s or more: an older one may be lost while a write is on its way."""
_Idle = dict[tuple[str, str, int], list[tuple[socket.socket, Deadline]]]


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    seconds: float,
    effect: Effect | None = None,
    cafile: str | Path | None = None,
) -> HttpReply:
    """Sends one request on a connection of its own; see `HttpClient.exchange`.

    ``cafile`` is a file of trusted certificates (PEM) instead of the system's.
    """
    with HttpClient(cafile=cafile, keeps=False) as client:
        return client.exchange(method, url, headers=headers, body=body, seconds=seconds, effect=effect)


class HttpClient:
    """Keeps its connections for the next request. Safe for threads: each has a connection to itself.

    ``cafile`` as in `exchange`. A connection that the vendor closed meanwhile is noticed before anything is
    sent, and another one made; after that nothing is ever sent again.
    """

    def __init__(self, *, cafile: str | Path | None = None, keeps: bool = True) -> None:
        self._cafile = cafile
        self._keeps = keeps
        self._idle: _Idle = {}
        weakref.finalize(self, _close, self._idle)

    def __enter__(self) -> "HttpClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes what is idle, and keeps no connection from now on. It can still be used."""
        self._keeps = False
        _close(self._idle)

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float,
        effect: Effect | None = None,
    ) -> HttpReply:
        """Sends one request, once, and reads the whole answer, whatever its status.

        ``seconds`` bounds everything together; only a name lookup that takes longer is waited for. ``effect``
        is ``read`` for GET, HEAD and OPTIONS, else ``write``, unless given.

        Raises RetryableError(connection) where no connection is made, or it is lost; RetryableError(timeout);
        NonRetryableError(malformed_reply) for what is no HTTP, or a body above 32 MB; NonRetryableError(invalid)
        for a request that cannot be sent; NonRetryableError(not_configured) for a bad URL or ``cafile``. Once
        part of a write was sent, its outcome is unknown. Messages name method and host, nothing else of it.
        """
        place = place_of(url)
        conn = h11.Connection(h11.CLIENT)
        data = serialised(conn, method, place, headers or {}, body, keep=self._keeps)
        trust = trust_of(self._cafile) if place.scheme == "https" else None
        attempt = Attempt(f"{method} {place.host}:{place.port}", effect or _effect(method), seconds)
        with attempt.translated():
            sock = self._reused(place) or attempt.connect(place, trust)
            try:
                attempt.send(sock, data)
                reply = attempt.read(sock, conn)
            except BaseException:
                sock.close()
                raise
            self._done(place, sock, conn)
        return reply

    def _reused(self, place: Place) -> socket.socket | None:
        idle = self._idle.get(place.key, [])
        with contextlib.suppress(IndexError):
            while True:
                sock, fresh = idle.pop()
                if fresh.left() > 0 and _is_quiet(sock):
                    return sock
                sock.close()
        return None

    def _done(self, place: Place, sock: socket.socket, conn: h11.Connection) -> None:
        if conn.our_state is conn.their_state is h11.DONE and not conn.trailing_data[0]:
            self._idle.setdefault(place.key, []).append((sock, Deadline(IDLE_S)))
        else:
            sock.close()
        if not self._keeps:
            _close(self._idle)


def _effect(method: str) -> Effect:
    return "read" if method in READS else "write"


def _is_quiet(sock: socket.socket) -> bool:
    """Whether nothing came since the last answer: neither an end nor bytes that nobody asked for."""
    sock.setblocking(False)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False


def _close(idle: _Idle) -> None:
    for connections in idle.values():
        with contextlib.suppress(IndexError):
            while True:
                connections.pop()[0].close()
