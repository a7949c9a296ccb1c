"""HTTP messages as the loopback server hands them over: whole requests, and replies with the way they are delivered."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request. ``path`` is percent-decoded and without the query; header names are in lower case.

    ``connection`` counts the connections of one server from 1: two requests on one have the same number.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    connection: int = 0

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None where there is none. Raises ValueError for a body that is no JSON."""
        return json.loads(self.body) if self.body else None


class Delivery(StrEnum):
    """What the server does with a reply."""

    WHOLE = "whole"
    RESET = "reset"  # the connection is reset, and no byte of the reply sent
    CLOSED = "closed"  # the connection is closed, and no byte of the reply sent
    TRUNCATED = "truncated"  # the head, half of the announced body, then the connection is closed
    HANG = "hang"  # nothing, until the server lets go
    LATE = "late"  # whole, but only ``late_s`` after the request
    DRIP = "drip"  # a byte of the body every few milliseconds, without an end
    DRIP_HEAD = "drip_head"  # the same from the first byte of the head
    ENDLESS = "endless"  # a body that never ends, as fast as it is read


@dataclass(frozen=True)
class Reply:
    """``body`` is sent with its length, or chunked where ``chunked``. ``late_s`` is in seconds of the machine."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    chunked: bool = False
    late_s: float = 0.0


def to_json(plain: Any) -> bytes:
    return json.dumps(plain).encode()


@dataclass(frozen=True)
class Codec:
    """Messages of a gRPC method: ``decode`` makes plain data of a request's, ``encode`` a reply's of plain data."""

    decode: Callable[[bytes], Any] = json.loads
    encode: Callable[[Any], bytes] = to_json
