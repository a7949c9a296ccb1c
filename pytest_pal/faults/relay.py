"""A relay before a real server (a database, a mail server): it speaks no protocol, and fails between the exchanges.

An exchange is what the client sends until the server has answered. A greeting answers the connection itself, and is
the first. Counting is exact for protocols in which the two take turns.
"""

import asyncio
import socket
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from itertools import chain, repeat
from typing import Literal

from ..errors import PalError
from .listener import Listener
from .loop import finish, on_loop, running
from .message import Delivery
from .wire import DRIP_SECONDS, NO_LINGER

CHUNK = 64 * 1024  # bytes
Stage = Literal["before", "after"]
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Failing:
    """A fault that is on from the ``at``-th exchange of a window; ``fired`` counts the exchanges that it met."""

    delivery: Delivery
    at: int
    stage: Stage
    fired: int = 0


class Relay(Listener):
    """Listens on ``port`` of 127.0.0.1 from its making until `close`, and passes everything on, both ways.

    The real server is at ``host`` and ``port``; without a port, ``host`` is the path of a unix socket. ``filler`` is
    what a client takes before the last byte of an answer without believing it whole: a drip goes on with it.
    ``uncounted`` says how questions begin, in any case, that are no part of the work, such as a farewell: no fault
    meets them. ``exchanges`` counts those of the window, the ones that a fault met included. ``errors`` says why the
    real server could not be reached: where it is not empty, no verdict may rest on this.
    """

    def __init__(
        self, host: str, port: int | None = None, *, filler: bytes = b"", uncounted: Iterable[bytes] = ()
    ) -> None:
        self._target = host, port
        self.filler = filler
        self.uncounted = tuple(start.lower() for start in uncounted)
        self.exchanges = 0
        self.errors: list[BaseException] = []
        self._failing: Failing | None = None
        self._conversations: set[_Conversation] = set()
        super().__init__()

    def mark(self) -> None:
        """Begins a window: the next exchange is the first."""
        on_loop(lambda: setattr(self, "exchanges", 0))

    @contextmanager
    def fault(self, delivery: Delivery, at: int = 1, *, stage: Stage = "after") -> Iterator[Failing]:
        """From the ``at``-th exchange of the window on, until the end, answers are delivered so.

        ``stage``: "after" lets the server act and answer, and the client gets ``delivery`` instead; "before" keeps
        from the server what the client sent. DRIP and DRIP_HEAD send all of the answer but its last byte, and then
        the filler; ENDLESS sends that as fast as it is read. TRUNCATED sends half. Raises `PalError` for ENDLESS
        without a filler.
        """
        if delivery is Delivery.ENDLESS and not self.filler:
            raise PalError("a relay sends no endless answer without a filler: Relay(host, port, filler=b' ')")
        failing, outer = Failing(delivery, at, stage), self._failing
        on_loop(lambda: setattr(self, "_failing", failing))
        try:
            yield failing
        finally:
            on_loop(lambda: setattr(self, "_failing", outer))

    @property
    def held(self) -> int:
        """How many connections wait for an answer that is held (HANG, DRIP, DRIP_HEAD, ENDLESS)."""
        return sum(conversation.held for conversation in list(self._conversations))

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._conversations)

    def release(self) -> None:
        """Drop every connection whose answer is held."""
        finish(on_loop(lambda: _dropped(one for one in self._conversations if one.held)))

    # On the loop's thread.

    async def connected(self) -> _Streams:
        host, port = self._target
        return await (asyncio.open_unix_connection(host) if port is None else asyncio.open_connection(host, port))

    def counted(self) -> Failing | None:
        """One exchange more, and the fault that meets it."""
        self.exchanges += 1
        return self.fault_of(self.exchanges)

    def fault_of(self, number: int) -> Failing | None:
        failing = self._failing
        return failing if failing is not None and number >= failing.at else None

    def ended(self, conversation: "_Conversation") -> None:
        self._conversations.discard(conversation)

    def _accepted(self, sock: socket.socket) -> None:
        self._conversations.add(_Conversation(self, sock))

    def _drop_all(self) -> Collection["asyncio.Task[None]"]:
        return _dropped(self._conversations)

    def _abandon_connections(self) -> None:
        for conversation in self._conversations:
            conversation.abandon()


def _dropped(conversations: "Iterable[_Conversation]") -> list["asyncio.Task[None]"]:
    tasks = [conversation.task for conversation in conversations]
    for task in tasks:
        task.cancel()
    return tasks


