"""How the Qdrant adapter reaches its vendor: a shared folder, the process's memory, or a server in time.

A folder is locked by the client that opened it, and local clients are not safe for threads: adapters of
one folder share one client and one lock. A server needs neither.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

import httpx
from pydantic import ValidationError
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ..errors import ProviderError, RetryableError
from ..primitives.http_errors import Effect, error_of, error_of_status, retry_after_s

MEMORY = ":memory:"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Link(Protocol):
    """A client, and what one attempt with it needs."""

    client: QdrantClient

    def attempt(self, seconds: float) -> Any:
        """A context manager around all requests of one attempt."""

    def retry_after(self) -> str | None:
        """The Retry-After header of the last refusal in this attempt."""

    def release(self) -> None:
        """One adapter less holds it; the last one closes it."""


class LocalLink:
    """A client in this process. Raises RetryableError(timeout) where its lock is not free in time."""

    def __init__(self, client: QdrantClient, folder: str = MEMORY) -> None:
        self.client, self._folder, self._users = client, folder, 1
        self._lock = threading.RLock()

    def shared(self) -> "LocalLink":
        self._users += 1
        return self

    @contextmanager
    def attempt(self, seconds: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=seconds):
            raise RetryableError("timeout", f"the local store was busy for {seconds:g} s")
        try:
            yield
        finally:
            self._lock.release()

    def retry_after(self) -> None:
        return None

    def release(self) -> None:
        with _FOLDERS_LOCK:
            self._users -= 1
            if self._users == 0:
                _FOLDERS.pop(self._folder, None)
                self.client.close()


_FOLDERS: dict[str, LocalLink] = {}
_FOLDERS_LOCK = threading.RLock()


def open_folder(path: str) -> LocalLink:
    """The link of a folder, opened where nobody in this process holds it."""
    folder = os.path.realpath(path)
    with _FOLDERS_LOCK:
        if folder in _FOLDERS:
            return _FOLDERS[folder].shared()
        client = QdrantClient(path=folder, force_disable_check_same_thread=True)
        _FOLDERS[folder] = LocalLink(client, folder)
        return _FOLDERS[folder]


class ServerLink:
    """A client of a server over HTTP."""

    def __init__(self, url: str, key: str | None) -> None:
        self._transport = _BoundedTransport(key)
        self.client = QdrantClient(url=url, check_compatibility=False, transport=self._transport)

    @contextmanager
    def attempt(self, seconds: float) -> Iterator[None]:
        self._transport.begin(seconds)
        yield

    def retry_after(self) -> str | None:
        return self._transport.retry_after

    def release(self) -> None:
        self.client.close()


class _BoundedTransport(httpx.HTTPTransport):
    """Bounds all requests and body reads of one attempt together.

    The key is added to a copy of the request: the exceptions of httpx carry the original.
    """

    def __init__(self, key: str | None) -> None:
        super().__init__()
        self._key = {} if key is None else {"api-key": key}
        self._attempt = threading.local()

    def begin(self, seconds: float) -> None:
        self._attempt.end, self._attempt.retry_after = time.monotonic() + seconds, None

    @property
    def retry_after(self) -> str | None:
        return getattr(self._attempt, "retry_after", None)

    def left(self) -> float:
        return float(self._attempt.end) - time.monotonic()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        left = self.left()
        if left <= 0:
            raise httpx.PoolTimeout("no time is left for another request", request=request)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left)
        sent = httpx.Request(
            request.method,
            request.url,
            headers={**request.headers, **self._key},
            stream=request.stream,
            extensions={**request.extensions, "timeout": timeouts},
        )
        response = super().handle_request(sent)
        if response.status_code >= 400:
            self._attempt.retry_after = response.headers.get("retry-after")
        response.stream = _BoundedStream(response.stream, self.left)
        return response


class _BoundedStream(httpx.SyncByteStream):
    """A body that ends with a timeout when no time is left, however slowly it drips."""

    def __init__(self, stream: Any, left: Callable[[], float]) -> None:
        self._stream, self._left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if self._left() <= 0:
                raise httpx.ReadTimeout("the body took too long")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def open_link(config: Mapping[str, Any]) -> Link:
    """By ``url`` and ``api_key``, else by ``path``: a folder or ``:memory:``, which is the default."""
    if config.get("url"):
        return ServerLink(config["url"], config.get("api_key"))
    path = str(config.get("path", MEMORY))
    return LocalLink(QdrantClient(MEMORY)) if path == MEMORY else open_folder(path)


def is_missing(error: Exception) -> bool:
    """True where the vendor says that a collection does not exist; in local mode by a bare ValueError."""
    return type(error) is ValueError or getattr(error, "status_code", None) == 404


@contextmanager
def translated(
    now: Callable[[], datetime], retry_after: Callable[[], str | None], *, writes: bool = False
) -> Iterator[None]:
    """Turns whatever the vendor's client raises into the shared taxonomy, with the original as the cause.

    ``writes``: the calls inside have effects, so that some failures leave the outcome unknown.
    """
    try:
        yield
    except ProviderError:
        raise
    except UnexpectedResponse as error:
        status, wait = error.status_code or 0, retry_after_s(retry_after(), now())
        effect: Effect = "write" if writes else "read"
        raise error_of_status(status, f"Qdrant answered {status}", effect=effect, retry_after=wait) from error
    except QdrantException as error:
        wait = retry_after_s(retry_after(), now())
        raise error_of("rate_limited", "Qdrant answered 429", retry_after=wait) from error
    except ResponseHandlingException as error:
        raise _of_request(error.source, writes) from error
    except (OSError, RuntimeError, sqlite3.Error) as error:
        raise error_of("unavailable", "the local store cannot be used", outcome_unknown=writes) from error
    except Exception as error:
        raise error_of("malformed_reply", "Qdrant gave what cannot be understood", outcome_unknown=writes) from error


def _of_request(source: Exception, writes: bool) -> ProviderError:
    """A request without an answer, or with one that does not parse."""
    unknown = writes and not isinstance(source, NEVER_SENT)
    if isinstance(source, httpx.TimeoutException):
        return error_of("timeout", "Qdrant did not answer in time", outcome_unknown=unknown)
    if isinstance(source, ValidationError | ValueError):
        return error_of("malformed_reply", "Qdrant gave what cannot be understood", outcome_unknown=unknown)
    return error_of("connection", "the connection to Qdrant failed", outcome_unknown=unknown)
