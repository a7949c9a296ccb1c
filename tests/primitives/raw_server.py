"""A server of raw bytes on loopback: each connection is handed to a script."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

from pytest_pal.faults.tls import server_context

LONGEST_S = 20.0
"""A client that has not given up by then never does."""
Script = Callable[["Talk"], None]


class Talk:
    """One connection. ``request`` reads one with its body; ``over`` is set when the server ends."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock, self.over = sock, over

    def request(self) -> bytes:
        """The head and the body of a request; less where the client left."""
        data = b""
        while b"\r\n\r\n" not in data and (piece := self.sock.recv(65536)):
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < sum(lengths) and (piece := self.sock.recv(65536)):
            body += piece
        return head + b"\r\n\r\n" + body

    def drip(self, data: bytes) -> None:
        """A byte every 5 ms, for ever."""
        for index in range(int(LONGEST_S / 0.005)):
            if self.over.wait(0.005):
                return
            self.sock.sendall(data[index % len(data)].to_bytes(1, "big"))

    def hang(self) -> None:
        self.over.wait(LONGEST_S)

    def reset(self) -> None:
        """Closes so that the other side sees a reset, not an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class RawServer:
    """``requests`` holds what `Talk.request` read; ``connections`` counts. With ``tls`` it speaks it."""

    def __init__(self, script: Script | bytes, *, tls: bool = False) -> None:
        self._script = script
        self._tls = tls
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.requests: list[bytes] = []

    def __enter__(self) -> "RawServer":
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listening.close()

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self.connections += 1
                self._start(lambda sock=sock: self._talk(sock))  # type: ignore[misc]

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            if self._tls:
                with server_context().wrap_socket(sock, server_side=True) as wrapped:
                    self._play(Talk(wrapped, self._over))
            else:
                self._play(Talk(sock, self._over))

    def _play(self, talk: Talk) -> None:
        if callable(self._script):
            self._script(talk)
        else:
            self.requests.append(talk.request())
            talk.sock.sendall(self._script)