class _Turn(Enum):
    NOBODY = "nobody"  # nothing was said yet: if the server speaks, it answers the connection
    CLIENT = "client"
    SERVER = "server"


class _Conversation:
    """One client with its own connection to the real server; ``ended`` is called when both are closed."""

    def __init__(self, relay: Relay, sock: socket.socket) -> None:
        self._relay, self._sock = relay, sock
        self._turn = _Turn.NOBODY
        self._met: Failing | None = None
        self._gone = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._asking: asyncio.Task[None] | None = None
        self.held = False
        self.task = running().create_task(self._run())
        self.task.add_done_callback(self._end)  # a task that is cancelled before its first step runs no finally

    async def _run(self) -> None:
        questions, client = await asyncio.open_connection(sock=self._sock)
        self._writers.append(client)
        try:
            answers, server = await self._relay.connected()
            self._writers.append(server)
            self._asking = asyncio.create_task(self._ask(questions, server))
            await self._answer(answers, client)
            client.close()
            await client.wait_closed()
        except ConnectionError as error:
            if self._asking is None:
                self._relay.errors.append(error)
            _reset(client)

    async def _ask(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        """What the client says, to the server, until the client closes its half, or a fault met it."""
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if self._met is None and self._kept_back(data):
                    server.transport.abort()
                if self._met is None:
                    server.write(data)
                    await server.drain()
        self._gone.set()
        if self._met is None and server.can_write_eof():
            server.write_eof()

    def _kept_back(self, data: bytes) -> bool:
        """Whether a fault begins with this question, before the server sees it."""
        if self._turn is _Turn.CLIENT:
            return False
        if data.lower().startswith(self._relay.uncounted):
            self._turn = _Turn.SERVER  # so its answer belongs to what was counted before
            return False
        self._turn = _Turn.CLIENT
        failing = self._relay.fault_of(self._relay.exchanges + 1)
        if failing is None or failing.stage == "after":
            return False
        self._relay.counted()
        self._meet(failing)
        return True

    async def _answer(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """What the server says, to the client, until the server closes or a fault met it."""
        while data := await reader.read(CHUNK):
            if self._withheld():
                break
            client.write(data)
            await client.drain()
        if self._met is not None:
            await self._play(self._met, data if self._met.stage == "after" else b"", client)

    def _withheld(self) -> bool:
        """Whether a fault meets this answer."""
        asked, self._turn = self._turn, _Turn.SERVER
        if asked is _Turn.SERVER:
            return False
        failing = self._relay.counted()
        if failing is None or (failing.stage == "before" and asked is _Turn.CLIENT):
            return False  # a fault before the effect comes too late for what the server has seen
        self._meet(failing)
        return True

    def _meet(self, failing: Failing) -> None:
        failing.fired += 1
        self._met = failing

    async def _play(self, failing: Failing, answer: bytes, client: asyncio.StreamWriter) -> None:
        match failing.delivery:
            case Delivery.RESET:
                _reset(client)
            case Delivery.TRUNCATED:
                client.write(answer[: len(answer) // 2])
            case Delivery.HANG | Delivery.DRIP | Delivery.DRIP_HEAD | Delivery.ENDLESS:
                self.held = True
                await self._hold(failing.delivery, answer, client)

    async def _hold(self, delivery: Delivery, answer: bytes, client: asyncio.StreamWriter) -> None:
        pieces = iter(()) if delivery is Delivery.HANG else _unending(delivery, answer, self._relay.filler)
        while not self._gone.is_set() and (piece := next(pieces, None)):
            client.write(piece)
            await client.drain()
            await asyncio.sleep(0 if delivery is Delivery.ENDLESS else DRIP_SECONDS)
        await self._gone.wait()

    def abandon(self) -> None:
        """In a forked child: close its copy of the client's socket."""
        self._sock.close()

    def _end(self, task: "asyncio.Task[None]") -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self.held:
            _reset(self._writers[0])  # some clients take half an answer for a whole, where it ends in good order
        for writer in self._writers:
            writer.transport.abort()
        if not self._writers:
            self._sock.close()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._relay.errors.append(error)
        self._relay.ended(self)


def _unending(delivery: Delivery, answer: bytes, filler: bytes) -> Iterator[bytes]:
    """All of the answer but its last byte, which would make it whole; then the filler, where there is one."""
    size = CHUNK if delivery is Delivery.ENDLESS else 1
    begun = answer[:-1]
    more = repeat(filler * size) if filler else iter(())
    return chain((begun[n : n + size] for n in range(0, len(begun), size)), more)


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # it is closed already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()
