"""The state of an in-process vendor, and the keys it remembers."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.errors import NonRetryableError, PalError
from pytest_pal.primitives.keys import once
from pytest_pal.primitives.state import StateBox


def empty() -> dict[str, Any]:
    return {"things": [], "keys": {}}


def test_a_dict_is_shared_by_identity() -> None:
    mine: dict[str, Any] = {"things": [1]}
    with StateBox(mine, empty) as state:
        state["things"].append(2)
    assert mine == {"things": [1, 2], "keys": {}}


def test_a_path_is_read_and_written(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "state.json"
    with StateBox(str(file), empty) as state:
        state["things"].append("é")
    assert json.loads(file.read_text()) == {"things": ["é"], "keys": {}}
    with StateBox(file, empty) as state:
        assert state["things"] == ["é"]


def test_after_an_error_the_file_is_as_before(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    box = StateBox(file, empty)
    with box as state:
        state["things"].append(1)
    with pytest.raises(ZeroDivisionError), box as state:
        state["things"].append(2 // len(state["things"][1:]))
    with box as state:
        assert state["things"] == [1]


def test_a_broken_file_does_not_lock_everybody_out(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{")
    with pytest.raises(json.JSONDecodeError), StateBox(file, empty):
        pass
    with StateBox(None, empty) as state:
        assert state == empty()


def test_only_dicts_and_paths_hold_state() -> None:
    with pytest.raises(PalError, match="must be a dict or a path, not a list"):
        StateBox([], empty)


def test_a_known_key_gives_the_stored_result() -> None:
    keys: dict[str, Any] = {}
    made = iter([{"id": 1}, {"id": 2}])
    first = once(keys, "send", "k", {"a": 1}, lambda: next(made))
    again = once(keys, "send", "k", {"a": 1}, lambda: next(made))
    assert first == again == {"id": 1}
    again["id"] = 9
    assert once(keys, "send", "k", {"a": 1}, lambda: next(made)) == {"id": 1}
    assert once(keys, "schedule", "k", {"a": 1}, lambda: next(made)) == {"id": 2}


def test_another_payload_conflicts_and_a_failed_effect_leaves_the_key_free() -> None:
    keys: dict[str, Any] = {}

    def fail() -> dict[str, Any]:
        raise NonRetryableError("invalid")

    with pytest.raises(NonRetryableError, match="invalid"):
        once(keys, "send", "k", {"a": 1}, fail)
    once(keys, "send", "k", {"a": 2}, dict)
    with pytest.raises(NonRetryableError) as caught:
        once(keys, "send", "k", {"a": 1}, dict)
    assert caught.value.code == "key_conflict"
