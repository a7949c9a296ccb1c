"""One exchange: bounded as a whole, never repeated, every failure in the taxonomy, no secret in any of them."""

import gc
import math
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import h11
import pytest
from freezegun import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.tls import CAFILE, FOREIGN_CAFILE
from pytest_pal.primitives import http_attempt, http_call
from pytest_pal.primitives.http_call import Deadline, HttpClient, HttpReply, exchange

from .raw_server import RawServer, Script, Talk

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SECRET = "canary-7f3a91"
SHORT_S = 0.05
LONG_S = 10.0


def failure(url: str, *, method: str = "POST", body: bytes = b"{}", seconds: float = LONG_S, **more: Any) -> Any:
    """The error that an exchange ends with, its secrets looked for."""
    with pytest.raises(ProviderError) as caught:
        exchange(
            method,
            f"{url}/v1/x?key={SECRET}",
            headers={"Authorization": f"Bearer {SECRET}"},
            body=body,
            seconds=seconds,
            **more,
        )
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert SECRET not in "".join(traceback.format_exception_only(caught.value))
    return caught.value


def told(error: ProviderError) -> tuple[type, str, bool]:
    return type(error), str(error.code), error.outcome_unknown


def refusing_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def patched_lookup(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer)


# what is sent, and what comes back


def test_a_request_is_sent_once_as_it_was_given() -> None:
    with RawServer(OK) as server:
        reply = exchange(
            "POST", f"{server.url}/v1/a%20b?q=1", headers={"X-One": "é", "User-Agent": "u"}, body=b"{}", seconds=LONG_S
        )
        assert reply == HttpReply(200, {"content-length": "2"}, b"{}")
    assert server.connections == 1
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert (first, body) == (b"POST /v1/a%20b?q=1 HTTP/1.1", b"{}")
    assert sorted(lines) == sorted(
        [
            f"host: 127.0.0.1:{server.port}".encode(),
            b"accept-encoding: identity",
            b"x-one: \xc3\xa9",
            b"user-agent: u",
            b"connection: close",
            b"content-length: 2",
        ]
    )


def test_a_url_without_a_path_asks_for_the_root_and_a_read_has_no_length() -> None:
    with RawServer(OK) as server:
        exchange("GET", server.url, seconds=LONG_S)
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
    assert b"content-length" not in server.requests[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
def test_a_body_is_read_however_it_is_delimited(answer: bytes) -> None:
    with RawServer(answer) as server:
        reply = exchange("POST", server.url, seconds=LONG_S)
    assert (reply.status, reply.body) == (200, b"abc")


def test_repeated_headers_are_joined_and_a_reply_shows_neither_headers_nor_body() -> None:
    with RawServer(b"HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nA: 1\r\na: \xe9\r\nContent-Length: 0\r\n\r\n") as server:
        reply = exchange("POST", server.url, seconds=LONG_S)
    assert reply.headers == {"retry-after": "3", "a": "1, é", "content-length": "0"}
    assert repr(reply) == "HttpReply(status=429)"


def test_no_redirect_is_followed() -> None:
    with RawServer(b"HTTP/1.1 307 Elsewhere\r\nLocation: /v2\r\nContent-Length: 0\r\n\r\n") as server:
        assert exchange("POST", server.url, seconds=LONG_S).status == 307
    assert server.connections == 1


def test_no_proxy_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{refusing_port()}")
    with RawServer(OK) as server:
        assert exchange("GET", server.url, seconds=LONG_S).status == 200


def test_a_large_body_goes_both_ways() -> None:
    large = bytes(range(256)) * 8192

    def echo(talk: Talk) -> None:
        body = talk.request().partition(b"\r\n\r\n")[2]
        talk.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    for tls in (False, True):
        with RawServer(echo, tls=tls) as server:
            reply = exchange("POST", server.url, body=large, seconds=LONG_S, cafile=CAFILE)
        assert reply.body == large


# no connection: nothing was sent, so that the outcome is known


def test_a_refused_connection_is_known() -> None:
    error = failure(f"http://127.0.0.1:{refusing_port()}")
    assert told(error) == (RetryableError, "connection", False)
    assert isinstance(error.__cause__, ConnectionRefusedError)


def test_a_name_that_is_not_found_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    patched_lookup(monkeypatch, lookup)
    error = failure("http://api.acme.test")
    assert told(error) == (RetryableError, "connection", False)
    assert error.message == "POST api.acme.test:80: no connection (gaierror)"


def test_a_name_without_an_address_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    patched_lookup(monkeypatch, lambda *_, **__: [])
    assert told(failure("http://api.acme.test")) == (RetryableError, "connection", False)


def test_every_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = refusing_port()
    with RawServer(OK) as server:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (dead, server.port)]
        patched_lookup(monkeypatch, lambda *_, **__: found)
        assert exchange("POST", "http://api.acme.test", seconds=LONG_S).status == 200


