"""The state of an in-process vendor, and the keys it remembers."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.errors import NonRetryableError, PalError, ProviderError, RetryableError
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


@pytest.mark.parametrize("text", ["{", "", "[]", "3"])
def test_a_broken_file_is_a_malformed_reply_and_does_not_lock_everybody_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(NonRetryableError, match="the state is corrupt") as caught, StateBox(file, empty):
        pass
    assert (caught.value.code, caught.value.outcome_unknown) == ("malformed_reply", False)
    with StateBox(None, empty) as state:
        assert state == empty()
    assert file.read_text() == text


@pytest.mark.parametrize("source", [[], 3, b"state.json", type("Half", (), {"load": dict})()])
def test_only_dicts_paths_and_engines_hold_state(source: Any) -> None:
    with pytest.raises(PalError, match=r"must be a dict, a path, or an engine with load\(\) and save\(state\), not a"):
        StateBox(source, empty)


def test_who_only_reads_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    box = StateBox(file, empty)
    with box as state:
        assert state == empty()
    assert not file.exists()
    file.write_text('{"things":   [1]}')
    with box as state:
        assert state["things"] == [1]
    assert file.read_text() == '{"things":   [1]}'


def test_a_box_that_is_opened_inside_itself_is_read_and_written_once(tmp_path: Path) -> None:
    engine = Engine()
    box = StateBox(engine, empty)
    with box as outer:
        outer["things"].append(1)
        with box as inner:
            inner["things"].append(2)
        assert engine.kept == {}
    assert engine.kept["things"] == [1, 2]
    assert engine.asked == ["load", "save"]


class Engine:
    """Keeps a state, and raises what it is told to before it loads or saves, or after it has saved."""

    def __init__(self, **errors: Exception) -> None:
        self.kept: dict[str, Any] = {}
        self.errors = errors
        self.asked: list[str] = []

    def load(self) -> dict[str, Any]:
        self._ask("load")
        found: dict[str, Any] = json.loads(json.dumps(self.kept))
        return found

    def save(self, state: dict[str, Any]) -> None:
        self._ask("save")
        self.kept = json.loads(json.dumps(state))
        self._fail("saved")

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self._fail(what)

    def _fail(self, what: str) -> None:
        if what in self.errors:
            raise self.errors[what]


ERRORS = (
    (errno.EBUSY, RetryableError, "unavailable"),
    (errno.EAGAIN, RetryableError, "unavailable"),
    (errno.ETXTBSY, RetryableError, "unavailable"),
    (errno.ENOSPC, NonRetryableError, "quota_exhausted"),
    (errno.EDQUOT, NonRetryableError, "quota_exhausted"),
    (errno.EROFS, NonRetryableError, "forbidden"),
    (errno.EACCES, NonRetryableError, "forbidden"),
    (errno.EPERM, NonRetryableError, "forbidden"),
)


@pytest.mark.parametrize(("number", "kind", "code"), ERRORS)
@pytest.mark.parametrize("when", ["load", "save"])
def test_what_an_engine_refuses_has_a_known_outcome(number: int, kind: type, code: str, when: str) -> None:
    engine = Engine(**{when: OSError(number, "as told")})
    error = failing(StateBox(engine, empty), kind)
    assert (error.code, error.outcome_unknown, engine.kept) == (code, False, {})
    assert error.__cause__ is engine.errors[when]
    assert "as told" in error.message


@pytest.mark.parametrize(("when", "unknown"), [("load", False), ("save", True), ("saved", True)])
def test_any_other_error_of_a_write_leaves_its_outcome_unknown(when: str, unknown: bool) -> None:
    error = failing(StateBox(Engine(**{when: OSError(errno.EIO, "as told")}), empty), RetryableError)
    assert (error.code, error.outcome_unknown) == ("unavailable", unknown)


def test_an_error_of_a_file_leaves_in_the_taxonomy_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert failing(StateBox(tmp_path, empty), RetryableError).code == "unavailable"
    assert failing(StateBox(tmp_path / "file" / "state.json", empty), RetryableError).code == "unavailable"


def failing(box: StateBox, kind: type) -> ProviderError:
    """The error of a write; afterwards the box is free for others."""
    with pytest.raises(ProviderError) as caught, box as state:
        state["things"].append(1)
    with StateBox({}, empty):
        pass
    assert type(caught.value) is kind
    return caught.value


@given(st.lists(st.sampled_from([None, "load", "save", "raise"]), max_size=8))
def test_whatever_fails_nothing_is_left_half_done(plan: list[str | None]) -> None:
    engine, done = Engine(), 0
    box = StateBox(engine, empty)
    for n, what in enumerate(plan):
        engine.errors = {what: OSError(errno.EIO, "as told")} if what in ("load", "save") else {}
        try:
            with box as state:
                assert len(state["things"]) == done
                state["things"].append(n)
                state["last"] = 1 // (what != "raise")
            done += 1
        except (ProviderError, ZeroDivisionError):
            assert what is not None
        assert len(engine.kept.get("things", [])) == done


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
