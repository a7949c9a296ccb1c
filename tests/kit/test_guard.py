"""The guard refuses what leaves this machine, and what nobody could watch, and says what was tried."""

import asyncio
import ctypes.util
import email.utils
import multiprocessing
import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
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


def look_up_in_bytes(address: Any) -> None:
    socket.getaddrinfo(address[0].encode(), address[1])


def reverse(address: Any) -> None:
    socket.getnameinfo(address, 0)


def reverse_by_host(address: Any) -> None:
    socket.gethostbyaddr(address[0])


def aliases(address: Any) -> None:
    socket.gethostbyname_ex(address[0])


@pytest.mark.parametrize("use", [udp, message, connect, look_up, look_up_in_bytes, reverse, reverse_by_host, aliases])
@pytest.mark.parametrize("loopback", [True, False])
def test_an_address_elsewhere_is_refused(use: Callable[[Any], None], loopback: bool) -> None:
    with GUARD.watching(loopback=loopback) as violations:
        with pytest.raises(NetworkForbidden, match=r"no connection to 192\.0\.2\.1"):
            use(ADDRESS)
        assert [tried.split()[1] for tried in violations] == ["192.0.2.1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", b"localhost"])
def test_this_machine_is_allowed_where_the_reach_says_so(host: str) -> None:
    with GUARD.watching(loopback=True) as violations:
        look_up((host, 9))
        assert violations == []


def test_what_this_machine_is_called_is_no_use_of_a_network() -> None:
    with GUARD.watching(loopback=False) as violations:
        email.utils.make_msgid()
    assert violations == []


def test_an_event_loop_and_unix_sockets_are_no_network(tmp_path: Path) -> None:
    async def nothing() -> None:
        await asyncio.sleep(0)

    with GUARD.watching(loopback=False) as violations, socket.socket(socket.AF_UNIX) as wire:
        asyncio.run(nothing())
        with pytest.raises(FileNotFoundError):
            wire.connect(str(tmp_path / "none"))
    assert violations == []


TRUE = [sys.executable, "-c", ""]


def in_a_pool(method: str) -> None:
    process = multiprocessing.get_context(method).Process(target=nothing)
    process.start()
    process.join()
    process.close()


def nothing() -> None: ...


async def started() -> None:
    await (await asyncio.create_subprocess_exec(*TRUE)).wait()


def forked() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


PYTHON = os.path.basename(sys.executable)


@pytest.mark.skipif(sys.platform == "win32", reason="a process starts otherwise there")
@pytest.mark.parametrize(
    ("start", "program"),
    [
        (lambda: subprocess.run(TRUE, check=True), PYTHON),
        (lambda: subprocess.run("true --password=canary", shell=True, check=True), "sh"),
        (lambda: asyncio.run(started()), PYTHON),
        (lambda: os.system("/bin/true --password=canary"), "true"),
        (lambda: os.popen("true").close(), "sh"),
        (lambda: os.waitpid(os.posix_spawn(sys.executable, TRUE, {}), 0), PYTHON),
        (lambda: os.execv(sys.executable, TRUE), PYTHON),
        (forked, "os.fork"),
        (lambda: in_a_pool("fork"), "os.fork"),
        (lambda: in_a_pool("spawn"), "multiprocessing"),
    ],
)
def test_a_child_process_is_refused(start: Callable[[], Any], program: str) -> None:
    refusal = rf"no child process \({program}\) during"
    with GUARD.watching(loopback=True) as violations, pytest.raises(NetworkForbidden, match=refusal):
        start()
    assert violations == [f"child process {program}, whose network nobody sees"]


def test_what_tells_of_this_machine_is_no_child_of_the_adapters() -> None:
    with GUARD.watching(loopback=False) as violations:
        tuple(platform.uname())
        ctypes.util.find_library("c")
    assert violations == []


def test_what_cleans_up_behind_a_lock_is_no_child_of_the_adapters() -> None:
    code = """if True:
        import multiprocessing, sys
        sys.addaudithook(lambda event, _: event == "multiprocessing" and sys.exit("a child process"))
        from pytest_pal.kit.guard import GUARD, NetworkForbidden
        with GUARD.watching(loopback=False) as violations:
            multiprocessing.get_context("spawn").Lock()
        assert violations == []"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_child_of_the_kit_is_allowed_and_another_thread_is_still_watched() -> None:
    def adapter() -> None:
        with pytest.raises(NetworkForbidden):
            subprocess.run(TRUE, check=True)
        refused.append(True)

    refused: list[bool] = []
    with GUARD.watching(loopback=True) as violations:
        with GUARD.paused():
            with GUARD.paused():
                subprocess.run(TRUE, check=True)
            subprocess.run(TRUE, check=True)
            assert violations == []
            thread = threading.Thread(target=adapter)
            thread.start()
            thread.join()
        with pytest.raises(NetworkForbidden):
            subprocess.run(TRUE, check=True)
    assert (refused, len(violations)) == ([True], 2)


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
        ("socket.connect", (None, ("::ffff:127.0.0.1", 9, 0, 0)), []),
        ("socket.connect", (None, ("::ffff:192.0.2.1", 9, 0, 0)), ["connect ::ffff:192.0.2.1"]),
        ("socket.connect", (None, ("vendor.localhost", 9)), []),
        ("socket.sendmsg", (None, None), []),
        (
            "subprocess.Popen",
            (None, "vendor.exe", None, None),
            ["child process subprocess.Popen, whose network nobody sees"],
        ),
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