def test_a_connection_that_nobody_takes_is_a_timeout_and_known() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        error = failure(f"http://127.0.0.1:{port}", seconds=SHORT_S)
        for sock in waiting:
            sock.close()
    assert told(error) == (RetryableError, "timeout", False)


@pytest.mark.parametrize("seconds", [0, -1])
def test_without_time_nothing_is_sent(seconds: float) -> None:
    with RawServer(OK) as server:
        assert told(failure(server.url, seconds=seconds)) == (RetryableError, "timeout", False)
    assert server.requests == []


def test_a_foreign_certificate_is_refused_before_anything_is_sent() -> None:
    with RawServer(OK, tls=True) as server:
        error = failure(server.url, cafile=FOREIGN_CAFILE)
        assert told(error) == (RetryableError, "connection", False)
        assert exchange("POST", server.url, seconds=LONG_S, cafile=CAFILE).status == 200
    assert len(server.requests) == 1


def test_a_certificate_of_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(OK, tls=True) as server:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        patched_lookup(monkeypatch, lambda *_, **__: found)
        error = failure("https://api.acme.test", cafile=CAFILE)
    assert told(error) == (RetryableError, "connection", False)


def test_what_is_no_tls_is_no_connection() -> None:
    with RawServer(lambda talk: talk.sock.sendall(OK)) as server:
        error = failure(f"https://127.0.0.1:{server.port}", cafile=CAFILE)
    assert told(error) == (RetryableError, "connection", False)


def test_a_handshake_is_inside_the_bound() -> None:
    with RawServer(lambda talk: talk.hang()) as server:
        error = failure(f"https://127.0.0.1:{server.port}", cafile=CAFILE, seconds=SHORT_S)
    assert told(error) == (RetryableError, "timeout", False)


# after sending: a write may have happened


def reset(talk: Talk) -> None:
    talk.request()
    talk.reset()


def say(answer: bytes) -> Script:
    def script(talk: Talk) -> None:
        talk.request()
        talk.sock.sendall(answer)

    return script


LOST: dict[str, Script] = {
    "reset": reset,
    "closed": say(b""),
    "truncated head": say(OK[:20]),
    "truncated body": say(OK[:-1]),
    "truncated chunk": say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
    "no last chunk": say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
}


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("name", LOST)
def test_a_lost_connection_leaves_the_outcome_of_a_write_unknown(name: str, tls: bool) -> None:
    with RawServer(LOST[name], tls=tls) as server:
        more = {"cafile": CAFILE}
        assert told(failure(server.url, **more)) == (RetryableError, "connection", True)
        assert told(failure(server.url, method="GET", **more)) == (RetryableError, "connection", False)
        assert told(failure(server.url, effect="read", **more)) == (RetryableError, "connection", False)
    assert server.connections == 3


