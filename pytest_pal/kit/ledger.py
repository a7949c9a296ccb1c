"""The ledger of a vendor: every request that it saw, and how each was answered."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..faults.message import Delivery, Reply, Request
from .endpoint import COUNTED, Endpoint


@dataclass(frozen=True)
class Entry:
    """One request. ``number`` counts those of its window that faults can be placed at, from 1; 0 for others.

    ``key`` is the idempotency key as it travelled, ``part`` what the endpoint counts apart, ``path`` what stands in
    the route's braces.
    """

    request: Request
    endpoint: Endpoint | None
    reply: Reply
    number: int = 0
    fault: str = ""
    key: str | None = None
    part: str | None = None
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def counted(self) -> bool:
        return self.endpoint is not None and self.endpoint.kind in COUNTED

    def brief(self) -> str:
        """``POST /v1/campaigns -> 503``, or what was done with the connection."""
        came = str(self.reply.status) if self.reply.delivery is Delivery.WHOLE else self.reply.delivery
        return f"{self.request.method} {self.request.path} -> {came}{f' ({self.fault})' if self.fault else ''}"

    def plain(self, unstable: Iterable[str] = ()) -> dict[str, Any]:
        """The request for a golden file: its route with what stands in it, its key and its body.

        ``unstable`` are RFC 6901 pointers into the body, ``*`` for any place in a list, whose values are left out.
        """
        route = f"{self.request.method} {self.request.path}" if self.endpoint is None else self.endpoint.route
        parts = {"path": dict(self.path), "query": dict(self.request.query), "key": self.key}
        told = {name: value for name, value in parts.items() if value}
        return {"request": route, **told, **({"body": self._body(unstable)} if self.request.body else {})}

    def _body(self, unstable: Iterable[str]) -> Any:
        try:
            body = self.request.json
        except ValueError:
            return self.request.body.decode(errors="backslashreplace")
        for pointer in unstable:
            body = _masked(body, pointer.split("/")[1:])
        return body


def _masked(value: Any, way: list[str]) -> Any:
    if not way:
        return "<free>"
    first, rest = way[0], way[1:]
    if isinstance(value, dict):
        return {name: _masked(item, rest) if name == first else item for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, rest) if first in ("*", str(n)) else item for n, item in enumerate(value)]
    return value


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
    """The idempotency keys that travelled to the first endpoint that got one, each once, the oldest first.

    An operation of several requests may send each of them a key of its own.
    """
    keyed = [(entry.endpoint, entry.key) for entry in entries if entry.key is not None]
    return dict.fromkeys(key for endpoint, key in keyed if endpoint is keyed[0][0])
