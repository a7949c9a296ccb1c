"""A vendor that is served: what it answers, remembers, counts, and how it fails from one request on."""

import base64
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.errors import ProviderError
from pytest_pal.faults.catalogue import BY_NAME
from pytest_pal.faults.message import Reply, Request
from pytest_pal.kit.bench import START
from pytest_pal.kit.endpoint import Endpoint, auth, background, effect, read, undo
from pytest_pal.kit.live_vendor import LiveVendor, Wiring
from pytest_pal.kit.vendor import Vendor
from pytest_pal.mocks.ads import MockAds
from pytest_pal.model.context import RandomIds
from pytest_pal.primitives.http_call import HttpReply, exchange

SECRET = "canary-7f3a"
SPEC = {"name": "Spring", "objective": "sales", "budget": 5_000_000, "currency": "USD"}
CREATE = effect(
    "POST /campaigns", calls="create_campaign", key="header:Idempotency-Key", request={"spec": "$"}, status=201
)
PAUSE = effect(
    "POST /campaigns/{id}/pause", calls="pause", request={"campaign_id": "$path/id"}, reply={"s": "$/status"}
)
FIND = read("GET /campaigns/{id}", calls="find", request={"id": "$path/id"}, reply="$/name")


class Shop:
    """Vendors that are open for one test."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def serve(self, *endpoints: Endpoint, wiring: Any = None, **own: Any) -> LiveVendor:
        ids = RandomIds(random.Random(1))
        about = Wiring(CAPABILITY, SimulatedClock(START), ids, {"seed": 0}, SECRET, **(wiring or {}))
        live = LiveVendor(Vendor(*(endpoints or (CREATE, PAUSE, FIND)), **own), about)
        self._open.callback(live.close)
        return live

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


def ask(live: LiveVendor, route: str, body: Any = None, seconds: float = 5.0, **headers: str) -> HttpReply:
    method, _, path = route.partition(" ")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return exchange(method, live.url + path, headers=sent, body=encoded, seconds=seconds)


def created(live: LiveVendor, key: str = "key-1", **changes: Any) -> Any:
    reply = ask(live, "POST /campaigns", {**SPEC, **changes}, idempotency_key=key)
    return json.loads(reply.body) if reply.status == 201 else reply.status


# what it answers


def test_an_operation_is_called_with_what_the_template_makes(shop: Shop) -> None:
    live = shop.serve()
    made = created(live)
    assert (made["name"], made["status"]) == ("Spring", "active")
    paused = ask(live, f"POST /campaigns/{made['id']}/pause")
    assert (paused.status, json.loads(paused.body)) == (200, {"s": "paused"})
    assert [row.status for row in live.mock.campaigns()] == ["paused"]


def test_a_primitive_is_called_within_the_mock_s_state(shop: Shop) -> None:
    live = shop.serve()
    assert ask(live, f"GET /campaigns/{created(live)['id']}").body == b'"Spring"'
    assert ask(live, "GET /campaigns/none").status == 404
    assert live.problems == []


def test_a_function_gets_the_request_the_mock_and_what_lives_as_long_as_it(shop: Shop) -> None:
    def count(request: Request, mock: Any, scratch: dict[str, Any]) -> Any:
        scratch["asked"] = scratch.get("asked", 0) + 1
        return Reply(203) if scratch["asked"] == 3 else {"asked": scratch["asked"], "seen": len(mock.campaigns())}

    live = shop.serve(CREATE, read("GET /count", calls=count))
    created(live)
    assert [ask(live, "GET /count").body for _ in range(2)] == [b'{"asked": 1, "seen": 1}', b'{"asked": 2, "seen": 1}']
    assert ask(live, "GET /count").status == 203
    assert live.scratch == {"asked": 3}


def test_an_error_of_the_mock_is_one_of_the_wire(shop: Shop) -> None:
    live = shop.serve(statuses={"not_found": 410})
    gone = ask(live, "POST /campaigns/none/pause")
    assert gone.status == 410
    assert json.loads(gone.body)["error"]["code"] == "not_found"
    refused = ask(live, "POST /campaigns", {**SPEC, "budget": 1}, idempotency_key="k")
    assert (refused.status, json.loads(refused.body)["error"]["outcome_unknown"]) == (422, False)


def test_each_request_takes_its_time_on_the_simulated_clock(shop: Shop) -> None:
    live = shop.serve()
    created(live)
    created(live)
    assert (live._wiring.clock.now() - START).total_seconds() == pytest.approx(0.002)


@pytest.mark.parametrize("first", ["of another mock", "with another configuration"])
def test_the_mock_is_the_vendor_s_own_where_it_says_so(shop: Shop, first: str) -> None:
    class Mine(MockAds):  # type: ignore[misc, valid-type]
        pass

    live = shop.serve(mock=Mine) if first == "of another mock" else shop.serve(config={"currency": "EUR"})
    assert isinstance(live.mock, MockAds)
    assert isinstance(live.mock, Mine) is (first == "of another mock")
    assert created(live) == 422 if first != "of another mock" else created(live)["currency"] == "USD"


# keys


def test_a_key_is_remembered_and_another_payload_refused(shop: Shop) -> None:
    live = shop.serve()
    assert created(live) == created(live)
    assert created(live, name="Autumn") == 409
    assert created(live, "key-2") != created(live)
    assert len(live.mock.campaigns()) == 2


def test_keys_of_another_form_are_keys_too(shop: Shop) -> None:
    live = shop.serve()
    longer = "acme/create campaign: " + "k" * 200
    assert created(live, longer) == created(live, longer)
    assert created(live, longer + "!") != created(live, longer)


@pytest.mark.parametrize("endpoint", [replace(CREATE, key=None), replace(CREATE, dedupe="none")])
def test_a_vendor_without_keys_acts_each_time(shop: Shop, endpoint: Endpoint) -> None:
    live = shop.serve(endpoint)
    assert created(live) != created(live)
    assert [entry.key for entry in live.ledger.entries] == ([None, None] if endpoint.key is None else ["key-1"] * 2)


def test_a_function_is_called_once_under_one_key(shop: Shop) -> None:
    called: list[str] = []

    def act(request: Request, mock: Any, scratch: Any) -> Any:
        called.append(request.headers["k"])
        if request.json == "bad" or len(called) == 1:
            raise ProviderError("invalid", "not so")
        return len(called)

    live = shop.serve(effect("POST /x", calls=act, key="header:K"))
    replies = [ask(live, "POST /x", body, k=key) for body, key in (("a", "1"), ("a", "1"), ("a", "1"), ("b", "1"))]
    assert [reply.status for reply in replies] == [422, 200, 200, 409]
    assert [reply.body for reply in replies[1:3]] == [b"2", b"2"]
    assert called == ["1", "1"]


# who may ask


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": f"Bearer {SECRET}"}, 201),
        ({"authorization": SECRET}, 201),
        ({"authorization": f"Basic {base64.b64encode(f'user:{SECRET}'.encode()).decode()}"}, 201),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {base64.b64encode(b'user:wrong').decode()}"}, 401),
        ({"authorization": "Basic //////8="}, 401),
        ({"x_api_key": SECRET}, 401),
        ({}, 401),
    ],
)
def test_who_may_ask(shop: Shop, headers: dict[str, str], status: int) -> None:
    live = shop.serve(auth="header:Authorization")
    assert ask(live, "POST /campaigns", SPEC, idempotency_key="k", **headers).status == status
    assert len(live.mock.campaigns()) == (status == 201)


def test_a_secret_may_travel_in_one_of_several_places(shop: Shop) -> None:
    live = shop.serve(auth=("header:Authorization", "query:token"))
    assert ask(live, f"POST /campaigns?token={SECRET}", SPEC, idempotency_key="k").status == 201


def test_a_token_that_was_given_is_taken(shop: Shop) -> None:
    live = shop.serve(CREATE, auth("POST /token"), auth("POST /other", reply={"t": "$/token"}), auth="header:A")
    first = json.loads(ask(live, "POST /token").body)
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3600)
    second = json.loads(ask(live, "POST /other").body)["t"]
    assert first["access_token"] != second
    for token in (first["access_token"], second):
        assert ask(live, "POST /campaigns", SPEC, a=token, idempotency_key=token).status == 201
    assert live.secrets == [SECRET, first["access_token"], second]


def test_a_body_may_be_too_large(shop: Shop) -> None:
    live = shop.serve(max_body=150)
    assert created(live)["name"] == "Spring"
    assert created(live, "k", name="x" * 120) == 413


# what proves nothing


def test_what_is_mapped_to_nothing_is_told(shop: Shop) -> None:
    live = shop.serve(CREATE)
    assert ask(live, "DELETE /campaigns/7").status == 404
    assert live.problems == ["DELETE /campaigns/7 is mapped to nothing; there are POST /campaigns"]
    assert [entry.endpoint for entry in live.ledger.entries] == [None]


def test_a_mapping_that_fails_is_told_and_answered(shop: Shop) -> None:
    live = shop.serve()
    assert ask(live, "POST /campaigns", b"{not json", idempotency_key="k").status == 500
    assert live.problems[0].startswith("the mapping of POST /campaigns failed: JSONDecodeError")


# how it fails


def test_a_fault_is_on_from_its_request_on_until_it_is_lifted(shop: Shop) -> None:
    live = shop.serve()
    with live.failing(BY_NAME["status_503"], 2) as switch:
        assert [created(live, f"key-{n}") for n in range(3)][1:] == [503, 503]
        assert switch.fired == 2
    assert created(live, "key-4")["name"] == "Spring"
    assert [entry.fault for entry in live.ledger.entries] == ["", "status_503", "status_503", ""]
    assert [entry.number for entry in live.ledger.entries] == [1, 2, 3, 4]
    assert len(live.mock.campaigns()) == 2


def test_a_fault_may_be_over_after_some_times(shop: Shop) -> None:
    live = shop.serve()
    with live.failing(replace(BY_NAME["status_503"], times=1), 1) as switch:
        assert created(live) == 503
        assert created(live)["name"] == "Spring"
    assert switch.fired == 1


def test_only_what_counts_meets_a_fault(shop: Shop) -> None:
    def fine(*_: Any) -> Any:
        return {}

    live = shop.serve(CREATE, auth("POST /token"), undo("POST /undo", calls=fine), background("GET /s", calls=fine))
    with live.failing(BY_NAME["status_503"], 1) as switch:
        assert [ask(live, route).status for route in ("POST /token", "POST /undo", "GET /s", "GET /none")] == [
            200,
            200,
            200,
            404,
        ]
        assert switch.fired == 0
        assert created(live) == 503


@pytest.mark.parametrize(
    ("fault", "effects"), [("reset_before", 0), ("reset_after", 1), ("closed", 1), ("truncated", 1)]
)
def test_the_vendor_acts_before_it_fails_or_not(shop: Shop, fault: str, effects: int) -> None:
    live = shop.serve()
    with live.failing(BY_NAME[fault]), pytest.raises(ProviderError, match=r"connection"):
        created(live)
    assert len(live.mock.campaigns()) == effects


def test_a_vendor_that_refuses_the_connection_is_there_again(shop: Shop) -> None:
    live = shop.serve()
    with live.failing(BY_NAME["refused"]) as switch, pytest.raises(ProviderError, match="connection"):
        created(live)
    assert switch.fired
    assert created(live)["name"] == "Spring"


def test_a_name_leads_nowhere(shop: Shop) -> None:
    live = shop.serve(wiring={"host": "localhost"})
    assert live.url == f"http://localhost:{live.port}"
    with live.failing(BY_NAME["dns"]), pytest.raises(ProviderError, match="connection"):
        created(live)
    assert created(live)["name"] == "Spring"


def test_a_stranger_s_certificate_is_shown(shop: Shop) -> None:
    live = shop.serve(wiring={"foreign": True})
    assert live.url.startswith("https://localhost:")
    with pytest.raises(ProviderError, match="connection"):
        exchange("POST", live.url, seconds=5.0, cafile=live.cafile)
    assert live.ledger.entries == []


def test_a_redirect_leads_to_a_stranger_who_keeps_what_is_asked(shop: Shop) -> None:
    live = shop.serve()
    with live.failing(BY_NAME["redirected"]):
        reply = ask(live, "POST /campaigns", SPEC)
    assert reply.status == 307
    assert reply.headers["location"] == f"{live.elsewhere}/campaigns"
    assert live.strayed == []
    exchange("GET", reply.headers["location"], seconds=5.0)
    assert [request.path for request in live.strayed] == ["/campaigns"]


def test_what_is_held_is_let_go(shop: Shop) -> None:
    live = shop.serve()
    with live.failing(BY_NAME["hang"]), pytest.raises(ProviderError, match="timeout"):
        ask(live, "POST /campaigns", SPEC, seconds=0.1, idempotency_key="k")
    live.release()
    assert len(live.mock.campaigns()) == 1


def test_parts_are_told_apart(shop: Shop) -> None:
    live = shop.serve(effect("POST /x", calls=lambda *_: {}, per="body:/model"))
    for body in ({"model": "m-1"}, {"model": "m-2"}, {}, b"no json"):
        ask(live, "POST /x", body)
    assert [entry.part for entry in live.ledger.entries] == ["m-1", "m-2", None, None]


def test_two_vendors_of_fixed_hosts_answer_in_turn(shop: Shop) -> None:
    first, second = (shop.serve(hosts=("api.vendor.example",)) for _ in range(2))
    for live in (second, first, second):
        live.answer()
        exchange("GET", "https://api.vendor.example/campaigns/7", seconds=5.0, cafile=live.cafile)
    assert (len(first.ledger.entries), len(second.ledger.entries)) == (1, 2)
    assert first.hosts == {"api.vendor.example": first.port}
