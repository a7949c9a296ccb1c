"""How a vendor sends what it has to say where that is more than one body: in pages, as a stream, after a job."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from ..errors import NonRetryableError, PalError
from ..faults.catalogue import REPEATING
from ..faults.message import Reply, Request
from .playing import pick
from .wire_templates import body, place

Styles = Literal["cursor", "offset", "page", "link"]
_PLACES = {"cursor": "query:cursor", "offset": "query:offset", "page": "query:page", "link": "query:page"}
_TELLS = {"cursor": "/next_cursor", "offset": "/total", "page": "/total", "link": ""}


@dataclass(frozen=True)
class Asked:
    """A request that was understood. ``origin`` is the vendor's, ``https://host``; ``fault`` the one that is on."""

    request: Request
    path: Mapping[str, str]
    scratch: dict[str, Any]
    key: str | None = None
    origin: str = ""
    fault: str = ""


class Sending(Protocol):
    """Makes of a body what is sent: another body, or a whole reply."""

    @property
    def parameter(self) -> str:
        """The name of a query parameter, or member of the body, that is no argument; "" for none."""

    def __call__(self, content: Any, asked: Asked) -> Any: ...


@dataclass(frozen=True)
class Pages:
    """See `pages`."""

    size: int
    style: Styles
    items: str
    at: str
    tells: str
    repeats: bool = False

    @property
    def parameter(self) -> str:
        return self.at.partition(":")[2].split("/")[0 if self.at.startswith("query:") else 1]

    @property
    def can_repeat(self) -> bool:
        """Whether what it tells of the next page is opaque; numbers are the adapter's own."""
        return self.style in ("cursor", "link")

    def __call__(self, content: Any, asked: Asked) -> Any:
        found = pick(content, self.items)
        if not isinstance(found, list):
            raise PalError(f"pages: {self.items or 'the body'} is no list in {content!r}"[:200])
        start = self._start(place(asked.request, asked.path, self.at))
        end = start + self.size
        page = _with(content, self.items, found[start:end])
        if self.style in ("offset", "page"):
            return page if not self.tells else _with(page, self.tells, len(found))
        again = start > 0 and (self.repeats or asked.fault == REPEATING.name)
        following = start if again else end if end < len(found) else None
        return self._pointing(page, following, asked)

    def _start(self, given: str | None) -> int:
        """The index of the first item. Raises NonRetryableError(invalid) for what this vendor never said."""
        if given is None:
            return 0
        try:
            number = int(base64.urlsafe_b64decode(given)) if self.style == "cursor" else int(given)
        except ValueError:
            number = -1
        if number < (1 if self._counts_pages else 0):
            raise NonRetryableError("invalid", f"{self.at} names no page")
        return (number - 1) * self.size if self._counts_pages else number

    @property
    def _counts_pages(self) -> bool:
        return self.style in ("page", "link")

    def _pointing(self, page: Any, following: int | None, asked: Asked) -> Any:
        if self.style == "cursor":
            cursor = None if following is None else base64.urlsafe_b64encode(b"%d" % following).decode()
            return _with(page, self.tells, cursor)
        headers = {"content-type": "application/json"}
        if following is not None:
            query = {**asked.request.query, self.parameter: str(following // self.size + 1)}
            headers["link"] = f'<{asked.origin}{asked.request.path}?{urlencode(query)}>; rel="next"'
        return Reply(200, headers, json.dumps(page).encode())

    def more(self, reply: Reply) -> bool:
        """Whether a reply points to another page."""
        if self.style == "link":
            return "link" in reply.headers
        try:
            return self.style == "cursor" and pick(json.loads(reply.body), self.tells) is not None
        except (ValueError, LookupError, TypeError):
            return False


def pages(
    size: int,
    style: Styles = "cursor",
    *,
    items: str = "",
    at: str | None = None,
    tells: str | None = None,
    repeats: bool = False,
) -> Pages:
    """A list of the body in pages of ``size``: ``read("GET /v1/rows", calls="report", sent=pages(2, items="/rows"))``.

    ``items`` is the list's RFC 6901 pointer in the body, ``at`` where a request says which page it wants
    (``query:cursor``, ``query:offset``, ``query:page``, ``body:/cursor``), ``tells`` the pointer in the body where the
    next cursor is (``/next_cursor``; null at the end), or the number of all items (``/total``; "" for none).
    ``link`` has the next page's address in the header Link (RFC 8288), and numbers pages from 1 as ``page`` does.
    With ``repeats`` the second page points to itself, for ever. Raises PalError.
    """
    if size < 1 or style not in _PLACES:
        raise PalError(f"pages({size}, {style!r}): a page has at least 1 item, a style is one of {', '.join(_PLACES)}")
    at = _PLACES[style] if at is None else at
    if style == "link" and not at.startswith("query:"):
        raise PalError(f"pages: at={at!r} cannot be part of an address; write query:name")
    return Pages(size, style, items, at, _TELLS[style] if tells is None else tells, repeats)


@dataclass(frozen=True)
class Stream:
    """See `stream`."""

    style: Literal["events", "lines"]
    items: str
    end: str
    parameter: str = ""

    def __call__(self, content: Any, asked: Asked) -> Reply:
        told = [*(json.dumps(item) for item in pick(content, self.items)), *([self.end] if self.end else [])]
        events = self.style == "events"
        text = "".join(f"data: {item}\n\n" if events else f"{item}\n" for item in told)
        kind = "text/event-stream" if events else "application/x-ndjson"
        return Reply(200, {"content-type": kind}, text.encode(), chunked=True)


def stream(style: Literal["events", "lines"] = "events", *, items: str = "", end: str = "") -> Stream:
    """A list of the body item by item: server-sent events, or lines of JSON, in a chunked body.

    ``items`` is the list's pointer in the body, ``end`` what comes after the last item: ``[DONE]``. A fault that
    cuts the body cuts it before that. `effect` and `read` take it as ``sent``; see `background` for a request that
    an SDK makes by itself.
    """
    if style not in ("events", "lines"):
        raise PalError(f"stream({style!r}): a style is one of events, lines")
    return Stream(style, items, end)


@dataclass(frozen=True)
class JobStart:
    """Keeps a body until the job is polled, and answers with what the vendor says of a new job."""

    name: str
    created: Any
    parameter: str = ""

    def __call__(self, content: Any, asked: Asked) -> Any:
        jobs = asked.scratch.setdefault(self.name, {})
        id = f"job-{len(jobs) + 1}" if asked.key is None else f"job-{asked.key}"
        jobs.setdefault(id, {"content": content, "asked": 0})
        return body(self.created, {"id": id}, {})


@dataclass(frozen=True)
class JobPoll:
    """Answers a poll: pending, or what the job came to at the ``done_after``-th one."""

    name: str
    id: str
    done_after: int
    pending: Any
    wait: int | None
    match: Callable[[Request], Mapping[str, str] | None] = field(repr=False)

    def __call__(self, request: Request, mock: Any, scratch: dict[str, Any]) -> Any:
        id = place(request, self.match(request) or {}, self.id)
        job = scratch.get(self.name, {}).get(id)
        if job is None:
            raise NonRetryableError("not_found", f"no job {id!r}")
        job["asked"] += 1
        if job["asked"] >= self.done_after:
            return job["content"]
        headers = {} if self.wait is None else {"retry-after": str(self.wait)}
        told = body(self.pending, {"id": id}, {})
        return Reply(200, {"content-type": "application/json", **headers}, json.dumps(told).encode())


def _with(value: Any, pointer: str, item: Any) -> Any:
    """The value with another item at a pointer; a member that is not there is added."""
    if not pointer:
        return item
    first, _, rest = pointer[1:].partition("/")
    name = first.replace("~1", "/").replace("~0", "~")
    inner = f"/{rest}" if rest else ""
    if isinstance(value, list):
        return [_with(each, inner, item) if n == int(name) else each for n, each in enumerate(value)]
    return {**value, name: _with(value.get(name, {}), inner, item)}
