"""The shipped test CA: whom its clients trust, whom they refuse, and what is missing without the extra."""

import ssl
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import urllib3

from pytest_pal.errors import PalError
from pytest_pal.faults import tls
from pytest_pal.faults.message import Delivery
from pytest_pal.faults.server import HttpServer
from tests.faults.wire import BODY, PATIENCE, as_asked, head, raw, until, until_dropped


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client as strict as Python 3.13 is by default."""
    context = ssl.create_default_context(cafile=tls.CAFILE)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(as_asked, tls=tls.server_context()) as server:
        yield server
        assert server.errors == []


def client(trust: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(verify=trust, timeout=PATIENCE, trust_env=False)


def test_a_client_that_trusts_the_ca_is_served_on_a_kept_connection(
    server: HttpServer, trusting: ssl.SSLContext
) -> None:
    assert server.url == f"https://localhost:{server.port}"
    with client(trusting) as http:
        assert http.get(server.url).content == BODY
        assert http.post(server.url, content=b"x" * 1_000_000).content == b"x" * 1_000_000
        assert http.get(f"https://127.0.0.1:{server.port}").content == BODY
        assert server.accepted == 2


def test_a_client_of_urllib3_is_served(server: HttpServer) -> None:
    with urllib3.PoolManager(ca_certs=str(tls.CAFILE), retries=False) as pool:
        assert pool.request("GET", server.url).data == BODY


@pytest.mark.parametrize("delivery", [Delivery.RESET, Delivery.CLOSED, Delivery.TRUNCATED])
def test_a_reply_can_be_lost(server: HttpServer, trusting: ssl.SSLContext, delivery: Delivery) -> None:
    with client(trusting) as http:
        with pytest.raises(httpx.TransportError):
            http.get(f"{server.url}/?delivery={delivery}")
        assert http.get(server.url).content == BODY


@pytest.mark.parametrize("delivery", [Delivery.HANG, Delivery.DRIP, Delivery.DRIP_HEAD, Delivery.ENDLESS])
def test_a_reply_can_be_held_and_let_go(server: HttpServer, trusting: ssl.SSLContext, delivery: Delivery) -> None:
    with raw(server) as plain, trusting.wrap_socket(plain, server_hostname="localhost") as sock:
        sock.sendall(head(f"/?delivery={delivery}"))
        until(lambda: server.held == 1)
        server.release()
        until_dropped(sock)
    assert (server.held, server.connections) == (0, 0)


@pytest.mark.parametrize("context", [tls.foreign_context, tls.misnamed_context, tls.expired_context])
def test_a_wrong_certificate_is_refused_before_any_request(
    trusting: ssl.SSLContext, context: Callable[[], ssl.SSLContext]
) -> None:
    with HttpServer(as_asked, tls=context()) as server:
        with client(trusting) as http, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            http.get(server.url)
        assert server.accepted == 1
        until(lambda: server.connections == 0)


def test_the_wrong_certificates_are_wrong_in_one_respect_only() -> None:
    foreigner = ssl.create_default_context(cafile=tls.FOREIGN_CAFILE)
    with HttpServer(as_asked, tls=tls.foreign_context()) as server, client(foreigner) as http:
        assert http.get(server.url).content == BODY
    nameless = ssl.create_default_context(cafile=tls.CAFILE)
    nameless.check_hostname = False
    with HttpServer(as_asked, tls=tls.misnamed_context()) as server, client(nameless) as http:
        assert http.get(server.url).content == BODY


@pytest.mark.parametrize("host", ["api.example.com", "*.example.com"])
def test_a_certificate_for_another_host_is_made_when_asked_for(trusting: ssl.SSLContext, host: str) -> None:
    with (
        HttpServer(as_asked, tls=tls.server_context(host)) as server,
        raw(server) as plain,
        trusting.wrap_socket(plain, server_hostname="api.example.com") as sock,
    ):
        sock.sendall(head("/", "Connection: close"))
        assert until_dropped(sock).endswith(BODY)
    assert tls.server_context(host) is tls.server_context(host)


def test_one_certificate_may_be_for_several_hosts(trusting: ssl.SSLContext) -> None:
    with HttpServer(as_asked, tls=tls.server_context("api.example.com", "app.example.com")) as server:
        for host in ("api.example.com", "app.example.com"):
            with raw(server) as plain, trusting.wrap_socket(plain, server_hostname=host) as sock:
                sock.sendall(head("/", "Connection: close"))
                assert until_dropped(sock).endswith(BODY)


def test_a_foreign_certificate_for_another_host_is_refused(trusting: ssl.SSLContext) -> None:
    with (
        HttpServer(as_asked, tls=tls.foreign_context("api.example.com")) as server,
        raw(server) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="local issuer"),
    ):
        trusting.wrap_socket(plain, server_hostname="api.example.com")


def test_without_the_extra_only_this_machine_has_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(PalError) as caught:
        tls.server_context("without-extra.example.com")
    assert "without-extra.example.com" in str(caught.value)
    assert "pip install 'pytest-pal[tls]'" in str(caught.value)
    assert tls.server_context("127.0.0.1")


def test_what_is_no_handshake_harms_nobody(server: HttpServer, trusting: ssl.SSLContext) -> None:
    for wire in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):
        with raw(server) as sock:
            sock.sendall(wire)
    until(lambda: server.connections == 0)
    with client(trusting) as http:
        assert http.get(server.url).content == BODY


def test_a_server_closes_while_a_client_has_not_begun_its_handshake() -> None:
    server = HttpServer(as_asked, tls=tls.server_context())
    with raw(server) as sock:
        until(lambda: server.connections == 1)
        server.close()
        assert until_dropped(sock) == b""
    assert server.connections == 0


def test_the_names_say_that_this_is_no_real_ca() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tls.CAFILE)
    [certificate] = context.get_ca_certs()
    assert certificate["subject"] == ((("commonName", "pytest-pal test CA, not for production"),),)
    assert str(certificate["notAfter"]).endswith("2100 GMT")


@pytest.mark.slow
def test_the_wheel_ships_the_certificates(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(root)]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    shipped = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if "/certificates/" in name}
    assert shipped == {path.name for path in tls.FOLDER.iterdir()}
