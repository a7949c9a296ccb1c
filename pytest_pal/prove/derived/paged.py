"""Wrong about pages: a read that comes in parts, each of which says where the next one is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...kit.endpoint import Endpoint
from ...kit.harness import Harness
from ...kit.sending import pages
from ...model.operation import Operation
from .clients import _only
from .defect import Body, Defect, reads

MOST = 20
"""A blind client comes back, because the fault ends by itself; this is for one that does not."""


def in_parts(harness: Harness, operation: Operation) -> Harness:
    """The harness with a vendor that sends the operation's answer as the first of two pages."""
    assert harness.vendor is not None
    sent = pages(1, items="/parts", at="body:/cursor")
    endpoints = tuple(_paged(found, operation, sent) for found in harness.vendor.endpoints)
    return replace(harness, vendor=replace_endpoints(harness.vendor, endpoints))


def replace_endpoints(vendor: Any, endpoints: tuple[Endpoint, ...]) -> Any:
    own = {name: getattr(vendor, name) for name in vendor.__dataclass_fields__ if name != "endpoints"}
    return type(vendor)(*endpoints, **own)


def _paged(endpoint: Endpoint, operation: Operation, sent: Any) -> Endpoint:
    if endpoint.calls != operation.name:
        return endpoint
    return replace(endpoint, reply={"parts": ["$", None]}, sent=sent)


def _asking(follow: Callable[[list[str], str], bool]) -> Body:
    """Asks for parts for as long as ``follow`` says, given the cursors so far and the next one."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        def wrong(self: Any, right: Any, asked: Operation, endpoint: str, body: Any, headers: Any) -> Any:
            parts: list[Any] = []
            cursors: list[str] = []
            while len(cursors) < MOST:
                page = base.ask(self, asked, endpoint, {**body, "cursor": cursors[-1] if cursors else None}, headers)  # type: ignore[attr-defined]
                if not isinstance(page, dict) or "parts" not in page:
                    raise self.malformed(asked, "its answer is no page")
                parts += page["parts"]
                cursor = page["next_cursor"]
                if cursor is None or not follow(cursors, cursor):
                    break
                cursors.append(cursor)
            return parts[0]

        return _only(operation, "ask", wrong)

    return body


DEFECTS = (
    Defect(
        "pages_blindly",
        "a cursor that repeats is followed",
        "wire.repeating_cursor",
        _asking(lambda cursors, cursor: True),
        reads,
        on="paged",
    ),
    Defect(
        "first_page_only",
        "no page but the first is asked for",
        "wire.repeating_cursor",
        _asking(lambda cursors, cursor: False),
        reads,
        on="paged",
    ),
)
