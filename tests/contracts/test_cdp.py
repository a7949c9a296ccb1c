"""What cdp takes and refuses before any adapter sees it."""

from typing import Any

import pytest

from pytest_pal.contracts.cdp import CAPABILITY
from pytest_pal.errors import NonRetryableError
from pytest_pal.model.values import instant_text

Json = dict[str, Any]
UPSERT: Json = {"id": "ada", "traits": {}, "identifiers": {}}
INGEST: Json = {
    "event_id": "e1",
    "profile_id": "ada",
    "name": "order_placed",
    "time": "2026-03-02T09:00:00.0019Z",
    "properties": {},
}


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("upsert_profile", {"traits": {"Plan": 1}}),
        ("upsert_profile", {"traits": {"x" * 41: 1}}),
        ("upsert_profile", {"traits": []}),
        ("upsert_profile", {"traits": None}),
        ("upsert_profile", {"traits": {"seats": 2**53}}),
        ("upsert_profile", {"traits": {"seats": [-(2**53)]}}),
        ("upsert_profile", {"traits": {"seats": float("inf")}}),
        *(
            ("upsert_profile", {"traits": {"consent": wrong}})
            for wrong in (
                True,
                "email",
                ["email"],
                {"email": 1},
                {"email": "yes"},
                {"email": None},
                {"email": {}},
            )
        ),
        *(
            ("upsert_profile", {"identifiers": {"crm_id": wrong}})
            for wrong in ("", "x" * 257, 7, True, ["a"], {"a": "b"}, "a\nb")
        ),
        ("upsert_profile", {"identifiers": {"CRM": "x"}}),
        ("ingest_event", {"event_id": "e 1"}),
        ("ingest_event", {"name": "Order placed"}),
        ("ingest_event", {"time": "2026-03-02T09:00:00"}),
        ("ingest_event", {"time": 1_772_442_000}),
        ("ingest_event", {"properties": {"n": 2**53}}),
        ("ingest_event", {"properties": {1: 2}}),
        ("ingest_event", {"properties": None}),
        ("sync_audience", {"key": "buyers", "members": "ada"}),
        ("sync_audience", {"key": "buyers", "members": ["a b"]}),
        ("sync_audience", {"key": "buyers", "members": None}),
        ("get_profile", {"id": "é"}),
    ],
)
def test_what_the_contract_refuses(operation: str, changes: Json) -> None:
    valid = {"upsert_profile": UPSERT, "ingest_event": INGEST}.get(operation, {})
    with pytest.raises(NonRetryableError) as raised:
        CAPABILITY.check(operation, **{**valid, **changes})
    assert raised.value.code == "invalid"


def test_what_the_contract_accepts_is_frozen() -> None:
    checked = CAPABILITY.check(
        "upsert_profile",
        id="ada",
        traits={"consent": {"email": False}, "at": {"geo": [1, {"x": None}]}, "large": 2**53 - 1},
        identifiers={"crm_id": "é" * 256, "email": None},
    )
    assert hash(checked["traits"]) == hash(checked["traits"])
    assert checked["traits"]["at"]["geo"][1] == {"x": None}
    with pytest.raises(TypeError):
        checked["traits"]["at"]["geo"][1]["x"] = 1
    with pytest.raises(TypeError):
        checked["identifiers"]["email"] = "x"
    assert instant_text(CAPABILITY.check("ingest_event", **INGEST)["time"]) == "2026-03-02T09:00:00.001Z"
