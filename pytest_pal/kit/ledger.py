"""The ledger of a vendor: every request that it saw, and how each was answered."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..faults.message import Delivery, Reply, Request
from .endpoint import COUNTED, Endpoint


@dataclass(frozen=True)
class Entry:
    """One request. ``number`` counts those of its window that faults can be placed at, from 1; 0 for others.

    ``key`` is the idempotency key as it travelled, ``part`` what the endpoint counts apart.
    """

    request: Request
    endpoint: Endpoint | None
    reply: Reply
    number: int = 0
    fault: str = ""
    key: str | None = None
    part: str | None = None

    @property
    def counted(self) -> bool:
        return self.endpoint is not None and self.endpoint.kind in COUNTED

    def brief(self) -> str:
        """``POST /v1/campaigns -> 503``, or what was done with the connection."""
        came = str(self.reply.status) if self.reply.delivery is Delivery.WHOLE else self.reply.delivery
        return f"{self.request.method} {self.request.path} -> {came}{f' ({self.fault})' if self.fault else ''}"

    def plain(self) -> dict[str, Any]:
        """The request for a golden file: its body and what is not of the connection."""
        return {"method": self.request.method, "path": self.request.path, **_content(self.request)}


def _content(request: Request) -> dict[str, Any]:
    content: dict[str, Any] = {"query": dict(request.query)} if request.query else {}
    try:
        return {**content, "body": request.json} if request.body else content
    except ValueError:
        return {**content, "body": request.body.decode(errors="backslashreplace")}


class Ledger:
    """Safe for threads. A window holds what came since `mark`; numbers start again there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._start = self._shown = self._numbers = 0

    def mark(self) -> None:
        """Begins a window."""
        with self._lock:
            self._start, self._numbers = len(self.entries), 0

    def number(self) -> int:
        """The number of the next request that counts."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def add(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)

    @property
    def window(self) -> list[Entry]:
        return self.entries[self._start :]

    def unshown(self) -> list[Entry]:
        """What came since this was asked last."""
        with self._lock:
            shown, self._shown = self._shown, len(self.entries)
        return self.entries[shown:]


def most_alike(entries: Iterable[Entry]) -> int:
    """The most counted requests of one part: a fallback asks each of its models, and none twice."""
    count: dict[Any, int] = {}
    for entry in (entry for entry in entries if entry.counted):
        count[entry.part] = count.get(entry.part, 0) + 1
    return max(count.values(), default=0)


def keys_of(entries: Iterable[Entry]) -> Mapping[str, None]:
    """The idempotency keys that travelled, each once, in the order of their first request."""
    return dict.fromkeys(entry.key for entry in entries if entry.key is not None)
