"""Where two JSON values differ."""

from typing import Any

import pytest
from hypothesis import given

from pytest_pal.kit.templates import Anything, Between, OneOf, Unordered
from pytest_pal.model.differences import MISSING, differences

from .test_values import JSON


def found(expected: Any, seen: Any, **options: Any) -> list[tuple[str, Any, Any]]:
    return [tuple(difference) for difference in differences(expected, seen, **options)]


@given(JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert found(value, value) == []


@pytest.mark.parametrize(
    ("expected", "seen"),
    [(1, True), (True, 1), (0, False), (1, "1"), (None, 0), ([], {}), ("", None), (1, 1.5), ([1], 1)],
)
def test_types_are_kept_apart(expected: Any, seen: Any) -> None:
    assert found(expected, seen) == [("", expected, seen)]


def test_numbers_compare_by_value() -> None:
    assert found({"a": 2020}, {"a": 2020.0}) == []
    assert found(2**53 + 1, 2**53 + 2) != []


def test_places_are_pointers() -> None:
    assert found({"a": [1, 2], "b/c": 1}, {"a": [1], "d": 3}) == [
        ("/a/1", 2, MISSING),
        ("/b~1c", 1, MISSING),
        ("/d", MISSING, 3),
    ]
    assert found([1], [1, 2]) == [("/1", MISSING, 2)]
    assert found({"a": 1}, {"a": 1, "b": 2}, subset=True) == []


def test_a_tolerance_is_relative_to_one_or_the_value() -> None:
    near = {"tolerances": lambda pointer: 0.01 if pointer == "/score" else 0.0}
    assert found({"score": 100.0}, {"score": 100.9}, **near) == []
    assert found({"score": 0.1}, {"score": 0.12}, **near) != []
    assert found({"other": 100.0}, {"other": 100.9}, **near) != []


@pytest.mark.parametrize(
    ("matcher", "good", "bad"),
    [
        (OneOf(["a", "b"]), "b", "c"),
        (Between([1, 3]), 3, 3.1),
        (Between([1, 3]), 1, True),
        (Unordered([{"id": 1}, {"id": 2}]), [{"id": 2, "x": 0}, {"id": 1}], [{"id": 1}]),
        (Unordered([1]), [1], [1, 2]),
        (Unordered([1]), [1], 1),
        (Unordered([1, 1]), [1, 1], [1, 2]),
    ],
)
def test_matchers(matcher: Any, good: Any, bad: Any) -> None:
    assert found({"x": matcher}, {"x": good}) == []
    ((pointer, _, seen),) = found({"x": matcher}, {"x": bad})
    assert (pointer, seen) == ("/x", bad)


def test_anything_must_be_there() -> None:
    assert found({"x": Anything(True)}, {"x": None}) == []
    assert found({"x": Anything(True)}, {}) != []
