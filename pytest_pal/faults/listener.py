"""What listens on a port of loopback, can refuse and listen again, and leaves nothing behind."""

import asyncio
import atexit
import os
import socket
import weakref
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from pytest_pal.faults.loop import finish, on_loop, running

HOST = "127.0.0.1"
BACKLOG = 128
AGAIN_SECONDS = 0.05  # until the next try, when the process has no file descriptor left


class Listener(ABC):
    """Listens on ``port`` of 127.0.0.1, or on a free one, until `close`. A forked child closes its copies.

    Raises OSError for a port that cannot be had.
    """

    def __init__(self, port: int = 0) -> None:
        self._closed = False
        self._socket: socket.socket | None = _listening(_bound(port))
        self.port: int = self._socket.getsockname()[1]
        _listeners.add(self)
        # Not waited for: the operating system takes connections already.
        running().call_soon_threadsafe(self._watch)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse connections at once, and drop those that exist. The port stays taken, and listens again afterwards."""
        holder = on_loop(self._refuse)
        try:
            yield
        finally:
            on_loop(lambda: self._listen_again(holder))

    def close(self) -> None:
        """Drop everything and free the port. Closing again does nothing."""
        if not self._closed:
            finish(on_loop(self._close))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def abandon(self) -> None:
        """In a forked child: close its copies of the sockets, so that the parent's port can refuse and be freed."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._abandon_connections()

    # What each kind does with its connections.

    @abstractmethod
    def _accepted(self, sock: socket.socket) -> None:
        """Called on the loop's thread."""

    @abstractmethod
    def _drop_all(self) -> Collection["asyncio.Task[None]"]:
        """Drop every connection, and say which tasks end with that. Called on the loop's thread."""

    @abstractmethod
    def _abandon_connections(self) -> None:
        """In a forked child: close the sockets and nothing else."""

    # On the loop's thread.

    def _watch(self) -> None:
        if self._socket is not None:
            running().add_reader(self._socket, self._accept, self._socket)

    def _accept(self, listening: socket.socket) -> None:
        try:
            sock, _ = listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            running().remove_reader(listening)
            running().call_later(AGAIN_SECONDS, self._watch)
            return
        sock.setblocking(False)
        self._accepted(sock)

    def _refuse(self) -> socket.socket | None:
        """The socket that keeps the port while nobody listens; None where two sockets cannot share one."""
        holder = _bound(self.port) if hasattr(socket, "SO_REUSEPORT") and not self._closed else None
        self._stop_listening()
        self._drop_all()
        return holder

    def _listen_again(self, holder: socket.socket | None) -> None:
        if self._socket is None and not self._closed:
            self._socket = _listening(_bound(self.port))
            self._watch()
        if holder is not None:
            holder.close()

    def _stop_listening(self) -> None:
        if self._socket is not None:
            running().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _close(self) -> Collection["asyncio.Task[None]"]:
        self._closed = True
        self._stop_listening()
        return self._drop_all()


_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
_inherited: list[Listener] = []


def _abandon_all() -> None:
    _inherited.extend(_listeners)
    for listener in _inherited:
        listener.abandon()


def _close_all() -> None:
    for listener in list(_listeners):
        listener.close()


atexit.register(_close_all)  # before the loop ends, which registered its own end earlier
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _bound(port: int) -> socket.socket:
    """A port shared on purpose (SO_REUSEPORT) is never given to a stranger who asks for any free port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: else asyncio sets no NODELAY
    if hasattr(socket, "SO_REUSEPORT"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _listening(sock: socket.socket) -> socket.socket:
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock
