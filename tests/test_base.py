"""Errors, clocks, canonical forms, and the context of an adapter."""

import asyncio
import copy
import os
import pickle
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given

from pytest_pal import canonical
from pytest_pal.clock import SimulatedClock, SystemClock
from pytest_pal.compare.walk import equal
from pytest_pal.errors import RETRYABLE_CODES, ErrorCode, NonRetryableError, PalError, RetryableError
from pytest_pal.kit.placeholders import every_leaf
from pytest_pal.model.context import Context, RandomIds

from .compare.test_diff import VALUES

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_error_says_code_and_text_and_travels() -> None:
    error = RetryableError("rate_limited", "slow down", retry_after=2.5, details={"limit": 10})
    assert str(error) == "rate_limited: slow down"
    assert error.code is ErrorCode.RATE_LIMITED
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.retry_after, again.details) == (
        RetryableError,
        "rate_limited",
        2.5,
        {"limit": 10},
    )
    assert str(NonRetryableError("not_found")) == "not_found"
    assert NonRetryableError("timeout", outcome_unknown=True).outcome_unknown


def test_the_list_of_codes_is_closed() -> None:
    assert len(ErrorCode) == 18
    assert len(RETRYABLE_CODES) == 5
    with pytest.raises(ValueError, match="oops"):
        RetryableError("oops")


def test_a_simulated_clock_moves_when_told() -> None:
    clock = SimulatedClock(NOON)
    clock.advance(1.5)
    clock.sleep(1)
    asyncio.run(clock.asleep(0.5))
    clock.advance(-5)
    assert clock.now() == NOON + timedelta(seconds=3)


def test_the_system_clock_is_aware_utc() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0)
    asyncio.run(clock.asleep(0))
    assert before.tzinfo is UTC
    assert before <= clock.now()


def test_a_file_has_one_spelling() -> None:
    assert canonical.file_text({"b": "é", "a": [1.0, None]}) == (
        '{\n  "a": [\n    1.0,\n    null\n  ],\n  "b": "\\u00e9"\n}\n'
    )
    with pytest.raises(ValueError):
        canonical.file_text(float("nan"))


def test_digests_do_not_depend_on_order() -> None:
    assert canonical.digest({"a": 1, "b": [2]}) == canonical.digest({"b": [2], "a": 1})
    # printf '{"a":1}' | sha256sum
    expected = "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert canonical.digest({"a": 1}) == expected


@pytest.mark.parametrize("durable", [True, False])
def test_a_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool) -> None:
    file = tmp_path / "x" / "f.json"
    canonical.write_atomically(file, "old", durable=durable)

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(canonical.os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        canonical.write_atomically(file, "new", durable=durable)
    assert file.read_text() == "old"
    assert [path.name for path in file.parent.iterdir()] == ["f.json"]


def test_a_context_sleeps_on_its_clock() -> None:
    context = Context(clock=SimulatedClock(NOON))
    context.sleep(2)
    asyncio.run(context.asleep(3))
    assert context.clock.now() == NOON + timedelta(seconds=5)


def test_remaining_is_the_nearer_of_timeout_and_deadline() -> None:
    clock = SimulatedClock(NOON)
    assert Context(clock=clock, timeout=7).remaining() == 7
    near = Context(clock=clock, timeout=7, deadline=lambda: NOON + timedelta(seconds=3))
    assert near.remaining() == 3
    clock.advance(10)
    assert near.remaining() == 0


def test_secrets_are_read_again_and_never_shown() -> None:
    vault = {"token": "s3cret"}
    context = Context(secrets=vault)
    assert context.secret("token") == "s3cret"
    vault["token"] = "n3w"
    assert context.secret("token") == "n3w"
    assert Context(secrets=vault.get).secret("token") == "n3w"
    assert "n3w" not in repr(context)
    with pytest.raises(NonRetryableError, match="no secret named 'other'"):
        context.secret("other")


def test_ids_are_fresh_and_repeatable_from_a_seed() -> None:
    ids = RandomIds()
    assert ids.new() != ids.new()
    assert RandomIds(random.Random(1)).new() == RandomIds(random.Random(1)).new()


@given(VALUES, VALUES)
def test_wrapped_values_are_in_the_domain_of_rfc_8785_and_apart(a: Any, b: Any) -> None:
    one, two = (canonical.wrapped(value) for value in (a, b))
    assert canonical.digest(a) == canonical.digest(copy.deepcopy(a))
    assert (rfc8785.dumps(one) == rfc8785.dumps(two)) == equal(by_value(a), by_value(b))


def by_value(value: Any) -> Any:
    """RFC 8785 writes 1.0 as 1."""
    return every_leaf(value, lambda leaf: int(leaf) if is_whole(leaf) else leaf)


def is_whole(leaf: Any) -> bool:
    return isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 2**53 and str(leaf) != "-0.0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**53, "pal:int:9007199254740992"),
        (-(2**60), "pal:int:-1152921504606846976"),
        (float("nan"), "pal:float:nan"),
        (float("-inf"), "pal:float:-inf"),
        (-0.0, "pal:float:-0.0"),
        ("pal:x", "pal:str:pal:x"),
        (2**53 - 1, 2**53 - 1),
        (0.5, 0.5),
        (True, True),
        ("opal:", "opal:"),
    ],
)
def test_what_rfc_8785_cannot_say_is_a_typed_text(value: Any, text: Any) -> None:
    assert canonical.wrapped({"a": [value]}) == {"a": [text]}


def test_more_than_500_levels_are_refused_with_a_pointer() -> None:
    deep = reduce(lambda inner, _: {"a": [inner]}, range(250), 1)
    assert canonical.digest(deep).startswith("sha256:")
    with pytest.raises(PalError, match=r"/x/a/0/a/0.* 500 levels"):
        canonical.digest({"x": deep})


def test_digests_do_not_depend_on_the_hash_seed_or_the_order_of_members() -> None:
    code = "from pytest_pal import canonical; print(canonical.digest({'b': {1.5}.pop(), 'a': [True, None, 'é']}))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {f"{canonical.digest({'a': [True, None, 'é'], 'b': 1.5})}\n".encode()}
