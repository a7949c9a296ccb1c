"""Real clients with fixed https URLs reach a vendor on loopback, and verify what they verified before."""

import _socket
import asyncio
import http.client
import http.server
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import trustme
import urllib3

from pytest_pal.errors import PalError
from pytest_pal.faults import redirect
from pytest_pal.faults.redirect import redirected, unresolvable
from pytest_pal.kit.guard import GUARD, NetworkForbidden

HOST, OTHER = "api.vendor.example", "elsewhere.vendor.example"
URL = f"https://{HOST}/v1/things"


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"hello {self.headers['Host']}".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        pass


@contextmanager
def serving(authority: trustme.CA | None, host: str = HOST) -> Iterator[int]:
    server = Quiet(("127.0.0.1", 0), Answers)
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def cafile(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="module")
def port(authority: trustme.CA) -> Iterator[int]:
    with serving(authority) as port:
        yield port


@pytest.fixture(scope="module")
def plain_port() -> Iterator[int]:
    with serving(None) as port:
        yield port


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def by_http_client(url: str) -> str:
    with closing(http.client.HTTPSConnection(url.split("/")[2], timeout=5)) as connection:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()


def by_urllib(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return str(reply.read().decode())


def by_urllib3(url: str) -> str:
    with urllib3.PoolManager(retries=False, timeout=5.0) as pool:
        return pool.request("GET", url).data.decode()


def by_requests(url: str) -> str:
    with requests.Session() as session:
        return session.get(url, timeout=5).text


def by_httpx(url: str) -> str:
    with httpx.Client(timeout=5) as client:
        return client.get(url).text


def by_httpx_async(url: str) -> str:
    async def get() -> str:
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(url)).text

    return asyncio.run(get())


def by_aiohttp(url: str) -> str:
    async def get() -> str:
        connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
        timeout = aiohttp.ClientTimeout(5)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, session.get(url) as reply:
            return await reply.text()

    return asyncio.run(get())


def by_asyncio(url: str) -> str:
    async def get() -> str:
        host = url.split("/")[2]
        reader, writer = await asyncio.open_connection(host, 443, ssl=True)
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        reply = await reader.read()
        writer.close()
        return reply.decode().partition("\r\n\r\n")[2]

    return asyncio.run(get())


CLIENTS = [by_http_client, by_urllib, by_urllib3, by_requests, by_httpx, by_httpx_async, by_aiohttp, by_asyncio]
Get = Callable[[str], str]


