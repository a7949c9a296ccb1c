"""One HTTP/1.1 connection of the loopback server: requests are read one after another, replies delivered as they say."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, unquote

import h11

from pytest_pal.faults.message import Delivery, Reply, Request

DRIP_SECONDS = 0.005
LINGER_SECONDS = 1.0
HEAD_LIMIT = 64 * 1024  # bytes
FILLER = b" "  # white space: no half of a JSON document or of an event becomes whole by it
BLOCK = FILLER * HEAD_LIMIT
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: close sends RST
FRAMING = frozenset({"content-length", "transfer-encoding"})


@dataclass(eq=False)
class Service:
    """What the connections of one server share. Changed on the loop's thread only."""

    respond: Callable[[Request], Reply]
    errors: list[BaseException] = field(default_factory=list)
    open: "set[Connection]" = field(default_factory=set)
    held: "set[Connection]" = field(default_factory=set)
    accepted: int = 0

    def reply_to(self, request: Request) -> Reply:
        try:
            return self.respond(request)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the loop must go on, and the kit will judge it
            return self.broken(error)

    def broken(self, error: BaseException) -> Reply:
        self.errors.append(error)
        said = f"pytest-pal: the mock behind this server failed: {type(error).__name__}: {error}\n"
        headers = {"content-type": "text/plain; charset=utf-8", "x-pytest-pal-error": type(error).__name__}
        return Reply(500, headers, said.encode(errors="backslashreplace"))


class Connection(asyncio.Protocol):
    """``number`` counts the connections of one server from 1."""

    def __init__(self, service: Service, sock: socket.socket) -> None:
        service.accepted += 1
        service.open.add(self)
        self.number = service.accepted
        self.idle = True
        self._service = service
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._peer = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._deaf = False
        self._pieces: Iterator[bytes] | None = None
        self._writable = True

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._peer.receive_data(data)
        if self not in self._service.held:
            self._advance()

    def connection_lost(self, error: Exception | None) -> None:
        self._service.open.discard(self)
        self._service.held.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._pieces is not None:
            self._pour()

    def drop(self) -> None:
        """Close at once, whatever was to be sent."""
        self._deaf = True
        if self._transport is not None:
            self._transport.abort()
        self._sock.close()
        self.connection_lost(None)

    def abandon(self) -> None:
        """In a forked child: close this process's copy of the socket only."""
        self._sock.close()

    # Requests.

    def _advance(self) -> None:
        try:
            while self._take(self._peer.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def _take(self, event: object) -> bool:
        """Whether there may be another event to take."""
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._body += event.data
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            request = request_of(self._request, bytes(self._body), self.number)
            return self._deliver(request, self._service.reply_to(request))
        else:
            return False
        return True

    def _begin(self, event: h11.Request) -> None:
        self.idle, self._request, self._body = False, event, bytearray()
        if self._peer.they_are_waiting_for_100_continue:
            self._write(self._sent(h11.InformationalResponse(status_code=100, headers=[])))

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._peer.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            said = f"pytest-pal: this is no HTTP request: {error}\n".encode(errors="backslashreplace")
            headers = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
            head, body, end = self._whole(Reply(error.error_status_hint, headers, said), bodiless=False)
            self._write(head + body + end)
        self._linger()

    def _linger(self) -> None:
        """Read on without listening: closing with unread bytes would reset, and the client might not read the reply."""
        self._deaf = True
        transport = self._wire
        if not transport.can_write_eof():
            transport.close()
            return
        transport.write_eof()
        self._timer = self._loop.call_later(LINGER_SECONDS, transport.abort)

    # Replies. Each way says whether the next request may be read.

    def _deliver(self, request: Request, reply: Reply) -> bool:
        bodiless = request.method == "HEAD" or reply.status in (204, 304)
        try:
            way = self._way(reply, bodiless)
        except (h11.LocalProtocolError, ValueError, TypeError, AttributeError) as error:
            way = self._way(self._service.broken(error), bodiless)
        return way()

    def _way(self, reply: Reply, bodiless: bool) -> Callable[[], bool]:
        match reply.delivery:
            case Delivery.WHOLE:
                wire = b"".join(self._whole(reply, bodiless))
                return lambda: self._complete(wire)
            case Delivery.TRUNCATED:
                head, body, _ = self._whole(reply, bodiless)
                cut = head + body[: len(body) // 2] if body else head[: len(head) // 2]
                return lambda: self._cut(cut)
            case Delivery.CLOSED:
                return lambda: self._cut(b"")
            case Delivery.RESET:
                return self._reset
            case _:
                return self._hold

    def _complete(self, wire: bytes) -> bool:
        self._write(wire)
        if self._peer.our_state is h11.DONE and self._peer.their_state is h11.DONE:
            self._peer.start_next_cycle()
            self.idle = True
            return True
        self._wire.close()
        return False

    def _cut(self, wire: bytes) -> bool:
        self._write(wire)
        self._wire.close()
        return False

    def _reset(self) -> bool:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.drop()
        return False

    def _hold(self) -> bool:
        self._service.held.add(self)
        return False

    def _pour(self) -> None: ...

    # Bytes.

    @property
    def _wire(self) -> asyncio.Transport:
        assert self._transport is not None  # the transport was there before the first byte
        return self._transport

    def _write(self, data: bytes) -> None:
        if data:
            self._wire.write(data)

    def _sent(self, event: h11.Event) -> bytes:
        return self._peer.send(event) or b""

    def _whole(self, reply: Reply, bodiless: bool) -> tuple[bytes, bytes, bytes]:
        """The head, the body and what ends it. A reply to HEAD announces the length of the body it would have."""
        headers = [(name, value) for name, value in reply.headers.items() if name.lower() not in FRAMING]
        if not reply.chunked and reply.status != 204:
            headers.append(("content-length", str(len(reply.body))))
        head = self._sent(h11.Response(status_code=int(reply.status), headers=headers))
        body = b"" if bodiless or not reply.body else self._sent(h11.Data(data=reply.body))
        return head, body, self._sent(h11.EndOfMessage())


def request_of(event: h11.Request, body: bytes, connection: int) -> Request:
    headers: dict[str, str] = {}
    for raw, value in event.headers:
        name, text = raw.decode("ascii"), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    path, query = split_target(event.target.decode("latin-1"))
    return Request(event.method.decode("ascii"), path, query, headers, body, connection)


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """Path and query of "/path?query", of "http://host/path?query" (as to a proxy), of "host:port" or "*"."""
    path, _, query = target.partition("?")
    if "://" in path and not path.startswith("/"):
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return unquote(path), dict(parse_qsl(query, keep_blank_values=True))
