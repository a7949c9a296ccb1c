"""Vendors whose hosts are built in: one process may have several, and each is asked what is meant for it."""

import json
from collections.abc import Mapping
from typing import Any

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.kit.bench import Bench
from pytest_pal.kit.endpoint import effect, read
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.vendor import Vendor
from pytest_pal.model.context import Context
from pytest_pal.primitives.http_call import exchange

from ..judging import contract, fallen

HOST = "api.example.com"


class FixedHost(TwinAds):
    """Its vendor's host is built in."""

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__({**config, "base_url": f"https://{HOST}", "cafile": None}, ctx)


VENDOR = Vendor(
    effect("POST /create_campaign", calls="create_campaign", key="header:Idempotency-Key"),
    effect("POST /pause", calls="pause"),
    read("POST /report", calls="report"),
    auth=("header:Authorization", "body:/token"),
    hosts=(HOST,),
)
HARNESS = Harness(FixedHost, VENDOR, config=lambda live: {"token": live.secret})


def subject() -> LiveSubject:
    return LiveSubject(Bench(Target("fixed", contract(CAPABILITY.name), HARNESS, "tests")))


def test_of_two_vendors_with_one_host_each_gets_its_own_requests() -> None:
    with subject() as one:
        other = one.stranger()
        for asked in (one, other, other, one):
            asked.call("create_campaign", **asked.prepare("create_campaign")(0))
        assert [len(found.observe("campaigns")) for found in (one, other)] == [2, 2]


def test_a_host_that_is_built_in_can_fail_like_any_other() -> None:
    for id in ("create_campaign.fault.dns", "create_campaign.fault.tls", "create_campaign.idempotency.lost_ack"):
        assert fallen(HARNESS, only=f"ads.{id}") == set()


def test_the_secret_may_travel_in_one_of_several_places() -> None:
    with subject() as one:
        live = one.bench.live
        assert live is not None
        shown: list[tuple[dict[str, str], dict[str, str]]] = [
            ({"token": live.secret}, {}),
            ({}, {"authorization": f"Bearer {live.secret}"}),
            ({"token": "another"}, {"authorization": "another"}),
        ]
        statuses = [
            exchange("POST", f"https://{HOST}/pause", headers=headers, body=json.dumps(body).encode(), seconds=5).status
            for body, headers in shown
        ]
        assert [status == 401 for status in statuses] == [False, False, True]
