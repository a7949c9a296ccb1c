"""Between the events of h11 and the messages of the loopback server."""

from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import h11

from pytest_pal.faults.message import Delivery, Reply, Request

REASONS = {int(status): status.phrase for status in HTTPStatus}
FRAMING = frozenset({"content-length", "transfer-encoding"})


def response_to(reply: Reply, *, announced: bool) -> h11.Response:
    """The head of a reply, with its length where ``announced``: also to HEAD, which asks what the length would be.

    Raises ValueError, TypeError, AttributeError or h11.LocalProtocolError for what cannot be sent.
    """
    length = len(memoryview(reply.body))
    headers = [(name, value) for name, value in reply.headers.items() if name.lower() not in FRAMING]
    if announced and not reply.chunked and reply.status != 204:
        headers.append(("content-length", str(length)))
    Delivery(reply.delivery)
    reason = REASONS.get(reply.status, "")
    return h11.Response(status_code=reply.status, headers=headers, reason=reason)


def request_of(event: h11.Request, body: bytes, connection: int) -> Request:
    headers: dict[str, str] = {}
    for raw, value in event.headers:
        name, text = raw.decode("ascii"), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    path, query = split_target(event.target.decode("latin-1"))
    return Request(event.method.decode("ascii"), path, query, headers, body, connection)


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """Path and query of "/path?query", of "http://host/path?query" (as to a proxy), of "host:port" or "*"."""
    path, _, query = target.partition("?")
    if "://" in path and not path.startswith("/"):
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return unquote(path), dict(parse_qsl(query, keep_blank_values=True))
