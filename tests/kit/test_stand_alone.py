"""A vendor that stands alone: it serves, fails when told, moves in time, and shows what it keeps."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
import urllib3

from pytest_pal.errors import PalError
from pytest_pal.faults.tls import CAFILE
from pytest_pal.kit.stand_alone import SECRET, StandAlone, turn_of
from pytest_pal.kit.twins.harness import AUTH, identity
from pytest_pal.kit.vendor import Vendor

from ..judging import contract

ADS = contract("ads")
VENDOR = Vendor(identity(ADS.capability), auth=AUTH)
SPEC = {"spec": {"name": "A", "objective": "sales", "budget": 10_000_000, "currency": "USD"}}
Ask = Callable[..., tuple[int, Any]]


def asking(live: StandAlone, **options: Any) -> Ask:
    pool = urllib3.PoolManager(retries=False, **options)

    def ask(method: str, path: str, body: Any = None, secret: str = SECRET, **headers: str) -> tuple[int, Any]:
        sent = {"authorization": f"Bearer {secret}", **headers}
        reply = pool.request(method, live.url + path, body=json.dumps(body).encode(), headers=sent)
        return reply.status, json.loads(reply.data)

    return ask


@pytest.fixture
def live() -> Iterator[StandAlone]:
    with closing(StandAlone(ADS, VENDOR)) as live:
        yield live


@pytest.fixture
def ask(live: StandAlone) -> Ask:
    return asking(live)


def create(ask: Ask, key: str) -> int:
    return ask("POST", "/create_campaign", SPEC, **{"idempotency-key": key})[0]


def test_it_acts_once_per_key_and_shows_what_it_keeps(ask: Ask) -> None:
    assert [create(ask, key) for key in ("k-1", "k-1", "k-2")] == [200, 200, 200]
    status, state = ask("GET", "/_pal/state")
    assert (status, [row["name"] for row in state["campaigns"]]) == (200, ["A", "A"])


def test_requests_are_shown_without_the_secret(ask: Ask, live: StandAlone) -> None:
    create(ask, "k-1")
    ask("POST", "/pause", {"campaign_id": "c"}, secret="another")
    ask("POST", "/nowhere", {})
    told = json.dumps(ask("GET", "/_pal/requests"))
    first, second, third = json.loads(told)[1]
    assert (first["request"], first["key"], first["body"], first["reply"]["status"]) == (1, "k-1", SPEC, 200)
    assert first["headers"]["authorization"] == "<this vendor's secret>"
    assert (second["headers"]["authorization"], second["reply"]["status"]) == ("<not its secret>", 401)
    assert SECRET not in told
    assert "another" not in told
    assert third["problems"][0].startswith("POST /nowhere is mapped to nothing")


def test_a_fault_is_on_from_its_request_until_it_is_lifted(ask: Ask) -> None:
    create(ask, "k-0")
    assert ask("PUT", "/_pal/fault", {"name": "status_503", "at": 2})[0] == 200
    assert [create(ask, f"k-{n}") for n in range(1, 4)] == [200, 503, 503]
    assert ask("DELETE", "/_pal/fault") == (200, {})
    assert create(ask, "k-2") == 200
    assert [entry["fault"] for entry in ask("GET", "/_pal/requests")[1]] == [
        None,
        None,
        "status_503",
        "status_503",
        None,
    ]


def test_faults_given_at_the_start_take_turns_and_come_back_with_a_reset() -> None:
    turns = [turn_of("status_503@1-2", VENDOR), turn_of("status_429@4", VENDOR)]
    with closing(StandAlone(ADS, VENDOR, turns=turns)) as live:
        ask = asking(live)
        first = [create(ask, f"k-{n}") for n in range(5)]
        assert first == [503, 503, 200, 429, 429]
        assert ask("POST", "/_pal/reset") == (200, {})
        assert ask("GET", "/_pal/state") == (200, {"campaigns": []})
        assert ask("GET", "/_pal/requests") == (200, [])
        assert [create(ask, f"k-{n}") for n in range(5)] == first


def test_whoever_hangs_is_dropped_when_the_fault_is_lifted(ask: Ask, live: StandAlone) -> None:
    ask("PUT", "/_pal/fault", {"name": "hang"})
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.PoolManager(retries=False, timeout=0.05).request(
            "POST", f"{live.url}/create_campaign", headers={"authorization": SECRET}
        )
    assert ask("DELETE", "/_pal/fault") == (200, {})
    assert live._server.held == 0
    assert create(ask, "k-1") == 200


def test_its_clock_moves_on_when_told(ask: Ask) -> None:
    once, again = (datetime.fromisoformat(ask("POST", "/_pal/advance", {"seconds": s})[1]["now"]) for s in (0, 86_400))
    assert 86_400 <= (again - once).total_seconds() < 86_500


def test_it_says_what_it_serves_and_what_can_be_asked(ask: Ask, live: StandAlone) -> None:
    status, about = ask("GET", "/_pal")
    assert (status, about["url"], about["secret"]) == (200, live.url, SECRET)
    assert about["endpoints"][0] == {
        "route": "POST /create_campaign",
        "kind": "effect",
        "key": "header:Idempotency-Key",
    }
    assert "POST /_pal/advance" in about["control"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("PUT", "/_pal/fault", {"name": "hnag"}, 400, "did you mean 'hang'?"),
        ("PUT", "/_pal/fault", {"name": "hang", "at": 0}, 400, "/at: "),
        ("PUT", "/_pal/fault", {"name": "hang", "at": 2, "to": 1}, 400, "comes before its first"),
        ("PUT", "/_pal/fault", {"name": "refused"}, 400, "end this vendor"),
        ("PUT", "/_pal/fault", [], 400, "valid dictionary"),
        ("POST", "/_pal/advance", {"seconds": -1}, 400, "/seconds: "),
        ("POST", "/_pal/advance", {"seconds": 1e300}, 400, ""),
        ("POST", "/_pal/faults", {}, 404, "PUT /_pal/fault"),
    ],
)
def test_what_cannot_be_done_is_told(ask: Ask, method: str, path: str, body: Any, status: int, words: str) -> None:
    seen, told = ask(method, path, body)
    assert seen == status
    assert words in told["error"]["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hang@", "is no fault; write NAME"),
        ("hang@0", "is no fault; write NAME"),
        ("hang@3-2", "comes before its first"),
        ("hung", "did you mean 'hang'?"),
        ("tls", "do not trust its cafile"),
        ("dns", "a host that does not exist"),
    ],
)
def test_a_fault_that_there_is_not_is_told(text: str, words: str) -> None:
    with pytest.raises(PalError) as told:
        turn_of(text, VENDOR)
    assert words in str(told.value)


def test_a_vendor_without_words_for_a_fault_says_so() -> None:
    with pytest.raises(PalError, match="no words for hard_quota"):
        turn_of("hard_quota", Vendor(identity(ADS.capability), faults={"hard_quota": None}))


def test_a_port_is_its_own(live: StandAlone) -> None:
    for port in (live.port, 70_000, -1):
        with pytest.raises(PalError, match="leave out --port for a free one"):
            StandAlone(ADS, VENDOR, port=port)


def test_it_serves_over_tls_to_who_trusts_the_test_ca() -> None:
    with closing(StandAlone(ADS, VENDOR, tls=True)) as live:
        assert live.url.startswith("https://localhost:")
        assert create(asking(live, ca_certs=str(CAFILE)), "k-1") == 200
