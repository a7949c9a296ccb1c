"""The ledger: windows, numbers, what counts, and a request as golden files have it."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from pytest_pal.faults.message import Delivery, Reply, Request
from pytest_pal.kit.endpoint import Endpoint, auth, background, effect, read, undo
from pytest_pal.kit.ledger import Entry, Ledger, keys_of, most_alike

CREATE = effect("POST /v1/campaigns/{id}", calls="create", key="header:Idempotency-Key")
REPORT = read("GET /v1/report", calls="report")
REQUEST = Request(
    "POST", "/v1/campaigns/7", query={"dry": "1"}, body=b'{"a": {"at": 1}, "rows": [{"at": 2}, {"b": 3}]}'
)


def entry(endpoint: Endpoint | None = CREATE, **parts: Any) -> Entry:
    return Entry(parts.pop("request", REQUEST), endpoint, parts.pop("reply", Reply()), **parts)


def test_a_window_begins_at_a_mark_and_its_numbers_at_one() -> None:
    ledger = Ledger()
    assert [ledger.number(), ledger.number()] == [1, 2]
    ledger.add(entry(number=1))
    ledger.mark()
    assert (ledger.window, len(ledger.entries), ledger.number()) == ([], 1, 1)
    ledger.add(entry(number=5))
    assert [found.number for found in ledger.window] == [5]


def test_what_was_shown_is_not_shown_again_whatever_the_window() -> None:
    ledger = Ledger()
    ledger.add(entry(number=1))
    ledger.mark()
    ledger.add(entry(number=2))
    assert [found.number for found in ledger.unshown()] == [1, 2]
    assert ledger.unshown() == []


def test_numbers_are_given_once_to_many_threads() -> None:
    ledger, seen = Ledger(), []
    threads = [threading.Thread(target=lambda: seen.extend(ledger.number() for _ in range(50))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 201))


@pytest.mark.parametrize(
    ("endpoint", "counted"),
    [
        (CREATE, True),
        (REPORT, True),
        (auth("POST /token"), False),
        (undo("DELETE /x", calls="x"), False),
        (background("GET /stream", calls="x"), False),
        (None, False),
    ],
)
def test_what_counts(endpoint: Endpoint | None, counted: bool) -> None:
    assert entry(endpoint).counted is counted
    assert most_alike([entry(endpoint)] * 2) == (2 if counted else 0)


def test_a_fallback_counts_by_its_busiest_part() -> None:
    asked = [entry(part="m-1"), entry(part="m-2"), entry(part="m-2"), entry(part=None), entry(None, part="m-1")]
    assert most_alike(asked) == 2
    assert most_alike([]) == 0


def test_keys_are_those_of_the_endpoint_that_got_one_first() -> None:
    other = replace(CREATE, route="POST /activate")
    entries = [entry(REPORT), entry(key="b"), entry(other, key="z"), entry(key="a"), entry(key="b")]
    assert list(keys_of(entries)) == ["b", "a"]
    assert list(keys_of([entry(REPORT)])) == []


@pytest.mark.parametrize(
    ("given", "brief"),
    [
        (entry(), "POST /v1/campaigns/7 -> 200"),
        (entry(reply=Reply(503), fault="status_503"), "POST /v1/campaigns/7 -> 503 (status_503)"),
        (entry(reply=Reply(delivery=Delivery.RESET)), "POST /v1/campaigns/7 -> reset"),
    ],
)
def test_a_line_for_people(given: Entry, brief: str) -> None:
    assert given.brief() == brief


def test_a_request_as_golden_files_have_it() -> None:
    plain = entry(key="key-1", path={"id": "7"}).plain(["/a/at", "/rows/*/at", "/nothing/here", "/rows/9/b"])
    assert plain == {
        "request": "POST /v1/campaigns/{id}",
        "path": {"id": "7"},
        "query": {"dry": "1"},
        "key": "key-1",
        "body": {"a": {"at": "<free>"}, "rows": [{"at": "<free>"}, {"b": 3}]},
    }


@pytest.mark.parametrize(
    ("body", "plain"),
    [(b"", {}), (b"null", {"body": None}), (b"a=1", {"body": "a=1"}), (b"\xff{", {"body": "\\xff{"})],
)
def test_a_body_that_is_no_json_is_kept_as_text(body: bytes, plain: dict[str, Any]) -> None:
    found = entry(None, request=Request("GET", "/x", body=body)).plain()
    assert found == {"request": "GET /x", **plain}
