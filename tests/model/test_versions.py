"""Versions sort as numbers, and a value can be shown as an older version had it."""

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pytest_pal.model.fields import Since, places, since
from pytest_pal.model.payload import Output, Payload
from pytest_pal.model.versions import in_id, newer_places, project, version


class Spot(Payload):
    name: str
    label: Annotated[str, Since("1.1")] = ""


class Circle(Payload):
    size: int
    shade: Annotated[str, Since("1.1")] = ""


class Square(Payload):
    size: Annotated[int, Since("1.2")] = 0
    shade: str = ""


class Plan(Output):
    spot: Spot
    spots: tuple[Spot, ...] = ()
    by_name: Mapping[str, Spot] = Field(default_factory=dict)
    shape: Circle | Square | None = None
    region: Annotated[str | None, Since("1.2")] = Field(default=None, alias="area/code")


class Tree(Payload):
    name: Annotated[str, Since("1.1")] = ""
    branches: tuple["Tree", ...] = ()


SPOT = {"name": "a", "label": "b"}
WHOLE: dict[str, Any] = {
    "spot": SPOT,
    "spots": [SPOT, SPOT],
    "by_name": {"label": SPOT},
    "shape": {"size": 3, "shade": "dark"},
    "area/code": "id:1",
    "extensions": {"label": 1, "region": 2},
}


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300))))
def test_versions_sort_as_numbers(numbers: list[tuple[int, int]]) -> None:
    texts = [f"{major}.{minor}" for major, minor in numbers]
    assert [version(text) for text in sorted(texts, key=version)] == sorted(numbers)


@pytest.mark.parametrize("text", ["", "1", "one", "1.0.0", "-1.0", " 1.0", "1.0\n", "1.00", "01.0", "1_0.0", "१.0"])
def test_other_text_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version; write it like"):
        version(text)


def test_a_field_says_since_when_it_is_there() -> None:
    assert (since(Spot, "name"), since(Spot, "label")) == ("1.0", "1.1")
    assert newer_places(Plan, "1.0") == {"/spot/label", "/spots/*/label", "/by_name/*/label", "/area~1code"}
    assert newer_places(Plan, "1.1") == {"/area~1code"}
    assert newer_places(Plan, "1.2") == frozenset()


def test_a_projection_drops_what_came_later() -> None:
    old = {"name": "a"}
    assert project(WHOLE, Plan, "1.0") == {
        "spot": old,
        "spots": [old, old],
        "by_name": {"label": old},
        "shape": {"size": 3, "shade": "dark"},
        "extensions": {"label": 1, "region": 2},
    }
    assert project(WHOLE, Plan, "1.1") == {name: item for name, item in WHOLE.items() if name != "area/code"}
    assert project(WHOLE, Plan, "1.2") == WHOLE


@given(st.sampled_from(["1.0", "1.1", "1.2"]), st.sampled_from(["1.0", "1.1", "1.2"]))
def test_the_older_of_two_projections_wins(one: str, other: str) -> None:
    older = min(one, other, key=version)
    assert project(project(WHOLE, Plan, one), Plan, other) == project(WHOLE, Plan, older)


def test_values_that_are_not_valid_are_projected_too() -> None:
    assert project({"spot": "<id 1>", "spots": None, "by_name": []}, Plan, "1.0") == {
        "spot": "<id 1>",
        "spots": None,
        "by_name": [],
    }


def test_a_model_inside_itself_is_not_followed() -> None:
    assert list(places(Tree)) == ["/name", "/branches"]
    assert project({"name": "a", "branches": [{"name": "b"}]}, Tree, "1.0") == {"branches": [{"name": "b"}]}


def test_ids_of_later_versions_end_with_them() -> None:
    assert [in_id("1.0"), in_id("1.1"), in_id("2.10")] == ["", "_1_1", "_2_10"]
