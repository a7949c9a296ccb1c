"""One HTTP/1.1 connection of the loopback server: requests are read in order, replies delivered as they say."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import cast

import h11

from pytest_pal.faults.events import request_of, response_to
from pytest_pal.faults.message import Delivery, Reply, Request

DRIP_SECONDS = 0.005
LINGER_SECONDS = 1.0
HEAD_LIMIT = 64 * 1024  # bytes
FILLER = b" "  # white space: no half of a JSON document or of an event becomes whole by it
BLOCK = 64 * 1024  # bytes
NO_LINGER = struct.pack(
    "hh" if sys.platform == "win32" else "ii", 1, 0
)  # to close a socket with SO_LINGER of no seconds sends RST
ANNOUNCED = frozenset({Delivery.WHOLE, Delivery.TRUNCATED})


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
    """``number`` counts the connections of one server from 1; ``greeting`` ends when requests can be read."""

    def __init__(self, service: Service, sock: socket.socket) -> None:
        service.accepted += 1
        service.open.add(self)
        self.number = service.accepted
        self.idle = True
        self.greeting: asyncio.Task[None] | None = None
        self._service = service
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._peer = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._deaf = False
        self._pieces: Iterator[bytes] = iter(())
        self._every = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writable = True

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._peer.receive_data(data)
        try:
            if self not in self._service.held:
                self._advance()
        except Exception as error:  # noqa: BLE001 - a defect of this server must not be taken for one of its client
            self._service.errors.append(error)
            self.drop()

    def eof_received(self) -> None:
        if self in self._service.held:
            self.drop()

    def connection_lost(self, error: Exception | None) -> None:
        self._service.open.discard(self)
        self._service.held.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        # Not at once: a write that fails in here would end the transport a second time.
        self._loop.call_soon(self._pour_on)

    def _pour_on(self) -> None:
        if self in self._service.held and self._writable:
            self._pour()

    def drop(self) -> None:
        """Close at once, whatever was to be sent. A held reply is reset: some clients take half a head for a whole."""
        self._deaf = True
        if self in self._service.held:
            with suppress(OSError):  # where the client has reset it already
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        if self._transport is not None:
            self._transport.abort()
            self.abandon()
        elif self.greeting is not None:
            self.greeting.cancel()
        self.connection_lost(None)

    def abandon(self) -> None:
        """Close the socket and nothing else: in a forked child, and where no transport uses it any more."""
        self._sock.close()

    # Requests. Each step says whether another may follow.

    def _advance(self) -> None:
        try:
            while self._take(self._peer.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            self._refuse(error)

    def _take(self, event: object) -> bool:
        if isinstance(event, h11.Request):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._body += event.data
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            return self._answer(request_of(self._request, bytes(self._body), self.number))
        else:
            return False
        return True

    def _begin(self, event: h11.Request) -> None:
        self.idle, self._request, self._body = False, event, bytearray()
        if event.method == b"CONNECT":
            raise h11.RemoteProtocolError("CONNECT is for proxies, and this is none", error_status_hint=405)
        if self._peer.they_are_waiting_for_100_continue:
            self._write(self._sent(h11.InformationalResponse(status_code=100, headers=[])))

    def _refuse(self, error: h11.RemoteProtocolError) -> None:
        if self._peer.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            said = f"pytest-pal: this is no HTTP request: {error}\n".encode(errors="backslashreplace")
            headers = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
            reply = Reply(error.error_status_hint, headers, said)
            self._write(self._whole(response_to(reply, announced=True), said))
        self._linger()

    def _linger(self) -> None:
        """Read on without listening: to close with unread bytes is to reset, and the client might miss the reply."""
        self._deaf = True
        transport = self._wire
        if not transport.can_write_eof():
            transport.close()
            return
        try:
            transport.write_eof()
        except OSError:  # the client has gone already
            transport.abort()
        else:
            self._timer = self._loop.call_later(LINGER_SECONDS, transport.abort)

    # Replies.

    def _answer(self, request: Request) -> bool:
        reply = self._service.reply_to(request)
        try:
            response = response_to(reply, announced=reply.delivery in ANNOUNCED)
        except (h11.LocalProtocolError, ValueError, TypeError, AttributeError) as error:
            reply = self._service.broken(error)
            response = response_to(reply, announced=True)
        bodiless = request.method == "HEAD" or reply.status in (204, 304)
        body = b"" if bodiless else reply.body
        if reply.delivery is Delivery.LATE:
            return self._wait(reply.late_s, self._whole(response, body))
        return self._deliver(reply.delivery, response, body, bodiless)

    def _deliver(self, delivery: Delivery, response: h11.Response, body: bytes, bodiless: bool) -> bool:
        match delivery:
            case Delivery.WHOLE | Delivery.LATE:
                return self._complete(self._whole(response, body))
            case Delivery.TRUNCATED:
                return self._cut(self._half(response, body))
            case Delivery.CLOSED:
                return self._cut(b"")
            case Delivery.RESET:
                return self._reset()
            case Delivery.HANG:
                return self._hold(iter(()))
            case Delivery.DRIP:
                return self._hold(self._unending(response, body, bodiless, 1), every=DRIP_SECONDS)
            case Delivery.DRIP_HEAD:
                unending = self._unending(response, body, bodiless, 1)
                return self._hold(chain(single_bytes(next(unending)), unending), every=DRIP_SECONDS)
            case Delivery.ENDLESS:
                return self._hold(self._unending(response, body, bodiless, BLOCK))

    def _complete(self, wire: bytes) -> bool:
        self._write(wire)
        if self._peer.our_state is h11.DONE and self._peer.their_state is h11.DONE:
            self._peer.start_next_cycle()
            self.idle = True
            return True
        self._wire.close()
        return False

    def _wait(self, seconds: float, wire: bytes) -> bool:
        """The reply when its time has come; until then it is held."""
        self._service.held.add(self)
        self._timer = self._loop.call_later(seconds, self._complete_late, wire)
        return False

    def _complete_late(self, wire: bytes) -> None:
        self._service.held.discard(self)
        if self._complete(wire):
            self._advance()

    def _cut(self, wire: bytes) -> bool:
        self._write(wire)
        self._wire.close()
        return False

    def _reset(self) -> bool:
        self._service.held.add(self)
        self.drop()
        return False

    def _hold(self, pieces: Iterator[bytes], *, every: float = 0.0) -> bool:
        self._service.held.add(self)
        self._pieces, self._every = pieces, every
        self._pour()
        return False

    def _pour(self) -> None:
        """Send a piece, and then the next: after ``every`` seconds, and never before the client has read."""
        piece = next(self._pieces, None)
        if piece is None:
            return
        self._write(piece)
        if self._writable:
            self._timer = self._loop.call_later(self._every, self._pour)

    # Bytes.

    @property
    def _wire(self) -> asyncio.Transport:
        assert self._transport is not None  # it was there before the first byte was
        return self._transport

    def _write(self, data: bytes) -> None:
        if data:
            self._wire.write(data)

    def _sent(self, event: h11.Event) -> bytes:
        return self._peer.send(event) or b""

    def _framed(self, body: bytes) -> bytes:
        return self._sent(h11.Data(data=body)) if body else b""

    def _whole(self, response: h11.Response, body: bytes) -> bytes:
        return self._sent(response) + self._framed(body) + self._sent(h11.EndOfMessage())

    def _half(self, response: h11.Response, body: bytes) -> bytes:
        """Half of the body; without one, half of the status line: http.client takes a longer part for a whole reply."""
        head = self._sent(response)
        return head + self._framed(body[: len(body) // 2]) if body else head[: head.index(b"\r\n") // 2]

    def _unending(self, response: h11.Response, body: bytes, bodiless: bool, size: int) -> Iterator[bytes]:
        """The head, half of the body in pieces of ``size``, and then white space for ever.

        Never the whole body: a client that reads documents or events as they come must not find the last one. Where a
        reply has no body (HEAD, 204, 304), the line that ends its head is missing.
        """
        head = self._sent(response)
        if bodiless:
            yield head[:-2]
            return
        yield head
        for start in range(0, len(body) // 2, size):
            yield self._framed(body[start : min(start + size, len(body) // 2)])
        while True:
            yield self._framed(FILLER * size)


def single_bytes(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))