def after(answer: bytes, then: Callable[[Talk], None]) -> Script:
    def script(talk: Talk) -> None:
        talk.request()
        talk.sock.sendall(answer)
        then(talk)

    return script


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SLOW: dict[str, Script] = {
    "hang": after(b"", Talk.hang),
    "hang in the body": after(OK[:-1], Talk.hang),
    "drip of a head": after(HEAD, lambda talk: talk.drip(b"X-A: b\r\n")),
    "drip of interim answers": after(b"", lambda talk: talk.drip(b"HTTP/1.1 102 Wait\r\n\r\n")),
    "drip of a body": after(HEAD + b"Content-Length: 100000\r\n\r\n", lambda talk: talk.drip(b"a")),
    "drip of chunks": after(CHUNKED, lambda talk: talk.drip(b"1\r\na\r\n")),
    "drip without a length": after(HEAD + b"\r\n", lambda talk: talk.drip(b"a")),
}


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("name", SLOW)
def test_the_bound_is_one_of_the_whole_exchange(name: str, tls: bool) -> None:
    """The client gives up before the server lets go."""
    let_go = threading.Event()

    def script(talk: Talk) -> None:
        SLOW[name](talk)
        if not talk.over.is_set():
            let_go.set()

    with RawServer(script, tls=tls) as server:
        seconds = 4 * SHORT_S if tls else SHORT_S
        error = failure(server.url, seconds=seconds, cafile=CAFILE)
    assert error.code == "timeout"
    assert error.message.endswith(f"no whole answer within {seconds:g} s")
    assert not let_go.is_set()


def test_a_timeout_after_sending_leaves_the_outcome_of_a_write_unknown() -> None:
    with RawServer(SLOW["hang"]) as server:
        assert told(failure(server.url, seconds=SHORT_S)) == (RetryableError, "timeout", True)
        assert told(failure(server.url, method="GET", seconds=SHORT_S)) == (RetryableError, "timeout", False)


def test_a_request_that_nobody_reads_ends_and_may_have_arrived_in_part() -> None:
    with RawServer(lambda talk: talk.hang()) as server:
        error = failure(server.url, body=b"x" * 2**26, seconds=4 * SHORT_S)
    assert told(error) == (RetryableError, "timeout", True)


def test_an_answer_that_comes_before_the_request_was_read_counts() -> None:
    def early(talk: Talk) -> None:
        talk.sock.recv(1)
        talk.sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        talk.sock.shutdown(socket.SHUT_WR)
        while talk.sock.recv(2**20):
            pass

    with RawServer(early) as server:
        assert exchange("POST", server.url, body=b"x" * 2**22, seconds=LONG_S).status == 413


def test_a_time_that_is_frozen_does_not_lift_the_bound() -> None:
    with RawServer(SLOW["drip of a body"]) as server, freeze_time("2026-03-02"):
        assert failure(server.url, seconds=SHORT_S).code == "timeout"


# what is no answer

MALFORMED = {
    "no http": b"SSH-2.0-OpenSSH " + SECRET.encode() + b"\r\n\r\n",
    "no status": b"HTTP/1.1 abc " + SECRET.encode() + b"\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\n" + SECRET.encode() + b"\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + SECRET.encode() + b"\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_http_is_malformed_and_not_quoted(name: str) -> None:
    script = after(MALFORMED[name], Talk.hang)
    with RawServer(script) as server:
        assert told(failure(server.url)) == (NonRetryableError, "malformed_reply", True)
        assert told(failure(server.url, method="GET")) == (NonRetryableError, "malformed_reply", False)


PIECES = st.sampled_from(
    [
        HEAD,
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 204 None\r\n",
        b"HTTP/1.0 500 No\r\n",
        b"Content-Length: 3\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"2\r\nab\r\n",
        b"0\r\n\r\n",
        b"abc",
    ]
)


@pytest.fixture(scope="module")
def echoing() -> Iterator[RawServer]:
    """Answers with the body of the request, and closes."""
    with RawServer(lambda talk: talk.sock.sendall(talk.request().partition(b"\r\n\r\n")[2])) as server:
        yield server


@given(pieces=st.lists(PIECES | st.binary(max_size=8), max_size=8))
@settings(max_examples=150, deadline=None)
@example(pieces=[b"HTTP/1.1 100 Continue\r\n\r\n"])
@example(pieces=[HEAD, b"Content-Length: 3\r\n", b"\r\n", b"abcabc"])
def test_whatever_comes_is_an_answer_or_an_error_of_the_taxonomy(echoing: RawServer, pieces: list[bytes]) -> None:
    try:
        reply = exchange("POST", echoing.url, body=b"".join(pieces), seconds=LONG_S)
        assert 200 <= reply.status <= 999
    except ProviderError as error:
        assert error.code in ("connection", "malformed_reply")
        assert error.outcome_unknown


def test_a_body_that_never_ends_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_attempt, "LARGEST_BODY", 200_000)

    def endless(talk: Talk) -> None:
        talk.request()
        talk.sock.sendall(HEAD + b"\r\n")
        while True:
            talk.sock.sendall(b"a" * 65536)

    with RawServer(endless) as server:
        error = failure(server.url)
    assert told(error) == (NonRetryableError, "malformed_reply", True)
    assert error.message.endswith("the body has more than 200000 bytes")


