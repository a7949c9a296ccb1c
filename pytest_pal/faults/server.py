"""The loopback HTTP/1.1 server that plays replies exactly as their `Delivery` says."""

import asyncio
import atexit
import os
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Self

from pytest_pal.faults.loop import finish, on_loop, running
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.wire import Connection, Service

HOST = "127.0.0.1"
BACKLOG = 128
GOODBYE_SECONDS = 1.0  # that a client has for its part of the end of TLS
AGAIN_SECONDS = 0.05  # until the next try, when the process has no file descriptor left


class HttpServer:
    """Listens on ``port`` of 127.0.0.1, or on a free one, from its making until `close`.

    ``respond`` gets each whole request and says the reply. It is called on the loop's thread, which serves everything
    else too: it must neither wait nor block. What it raises is kept in ``errors``, and the client gets a 500 whose
    header ``x-pytest-pal-error`` names the exception. Raises OSError for a port that cannot be had.
    """

    def __init__(
        self, respond: Callable[[Request], Reply], *, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self._tls = tls
        self._service = Service(respond)
        self._greetings: set[asyncio.Task[None]] = set()
        self._closed = False
        self._listener: socket.socket | None = _listening(_bound(port))
        self.port: int = self._listener.getsockname()[1]
        _servers.add(self)
        # Not waited for: the operating system takes connections already.
        running().call_soon_threadsafe(self._watch)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}" if self._tls is None else f"https://localhost:{self.port}"

    @property
    def errors(self) -> list[BaseException]:
        """What ``respond`` raised, and why a reply of it could not be sent. Not empty: no verdict may rest on this."""
        return self._service.errors

    @property
    def held(self) -> int:
        """How many connections wait for a reply that is held (HANG, DRIP, DRIP_HEAD, ENDLESS)."""
        return len(self._service.held)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._service.open)

    @property
    def accepted(self) -> int:
        """How many connections there have been, those whose TLS handshake failed included."""
        return self._service.accepted

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections at once, and drop those that exist. The port stays taken, and listens again afterwards."""
        holder = on_loop(self._refuse)
        try:
            yield
        finally:
            on_loop(lambda: self._listen_again(holder))

    def release(self) -> None:
        """Drop every connection whose reply is held."""
        on_loop(lambda: self._drop(set(self._service.held)))

    def drop_idle(self) -> None:
        """Drop every connection that is kept open between two requests, as a server does that has been restarted."""
        on_loop(lambda: self._drop({one for one in self._service.open if one.idle}))

    def close(self) -> None:
        """Drop everything and free the port. Closing again does nothing."""
        if not self._closed:
            on_loop(self._close)
            finish(self._greetings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def abandon(self) -> None:
        """In a forked child: close its copies of the sockets, so that the parent's port can refuse and be freed."""
        self._closed = True
        if self._listener is not None:
            self._listener.close()
        for connection in self._service.open:
            connection.abandon()

    # On the loop's thread.

    def _watch(self) -> None:
        if self._listener is not None:
            running().add_reader(self._listener, self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            running().remove_reader(listener)
            running().call_later(AGAIN_SECONDS, self._watch)
            return
        sock.setblocking(False)
        connection = Connection(self._service, sock)
        connection.greeting = running().create_task(self._greet(connection, sock))
        self._greetings.add(connection.greeting)
        connection.greeting.add_done_callback(partial(self._greeted, connection))

    async def _greet(self, connection: Connection, sock: socket.socket) -> None:
        limit = None if self._tls is None else GOODBYE_SECONDS
        await running().connect_accepted_socket(lambda: connection, sock, ssl=self._tls, ssl_shutdown_timeout=limit)

    def _greeted(self, connection: Connection, greeting: asyncio.Task[None]) -> None:
        """Close what was dropped meanwhile, and what failed the handshake: no fault of ours, hence no error."""
        self._greetings.discard(greeting)
        if greeting.cancelled() or greeting.exception() is not None:
            connection.abandon()
            connection.connection_lost(None)

    def _refuse(self) -> socket.socket | None:
        """The socket that keeps the port while nobody listens; None where two sockets cannot share one."""
        holder = _bound(self.port) if hasattr(socket, "SO_REUSEPORT") and not self._closed else None
        self._stop_listening()
        self._drop(set(self._service.open))
        return holder

    def _listen_again(self, holder: socket.socket | None) -> None:
        if self._listener is None and not self._closed:
            self._listener = _listening(_bound(self.port))
            self._watch()
        if holder is not None:
            holder.close()

    def _stop_listening(self) -> None:
        if self._listener is not None:
            running().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _drop(self, connections: set[Connection]) -> None:
        for connection in connections:
            connection.drop()

    def _close(self) -> None:
        self._closed = True
        self._stop_listening()
        self._drop(set(self._service.open))


_servers: weakref.WeakSet[HttpServer] = weakref.WeakSet()
_inherited: list[HttpServer] = []


def _abandon_all() -> None:
    _inherited.extend(_servers)
    for server in _inherited:
        server.abandon()


def _close_all() -> None:
    for server in list(_servers):
        server.close()


atexit.register(_close_all)  # before the loop ends, which registered its own end earlier
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _bound(port: int) -> socket.socket:
    """A port shared on purpose (SO_REUSEPORT) is never given to a stranger who asks for any free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: else asyncio sets no NODELAY
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _listening(sock: socket.socket) -> socket.socket:
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock
