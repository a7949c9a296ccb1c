"""Keys of an at-most-once adapter: one effect per key, whatever is repeated, interrupted or restarted."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.primitives.key_memo import KeyMemo
from pytest_pal.primitives.local_store import LocalStore

CLOCK_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAYLOAD = {"to": "ann", "n": 1}


class Effects:
    """Counts what was done; each has its own result."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Any]:
        self.count += 1
        return {"id": self.count}


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(CLOCK_START)


@pytest.fixture(params=[True, False], ids=["file", "memory"])
def memo(request: pytest.FixtureRequest, tmp_path: Path, clock: SimulatedClock) -> Any:
    memo = KeyMemo(tmp_path if request.param else None, clock, durable=False)
    yield memo
    memo.close()


def raises(error: ProviderError) -> Callable[[], dict[str, Any]]:
    def action() -> dict[str, Any]:
        raise error

    return action


def test_a_repeat_gives_the_stored_result_and_its_own_copy(memo: KeyMemo) -> None:
    effects = Effects()
    first = memo.run("send", "k", PAYLOAD, effects)
    first["id"] = "spoiled"
    assert memo.run("send", "k", {"n": 1.0, "to": "ann"}, effects) == {"id": 1}
    assert effects.count == 1


def test_another_payload_is_a_conflict_and_another_key_or_operation_is_not(memo: KeyMemo) -> None:
    effects = Effects()
    memo.run("send", "k", PAYLOAD, effects)
    with pytest.raises(NonRetryableError) as caught:
        memo.run("send", "k", {**PAYLOAD, "n": 2}, effects)
    assert (caught.value.code, caught.value.outcome_unknown) == ("key_conflict", False)
    assert memo.run("schedule", "k", PAYLOAD, effects) == {"id": 2}
    assert memo.run("send", "K", PAYLOAD, effects) == {"id": 3}


@pytest.mark.parametrize("error", [NonRetryableError("invalid"), RetryableError("rate_limited")])
def test_a_refusal_with_a_known_outcome_frees_the_key(memo: KeyMemo, error: ProviderError) -> None:
    with pytest.raises(ProviderError) as caught:
        memo.run("send", "k", PAYLOAD, raises(error))
    assert caught.value is error
    assert memo.run("send", "k", {"other": True}, Effects()) == {"id": 1}


@pytest.mark.parametrize(
    "error", [RetryableError("timeout", outcome_unknown=True), KeyboardInterrupt(), RuntimeError("a mistake")]
)
def test_an_unknown_outcome_keeps_the_key(memo: KeyMemo, error: Any) -> None:
    effects = Effects()
    with pytest.raises(type(error)):
        memo.run("send", "k", PAYLOAD, raises(error))
    for _ in range(2):
        with pytest.raises(NonRetryableError) as caught:
            memo.run("send", "k", PAYLOAD, effects)
        assert (caught.value.code, caught.value.outcome_unknown) == ("unavailable", True)
    with pytest.raises(NonRetryableError, match="key_conflict"):
        memo.run("send", "k", {}, effects)
    assert effects.count == 0


