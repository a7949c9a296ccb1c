"""What clauses cannot see of the mock: its merge patch by the book, its state as a file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.mocks.cdp import MockCDP, merge_patch
from pytest_pal.model.context import Context
from pytest_pal.model.values import freeze

# RFC 7386, appendix A: original, patch, result.
RFC_7386 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(("original", "patch", "result"), RFC_7386)
def test_merge_patch_is_that_of_the_rfc(original: Any, patch: Any, result: Any) -> None:
    before = json.dumps(original)
    assert merge_patch(original, freeze(patch)) == result
    assert json.dumps(original) == before


def _live(mock: MockCDP) -> None:
    mock.upsert_profile("ada", freeze({"tags": ["a"], "at": {"x": [1]}}), freeze({"crm_id": "c"}))
    mock.ingest_event("e1", "ada", "visited", AT, freeze({"pages": [1, {"n": 2}]}))
    mock.sync_audience("buyers", ("ada",))


def test_the_state_is_plain_json_in_a_dict_and_in_a_file(tmp_path: Path) -> None:
    shared: dict[str, Any] = {}
    file = tmp_path / "state.json"
    for source in (shared, str(file)):
        _live(MockCDP({"state": source}, Context()))
    assert json.loads(json.dumps(shared)) == shared
    assert json.loads(file.read_text()) == shared


def test_a_file_is_read_by_the_next_instance(tmp_path: Path) -> None:
    config = {"state": tmp_path / "state.json"}
    _live(MockCDP(config, Context()))
    again = MockCDP(config, Context())
    assert again.get_profile("ada")["traits"] == {"tags": ["a"], "at": {"x": [1]}}
    assert [event.event_id for event in again.events()] == ["e1"]
    assert [row.members for row in again.audiences()] == [("ada",)]


def test_its_vendor_keeps_profiles_and_audiences_apart_from_the_contract_s_operations() -> None:
    mock = MockCDP({"state": {}}, Context())
    _live(mock)
    with mock.primitives() as data:
        data.profile("bob")
        assert (data.known(), data.members("buyers"), data.members("nobody")) == (["ada", "bob"], ["ada"], [])
        data.replace_audience("buyers", ["bob"])
    assert [row.members for row in mock.audiences()] == [("bob",)]