@pytest.fixture(params=CLIENTS)
def get(request: pytest.FixtureRequest) -> Get:
    function: Get = request.param
    return function


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error with all that led to it, as libraries wrap them in several ways."""
    while error is not None:
        yield error
        reason = getattr(error, "reason", None) or next(iter(error.args), None)
        inner = reason if isinstance(reason, BaseException) else None
        error = error.__cause__ or error.__context__ or inner


def failure(get: Get, url: str = URL) -> str:
    with pytest.raises(Exception) as caught:
        get(url)
    return " ".join(str(cause) for cause in causes(caught.value))


def test_a_client_with_a_fixed_host_reaches_the_vendor(get: Get, port: int, cafile: Path) -> None:
    with redirected({HOST: port}, cafile=cafile), GUARD.watching(loopback=True) as violations:
        assert get(URL) == f"hello {HOST}"
    assert violations == []


def test_a_foreign_authority_is_refused(get: Get, cafile: Path) -> None:
    with serving(trustme.CA()) as port, redirected({HOST: port}, cafile=cafile):
        assert "CERTIFICATE_VERIFY_FAILED" in failure(get)


def test_a_certificate_for_another_name_is_refused(get: Get, authority: trustme.CA, cafile: Path) -> None:
    with serving(authority, OTHER) as port, redirected({HOST: port}, cafile=cafile):
        assert "ostname mismatch" in failure(get)


def test_a_name_that_leads_nowhere(get: Get, port: int, cafile: Path) -> None:
    with redirected({HOST: port}, cafile=cafile), unresolvable([HOST]):
        assert "Name or service not known" in failure(get)


def test_other_hosts_are_untouched_and_the_guard_refuses_them(get: Get, port: int, cafile: Path) -> None:
    with redirected({HOST: port}, cafile=cafile), GUARD.watching(loopback=True) as violations:
        assert "no connection to" in failure(get, f"https://{OTHER}/")
    assert set(violations) == {f"getaddrinfo {OTHER}"}


def test_without_loopback_the_guard_sees_the_look_up_of_a_redirected_host(port: int, cafile: Path) -> None:
    with redirected({HOST: port}), GUARD.watching(loopback=False) as violations, pytest.raises(NetworkForbidden):
        socket.getaddrinfo(HOST, 443)
    assert len(violations) == 1


@pytest.mark.parametrize(
    "asked",
    [
        lambda: httpx.get(URL, verify=False).status_code,
        lambda: urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False).request("GET", URL).status,
        lambda: unverified(),
    ],
)
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_client_that_verifies_nothing_still_verifies_nothing(asked: Callable[[], int], cafile: Path) -> None:
    with serving(trustme.CA(), OTHER) as port, redirected({HOST: port}, cafile=cafile):
        assert asked() == 200


def unverified() -> int:
    with urllib.request.urlopen(URL, context=ssl._create_unverified_context()) as reply:
        return int(reply.status)


def test_a_clients_context_keeps_its_own_trust(port: int, cafile: Path) -> None:
    context = ssl.create_default_context()
    before = context.cert_store_stats()
    with redirected({HOST: port}, cafile=cafile):
        urllib.request.urlopen(URL, context=context).close()
    assert context.cert_store_stats() == before
    with redirected({HOST: port}):
        assert "CERTIFICATE_VERIFY_FAILED" in failure(lambda url: urllib.request.urlopen(url, context=context).read())


def test_alpn_and_versions_are_the_clients_own(authority: trustme.CA, cafile: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_alpn_protocols(["http/1.1"])
    authority.issue_cert(HOST).configure_cert(server)
    client = ssl.create_default_context()
    client.set_alpn_protocols(["h2", "http/1.1"])
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    into, out, back, forth = (ssl.MemoryBIO() for _ in range(4))
    there = server.wrap_bio(into, out, server_side=True)
    with redirected({HOST: 1}, cafile=cafile):
        here = client.wrap_bio(back, forth, server_hostname=HOST)
    for _ in range(4):
        for end in (here, there):
            with ExitStack() as waiting:
                waiting.callback(lambda: (into.write(forth.read()), back.write(out.read())))
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    assert (here.selected_alpn_protocol(), here.version()) == ("http/1.1", "TLSv1.2")


def test_a_session_of_an_earlier_connection_is_no_error(port: int, cafile: Path) -> None:
    context = ssl.create_default_context()
    session = None
    with redirected({HOST: port}, cafile=cafile):
        for _ in range(2):
            with (
                socket.create_connection((HOST, 443)) as wire,
                context.wrap_socket(wire, server_hostname=HOST, session=session) as tls,
            ):
                tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert tls.recv(12) == b"HTTP/1.1 200"
                session = tls.session


@pytest.mark.parametrize("spelling", [HOST, HOST.upper(), f"{HOST}.", HOST.encode()])
@pytest.mark.parametrize("asked", [80, 443, 8443])
def test_any_spelling_and_any_port_leads_there(spelling: Any, asked: int, plain_port: int) -> None:
    with redirected({HOST: plain_port}), socket.create_connection((spelling, asked), 5) as wire:
        assert wire.getpeername() == ("127.0.0.1", plain_port)


@pytest.mark.parametrize(
    "look_up",
    [
        lambda: socket.gethostbyname(HOST),
        lambda: socket.gethostbyname_ex(HOST)[2][0],
        lambda: socket.getaddrinfo(HOST, None)[0][4][0],
        lambda: HOST,  # the connection looks the name up by itself
    ],
)
@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_each_way_to_look_up_and_connect(look_up: Callable[[], str], connect: str, plain_port: int) -> None:
    with socket.socket() as wire, redirected({HOST: plain_port}):
        getattr(wire, connect)((look_up(), 443))
        assert wire.getpeername() == ("127.0.0.1", plain_port)


def test_two_hosts_lead_to_two_vendors(port: int, plain_port: int) -> None:
    with redirected({HOST: port, OTHER: plain_port}):
        for host, expected in ((HOST, port), (OTHER, plain_port)):
            with socket.create_connection((socket.gethostbyname(host), 443)) as wire:
                assert wire.getpeername()[1] == expected


def connect_by_name(host: str) -> None:
    with socket.socket() as wire:
        wire.connect((host, 80))


@pytest.mark.parametrize("host", ["localhost", HOST])
def test_nowhere_for_every_way_to_look_up(host: str) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: socket.getaddrinfo(host, 80),
        lambda: socket.gethostbyname(host),
        lambda: socket.gethostbyname_ex(host),
        lambda: socket.create_connection((host, 80)),
        lambda: connect_by_name(host),
        lambda: asyncio.run(asyncio.open_connection(host, 80)),
    ]
    with unresolvable([host]):
        for way in ways:
            with pytest.raises(socket.gaierror) as caught:
                way()
            assert caught.value.errno == socket.EAI_NONAME
    assert socket.getaddrinfo("localhost", 80)


def seams() -> list[Any]:
    return [vars(owner).get(name, "inherited") for owner, name, _ in redirect._SEAMS]


def test_everything_is_as_before_also_when_layers_end_in_another_order(port: int, plain_port: int) -> None:
    before = seams()
    first, second = redirected({HOST: port}), redirected({HOST: plain_port})
    first.__enter__()
    second.__enter__()
    assert seams() != before
    first.__exit__(None, None, None)
    with socket.create_connection((HOST, 443)) as wire:
        assert wire.getpeername()[1] == plain_port
    second.__exit__(None, None, None)
    assert seams() == before


def test_an_error_inside_ends_the_redirect(port: int) -> None:
    before = seams()
    with pytest.raises(ZeroDivisionError), redirected({HOST: port}):
        raise ZeroDivisionError
    assert seams() == before


def test_a_patch_below_ours_is_still_called_and_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(*args: Any) -> Any:
        seen.append(args[0])
        return []

    seen: list[str] = []
    monkeypatch.setattr(_socket, "getaddrinfo", theirs)
    with redirected({HOST: 1}):
        socket.getaddrinfo(OTHER, 80)
    socket.getaddrinfo(HOST, 80)
    assert (seen, _socket.getaddrinfo) == ([OTHER, HOST], theirs)


def test_threads_open_and_close_at_will(plain_port: int) -> None:
    before, seen = seams(), []

    def work(number: int) -> None:
        for turn in range(50):
            host = f"h{number}-{turn}.vendor.example"
            with redirected({host: plain_port}), socket.create_connection((host, 443), 5) as wire:
                seen.append(wire.getpeername()[1])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen, seams()) == ([plain_port] * 200, before)


@pytest.mark.parametrize("host", ["https://api.vendor.example", "api.vendor.example:443", "a b", ""])
def test_what_is_no_host_name_is_named(host: str) -> None:
    with pytest.raises(PalError, match=r"is no host name: give the bare name"), redirected({host: 1}):
        pass