def test_a_vendor_that_knows_its_keys_is_asked_again_after_an_unknown_outcome(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    effects = Effects()
    unknown, refused = RetryableError("timeout", outcome_unknown=True), NonRetryableError("unauthenticated")
    for error in (unknown, refused):
        with pytest.raises(type(error)):
            KeyMemo(tmp_path, clock, asks_again=True).run("send", "k", PAYLOAD, raises(error))
    memo = KeyMemo(tmp_path, clock, asks_again=True)
    with pytest.raises(NonRetryableError, match="key_conflict"):
        memo.run("send", "k", {}, effects)
    assert memo.run("send", "k", PAYLOAD, effects) == {"id": 1}
    assert memo.run("send", "k", PAYLOAD, effects) == {"id": 1}
    assert effects.count == 1


def test_the_key_is_on_the_disk_before_the_action_begins(tmp_path: Path, clock: SimulatedClock) -> None:
    def action() -> dict[str, Any]:
        with pytest.raises(NonRetryableError) as caught:
            KeyMemo(tmp_path, clock).run("send", "k", PAYLOAD, Effects())
        assert caught.value.outcome_unknown
        return {}

    KeyMemo(tmp_path, clock).run("send", "k", PAYLOAD, action)


def test_a_restart_remembers_results(tmp_path: Path, clock: SimulatedClock) -> None:
    effects = Effects()
    KeyMemo(tmp_path, clock).run("send", "k", PAYLOAD, effects)
    assert KeyMemo(tmp_path, clock).run("send", "k", PAYLOAD, effects) == {"id": 1}
    assert effects.count == 1


def test_a_memo_that_is_closed_forgets_what_no_file_keeps(tmp_path: Path, clock: SimulatedClock) -> None:
    for state_dir, count in ((tmp_path, 1), (None, 2)):
        memo, effects = KeyMemo(state_dir, clock), Effects()
        memo.run("send", "k", PAYLOAD, effects)
        memo.close()
        assert memo.run("send", "k", PAYLOAD, effects) == {"id": count}
        memo.close()


def test_a_second_call_while_the_first_runs_is_in_progress(memo: KeyMemo) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow() -> dict[str, Any]:
        started.set()
        assert go_on.wait(10)
        return {"id": 1}

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(memo.run, "send", "k", PAYLOAD, slow)
        assert started.wait(10)
        for _ in range(2):
            with pytest.raises(RetryableError, match="in_progress"):
                memo.run("send", "k", PAYLOAD, Effects())
        assert memo.run("send", "other", PAYLOAD, Effects()) == {"id": 1}
        go_on.set()
        assert first.result() == memo.run("send", "k", PAYLOAD, Effects()) == {"id": 1}


def test_many_threads_make_one_effect(memo: KeyMemo) -> None:
    effects = Effects()

    def one(_: int) -> Any:
        try:
            return memo.run("send", "k", PAYLOAD, effects)
        except RetryableError as error:
            return str(error.code)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(one, range(40)))
    assert effects.count == 1
    assert {"id": 1} in seen
    assert all(one in ({"id": 1}, "in_progress") for one in seen)


def test_keys_are_forgotten_after_their_time_and_not_before(memo: KeyMemo, clock: SimulatedClock) -> None:
    effects = Effects()
    memo.run("send", "k", PAYLOAD, effects)
    clock.advance(86_399)
    assert memo.run("send", "k", PAYLOAD, effects) == {"id": 1}
    clock.advance(1)
    assert memo.run("send", "k", PAYLOAD, effects) == {"id": 2}


def test_keys_are_remembered_for_a_day_at_least(tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(ValueError, match="86400"):
        KeyMemo(tmp_path, clock, ttl_s=86_399)
    memo, effects = KeyMemo(tmp_path, clock, ttl_s=200_000), Effects()
    memo.run("send", "k", PAYLOAD, effects)
    clock.advance(199_999)
    assert memo.run("send", "k", PAYLOAD, effects) == {"id": 1}


def test_a_file_that_cannot_be_used_is_unavailable_before_anything_is_done(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    effects = Effects()
    for wrong in (tmp_path / "missing", tmp_path):
        (tmp_path / "keys.sqlite3").write_bytes(b"garbage, not a database" * 100)
        with pytest.raises(RetryableError) as caught:
            KeyMemo(wrong, clock).run("send", "k", PAYLOAD, effects)
        assert (caught.value.code, caught.value.outcome_unknown) == ("unavailable", False)
        assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert effects.count == 0


def test_a_file_that_fails_after_the_effect_leaves_the_key_taken(tmp_path: Path, clock: SimulatedClock) -> None:
    memo, path = KeyMemo(tmp_path, clock), tmp_path / "keys.sqlite3"

    def action() -> dict[str, Any]:
        path.rename(tmp_path / "away")
        path.mkdir()
        return {"id": 1}

    assert memo.run("send", "k", PAYLOAD, action) == {"id": 1}
    path.rmdir()
    (tmp_path / "away").rename(path)
    with pytest.raises(NonRetryableError) as caught:
        memo.run("send", "k", PAYLOAD, Effects())
    assert caught.value.outcome_unknown


def test_a_store_rolls_back_what_an_exception_interrupts(tmp_path: Path) -> None:
    for path in (tmp_path / "store", None):
        store = LocalStore(path, "CREATE TABLE IF NOT EXISTS t (n)")
        with store.transaction() as connection:
            connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(KeyError), store.transaction() as connection:
            _interrupted(connection)
        with store.transaction() as connection:
            assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
        store.close()
        store.close()


def _interrupted(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO t VALUES (2)")
    raise KeyError
