"""A client of raw bytes, and a server that does what the query asks for."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pytest_pal.faults.message import Delivery, Reply, Request
from pytest_pal.faults.server import HttpServer

BODY = b'{"id": "c-1", "status": "active"}'
PATIENCE = 10.0  # seconds: a limit for what has failed already, never a measure


def as_asked(request: Request) -> Reply:
    """``?delivery=truncated&status=201&chunked=yes``; POST is answered with what was posted."""
    asked = request.query
    return Reply(
        status=int(asked.get("status", "200")),
        headers={"Content-Type": "application/json", "X-Connection": str(request.connection)},
        body=request.body if request.method == "POST" else asked.get("body", BODY.decode()).encode(),
        delivery=Delivery(asked.get("delivery", "whole")),
        chunked="chunked" in asked,
    )


@contextmanager
def raw(server: HttpServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as sock:
        yield sock


def asked(server: HttpServer, wire: bytes) -> bytes:
    """All that the server sends until it closes."""
    with raw(server) as sock:
        sock.sendall(wire)
        return until_closed(sock)


def until_closed(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def until_dropped(sock: socket.socket) -> bytes:
    """The same, where the server may reset the connection at last."""
    got = b""
    with suppress(ConnectionResetError):
        while data := sock.recv(65536):
            got += data
    return got


def head(target: str = "/", *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: localhost", *lines, "", ""]).encode("latin-1")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.001)
