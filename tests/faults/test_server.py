"""The loopback server under real clients, raw bytes, and every delivery."""

import errno
import gc
import http.client
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pal.faults.message import Delivery, Reply, Request
from pytest_pal.faults.server import HttpServer
from tests.faults.wire import BODY, PATIENCE, as_asked, asked, head, raw, until, until_closed, until_dropped

HELD = [Delivery.HANG, Delivery.DRIP, Delivery.DRIP_HEAD, Delivery.ENDLESS]
LOST = [Delivery.RESET, Delivery.CLOSED, Delivery.TRUNCATED]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(as_asked) as server:
        yield server
        assert server.errors == []


@pytest.fixture
def client(server: HttpServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
        yield client


def seen(target: str, *lines: str, method: str = "GET", body: bytes = b"") -> Request:
    """The request as the server understands it."""
    requests: list[Request] = []

    def respond(request: Request) -> Reply:
        requests.append(request)
        return Reply()

    with HttpServer(respond) as server:
        asked(server, head(target, "Connection: close", *lines, method=method) + body)
    [request] = requests
    return request


# Requests.


def test_a_path_is_decoded_and_the_last_value_of_a_name_wins() -> None:
    request = seen("/v1/a%20b/%C3%BC?x=1&x=2&empty=&plus=a+b%2Fc")
    assert request.path == "/v1/a b/ü"
    assert request.query == {"x": "2", "empty": "", "plus": "a b/c"}


@pytest.mark.parametrize(
    ("target", "path"), [("http://api.example.com/v1?x=1", "/v1"), ("http://a.com", "/"), ("//v1", "//v1"), ("*", "*")]
)
def test_a_target_as_to_a_proxy_has_the_path_of_its_url(target: str, path: str) -> None:
    assert seen(target).path == path


def test_header_names_are_lower_case_and_repeated_ones_are_joined() -> None:
    request = seen("/", "Authorization: Bearer s3cret", "X-Tag: a", "x-tag: b")
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.headers["x-tag"] == "a, b"


def test_a_chunked_request_is_one_body() -> None:
    request = seen("/", "Transfer-Encoding: chunked", method="POST", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert request.body == b"abcde"


def test_a_body_of_ten_megabytes_goes_there_and_back(client: httpx.Client) -> None:
    body = os.urandom(10_000_000)
    assert client.post("/", content=body).content == body


def test_a_client_that_expects_100_continue_is_told_so(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/", "Expect: 100-continue", "Content-Length: 2", "Connection: close", method="POST"))
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"hi")
        assert until_closed(sock).endswith(b"\r\n\r\nhi")


def test_http_1_0_is_answered_and_closed(server: HttpServer) -> None:
    answer = asked(server, head("/?chunked", version="1.0"))
    assert b"chunked" not in answer
    assert answer.endswith(BODY)


def test_head_announces_the_length_and_sends_no_body(server: HttpServer) -> None:
    answer = asked(server, head("/", "Connection: close", method="HEAD"))
    assert f"content-length: {len(BODY)}".encode() in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


def test_a_204_has_neither_length_nor_body(server: HttpServer) -> None:
    answer = asked(server, head("/?status=204", "Connection: close"))
    assert b"content-length" not in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "wire",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: two\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 100_000,
    ],
)
def test_what_is_no_request_is_answered_with_400_and_closed(server: HttpServer, wire: bytes) -> None:
    assert asked(server, wire).startswith(b"HTTP/1.1 400 ")


def test_a_head_beyond_all_measure_is_431(server: HttpServer) -> None:
    assert asked(server, head("/", "X-Long: " + "x" * 100_000)[:-2]).startswith(b"HTTP/1.1 431 ")


def test_a_server_is_no_proxy(server: HttpServer) -> None:
    assert asked(server, head("api.example.com:443", method="CONNECT")).startswith(b"HTTP/1.1 405 ")


# Connections.


def test_a_connection_is_kept(client: httpx.Client, server: HttpServer) -> None:
    assert [client.get("/").headers["x-connection"] for _ in range(3)] == ["1", "1", "1"]
    assert (server.connections, server.accepted) == (1, 1)


