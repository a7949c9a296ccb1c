"""The one loop of a process: under stopped time, over forks, and at the interpreter's end."""

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from pytest_pal.faults import loop


def alone(script: str) -> str:
    """What a script prints in an interpreter of its own, where any warning is an error and any complaint a failure."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


CLIENT = """
import http.client, os, socket, sys
from pytest_pal.faults.message import Delivery, Reply
from pytest_pal.faults.server import HttpServer

def get(server):
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("GET", "/")
    answer = client.getresponse().read()
    client.close()
    return answer.decode()
"""


def test_work_is_done_on_one_daemon_thread_which_waits_for_nobody() -> None:
    thread = loop.on_loop(threading.current_thread)
    assert thread.daemon
    assert thread is loop.on_loop(lambda: loop.on_loop(threading.current_thread))


def test_what_work_raises_is_raised_to_who_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        loop.on_loop(lambda: 1 // 0)


def test_finish_waits_for_tasks_however_they_end() -> None:
    tasks = loop.on_loop(lambda: [loop.running().create_task(asyncio.sleep(delay)) for delay in (0, 0.01, 60)])
    loop.on_loop(tasks[2].cancel)
    loop.finish(tasks)
    assert [task.cancelled() for task in tasks] == [False, False, True]


@pytest.mark.parametrize("first", ["freezer.start()", "HttpServer(lambda request: None).close(); freezer.start()"])
def test_a_drip_goes_on_while_time_stands_still(first: str) -> None:
    script = f"""
    import freezegun
    freezer = freezegun.freeze_time("2026-01-01")
    {first}
    with HttpServer(lambda request: Reply(delivery=Delivery.DRIP_HEAD)) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.settimeout(20)
            sock.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
            print("".join(sock.recv(1).decode() for _ in range(15)))
    freezer.stop()
    """
    assert alone(CLIENT + textwrap.dedent(script)) == "HTTP/1.1 200 OK\n"


def test_a_server_left_open_ends_with_its_interpreter_and_says_nothing() -> None:
    script = """
    server = HttpServer(lambda request: Reply(body=b"hi"))
    hanging = HttpServer(lambda request: Reply(delivery=Delivery.ENDLESS))
    with socket.create_connection(("127.0.0.1", hanging.port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
        sock.recv(1)
        print(get(server))
    """
    assert alone(CLIENT + textwrap.dedent(script)) == "hi\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_serves_for_itself_and_leaves_the_parent_alone() -> None:
    script = """
    import warnings; warnings.filterwarnings("ignore", "This process", DeprecationWarning)  # 3.12: forks and threads
    server = HttpServer(lambda request: Reply(body=b"parent"))
    kept = socket.create_connection(("127.0.0.1", server.port))
    get(server)
    (told, tell), (over, end) = os.pipe(), os.pipe()
    if os.fork() == 0:
        with HttpServer(lambda request: Reply(body=b"child")) as own:
            os.write(tell, f"{get(own)} asks {get(server)}".encode())
        os.read(over, 1)
        kept.close()
        sys.exit()
    print(os.read(told, 100).decode())
    with server.refusing():
        try:
            get(server)
        except ConnectionRefusedError:
            print("refused")
    kept.close()
    os.write(end, b"x")
    print(os.wait()[1], get(server))
    """
    assert alone(CLIENT + textwrap.dedent(script)) == "child asks parent\nrefused\n0 parent\n"


def test_nothing_heavy_is_imported_with_the_package() -> None:
    printed = alone("import pytest_pal, sys; print({'asyncio', 'h11', 'trustme', 'ssl'} & set(sys.modules))")
    assert printed == "set()\n"
