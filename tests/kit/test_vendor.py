"""A vendor as it is described: routes, statuses, error bodies, and which faults it can play."""

import json
from typing import Any

import pytest

from pytest_pal.errors import ErrorCode
from pytest_pal.faults.catalogue import BY_NAME, CATALOGUE
from pytest_pal.faults.message import Reply, Request
from pytest_pal.kit.endpoint import auth, background, effect, read, undo
from pytest_pal.kit.vendor import STATUSES, Vendor, json_reply
from pytest_pal.primitives.http_errors import code_of_status

PAUSE = effect("POST /v1/campaigns/{id}/pause", calls="pause")
REQUEST = Request("POST", "/v1/campaigns/7/pause")


@pytest.mark.parametrize(
    ("route", "method", "path", "found"),
    [
        ("POST /v1/campaigns/{id}/pause", "POST", "/v1/campaigns/7/pause", {"id": "7"}),
        ("POST /v1/campaigns/{id}/pause", "GET", "/v1/campaigns/7/pause", None),
        ("POST /v1/campaigns/{id}/pause", "POST", "/v1/campaigns//pause", None),
        ("POST /v1/campaigns/{id}/pause", "POST", "/v1/campaigns/a/b/pause", None),
        ("POST /v1/campaigns/{id}/pause", "POST", "/v1/campaigns/7/pause/", None),
        ("GET /{a}/x/{b}", "GET", "/1/x/2 3", {"a": "1", "b": "2 3"}),
        ("GET /v1/a.b", "GET", "/v1/axb", None),
        ("GET /v1:find", "GET", "/v1:find", {}),
        ("DELETE /", "DELETE", "/", {}),
    ],
)
def test_a_route_and_its_parameters(route: str, method: str, path: str, found: dict[str, str] | None) -> None:
    assert read(route, calls="report").match(Request(method, path)) == found


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        (PAUSE, "effect"),
        (read("GET /x", calls="x"), "read"),
        (undo("GET /x", calls="x"), "undo"),
        (background("GET /x", calls="x"), "background"),
        (auth("POST /token"), "auth"),
    ],
)
def test_kinds_of_endpoints(endpoint: Any, kind: str) -> None:
    assert endpoint.kind == kind


def test_the_status_of_a_code_is_read_back_as_that_code_or_needs_the_body() -> None:
    by_status_alone = {code for code, status in STATUSES.items() if code_of_status(status) == code}
    told_by_the_body = {"connection", "in_progress", "key_conflict", "malformed_reply"}
    assert set(STATUSES) - by_status_alone == told_by_the_body
    vendor = Vendor(PAUSE)
    assert {code for code in ErrorCode if vendor.status_of(code) == 400} == {
        ErrorCode.UNSUPPORTED,
        ErrorCode.CONTENT_REFUSED,
        ErrorCode.NO_CANDIDATE,
        ErrorCode.NOT_CONFIGURED,
    }


@pytest.mark.parametrize(
    ("code", "unknown", "error"),
    [
        ("invalid", None, {"code": "invalid", "message": "no"}),
        (None, None, {"message": "no"}),
        ("timeout", True, {"code": "timeout", "message": "no", "outcome_unknown": True}),
        ("timeout", False, {"code": "timeout", "message": "no", "outcome_unknown": False}),
    ],
)
def test_an_error_of_a_vendor_that_says_no_other(code: str | None, unknown: bool | None, error: Any) -> None:
    reply = Vendor(PAUSE).error(418, code, "no", {"retry-after": "2"}, unknown=unknown)
    assert (reply.status, json.loads(reply.body)) == (418, {"error": error})
    assert reply.headers == {"content-type": "application/json", "retry-after": "2"}


def test_an_error_in_a_vendor_s_own_words_has_nothing_of_ours() -> None:
    vendor = Vendor(PAUSE, error_body=lambda status, code, message: [status, code, message])
    assert json.loads(vendor.error(400, "invalid", "no", unknown=True).body) == [400, "invalid", "no"]
    played = {fault.name for fault in CATALOGUE if vendor.plays(fault)}
    assert {f.name for f in CATALOGUE} - played == {"hard_quota", "throttled_400", "error_in_200", "key_in_flight"}


def test_an_error_body_may_be_empty() -> None:
    vendor = Vendor(PAUSE, error_body=lambda status, code, message: None)
    assert vendor.error(500, None, "no").body == b""
    assert json_reply(200, None).body == b""
    assert json_reply(200, []).body == b"[]"


@pytest.mark.parametrize("fault", CATALOGUE, ids=lambda fault: fault.name)
def test_a_fault_before_the_effect_is_answered_as_its_row_says(fault: Any) -> None:
    reply = Vendor(PAUSE).faulty(fault, REQUEST)
    assert reply.status == fault.status
    assert {**reply.headers, **fault.headers} == reply.headers
    if fault.body is not None:
        assert reply.body == fault.body
    else:
        assert json.loads(reply.body)["error"].get("code") == fault.means


def test_a_vendor_s_own_reply_goes_before_the_row() -> None:
    own = {"status_500": Reply(599), "status_400": lambda request: Reply(400, body=request.path.encode())}
    vendor = Vendor(PAUSE, faults=own)
    assert vendor.faulty(BY_NAME["status_500"], REQUEST).status == 599
    assert vendor.faulty(BY_NAME["status_400"], REQUEST).body == b"/v1/campaigns/7/pause"
    assert vendor.faulty(BY_NAME["status_502"], REQUEST).status == 502


def test_what_only_a_body_can_say_is_played_by_a_vendor_that_says_how() -> None:
    own = {"hard_quota": Reply(429, body=b"{}"), "key_in_flight": None}
    vendor = Vendor(PAUSE, error_body=lambda *told: {}, faults=own)
    assert [vendor.plays(BY_NAME[name]) for name in ("hard_quota", "throttled_400", "key_in_flight")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("auth", "places"), [(None, ()), ("header:A", ("header:A",)), (("header:A", "query:b"), ("header:A", "query:b"))]
)
def test_where_a_secret_may_travel(auth: Any, places: tuple[str, ...]) -> None:
    assert Vendor(PAUSE, auth=auth).auth_places == places
