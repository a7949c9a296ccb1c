"""Endpoints that send more than one body: in pages, as a stream, after a job; seen by a client over the wire."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from pytest_pal.errors import PalError
from pytest_pal.faults.catalogue import BY_NAME, REPEATING
from pytest_pal.kit.bench import Bench
from pytest_pal.kit.endpoint import Endpoint, background, effect, job, read
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.live_vendor import LiveVendor
from pytest_pal.kit.sending import pages, stream
from pytest_pal.kit.target import Target
from pytest_pal.kit.vendor import Vendor
from pytest_pal.mocks.ads import MockAds

from ..judging import contract

WEEK = {"query": {"campaign_ids": None, "from": "2026-03-01", "to": "2026-03-08"}}
SPEC = {"name": "A", "objective": "sales", "budget": 10_000_000, "currency": "USD"}
CREATE = effect("POST /campaigns", calls="create_campaign", request={"spec": "$"})


class Client:
    """A vendor with one campaign, and somebody who asks it."""

    def __init__(self, live: LiveVendor) -> None:
        self.live = live
        self._pool = urllib3.PoolManager(retries=False)
        self.ask("POST", "/campaigns", SPEC)

    def reply(self, method: str, path: str, body: Any = None) -> urllib3.BaseHTTPResponse:
        sent = None if body is None else json.dumps(body).encode()
        return self._pool.request(method, self.live.url + path, body=sent)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(self.reply(method, path, body).data)

    def counted(self) -> list[str]:
        return [entry.request.path for entry in self.live.ledger.entries if entry.counted]


@pytest.fixture
def opened() -> Iterator[Any]:
    with ExitStack() as stack:

        def opening(*endpoints: Endpoint | tuple[Endpoint, ...]) -> Client:
            harness = Harness(MockAds, Vendor(CREATE, *endpoints))
            bench = Bench(Target("acme_ads", contract("ads"), harness, "tests"))
            stack.callback(bench.close)
            client = Client(bench.vendor)
            stack.callback(lambda: problems.extend(client.live.problems))
            return client

        problems: list[str] = []
        yield opening
    assert problems == []


def rows(**sent: Any) -> Endpoint:
    return read("POST /rows", calls="report", reply={"rows": "$/rows"}, **sent)


def days(page: dict[str, Any]) -> list[int]:
    return [int(row["day"][-2:]) for row in page["rows"]]


def test_pages_by_cursor_are_followed_to_the_end(opened: Any) -> None:
    client = opened(rows(sent=pages(3, items="/rows")))
    first = client.ask("POST", "/rows", WEEK)
    second = client.ask("POST", f"/rows?cursor={first['next_cursor']}", WEEK)
    third = client.ask("POST", f"/rows?cursor={second['next_cursor']}", WEEK)
    assert [days(page) for page in (first, second, third)] == [[1, 2, 3], [4, 5, 6], [7]]
    assert third["next_cursor"] is None
    assert client.counted() == ["/campaigns", "/rows", "/rows", "/rows"]


def test_a_cursor_may_travel_in_the_body_and_be_told_deeper(opened: Any) -> None:
    client = opened(rows(sent=pages(4, items="/rows", at="body:/after", tells="/paging/next")))
    first = client.ask("POST", "/rows", WEEK)
    second = client.ask("POST", "/rows", {**WEEK, "after": first["paging"]["next"]})
    assert (days(second), second["paging"]) == ([5, 6, 7], {"next": None})


@pytest.mark.parametrize(("style", "second"), [("offset", "offset=4"), ("page", "page=2")])
def test_pages_by_number_tell_how_many_items_there_are(opened: Any, style: Any, second: str) -> None:
    client = opened(rows(sent=pages(4, style, items="/rows")))
    found = [client.ask("POST", path, WEEK) for path in ("/rows", f"/rows?{second}")]
    assert [days(page) for page in found] == [[1, 2, 3, 4], [5, 6, 7]]
    assert [page["total"] for page in found] == [7, 7]


def test_the_number_of_items_may_be_kept_to_itself(opened: Any) -> None:
    client = opened(rows(sent=pages(4, "offset", items="/rows", tells="")))
    assert list(client.ask("POST", "/rows", WEEK)) == ["rows"]
    assert client.ask("POST", "/rows?offset=8", WEEK) == {"rows": []}


def test_a_link_leads_to_the_next_page_and_keeps_the_query(opened: Any) -> None:
    client = opened(
        read(
            "GET /rows/{start}",
            calls="report",
            request={"query": {"campaign_ids": None, "from": "$path/start", "to": "$query/to"}},
            reply="$/rows",
            sent=pages(5, "link"),
        )
    )
    first = client.reply("GET", "/rows/2026-03-01?to=2026-03-08")
    link = first.headers["link"]
    assert link == f'<{client.live.url}/rows/2026-03-01?to=2026-03-08&page=2>; rel="next"'
    parts = urlsplit(link[1:].partition(">")[0])
    second = client.reply("GET", f"{parts.path}?{parts.query}")
    assert [len(json.loads(page.data)) for page in (first, second)] == [5, 2]
    assert "link" not in second.headers


@pytest.mark.parametrize("cursor", ["soon", "LTU=", "%C3%A9"])
def test_a_cursor_that_the_vendor_never_gave_is_refused(opened: Any, cursor: str) -> None:
    client = opened(rows(sent=pages(3, items="/rows")))
    assert client.reply("POST", f"/rows?cursor={cursor}", WEEK).status == 422


@pytest.mark.parametrize("always", [True, False])
def test_a_cursor_can_repeat(opened: Any, always: bool) -> None:
    client = opened(rows(sent=pages(3, items="/rows", repeats=always)))
    with ExitStack() as stack:
        if not always:
            stack.enter_context(client.live.failing(REPEATING))
        first = client.ask("POST", "/rows", WEEK)
        second = client.ask("POST", f"/rows?cursor={first['next_cursor']}", WEEK)
        assert second["next_cursor"] == first["next_cursor"]
        assert client.ask("POST", f"/rows?cursor={second['next_cursor']}", WEEK) == second


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: pages(0), "a page has at least 1 item"),
        (lambda: pages(1, "cursors"), "a style is one of cursor, offset, page, link"),
        (lambda: pages(1, "link", at="body:/page"), "cannot be part of an address"),
        (lambda: stream("sse"), "a style is one of events, lines"),
        (lambda: job("POST /jobs", "GET /jobs/{id}", calls="report", done_after=0), "done at its first poll"),
        (lambda: job("POST jobs", "GET /jobs/{id}", calls="report"), "'POST jobs' is no route"),
    ],
)
def test_what_makes_no_sense_is_told(given: Any, words: str) -> None:
    with pytest.raises(PalError, match=words):
        given()


def test_a_list_that_is_none_is_a_mistake_of_the_mapping(opened: Any) -> None:
    client = opened(read("POST /rows", calls="report", sent=pages(3, items="/totals")))
    assert client.reply("POST", "/rows", WEEK).status == 500
    assert "pages: /totals is no list" in client.live.problems[0]
    client.live._wrong.clear()


@pytest.mark.parametrize(
    ("style", "end", "kind", "lead", "last"),
    [
        ("events", "[DONE]", "text/event-stream", "data: ", "data: [DONE]\n\n"),
        ("lines", "", "application/x-ndjson", "", "\n"),
    ],
)
def test_a_stream_sends_item_by_item(opened: Any, style: Any, end: str, kind: str, lead: str, last: str) -> None:
    client = opened(rows(sent=stream(style, items="/rows", end=end)))
    reply = client.reply("POST", "/rows", WEEK)
    text = reply.data.decode()
    assert (reply.headers["content-type"], reply.headers["transfer-encoding"]) == (kind, "chunked")
    lines = [line for line in text.splitlines() if line and "DONE" not in line]
    assert days({"rows": [json.loads(line.removeprefix(lead)) for line in lines]}) == [1, 2, 3, 4, 5, 6, 7]
    assert text.endswith(last)


def test_a_stream_that_is_cut_has_no_end(opened: Any) -> None:
    client = opened(rows(sent=stream(items="/rows", end="[DONE]")))
    reply = urllib3.PoolManager(retries=False)
    with client.live.failing(BY_NAME["truncated"]):
        cut = reply.request("POST", f"{client.live.url}/rows", body=json.dumps(WEEK).encode(), preload_content=False)
        seen: list[bytes] = []
        with pytest.raises(urllib3.exceptions.HTTPError):
            seen.extend(cut.stream(64))
    assert b"[DONE]" not in b"".join(seen)


def test_a_job_is_pending_until_it_was_asked_often_enough(opened: Any) -> None:
    client = opened(
        job(
            "POST /jobs",
            "GET /jobs/{id}",
            calls="report",
            done_after=3,
            reply={"status": "done", "rows": "$/rows"},
            wait=5,
        )
    )
    started = client.reply("POST", "/jobs", WEEK)
    assert (started.status, json.loads(started.data)) == (202, {"id": "job-1", "status": "running"})
    assert client.ask("POST", "/jobs", WEEK)["id"] == "job-2"
    polls = [client.reply("GET", "/jobs/job-1") for _ in range(4)]
    assert [json.loads(poll.data)["status"] for poll in polls] == ["running", "running", "done", "done"]
    assert [poll.headers.get("retry-after") for poll in polls] == ["5", "5", None, None]
    assert days(json.loads(polls[2].data)) == [1, 2, 3, 4, 5, 6, 7]
    assert client.counted() == ["/campaigns", "/jobs", "/jobs"]


def test_what_a_job_cannot_do_is_told_where_it_starts(opened: Any) -> None:
    client = opened(job("POST /jobs", "GET /jobs", calls="pause", kind="effect", id="query:job"))
    assert client.reply("POST", "/jobs", {"campaign_id": "none"}).status == 404
    assert client.reply("GET", "/jobs?job=job-1").status == 404


def test_a_job_under_a_known_key_is_the_same_job(opened: Any) -> None:
    key = "header:Idempotency-Key"
    client = opened(
        job("POST /made", "GET /made/{id}", calls="create_campaign", request={"spec": "$"}, kind="effect", key=key)
    )
    url, body = f"{client.live.url}/made", json.dumps(SPEC).encode()
    replies = [urllib3.request("POST", url, body=body, headers={"idempotency-key": "k"}).json() for _ in range(2)]
    assert replies == [{"id": "job-k", "status": "running"}] * 2
    assert len(client.live.mock.observe().campaigns()) == 2


def test_no_fault_is_placed_at_what_is_not_counted(opened: Any) -> None:
    client = opened(background("GET /updates", calls=lambda request, mock, scratch: {"none": True}))
    with client.live.failing(BY_NAME["status_503"]):
        assert client.ask("GET", "/updates") == {"none": True}
