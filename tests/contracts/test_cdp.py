"""The saboteurs and benign variants of a capability; `pal prove` holds their exact sets."""

from typing import Any

import pytest

from pytest_pal.contracts.cdp import CAPABILITY
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.cdp import MockCDP
from pytest_pal.model.values import instant_text
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, fallen, judge, unproven_by_hand

Json = dict[str, Any]
ROSTER = roster("cdp")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockCDP) == set()
    assert len(judge(MockCDP)) > 75


@pytest.mark.parametrize("saboteur", by_hand(ROSTER), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, ROSTER.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ROSTER.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, ROSTER.contract).unexpected == []


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("cdp") == set()


def test_three_variants_share_nothing_with_the_mock() -> None:
    assert sum(variant.alone for variant in ROSTER.benign) >= 3


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
