"""The loopback HTTP/1.1 server that plays replies exactly as their `Delivery` says."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection
from functools import partial

from pytest_pal.faults.listener import HOST, Listener
from pytest_pal.faults.loop import on_loop, running
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.wire import Connection, Service

GOODBYE_SECONDS = 1.0  # that a client has for its part of the end of TLS


class HttpServer(Listener):
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
        super().__init__(port)

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

    def release(self) -> None:
        """Drop every connection whose reply is held."""
        on_loop(lambda: self._drop(set(self._service.held)))

    def drop_idle(self) -> None:
        """Drop every connection that is kept open between two requests, as a server does that has been restarted."""
        on_loop(lambda: self._drop({one for one in self._service.open if one.idle}))

    # On the loop's thread.

    def _accepted(self, sock: socket.socket) -> None:
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

    def _drop(self, connections: set[Connection]) -> None:
        for connection in connections:
            connection.drop()

    def _drop_all(self) -> Collection[asyncio.Task[None]]:
        self._drop(set(self._service.open))
        return set(self._greetings)

    def _abandon_connections(self) -> None:
        for connection in self._service.open:
            connection.abandon()