# connections that are kept


def answering(*answers: bytes, then: Callable[[Talk], None] = Talk.hang) -> Script:
    """Each connection answers so many requests, then does something."""

    def script(talk: Talk) -> None:
        for answer in answers:
            assert talk.request()
            talk.sock.sendall(answer)
        then(talk)

    return script


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_keeps_its_connection(tls: bool) -> None:
    with RawServer(answering(OK, OK, OK), tls=tls) as server, HttpClient(cafile=CAFILE) as client:
        for _ in range(3):
            assert client.exchange("POST", server.url, body=b"{}", seconds=LONG_S).body == b"{}"
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"Content", b"Connection: close\r\nContent"),
        HEAD + b"\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_ends_with_its_answer_is_not_kept(answer: bytes) -> None:
    script = answering(answer, then=lambda talk: talk.sock.close())
    with RawServer(script) as server, HttpClient() as client:
        for _ in range(2):
            assert client.exchange("POST", server.url, seconds=LONG_S).body == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("end", ["close", "reset", "say more"])
def test_a_connection_that_was_closed_meanwhile_is_noticed_before_anything_is_sent(end: str, tls: bool) -> None:
    answered, ended = threading.Semaphore(0), threading.Semaphore(0)

    def script(talk: Talk) -> None:
        talk.request()
        talk.sock.sendall(OK)
        answered.acquire(timeout=LONG_S)
        if end == "reset":
            talk.reset()
        elif end == "close":
            talk.sock.close()
        else:
            talk.sock.sendall(b"HTTP/1.1 408 Bye\r\n\r\n")
        ended.release()

    with RawServer(script, tls=tls) as server, HttpClient(cafile=CAFILE) as client:
        for _ in range(2):
            assert client.exchange("POST", server.url, seconds=LONG_S).status == 200
            answered.release()
            assert ended.acquire(timeout=LONG_S)
    assert server.connections == 2


def test_a_write_on_a_kept_connection_is_never_sent_again() -> None:
    received = []

    def script(talk: Talk) -> None:
        talk.request()
        talk.sock.sendall(OK)
        received.append(talk.request())

    with RawServer(script) as server, HttpClient() as client:
        client.exchange("POST", server.url, seconds=LONG_S)
        with pytest.raises(RetryableError) as caught:
            client.exchange("POST", server.url, seconds=LONG_S)
    assert told(caught.value) == (RetryableError, "connection", True)
    assert (server.connections, len(received)) == (1, 1)


def test_a_connection_that_failed_is_not_kept() -> None:
    with RawServer(after(b"", Talk.hang)) as server, HttpClient() as client:
        for _ in range(2):
            with pytest.raises(RetryableError, match="timeout"):
                client.exchange("POST", server.url, seconds=SHORT_S)
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_call, "IDLE_S", 0.0)
    with RawServer(answering(OK)) as server, HttpClient() as client:
        for _ in range(2):
            client.exchange("POST", server.url, seconds=LONG_S)
    assert server.connections == 2


def test_each_thread_has_a_connection_to_itself() -> None:
    together = threading.Barrier(4)

    def script(talk: Talk) -> None:
        while body := talk.request().partition(b"\r\n\r\n")[2]:
            together.wait(LONG_S)
            talk.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with RawServer(script) as server, HttpClient() as client, ThreadPoolExecutor(4) as pool:

        def call(body: bytes) -> bytes:
            return client.exchange("POST", server.url, body=body, seconds=LONG_S).body

        for _ in range(3):
            bodies = [b"%d" % number * 9 for number in range(4)]
            assert list(pool.map(call, bodies)) == bodies
    assert server.connections == 4


