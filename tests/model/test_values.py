"""Values: strict leaves, deeply immutable containers."""

import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pytest_pal.model import values
from pytest_pal.model.money import Currency, check_whole, minor_unit
from pytest_pal.model.values import FrozenMap, freeze, thaw, walk

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


def valid(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@given(JSON)
def test_freezing_loses_nothing(value: Any) -> None:
    assert thaw(freeze(value)) == value
    assert json.loads(json.dumps(freeze(value))) == json.loads(json.dumps(value))
    hash(freeze(value))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.__setitem__("a", 1),
        lambda m: m.__delitem__("a"),
        lambda m: m.update(b=1),
        lambda m: m.pop("a"),
        lambda m: m.popitem(),
        lambda m: m.clear(),
        lambda m: m.setdefault("c", 1),
        lambda m: m.__ior__({"b": 1}),
    ],
)
def test_a_frozen_map_cannot_be_changed(change: Any) -> None:
    frozen = freeze({"a": {"b": [1]}})
    with pytest.raises(TypeError, match="immutable"):
        change(frozen)
    assert frozen == {"a": {"b": (1,)}}


def test_a_frozen_map_can_be_copied_and_pickled() -> None:
    frozen = freeze({"a": {"b": 1}})
    assert copy.deepcopy(frozen) is frozen
    assert copy.copy(frozen) is frozen
    again = pickle.loads(pickle.dumps(frozen))
    assert isinstance(again, FrozenMap)
    assert again == frozen


@pytest.mark.parametrize(
    "wrong", [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {1: 2}, {"\ud800": 1}, object(), {1, 2}, b"x"]
)
def test_what_json_cannot_say_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):
        freeze({"deep": [wrong]})


def test_nesting_has_an_end() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        freeze(value)


@pytest.mark.parametrize("good", ["a", "A9._-", "x" * 64, "0"])
def test_keys(good: str) -> None:
    assert valid(values.Key, good) == good


@pytest.mark.parametrize("bad", ["", "-a", "a b", "x" * 65, "é", "a\n", 5, None, b"a"])
def test_bad_keys(bad: Any) -> None:
    with pytest.raises(ValidationError):
        valid(values.Key, bad)


@pytest.mark.parametrize("bad", ["", "A", "9a", "a-b", "x" * 41, "a\n"])
def test_bad_names(bad: str) -> None:
    with pytest.raises(ValidationError):
        valid(values.Name, bad)


def test_leaves_are_strict() -> None:
    for kind, wrong in (
        (values.Text, 1),
        (values.Flag, 1),
        (values.Integer, True),
        (values.Integer, 1.0),
        (values.Count, -1),
        (values.Number, "1"),
        (values.Number, True),
        (values.Number, float("inf")),
        (values.PlainText, "a\x07"),
        (values.PlainText, "a\x9f"),
        (values.JsonMap, []),
    ):
        with pytest.raises(ValidationError):
            valid(kind, wrong)
    assert valid(values.Number, 1) == 1.0


def test_instants_are_aware_utc_milliseconds() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    given_ = datetime(2026, 3, 2, 14, 30, 0, 1_999, kolkata)
    assert valid(values.Instant, given_) == datetime(2026, 3, 2, 9, 0, 0, 1_000, UTC)
    assert valid(values.InstantRoundedUp, given_) == datetime(2026, 3, 2, 9, 0, 0, 2_000, UTC)
    assert valid(values.InstantRoundedUp, "2026-03-02T09:00:00Z") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert TypeAdapter(values.Instant).dump_python(given_, mode="json") == "2026-03-02T09:00:00.001Z"
    for wrong in (datetime(2026, 3, 2), "2026-03-02T09:00:00", "soon", 5, None):
        with pytest.raises(ValidationError):
            valid(values.Instant, wrong)


def test_days_are_dates_and_nothing_else() -> None:
    assert valid(values.Day, "2026-03-02") == valid(values.Day, date(2026, 3, 2)) == date(2026, 3, 2)
    for wrong in (datetime(2026, 3, 2, tzinfo=UTC), "2 March", 5):
        with pytest.raises(ValidationError):
            valid(values.Day, wrong)


@pytest.mark.parametrize(("currency", "unit"), [("USD", 10_000), ("JPY", 1_000_000), ("KWD", 1_000), ("CLF", 100)])
def test_money_is_whole_in_the_smallest_unit(currency: str, unit: int) -> None:
    assert minor_unit(currency) == unit
    check_whole(7 * unit, currency)
    with pytest.raises(ValueError, match="not a whole amount"):
        check_whole(7 * unit + 1, currency)


def test_currencies_are_iso_4217() -> None:
    assert valid(Currency, "EUR") == "EUR"
    for wrong in ("XQX", "usd", "", 5):
        with pytest.raises(ValidationError):
            valid(Currency, wrong)


def test_walking_gives_pointers() -> None:
    assert dict(walk({"a/b": [1, {"~": 2}], "e": {}})) == {"/a~1b/0": 1, "/a~1b/1/~0": 2, "/e": {}}
