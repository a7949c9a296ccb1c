"""Claims that PostHog does not show yet: one owner each, for as long as the vendor may lag."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_pal.adapters.posthog_claims import RecentClaims
from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import NonRetryableError, RetryableError


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


def claims_in(directory: Path | None, clock: SimulatedClock) -> RecentClaims:
    return RecentClaims(directory, clock, seconds=60, durable=False)


def test_a_new_claim_is_one_to_ask_the_vendor_about(clock: SimulatedClock) -> None:
    claims = claims_in(None, clock)
    assert claims.claim("a", {"crm": "1", "device": "1"}) == {"crm": "1", "device": "1"}
    assert claims.claim("a", {"crm": "1", "crm_id": "1"}) == {"crm_id": "1"}


def test_a_claim_of_another_is_a_conflict_in_every_process_and_notes_nothing(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    claims_in(tmp_path, clock).claim("a", {"crm": "1"})
    with pytest.raises(NonRetryableError, match="conflict"):
        claims_in(tmp_path, clock).claim("b", {"device": "2", "crm": "1"})
    assert claims_in(tmp_path, clock).claim("c", {"device": "2"}) == {"device": "2"}


def test_what_was_released_is_free_at_once_and_only_by_its_owner(clock: SimulatedClock) -> None:
    claims = claims_in(None, clock)
    claims.claim("a", {"crm": "1"})
    claims.release("b", {"crm": "1"})
    with pytest.raises(NonRetryableError, match="conflict"):
        claims.claim("b", {"crm": "1"})
    claims.release("a", {"crm": "1", "never": "claimed"})
    assert claims.claim("b", {"crm": "1", "never": "claimed"}) == {}


def test_what_is_forgotten_or_old_is_the_vendor_s_to_say(clock: SimulatedClock) -> None:
    claims = claims_in(None, clock)
    claims.claim("a", {"crm": "1", "device": "1"})
    claims.forget("a", {"crm": "1"})
    claims.forget("b", {"device": "1"})
    assert claims.claim("b", {"crm": "1"}) == {"crm": "1"}
    clock.advance(60)
    assert claims.claim("c", {"crm": "1", "device": "1"}) == {"crm": "1", "device": "1"}


def test_a_store_that_cannot_be_used_refuses_claims_and_fails_nothing_that_is_done(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    claims = claims_in(tmp_path, clock)
    (tmp_path / "claims.sqlite3").write_bytes(b"garbage" * 1_000)
    with pytest.raises(RetryableError) as caught:
        claims.claim("a", {"crm": "1"})
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    claims.release("a", {"crm": "1"})
    claims.forget("a", {"crm": "1"})