def test_two_places_never_share_a_connection() -> None:
    with RawServer(answering(OK, OK)) as one, RawServer(answering(OK, OK)) as two, HttpClient() as client:
        for url in (one.url, two.url, one.url, two.url):
            client.exchange("POST", url, seconds=LONG_S)
    assert (one.connections, two.connections) == (1, 1)


def test_a_closed_client_keeps_nothing_but_can_be_used() -> None:
    with RawServer(answering(OK, OK)) as server:
        client = HttpClient()
        client.exchange("POST", server.url, seconds=LONG_S)
        client.close()
        client.close()
        client.exchange("POST", server.url, seconds=LONG_S)
        assert client._idle == {("http", "127.0.0.1", server.port): []}
    assert server.connections == 2


def test_a_client_that_is_dropped_closes_its_connections() -> None:
    with RawServer(answering(OK)) as server:
        client = HttpClient()
        client.exchange("POST", server.url, seconds=LONG_S)
        ((sock, _),) = next(iter(client._idle.values()))
        del client
        gc.collect()
        assert sock.fileno() == -1


# what cannot be sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.acme.test/x",
        "ftp://acme.test",
        "http://",
        "http:///x",
        "http://acme.test:port/",
        "http://acme.test:99999/",
        "http://acme.test:0/",
        f"http://user:{SECRET}@acme.test/",
        "http://" + "a" * 64 + ".test/",
        "http://[::1/",
    ],
)
def test_a_bad_url_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(NonRetryableError, match="the URL is not of the form") as caught:
        exchange("POST", url, seconds=LONG_S)
    assert caught.value.code == "not_configured"
    assert caught.value.__cause__ is None
    assert SECRET not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    "request_", [{"headers": {"a": f"{SECRET}\r\nb: c"}}, {"headers": {"a b": "c"}}, {"headers": {"a": "\ud800"}}]
)
def test_a_header_that_cannot_be_sent_is_not_quoted(request_: dict[str, Any]) -> None:
    with pytest.raises(NonRetryableError, match="HTTP cannot carry") as caught:
        exchange("POST", f"http://127.0.0.1:{refusing_port()}/", seconds=LONG_S, **request_)
    assert (caught.value.code, caught.value.__cause__, caught.value.__context__) == ("invalid", None, None)


@pytest.mark.parametrize(("method", "path"), [("POST IT", "/x"), ("POST", "/a b"), ("POST", "/é")])
def test_neither_is_a_method_or_a_path(method: str, path: str) -> None:
    with pytest.raises(NonRetryableError, match="HTTP cannot carry"):
        exchange(method, f"http://127.0.0.1:{refusing_port()}{path}", seconds=LONG_S)


def test_a_cafile_must_hold_certificates() -> None:
    for cafile in (CAFILE.with_name("none.pem"), CAFILE.parent, __file__):
        with pytest.raises(NonRetryableError, match="holds no certificates") as caught:
            exchange("POST", "https://127.0.0.1:1/", seconds=LONG_S, cafile=cafile)
        assert caught.value.code == "not_configured"


def test_the_system_is_trusted_where_no_cafile_is_given() -> None:
    with RawServer(OK, tls=True) as server:
        assert told(failure(server.url)) == (RetryableError, "connection", False)


def test_an_ipv6_address_is_written_in_brackets() -> None:
    place = http_attempt.place_of("http://[::1]:8080/x")
    conn = h11.Connection(h11.CLIENT)
    assert (place.host, place.port) == ("::1", 8080)
    assert b"host: [::1]:8080\r\n" in http_attempt.serialised(conn, "GET", place, {}, b"", keep=False)


def test_a_deadline_counts_down_to_nothing() -> None:
    times = iter([0.0, 1.0, 9.0])
    deadline = Deadline(5.0, now=lambda: next(times))
    assert math.isclose(deadline.left(), 4.0)
    assert deadline.left() == 0.0
