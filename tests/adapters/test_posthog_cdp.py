"""The PostHog adapter: the contract on the vendor's wire, and what the SDK and an eventually consistent vendor hide."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import posthog
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.adapters.posthog_cdp import EVENT_ID, IDENTIFIER, PosthogCDP, _escaped, _unescaped
from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.cdp import CAPABILITY
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.server import HttpServer
from pytest_pal.harnesses.posthog_cdp import HARNESS
from pytest_pal.model.context import Context

from ..judging import GREEN, judge

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROJECT_KEY, PERSONAL_KEY = "phc_canary-1", "phx_canary-2"
PERSON, OTHER = "00000000-0000-5000-8000-000000000001", "00000000-0000-5000-8000-000000000002"
API = "/api/projects/7"
Json = dict[str, Any]


class FakePosthog:
    """Answers by path, as it is told, else that nobody and nothing is there; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answers: dict[str, Callable[[Request], Reply]] = {}
        self.say("/batch/", {"status": "Ok"})
        self.say(f"{API}/persons/", {"results": [], "next": None})
        self.server = HttpServer(self._respond)

    def say(self, path: str, body: Any, status: int = 200) -> None:
        self.answers[path] = lambda request: told(status, body)

    def _respond(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.answers[request.path](request)

    def close(self) -> None:
        self.server.close()

    @property
    def captured(self) -> list[Json]:
        return [event for request in self.asked if request.path == "/batch/" for event in request.json["batch"]]


def told(status: int, body: Any) -> Reply:
    return Reply(status, {"content-type": "application/json"}, b"" if body is None else json.dumps(body).encode())


@pytest.fixture
def vendor() -> Iterator[FakePosthog]:
    with closing(FakePosthog()) as vendor:
        yield vendor


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def adapter(vendor: FakePosthog, clock: SimulatedClock, tmp_path: Path) -> PosthogCDP:
    secrets = {"posthog_project_key": PROJECT_KEY, "posthog_personal_key": PERSONAL_KEY}
    context = Context(clock=clock, timeout=5.0, state_dir=tmp_path, secrets=secrets)
    url = vendor.server.url
    return PosthogCDP({"project_id": 7, "host": url, "app_host": url, "durable": False}, context)


def ingest(adapter: PosthogCDP, event_id: str = "e1", **changes: Any) -> Json:
    plain = {"profile_id": "user-1", "name": "order_placed", "time": START, "properties": {"total": 20}}
    return adapter.ingest_event(**CAPABILITY.check("ingest_event", event_id=event_id, **{**plain, **changes}))


def upsert(adapter: PosthogCDP, id: str = "user-1", traits: Json | None = None, **identifiers: str | None) -> Json:
    return adapter.upsert_profile(
        **CAPABILITY.check("upsert_profile", id=id, traits=traits or {}, identifiers=identifiers)
    )


def refusal(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    "family", [".shape.", "upsert_profile.rule.", "sync_audience.rule.replacement", "fault.status_5"]
)
def test_the_contract_holds_at_hosts_that_are_built_in(family: str) -> None:
    results = judge(HARNESS, only=family)
    assert {id: result.text for id, result in results.items() if result.verdict not in GREEN} == {}
    assert results


# events


def test_an_event_is_sent_at_once_by_the_sdk_with_a_uuid_made_of_its_id(
    adapter: PosthogCDP, vendor: FakePosthog
) -> None:
    assert ingest(adapter) == {"event_id": "e1", "profile_id": "user-1"}
    (event,) = vendor.captured
    assert vendor.asked[0].json["api_key"] == PROJECT_KEY
    assert vendor.asked[0].headers["user-agent"].startswith("posthog-python/")
    assert UUID(event["uuid"]).version == 5
    assert (event["event"], event["distinct_id"]) == ("order_placed", "user-1")
    assert event["timestamp"].startswith("2026-03-02T09:00:00")
    properties = event["properties"]
    assert (properties["total"], properties[EVENT_ID], properties["$ignore_sent_at"]) == (20, "e1", True)


def test_an_event_tells_neither_the_machine_nor_what_the_caller_tags_its_own_events_with(
    adapter: PosthogCDP, vendor: FakePosthog
) -> None:
    with posthog.new_context():
        posthog.tag("tenant", "acme")
        posthog.identify_context("somebody-else")
        ingest(adapter)
    (event,) = vendor.captured
    assert event["distinct_id"] == "user-1"
    own = {"total", EVENT_ID, "$ignore_sent_at"}
    assert set(event["properties"]) - own == {"$geoip_disable", "$is_server", "$lib", "$lib_version"}


@given(
    st.dictionaries(
        st.sampled_from(["$set", "$", "pal:x", "pal:pal:", EVENT_ID, "total", ""]) | st.text(), st.integers()
    )
)
def test_properties_that_mean_something_to_the_vendor_come_back_as_they_were(properties: dict[str, int]) -> None:
    sent = _escaped(properties)
    assert not [name for name in sent if name.startswith("$") or name == EVENT_ID]
    assert _unescaped({**sent, "$lib": "posthog-python", EVENT_ID: "e1"}) == properties


@pytest.mark.parametrize("id", ["null", "Guest", "0", "email"])
def test_an_id_that_posthog_takes_for_a_mistake_gets_another_spelling(
    adapter: PosthogCDP, vendor: FakePosthog, id: str
) -> None:
    ingest(adapter, profile_id=id)
    assert vendor.captured[0]["distinct_id"] == f"pal:{id}"


@pytest.mark.parametrize(
    ("status", "body", "code", "unknown"),
    [
        (200, None, "malformed_reply", True),
        (200, {"status": 0}, "malformed_reply", True),
        (200, {"status": "Ok", "quota_limited": ["events"]}, "quota_exhausted", False),
        (401, {"type": "authentication_error", "code": "invalid_api_key", "detail": "no"}, "unauthenticated", False),
        (400, {"type": "throttled_error", "code": "throttled", "detail": "no"}, "rate_limited", False),
        (302, None, "malformed_reply", False),
        (503, None, "unavailable", True),
    ],
)
def test_nothing_that_the_sdk_swallows_is_lost(
    adapter: PosthogCDP, vendor: FakePosthog, caplog: Any, status: int, body: Any, code: str, unknown: bool
) -> None:
    vendor.say("/batch/", body, status)
    error = refusal(lambda: ingest(adapter))
    assert (error.code, error.outcome_unknown) == (code, unknown)
    assert len(vendor.asked) == 1
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_the_vendor_echoes_shows_no_key(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    vendor.answers["/batch/"] = lambda request: told(400, {"detail": request.body.decode()})
    vendor.answers[f"{API}/persons/"] = lambda request: told(403, {"detail": request.headers["authorization"]})
    for call, key in ((lambda: ingest(adapter), PROJECT_KEY), (lambda: adapter.get_profile("a"), PERSONAL_KEY)):
        error = refusal(call)
        shown = [str(error), repr(vars(error)), str(error.__cause__), repr(getattr(error.__cause__, "__dict__", {}))]
        assert not [text for text in shown if key in text]
    assert PROJECT_KEY not in repr(adapter)


def test_a_repeat_is_known_here_and_another_body_is_a_conflict(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    first = ingest(adapter)
    assert ingest(adapter) == first
    changes: tuple[Json, ...] = (
        {"name": "order_cancelled"},
        {"time": START - timedelta(days=1)},
        {"profile_id": "user-2"},
    )
    for change in changes:
        with pytest.raises(NonRetryableError, match="key_conflict"):
            ingest(adapter, **change)
    assert len(vendor.captured) == 1


def test_a_lost_answer_is_asked_for_again_as_the_same_event(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    vendor.say("/batch/", None, 502)
    assert refusal(lambda: ingest(adapter)).outcome_unknown
    vendor.say("/batch/", {"status": 1})
    ingest(adapter)
    first, second = vendor.captured
    assert first == second


def test_what_posthog_would_move_or_drop_is_refused_before_any_request(
    adapter: PosthogCDP, vendor: FakePosthog
) -> None:
    assert refusal(lambda: ingest(adapter, time=START + timedelta(hours=24))).code == "invalid"
    assert refusal(lambda: ingest(adapter, properties={"bio": "x" * 1_000_000})).code == "payload_too_large"
    assert vendor.asked == []
    ingest(adapter)


# profiles


def test_a_profile_is_set_and_unset_in_one_event(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    before = {"plan": "free", "trial": True, "$os": "x", f"{IDENTIFIER}crm_id": "c-1"}
    vendor.say(f"{API}/persons/", {"results": [{"uuid": PERSON, "distinct_ids": ["user-1"], "properties": before}]})
    patch = {"plan": "pro", "trial": None, "address": {"zip": None}}
    shown = upsert(adapter, traits=patch, crm_id="c-1", device=None)
    assert shown == {
        "id": "user-1",
        "traits": {"plan": "pro", "address": {"zip": None}},
        "identifiers": {"crm_id": "c-1"},
    }
    (event,) = vendor.captured
    assert event["event"] == "$set"
    assert event["properties"]["$set"] == {"plan": "pro", "address": {"zip": None}, f"{IDENTIFIER}crm_id": "c-1"}
    assert event["properties"]["$unset"] == [f"{IDENTIFIER}device", "trial"]
    assert [request.path for request in vendor.asked] == [f"{API}/persons/", "/batch/"]


def test_an_identifier_that_somebody_has_is_a_conflict(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    def persons(request: Request) -> Reply:
        owner = {"uuid": OTHER, "distinct_ids": ["user-2"], "properties": {f"{IDENTIFIER}crm_id": "c-1"}}
        return told(200, {"results": [owner] if "properties" in request.query else []})

    vendor.answers[f"{API}/persons/"] = persons
    assert refusal(lambda: upsert(adapter, crm_id="c-1")).code == "conflict"
    upsert(adapter, crm_id="C-1")
    assert len(vendor.captured) == 1


def test_a_claim_counts_before_posthog_shows_it_and_until_it_must(
    adapter: PosthogCDP, vendor: FakePosthog, clock: SimulatedClock
) -> None:
    upsert(adapter, crm_id="c-1")
    assert refusal(lambda: upsert(adapter, "user-2", crm_id="c-1")).code == "conflict"
    vendor.say("/batch/", None, 400)
    assert refusal(lambda: upsert(adapter, "user-2", account="a-1")).code == "invalid"
    vendor.say("/batch/", {"status": "Ok"})
    upsert(adapter, "user-3", account="a-1")
    clock.advance(61)
    upsert(adapter, "user-2", crm_id="c-1")


def test_a_release_counts_before_posthog_shows_it(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    owner = {"uuid": PERSON, "distinct_ids": ["user-1"], "properties": {f"{IDENTIFIER}crm_id": "c-1"}}
    vendor.answers[f"{API}/persons/"] = lambda request: told(
        200, {"results": [owner] if request.query.get("distinct_id") != "user-2" else []}
    )
    upsert(adapter, crm_id=None)
    upsert(adapter, "user-2", crm_id="c-1")
    assert len(vendor.captured) == 2


def test_a_person_that_posthog_would_cut_is_refused(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    assert refusal(lambda: upsert(adapter, traits={"bio": "x" * 500_000})).code == "payload_too_large"
    assert vendor.captured == []


def test_a_profile_comes_with_its_newest_events_in_order(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    person = {"uuid": PERSON, "distinct_ids": ["user-1"], "properties": {"plan": "pro", "$browser": "x"}}
    vendor.say(f"{API}/persons/", {"results": [person]})
    rows = [
        [PERSON, "b", "2026-03-02T09:00:00.005000Z", json.dumps({EVENT_ID: "e2", "total": 1, "$lib": "x"})],
        [PERSON, "a", "2026-03-02T10:00:00.005+01:00", {EVENT_ID: "e1", "pal:$set": 2}],
    ]
    vendor.say(f"{API}/query/", {"results": rows})
    profile = adapter.get_profile("user-1")
    assert (profile["traits"], profile["identifiers"]) == ({"plan": "pro"}, {})
    time = "2026-03-02T09:00:00.005Z"
    assert profile["events"] == [
        {"event_id": "e1", "name": "a", "time": time, "properties": {"$set": 2}},
        {"event_id": "e2", "name": "b", "time": time, "properties": {"total": 1}},
    ]
    assert vendor.asked[1].json["query"]["values"] == {"person": "user-1"}


@pytest.mark.parametrize("rows", [None, "x", [["only", "two"]], [[PERSON, "a", "no time", {}]]])
def test_events_that_make_no_sense_are_malformed(adapter: PosthogCDP, vendor: FakePosthog, rows: Any) -> None:
    vendor.say(f"{API}/persons/", {"results": [{"uuid": PERSON, "properties": {}}]})
    vendor.say(f"{API}/query/", {"results": rows, "x": 1})
    if rows is None:
        assert adapter.get_profile("user-1")["events"] == []
    else:
        assert refusal(lambda: adapter.get_profile("user-1")).code == "malformed_reply"


# audiences


@pytest.fixture
def audience(vendor: FakePosthog) -> Json:
    """A cohort on two pages whose members are nobody that is asked for, and two persons that may be members."""
    found = {"results": {"a": {"uuid": PERSON}, "b": {"uuid": OTHER}}}
    vendor.say(f"{API}/persons/batch_by_distinct_ids/", found)
    vendor.say(f"{API}/cohorts/", {"results": [{"id": 5, "name": "buyers", "is_static": True}], "next": None})
    vendor.say(f"{API}/cohorts/5/persons/", {"results": [], "next": None})
    vendor.say(f"{API}/cohorts/5/add_persons_to_static_cohort/", {"success": True})
    return found


def sync(adapter: PosthogCDP, *members: str) -> Json:
    return adapter.sync_audience(**CAPABILITY.check("sync_audience", key="buyers", members=members))


def test_members_come_from_all_pages_and_the_key_goes_to_no_other_host(
    adapter: PosthogCDP, vendor: FakePosthog, audience: Json
) -> None:
    def members(request: Request) -> Reply:
        first = "offset" not in request.query
        further = f"https://evil.example{API}/cohorts/5/persons/?limit=1&offset=1"
        return told(200, {"results": [{"uuid": PERSON if first else OTHER}], "next": further if first else None})

    vendor.answers[f"{API}/cohorts/5/persons/"] = members
    assert sync(adapter, "a", "b") == {"added": 0, "removed": 0, "size": 2}
    assert vendor.asked[-1].query == {"limit": "1", "offset": "1"}


def test_pages_that_go_round_in_a_circle_are_refused(adapter: PosthogCDP, vendor: FakePosthog, audience: Json) -> None:
    vendor.say(f"{API}/cohorts/5/persons/", {"results": [], "next": f"{API}/cohorts/5/persons/?offset=9"})
    assert refusal(lambda: sync(adapter, "a")).code == "malformed_reply"


def test_of_cohorts_with_one_name_the_oldest_static_one_is_the_audience(
    adapter: PosthogCDP, vendor: FakePosthog, audience: Json
) -> None:
    rows = [
        {"id": 9, "name": "buyers", "is_static": True},
        {"id": 5, "name": "buyers", "is_static": True},
        {"id": 2, "name": "buyers", "is_static": False},
        {"id": 1, "name": "Buyers", "is_static": True},
    ]
    vendor.say(f"{API}/cohorts/", {"results": rows, "next": None})
    assert sync(adapter, "a", "b") == {"added": 2, "removed": 0, "size": 2}


def test_a_cohort_that_was_made_and_has_no_id_may_be_there(
    adapter: PosthogCDP, vendor: FakePosthog, audience: Json
) -> None:
    def cohorts(request: Request) -> Reply:
        return told(200, {"results": [], "next": None} if request.method == "GET" else {"name": "buyers"})

    vendor.answers[f"{API}/cohorts/"] = cohorts
    error = refusal(lambda: sync(adapter, "a"))
    assert (error.code, error.outcome_unknown) == ("malformed_reply", True)


def test_an_unknown_member_is_refused_before_any_change(
    adapter: PosthogCDP, vendor: FakePosthog, audience: Json
) -> None:
    error = refusal(lambda: sync(adapter, "a", "ghost"))
    assert (error.code, "'ghost'" in error.message) == ("not_found", True)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("detail", ["Person is not part of the cohort", "Not found."])
def test_who_is_gone_already_needs_no_removal(
    adapter: PosthogCDP, vendor: FakePosthog, audience: Json, detail: str
) -> None:
    vendor.say(f"{API}/cohorts/5/persons/", {"results": [{"uuid": OTHER}], "next": None})
    refused = {"type": "invalid_request", "code": "not_found", "detail": detail}
    vendor.say(f"{API}/cohorts/5/remove_person_from_static_cohort/", refused, 404)
    if detail == "Not found.":
        assert refusal(lambda: sync(adapter, "a")).code == "not_found"
    else:
        assert sync(adapter, "a") == {"added": 1, "removed": 1, "size": 1}


# the account


def test_a_host_that_is_no_url_is_not_configured(vendor: FakePosthog) -> None:
    context = Context(secrets={"posthog_project_key": PROJECT_KEY, "posthog_personal_key": PERSONAL_KEY})
    adapter = PosthogCDP({"project_id": 7, "host": "posthog"}, context)
    assert refusal(lambda: ingest(adapter)).code == "not_configured"


def test_all_requests_of_a_call_share_its_time(adapter: PosthogCDP, vendor: FakePosthog) -> None:
    late = PosthogCDP(adapter._link._config, Context(timeout=0.0, secrets=adapter._ctx.secrets))
    error = refusal(lambda: upsert(late))
    assert isinstance(error, RetryableError)
    assert (error.code, vendor.asked) == ("timeout", [])


def test_closing_twice_is_fine(adapter: PosthogCDP) -> None:
    ingest(adapter)
    adapter.close()
    adapter.close()
    with pytest.raises(NonRetryableError, match="not_found"):
        adapter.get_profile("user-1")
