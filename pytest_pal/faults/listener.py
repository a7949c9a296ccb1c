"""A port of loopback that can refuse and listen again: what the server and the relay have in common."""

import os
import socket
import weakref
from collections.abc import Callable

from .loop import running

HOST = "127.0.0.1"
BACKLOG = 128
AGAIN_SECONDS = 0.05  # until the next try, when the process has no file descriptor left


class Listener:
    """Listens on a free port of 127.0.0.1 from its making; ``accepted`` gets each connection, on the loop's thread.

    All methods but the making are called on the loop's thread.
    """

    def __init__(self, accepted: Callable[[socket.socket], None]) -> None:
        self._accepted = accepted
        self._closed = False
        self._socket: socket.socket | None = _listening(_bound(0))
        self.port: int = self._socket.getsockname()[1]
        _listeners.add(self)
        # Not waited for: the operating system takes connections already.
        running().call_soon_threadsafe(self._watch)

    def refuse(self) -> socket.socket | None:
        """The socket that keeps the port while nobody listens; None where two sockets cannot share one."""
        holder = _bound(self.port) if hasattr(socket, "SO_REUSEPORT") and not self._closed else None
        self._stop()
        return holder

    def listen_again(self, holder: socket.socket | None) -> None:
        if self._socket is None and not self._closed:
            self._socket = _listening(_bound(self.port))
            self._watch()
        if holder is not None:
            holder.close()

    def close(self) -> None:
        self._closed = True
        self._stop()

    def abandon(self) -> None:
        """In a forked child: close its copy of the socket, so that the parent's port can refuse and be freed."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()

    def _watch(self) -> None:
        if self._socket is not None:
            running().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            running().remove_reader(listener)
            running().call_later(AGAIN_SECONDS, self._watch)
            return
        sock.setblocking(False)
        self._accepted(sock)

    def _stop(self) -> None:
        if self._socket is not None:
            running().remove_reader(self._socket)
            self._socket.close()
            self._socket = None


def _bound(port: int) -> socket.socket:
    """A port shared on purpose (SO_REUSEPORT) is never given to a stranger who asks for any free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: else asyncio sets no NODELAY
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((HOST, port))
    return sock


def _listening(sock: socket.socket) -> socket.socket:
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()


def _abandon_all() -> None:
    for listener in list(_listeners):
        listener.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
