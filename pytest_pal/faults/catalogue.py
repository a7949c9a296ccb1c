"""The fault catalogue: what a vendor may do to a request, and what its caller may conclude. One table of data.

A new way to fail is a new row. ``outcome`` speaks of writes: after an ``unknown`` one the effect may be there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .message import Delivery

Outcome = Literal["known", "unknown", "either"]
Stage = Literal["before", "after"]
RFC = "https://www.rfc-editor.org/rfc"
HTTP = f"{RFC}/rfc9110.html"


@dataclass(frozen=True)
class Fault:
    """One row. ``seams`` are those that can play it: a vendor behind HTTP or gRPC, a relay before any other server.

    ``codes`` are what the taxonomy may call it, ``stage`` says whether the vendor acted before it failed.
    ``status``, ``headers`` and ``body`` are the reply's; without a body the vendor's own error body is sent,
    which names ``means`` where there is one. ``slow``: the caller's bound decides. ``times``: so often, and then
    it is over; None: until it is lifted. ``late_s``: how late, in seconds of the machine, an answer comes that is
    late. ``harmless``: nothing to report.
    ``source`` is the document that says so.
    """

    name: str
    sentence: str
    codes: tuple[str, ...]
    outcome: Outcome
    source: str
    seams: tuple[str, ...] = ("http",)
    stage: Stage = "before"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    means: str | None = None
    delivery: Delivery = Delivery.WHOLE
    unreachable: Literal["", "refused", "dns", "tls"] = ""
    slow: bool = False
    times: int | None = None
    late_s: float = 0.0
    harmless: bool = False


def _unreachable(name: Literal["refused", "dns", "tls"], sentence: str, source: str, *seams: str) -> Fault:
    return Fault(name, sentence, ("connection", "unavailable"), "known", source, seams or ("http",), unreachable=name)


def _broken(name: str, sentence: str, delivery: Delivery, *codes: str, stage: Stage = "after") -> Fault:
    return Fault(
        name, sentence, codes, "unknown", f"{HTTP}#section-9.2.2", ("http", "tcp"), stage=stage, delivery=delivery
    )


def _slow(name: str, sentence: str, delivery: Delivery, *codes: str, seams: tuple[str, ...] = ("http",)) -> Fault:
    source = f"{HTTP}#section-9.2.2"
    return Fault(name, sentence, codes, "unknown", source, seams, "after", delivery=delivery, slow=True)


def _unreadable(name: str, sentence: str, body: bytes, *seams: str) -> Fault:
    source = f"{HTTP}#section-15.3.1"
    return Fault(name, sentence, ("malformed_reply",), "unknown", source, seams or ("http",), body=body)


def _status(status: int, code: str, outcome: Outcome, source: str, **more: str) -> Fault:
    name = f"status_{status}{'_retry_after' if more else ''}"
    headers = {key.replace("_", "-"): value for key, value in more.items()}
    told = f" with Retry-After {more['retry_after']}" if more else ""
    return Fault(name, f"answers {status}{told}", (code,), outcome, source, status=status, headers=headers)


def _meaning(name: str, status: int, code: str, sentence: str, source: str) -> Fault:
    return Fault(name, sentence, (code,), "known", source, status=status, means=code)


def _rpc(status: str, http: int, outcome: Outcome, *codes: str) -> Fault:
    name, source = f"grpc_{status.lower()}", "https://grpc.github.io/grpc/core/md_doc_statuscodes.html"
    return Fault(
        name, f"answers {status}", codes, outcome, source, ("grpc",), status=http, headers={"grpc-status": status}
    )


_LOST = ("connection", "unavailable")

CATALOGUE: tuple[Fault, ...] = (
    _unreachable("refused", "refuses the connection", f"{RFC}/rfc9293.html#section-3.5.2", "http", "tcp"),
    _unreachable("dns", "has a name that nobody can look up", f"{RFC}/rfc8499.html#section-3"),
    _unreachable("tls", "shows a certificate of a stranger", f"{HTTP}#section-4.3.4"),
    _broken("reset_before", "resets the connection before it acts", Delivery.RESET, *_LOST, stage="before"),
    _broken("reset_after", "acts, and resets the connection instead of an answer", Delivery.RESET, *_LOST),
    _broken("closed", "acts, and closes the connection without a word", Delivery.CLOSED, *_LOST, "malformed_reply"),
    _broken("truncated", "acts, and ends in the middle of its answer", Delivery.TRUNCATED, *_LOST, "malformed_reply"),
    _unreadable("malformed", "answers with what is no JSON", b"<html><body>It works!</body></html>", "http", "grpc"),
    _unreadable("empty", "answers with an empty body", b""),
    _unreadable("wrong_type", "answers with JSON of another type", b'[["unexpected"]]'),
    Fault(
        "hollow",
        "acts, and answers with an empty object",
        ("malformed_reply", "connection"),  # of a stream it is one that was cut
        "unknown",
        f"{HTTP}#section-15.3.1",
        stage="after",
        body=b"{}",
    ),
    _slow("late", "takes too long for its answers together", Delivery.LATE, "timeout"),
    _slow("hang", "acts, and never answers", Delivery.HANG, "timeout", seams=("http", "tcp", "grpc")),
    _slow("drip", "answers a byte at a time", Delivery.DRIP, "timeout", seams=("http", "tcp")),
    _slow("drip_head", "sends the head of its answer a byte at a time", Delivery.DRIP_HEAD, "timeout"),
    _slow("endless", "answers with a body that never ends", Delivery.ENDLESS, "timeout", "malformed_reply"),
    _status(400, "invalid", "known", f"{HTTP}#section-15.5.1"),
    _status(401, "unauthenticated", "known", f"{HTTP}#section-15.5.2"),
    _status(402, "quota_exhausted", "known", f"{HTTP}#section-15.5.3"),
    _status(403, "forbidden", "known", f"{HTTP}#section-15.5.4"),
    _status(404, "not_found", "known", f"{HTTP}#section-15.5.5"),
    _status(408, "timeout", "either", f"{HTTP}#section-15.5.9"),
    _status(409, "conflict", "known", f"{HTTP}#section-15.5.10"),
    _status(410, "not_found", "known", f"{HTTP}#section-15.5.11"),
    _status(413, "payload_too_large", "known", f"{HTTP}#section-15.5.14"),
    _status(422, "invalid", "known", f"{HTTP}#section-15.5.21"),
    _status(425, "unavailable", "known", f"{RFC}/rfc8470.html#section-5.2"),
    _status(429, "rate_limited", "known", f"{RFC}/rfc6585.html#section-4"),
    _status(429, "rate_limited", "known", f"{RFC}/rfc6585.html#section-4", retry_after="2"),
    _status(500, "unavailable", "unknown", f"{HTTP}#section-15.6.1"),
    _status(501, "unavailable", "either", f"{HTTP}#section-15.6.2"),
    _status(502, "unavailable", "unknown", f"{HTTP}#section-15.6.3"),
    _status(503, "unavailable", "unknown", f"{HTTP}#section-15.6.4"),
    _status(503, "unavailable", "either", f"{HTTP}#section-15.6.4", retry_after="2"),
    _status(504, "timeout", "unknown", f"{HTTP}#section-15.6.5"),
    Fault(
        "redirected",
        "sends its caller elsewhere",
        ("malformed_reply",),
        "known",
        f"{HTTP}#section-15.4.8",
        status=307,
        body=b"",
    ),
    _meaning("hard_quota", 429, "quota_exhausted", "answers 429 for a quota that is used up", f"{HTTP}#section-15.5"),
    _meaning("throttled_400", 400, "rate_limited", "throttles behind a 400", f"{HTTP}#section-15.5.1"),
    _meaning("error_in_200", 200, "invalid", "answers 200 with an error inside", f"{HTTP}#section-15.3.1"),
    _meaning(
        "key_in_flight", 409, "in_progress", "says that another call with the key runs", f"{HTTP}#section-15.5.10"
    ),
    Fault(
        "clock_skew",
        "has a clock that is a day behind",
        (),
        "known",
        f"{HTTP}#section-6.6.1",
        headers={"date": "Sun, 01 Mar 2026 09:00:00 GMT"},
        stage="after",
        harmless=True,
    ),
    _rpc("INVALID_ARGUMENT", 400, "known", "invalid"),
    _rpc("UNAUTHENTICATED", 401, "known", "unauthenticated"),
    _rpc("PERMISSION_DENIED", 403, "known", "forbidden"),
    _rpc("NOT_FOUND", 404, "known", "not_found"),
    _rpc("ALREADY_EXISTS", 409, "known", "conflict"),
    _rpc("FAILED_PRECONDITION", 400, "known", "invalid", "conflict"),
    _rpc("ABORTED", 409, "known", "conflict", "unavailable"),
    _rpc("RESOURCE_EXHAUSTED", 429, "known", "rate_limited", "quota_exhausted"),
    _rpc("INTERNAL", 500, "unknown", "unavailable"),
    _rpc("UNKNOWN", 500, "unknown", "unavailable"),
    _rpc("UNIMPLEMENTED", 501, "either", "unavailable", "unsupported"),
    _rpc("UNAVAILABLE", 503, "unknown", *_LOST),
    _rpc("DEADLINE_EXCEEDED", 504, "unknown", "timeout"),
)
"""Every row by seam; engines in process have theirs in `engines`."""

REPEATING = Fault(
    "repeating_cursor",
    "points to the page that was asked for as the next one, five times",
    ("malformed_reply",),
    "known",
    f"{HTTP}#section-15.3.1",
    stage="after",
    times=5,
)
"""Of a vendor with pages only. It ends by itself, so that an adapter which follows it blindly comes back."""

BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in (*CATALOGUE, REPEATING)}
