"""The relay passes everything on, counts what is an exchange, and fails from the one that it is told on."""

import asyncio
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.errors import PalError
from pytest_pal.faults.message import Delivery
from pytest_pal.faults.relay import Relay

from .test_loop import alone
from .wire import until

HELD = [Delivery.HANG, Delivery.DRIP, Delivery.DRIP_HEAD, Delivery.ENDLESS]


class Lines(socketserver.StreamRequestHandler):
    """Answers each line with its echo, and keeps what it was told; a greeting where the server has one."""

    server: "LineServer"

    def handle(self) -> None:
        self.wfile.write(self.server.greeting)
        for line in self.rfile:
            self.server.told.append(line)
            if line == b"die\n":
                return
            self.wfile.write(b"did " + line)


class LineServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    greeting = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Lines)
        self.told: list[bytes] = []
        self.port: int = self.server_address[1]

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[LineServer]:
    with LineServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def relay(server: LineServer) -> Iterator[Relay]:
    with Relay("127.0.0.1", server.port, filler=b" ") as relay:
        yield relay
        assert relay.errors == []


class Client:
    def __init__(self, relay: Relay, seconds: float = 5.0) -> None:
        self.wire = socket.create_connection(("127.0.0.1", relay.port), seconds)
        self._lines = self.wire.makefile("rb")

    def ask(self, line: bytes) -> bytes:
        self.wire.sendall(line)
        return self._lines.readline()

    def greeted(self) -> bytes:
        return self._lines.readline()

    def close(self) -> None:
        self._lines.close()
        self.wire.close()


@pytest.fixture
def client(relay: Relay) -> Iterator[Client]:
    with closing(Client(relay)) as client:
        yield client


def test_what_is_said_is_passed_on_and_counted(relay: Relay, client: Client, server: LineServer) -> None:
    assert relay.exchanges == 0
    assert [client.ask(b"one\n"), client.ask(b"two\n")] == [b"did one\n", b"did two\n"]
    assert (relay.exchanges, server.told) == (2, [b"one\n", b"two\n"])
    relay.mark()
    client.ask(b"three\n")
    assert relay.exchanges == 1


def test_a_greeting_answers_the_connection(relay: Relay, server: LineServer) -> None:
    server.greeting = b"welcome\n"
    with closing(Client(relay)) as client:
        assert (client.greeted(), client.ask(b"one\n"), relay.exchanges) == (b"welcome\n", b"did one\n", 2)


def test_a_question_in_pieces_and_a_long_answer_are_one_exchange(relay: Relay, client: Client) -> None:
    client.wire.sendall(b"a" * 300_000)
    threading.Event().wait(0.02)
    assert client.ask(b"b" * 300_000 + b"\n") == b"did " + b"a" * 300_000 + b"b" * 300_000 + b"\n"
    assert relay.exchanges == 1


def test_two_connections_count_together(relay: Relay, client: Client) -> None:
    with closing(Client(relay)) as other:
        client.ask(b"one\n")
        other.ask(b"two\n")
    assert relay.exchanges == 2


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_farewell_counts_for_nothing_and_no_fault_meets_it(server: LineServer, stage: Any) -> None:
    with (
        Relay("127.0.0.1", server.port, uncounted=[b"BYE", b"hi"]) as relay,
        relay.fault(Delivery.RESET, at=2, stage=stage) as failing,
        closing(Client(relay)) as client,
    ):
        assert [client.ask(line) for line in (b"hi\n", b"one\n", b"Bye\n")] == [b"did hi\n", b"did one\n", b"did Bye\n"]
        assert (relay.exchanges, failing.fired) == (1, 0)


def end(client: Client) -> str:
    """How the connection ended: with which bytes, or a reset."""
    try:
        return client.greeted().decode()
    except ConnectionResetError:
        return "reset"


def greeting(relay: Relay) -> str:
    """How a connection begins, or ends: a reset may come before the client knows that it is connected."""
    try:
        with closing(Client(relay)) as client:
            return client.greeted().decode()
    except ConnectionResetError:
        return "reset"