def test_connection_close_is_honoured_on_either_side(client: httpx.Client, server: HttpServer) -> None:
    client.get("/", headers={"Connection": "close"})
    assert client.get("/").headers["x-connection"] == "2"
    until(lambda: server.connections == 1)


def test_a_reply_may_close_the_connection() -> None:
    with HttpServer(lambda request: Reply(headers={"Connection": "close"}, body=b"x")) as server:
        assert asked(server, head()).endswith(b"\r\n\r\nx")


def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    wire = head("/?body=one") + head("/?body=two&chunked") + head("/?body=three", "Connection: close")
    answer = asked(server, wire)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.index(b"one") < answer.index(b"two") < answer.index(b"three")


def test_a_request_may_arrive_byte_by_byte(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head("/?body=x", "Connection: close"):
            sock.sendall(bytes([byte]))
        assert until_closed(sock).endswith(b"\r\n\r\nx")


def test_an_idle_connection_can_be_dropped_but_not_a_busy_one(client: httpx.Client, server: HttpServer) -> None:
    client.get("/")
    with raw(server) as busy:
        busy.sendall(head("/?delivery=hang"))
        until(lambda: server.held == 1)
        server.drop_idle()
        assert (server.connections, server.held) == (1, 1)
    assert client.get("/").headers["x-connection"] == "3"


def test_twenty_clients_at_once_each_get_their_own_reply(server: HttpServer) -> None:
    def ask(number: int) -> list[bytes]:
        with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
            return [client.post("/", content=f"{number}-{turn}").content for turn in range(20)]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert answers == [[f"{number}-{turn}".encode() for turn in range(20)] for number in range(20)]


def test_replies_are_sent_without_waiting_for_acknowledgements(server: HttpServer) -> None:
    with raw(server):
        until(lambda: server.connections == 1)
        [connection] = server._service.open
        assert connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# Deliveries.


def test_a_whole_reply_has_status_headers_and_body_and_no_date(client: httpx.Client) -> None:
    reply = client.get("/?status=201")
    assert (reply.status_code, reply.reason_phrase, reply.content) == (201, "Created", BODY)
    assert {name.lower() for name in reply.headers} == {"content-type", "x-connection", "content-length"}


def test_a_chunked_reply_has_no_length(client: httpx.Client) -> None:
    reply = client.get("/?chunked")
    assert reply.content == BODY
    assert "content-length" not in reply.headers


def test_reset_is_a_reset(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/?delivery=reset"))
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_closed_ends_without_a_byte(server: HttpServer) -> None:
    assert asked(server, head("/?delivery=closed")) == b""


def test_truncated_announces_the_whole_and_sends_half(server: HttpServer) -> None:
    sent, body = asked(server, head("/?delivery=truncated")).split(b"\r\n\r\n")
    assert f"content-length: {len(BODY)}".encode() in sent.lower()
    assert body == BODY[: len(BODY) // 2]


def test_a_truncated_chunked_reply_never_ends_its_body(server: HttpServer) -> None:
    sent, body = asked(server, head("/?delivery=truncated&chunked")).split(b"\r\n\r\n")
    assert b"chunked" in sent.lower()
    assert body == b"%x\r\n%b\r\n" % (len(BODY) // 2, BODY[: len(BODY) // 2])


@pytest.mark.parametrize("target", ["/?delivery=truncated&body=", "/?delivery=truncated&status=204"])
def test_truncated_without_a_body_is_noticed_by_every_client(server: HttpServer, target: str) -> None:
    assert asked(server, head(target)) in b"HTTP/1.1 200 OK"
    each_library_fails(server, target)


def test_hang_sends_nothing_until_released(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/?delivery=hang"))
        until(lambda: server.held == 1)
        server.release()
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert (server.held, server.connections) == (0, 0)


def received(server: HttpServer, target: str, size: int, method: str = "GET") -> bytes:
    got = b""
    with raw(server) as sock:
        sock.sendall(head(target, method=method))
        while len(got) < size:
            got += sock.recv(size - len(got))
    until(lambda: server.held == 0)
    return got


def test_a_drip_sends_the_head_and_then_a_byte_at_a_time(server: HttpServer) -> None:
    sent, body = received(server, "/?delivery=drip&body=abcd", 140).split(b"\r\n\r\n")
    assert b"chunked" in sent.lower()
    assert body.startswith(b"1\r\na\r\n1\r\nb\r\n1\r\n \r\n1\r\n \r\n")


def test_a_drip_never_has_a_whole_document(server: HttpServer) -> None:
    assert BODY[-5:] not in received(server, f"/?delivery=drip&body={BODY.decode().replace(' ', '')}", 300)


def test_the_head_drips_before_the_body(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/?delivery=drip_head"))
        assert sock.recv(1000) == b"H"
        assert sock.recv(1000) == b"T"
    assert b"\r\n\r\n1\r\n{\r\n1\r\n" in received(server, "/?delivery=drip_head", 150)


@pytest.mark.parametrize("delivery", [Delivery.DRIP, Delivery.DRIP_HEAD, Delivery.ENDLESS])
def test_the_head_of_a_reply_without_body_never_ends(server: HttpServer, delivery: Delivery) -> None:
    with raw(server) as sock:
        sock.sendall(head(f"/?delivery={delivery}", method="HEAD"))
        until(lambda: server.held == 1)
        server.release()
        assert b"\r\n\r\n" not in until_dropped(sock)


def test_an_endless_body_goes_on_as_long_as_it_is_read(server: HttpServer) -> None:
    assert received(server, "/?delivery=endless", 5_000_000).count(b"OK") == 1


def test_an_endless_body_that_nobody_reads_fills_no_memory(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/?delivery=endless"))
        until(lambda: server.held == 1)
        [connection] = server._service.held
        until(lambda: not connection._writable)
        assert connection._wire.get_write_buffer_size() < 1_000_000
        assert httpx.get(server.url, trust_env=False).content == BODY


@pytest.mark.parametrize("delivery", HELD)
def test_a_client_that_gives_up_frees_its_connection(server: HttpServer, delivery: Delivery) -> None:
    with raw(server) as sock:
        sock.sendall(head(f"/?delivery={delivery}"))
        until(lambda: server.held == 1)
    until(lambda: (server.held, server.connections) == (0, 0))


@pytest.mark.parametrize("delivery", HELD)
def test_release_ends_every_held_client_and_no_other(
    server: HttpServer, client: httpx.Client, delivery: Delivery
) -> None:
    client.get("/")
    with raw(server) as first, raw(server) as second:
        for sock in (first, second):
            sock.sendall(head(f"/?delivery={delivery}"))
        until(lambda: server.held == 2)
        server.release()
        for sock in (first, second):
            until_dropped(sock)
    assert client.get("/").headers["x-connection"] == "1"


def each_library_fails(server: HttpServer, target: str) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    plain.request("GET", target)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        plain.getresponse().read()
    plain.close()
    with urllib3.PoolManager(retries=False) as pool, pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("GET", server.url + target)
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.TransportError):
        client.get(server.url + target)


@pytest.mark.parametrize("delivery", LOST)
def test_each_client_library_notices_a_lost_reply(server: HttpServer, delivery: Delivery) -> None:
    each_library_fails(server, f"/?delivery={delivery}")


@pytest.mark.parametrize("delivery", HELD)
def test_each_client_library_notices_that_a_held_reply_is_dropped(server: HttpServer, delivery: Delivery) -> None:
    over = threading.Event()

    def release() -> None:
        while not over.wait(0.02):
            server.release()

    releasing = threading.Thread(target=release)
    releasing.start()
    try:
        each_library_fails(server, f"/?delivery={delivery}")
    finally:
        over.set()
        releasing.join()


# Refusing and closing.


def test_a_refusing_server_refuses_and_comes_back_on_its_port(server: HttpServer, client: httpx.Client) -> None:
    port = server.port
    client.get("/")
    for _ in range(3):
        with server.refusing():
            assert server.connections == 0
            with pytest.raises(httpx.ConnectError):
                client.get("/")
        assert client.get("/").content == BODY
    assert server.port == port


def test_nobody_can_take_the_port_of_a_refusing_server(server: HttpServer) -> None:
    with server.refusing(), socket.socket() as stranger, pytest.raises(OSError) as caught:
        stranger.bind(("127.0.0.1", server.port))
    assert caught.value.errno == errno.EADDRINUSE


def test_a_refusing_server_drops_those_who_wait(server: HttpServer) -> None:
    with raw(server) as sock:
        sock.sendall(head("/?delivery=hang"))
        until(lambda: server.held == 1)
        with server.refusing():
            assert until_dropped(sock) == b""
            assert server.held == 0


def test_a_server_closed_while_it_refuses_stays_closed() -> None:
    server = HttpServer(as_asked)
    with server.refusing():
        server.close()
    with pytest.raises(ConnectionRefusedError), raw(server):
        pass


@pytest.mark.parametrize("delivery", HELD)
def test_close_drops_clients_whatever_they_wait_for(delivery: Delivery) -> None:
    with HttpServer(as_asked) as server, raw(server) as sock:
        sock.sendall(head(f"/?delivery={delivery}"))
        until(lambda: server.held == 1)
        server.close()
        until_dropped(sock)
        assert (server.held, server.connections) == (0, 0)
        server.close()


def test_fifty_servers_leave_no_socket_behind() -> None:
    def cycle() -> None:
        with HttpServer(as_asked) as server, raw(server) as waiting, raw(server):
            waiting.sendall(head("/?delivery=hang"))
            asked(server, head("/", "Connection: close"))

    cycle()
    gc.collect()
    before = len(os.listdir("/dev/fd"))
    for _ in range(50):
        cycle()
    assert len(os.listdir("/dev/fd")) == before


# Mocks that fail.


def test_what_the_mock_raises_is_kept_and_the_client_gets_a_marked_500() -> None:
    def respond(request: Request) -> Reply:
        if request.path == "/bad":
            raise KeyError("no such campaign")
        return Reply(body=b"fine")

    with HttpServer(respond) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        reply = client.get("/bad")
        assert (reply.status_code, reply.headers["x-pytest-pal-error"]) == (500, "KeyError")
        assert "no such campaign" in reply.text
        assert client.get("/").content == b"fine"
        [error] = server.errors
    assert isinstance(error, KeyError)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        Reply(status=99),
        Reply(headers={"X": "a\r\nb"}),
        Reply(headers={"X": "ü€"}),
        Reply(body="text"),  # type: ignore[arg-type]
        Reply(delivery="sideways"),  # type: ignore[arg-type]
    ],
)
def test_a_reply_that_cannot_be_sent_is_an_error_of_the_mock(reply: Reply) -> None:
    with HttpServer(lambda request: reply) as server:
        assert httpx.get(server.url, trust_env=False).status_code == 500
        assert len(server.errors) == 1


def test_a_mock_may_use_its_server() -> None:
    def respond(request: Request) -> Reply:
        own.release()
        return Reply(body=b"released")

    with HttpServer(respond) as own:
        assert httpx.get(own.url, trust_env=False).content == b"released"


# Nonsense.

fragments = st.sampled_from(
    [
        head(),
        head("/?delivery=truncated"),
        head("/", "Content-Length: 3", method="POST"),
        head("/", "Transfer-Encoding: chunked", method="PUT"),
        head("a:1", method="CONNECT"),
        head("/", "Upgrade: websocket", "Connection: Upgrade"),
        head("/", "Expect: 100-continue", "Content-Length: 1", method="POST"),
        head("/%zz?%zz=%", version="1.0"),
        head("http://[::bad/x"),
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"\r\n",
    ]
)


@pytest.fixture(scope="module")
def survivor() -> Iterator[HttpServer]:
    with HttpServer(as_asked) as server:
        yield server


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(fragments | st.binary(max_size=40), max_size=6), split=st.integers(0, 60))
def test_no_bytes_whatever_harm_the_server(survivor: HttpServer, parts: list[bytes], split: int) -> None:
    wire = b"".join(parts)
    with raw(survivor) as sock:
        for piece in (wire[:split], wire[split:]):
            try:
                sock.sendall(piece)
            except ConnectionError:
                break
    assert asked(survivor, head("/", "Connection: close")).endswith(BODY)
    assert survivor.errors == []
    until(lambda: survivor.connections == 0)
