"""The guard refuses what leaves this machine, and says what was tried."""

import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pytest_pal.kit.guard import Guard, NetworkForbidden

GUARD = Guard()  # one for all: the interpreter never lets go of an audit hook
ADDRESS = ("192.0.2.1", 9)  # RFC 5737: documentation only, nobody answers


def udp(address: Any) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        wire.sendto(b"hello", address)


def message(address: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendmsg([b"hello"], [], 0, address)


def connect(address: Any) -> None:
    with socket.socket() as wire:
        wire.connect(address)


def look_up(address: Any) -> None:
    socket.getaddrinfo(*address)


@pytest.mark.parametrize("use", [udp, message, connect, look_up])
@pytest.mark.parametrize("loopback", [True, False])
def test_an_address_elsewhere_is_refused(use: Callable[[Any], None], loopback: bool) -> None:
    with GUARD.watching(loopback=loopback) as violations:
        with pytest.raises(NetworkForbidden, match=r"no connection to 192\.0\.2\.1"):
            use(ADDRESS)
        assert [tried.split()[1] for tried in violations] == ["192.0.2.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_this_machine_is_allowed_where_the_reach_says_so(host: str) -> None:
    with GUARD.watching(loopback=True) as violations:
        look_up((host, 9))
        assert violations == []


def test_in_process_means_no_address_at_all() -> None:
    with GUARD.watching(loopback=False) as violations, pytest.raises(NetworkForbidden):
        udp(("127.0.0.1", 9))
    assert violations == ["sendto 127.0.0.1"]


def test_nested_watches_keep_their_own_lists() -> None:
    with GUARD.watching(loopback=False) as outer:
        with GUARD.watching(loopback=False) as inner, pytest.raises(NetworkForbidden):
            udp(ADDRESS)
        assert (len(outer), len(inner)) == (0, 1)


@pytest.mark.parametrize(
    ("event", "arguments", "seen"),
    [
        ("socket.connect", (None, ADDRESS), ["connect 192.0.2.1"]),
        ("socket.connect", (None, "/run/some.sock"), []),
        ("socket.connect", (None, ("fe80::1%eth0", 9, 0, 0)), ["connect fe80::1%eth0"]),
        ("socket.gethostbyname", ("vendor.example",), ["gethostbyname vendor.example"]),
        ("socket.getaddrinfo", (None, 80, 0, 0, 0), []),
        ("socket.bind", (None, ADDRESS), []),
        ("open", ("file", "r", 0), []),
    ],
)
def test_which_events_count(event: str, arguments: tuple[Any, ...], seen: list[str]) -> None:
    guard = Guard()
    guard._installed = True  # called by hand, since no tracer follows a hook that the interpreter calls
    guard._hook(event, arguments)
    with guard.watching(loopback=True) as violations:
        try:
            guard._hook(event, arguments)
        except NetworkForbidden:
            assert seen
        assert violations == seen


def test_outside_a_run_nothing_is_watched() -> None:
    with GUARD.watching(loopback=False):
        pass
    assert sys.audit("socket.connect", None, ADDRESS) is None