@pytest.mark.parametrize(
    ("delivery", "seen"), [(Delivery.RESET, "reset"), (Delivery.CLOSED, ""), (Delivery.TRUNCATED, "did ")]
)
def test_an_answer_is_lost_after_the_effect(
    relay: Relay, client: Client, server: LineServer, delivery: Delivery, seen: str
) -> None:
    with relay.fault(delivery, at=2) as failing:
        assert client.ask(b"one\n") == b"did one\n"
        client.wire.sendall(b"two\n")
        assert end(client) == seen
        assert (failing.fired, relay.exchanges, server.told) == (1, 2, [b"one\n", b"two\n"])


@pytest.mark.parametrize(
    ("delivery", "seen"), [(Delivery.RESET, "reset"), (Delivery.CLOSED, ""), (Delivery.TRUNCATED, "")]
)
def test_a_question_is_kept_from_the_server(
    relay: Relay, client: Client, server: LineServer, delivery: Delivery, seen: str
) -> None:
    with relay.fault(delivery, at=2, stage="before") as failing:
        assert client.ask(b"one\n") == b"did one\n"
        client.wire.sendall(b"two\n")
        assert end(client) == seen
        assert (failing.fired, relay.exchanges, server.told) == (1, 2, [b"one\n"])


@pytest.mark.parametrize("stage", ["before", "after"])
def test_a_greeting_can_fail(relay: Relay, server: LineServer, stage: Any) -> None:
    server.greeting = b"welcome\n"
    with relay.fault(Delivery.RESET, stage=stage) as failing:
        assert greeting(relay) == "reset"
        assert failing.fired == 1


def test_a_fault_stays_until_it_is_lifted(relay: Relay, server: LineServer) -> None:
    with relay.fault(Delivery.RESET) as failing:
        for _ in range(3):
            with closing(Client(relay)) as client:
                client.wire.sendall(b"one\n")
                assert end(client) == "reset"
        assert failing.fired == 3
    with closing(Client(relay)) as client:
        assert client.ask(b"two\n") == b"did two\n"
    assert server.told == [b"one\n"] * 3 + [b"two\n"]


def test_an_inner_fault_gives_way_to_the_outer_one(relay: Relay) -> None:
    with relay.fault(Delivery.RESET) as outer:
        with relay.fault(Delivery.CLOSED) as inner, closing(Client(relay)) as client:
            assert client.ask(b"one\n") == b""
        with closing(Client(relay)) as client:
            client.wire.sendall(b"one\n")
            assert end(client) == "reset"
    assert (inner.fired, outer.fired) == (1, 1)


@pytest.mark.parametrize("delivery", HELD)
@pytest.mark.parametrize("stage", ["before", "after"])
def test_an_answer_is_held_until_it_is_released(
    relay: Relay, server: LineServer, delivery: Delivery, stage: Any
) -> None:
    with relay.fault(delivery, stage=stage) as failing, closing(Client(relay, 0.05)) as client:
        client.wire.sendall(b"one\n")
        until(lambda: failing.fired)
        if delivery is Delivery.HANG:
            with pytest.raises(TimeoutError):
                client.wire.recv(1)
        until(lambda: relay.held)
        relay.release()
        client.wire.settimeout(5)
        with pytest.raises(ConnectionResetError):
            assert b"\n" not in b"".join(iter(lambda: client.wire.recv(100_000), b""))
        until(lambda: not relay.connections)
    assert server.told == ([b"one\n"] if stage == "after" else [])


@pytest.mark.parametrize("filler", [b"", b"."])
def test_a_drip_goes_on_with_the_filler_and_is_never_whole(server: LineServer, filler: bytes) -> None:
    with (
        Relay("127.0.0.1", server.port, filler=filler) as relay,
        relay.fault(Delivery.DRIP),
        closing(Client(relay)) as client,
    ):
        client.wire.sendall(b"one\n")
        wanted = len(b"did one" + filler * 3)
        seen = b"".join(client.wire.recv(1) for _ in range(wanted))
        assert seen == b"did one" + filler * 3


