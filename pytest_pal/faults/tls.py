"""Server contexts of the test CA that pytest-pal ships: the right certificate, and those a client must refuse.

The CA's key is published with the package: no system may trust it. Its certificates are made by tools/make_test_ca.py.
"""

import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pal.errors import PalError

if TYPE_CHECKING:
    from trustme import CA

FOLDER = Path(__file__).parent / "certificates"
CAFILE = FOLDER / "ca.pem"
FOREIGN_CAFILE = FOLDER / "foreign-ca.pem"
SHIPPED = frozenset({"localhost", "127.0.0.1", "::1"})


@cache
def server_context(*hosts: str) -> ssl.SSLContext:
    """What a client that trusts `CAFILE` accepts for these hosts; without any, for this machine.

    For any host but this machine a certificate is made at the first call, by trustme. Raises PalError where the extra
    `tls` is missing.
    """
    return _shipped("localhost") if SHIPPED.issuperset(hosts) else _minted(_test_ca(hosts[0]), *hosts)


@cache
def foreign_context(*hosts: str) -> ssl.SSLContext:
    """The right names, signed by a CA that nobody trusts. Raises PalError as `server_context` does."""
    return _shipped("foreign") if SHIPPED.issuperset(hosts) else _minted(_foreign_ca(hosts[0]), *hosts)


@cache
def misnamed_context() -> ssl.SSLContext:
    """Signed by the test CA, for another host."""
    return _shipped("misnamed")


@cache
def expired_context() -> ssl.SSLContext:
    """Signed by the test CA for this machine, and out of date since 2001."""
    return _shipped("expired")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _shipped(name: str) -> ssl.SSLContext:
    context = _context()
    context.load_cert_chain(FOLDER / f"{name}.pem")
    return context


def _minted(ca: "CA", *hosts: str) -> ssl.SSLContext:
    context = _context()
    ca.issue_cert(*hosts).configure_cert(context)
    return context


def _test_ca(host: str) -> "CA":
    return _authority(host).from_pem(CAFILE.read_bytes(), (FOLDER / "ca-key.pem").read_bytes())


def _foreign_ca(host: str) -> "CA":
    return _authority(host)(organization_name="pytest-pal foreign test CA, not for production")


def _authority(host: str) -> "type[CA]":
    try:
        from trustme import CA
    except ModuleNotFoundError as error:
        raise PalError(
            f"{host}: a certificate for it is made by trustme, which is not installed; without it there are only "
            f"those for {', '.join(sorted(SHIPPED))}. Type: pip install 'pytest-pal[tls]'"
        ) from error
    return CA