@pytest.mark.parametrize("delivery", HELD)
def test_a_client_that_gives_up_is_let_go(relay: Relay, delivery: Delivery) -> None:
    with relay.fault(delivery):
        with closing(Client(relay)) as client:
            client.wire.sendall(b"one\n")
            until(lambda: relay.held)
        until(lambda: not relay.connections)


def test_refusing(relay: Relay, client: Client) -> None:
    client.ask(b"one\n")
    with relay.refusing():
        with pytest.raises(ConnectionRefusedError):
            Client(relay)
        assert client.wire.recv(1) == b""
    with closing(Client(relay)) as again:
        assert again.ask(b"two\n") == b"did two\n"


def test_the_servers_own_end_is_passed_on(relay: Relay, client: Client) -> None:
    assert client.ask(b"die\n") == b""
    until(lambda: not relay.connections)


def test_a_client_may_close_its_half_and_still_read(relay: Relay, client: Client) -> None:
    client.wire.sendall(b"one\n")
    client.wire.shutdown(socket.SHUT_WR)
    assert (client.greeted(), client.greeted()) == (b"did one\n", b"")


def test_a_client_that_vanishes_ends_the_conversation(relay: Relay, client: Client) -> None:
    client.ask(b"one\n")
    client.close()
    until(lambda: not relay.connections)


def test_a_server_that_is_not_there_is_told(server: LineServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with Relay("127.0.0.1", taken.getsockname()[1]) as relay:
            assert greeting(relay) == "reset"
            until(lambda: relay.errors)
            assert isinstance(relay.errors[0], ConnectionRefusedError)


def test_a_unix_socket_that_is_not_there_is_told(tmp_path: Path) -> None:
    with Relay(str(tmp_path / "none.sock")) as relay, closing(Client(relay)) as client:
        assert client.wire.recv(1) == b""
        until(lambda: relay.errors)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no unix sockets here")
def test_the_server_may_be_behind_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen()
        client = stack.enter_context(closing(Client(stack.enter_context(Relay(str(path))))))
        client.wire.sendall(b"one\n")
        there = stack.enter_context(listener.accept()[0])
        there.sendall(there.recv(4) + b"two\n")
        assert (client.greeted(), client.greeted()) == (b"one\n", b"two\n")


def test_an_endless_answer_needs_a_filler(server: LineServer) -> None:
    with Relay("127.0.0.1", server.port) as relay, pytest.raises(PalError, match="without a filler"):
        relay.fault(Delivery.ENDLESS).__enter__()


def test_closing_drops_everything_and_closing_again_does_nothing(server: LineServer) -> None:
    relay = Relay("127.0.0.1", server.port)
    with closing(Client(relay)) as client:
        client.ask(b"one\n")
        relay.close()
        relay.close()
        assert client.wire.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            Client(relay)


def test_many_clients_at_once(relay: Relay) -> None:
    async def talk(number: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(f"{number}\n".encode())
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return answer

    async def everybody() -> list[bytes]:
        return await asyncio.gather(*(talk(number) for number in range(50)))

    assert asyncio.run(everybody()) == [f"did {number}\n".encode() for number in range(50)]
    assert relay.exchanges == 50


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_keeps_no_connection_of_its_parent_open() -> None:
    script = """
    import os, socket, warnings; warnings.filterwarnings("ignore", "This process", DeprecationWarning)
    from pytest_pal.faults.relay import Relay
    server = socket.create_server(("127.0.0.1", 0))
    relay = Relay("127.0.0.1", server.getsockname()[1])
    client = socket.create_connection(("127.0.0.1", relay.port), 5)
    there, _ = server.accept()
    there.sendall(b"welcome")
    assert client.recv(7) == b"welcome"
    (over, end) = os.pipe()
    if os.fork() == 0:
        for sock in (client, there, server): sock.close()
        os.read(over, 1)
        relay.close()
        raise SystemExit
    with relay.refusing():
        print(client.recv(1))
        try:
            socket.create_connection(("127.0.0.1", relay.port), 5)
        except ConnectionRefusedError:
            print("refused")
    os.write(end, b"x")
    print(os.wait()[1])
    for sock in (client, there, server): sock.close()
    """
    assert alone(script) == "b''\nrefused\n0\n"
