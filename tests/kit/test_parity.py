"""An adapter's trace against the golden file: what must be equal, and what is an adapter's own."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from pytest_pal import FREE, ID, MEASURED, TIME, Instant, JsonMap, Number, Output, Since, Text, tolerance
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.contract import ScenarioStep
from pytest_pal.kit.parity import parity
from pytest_pal.kit.playing import Played
from pytest_pal.kit.trace import trace
from pytest_pal.model.clause import ClauseFailed, Unproven
from pytest_pal.model.payload import Traits
from pytest_pal.model.subject import Outcome


class Made(Output):
    """One of each field class."""

    id: Annotated[Text, ID]
    name: Text
    score: Annotated[Number, tolerance(0.1)] = 1.0
    cost: Annotated[Number, MEASURED] = 0.0
    at: Annotated[Instant | None, TIME] = None
    words: Annotated[Text, FREE] = ""
    own: JsonMap = Field(default_factory=dict)
    label: Annotated[Text, Since("1.1")] = ""


def made(**fields: Any) -> Made:
    return Made(**{"id": "a", "name": "n", **fields})


def played(*values: Made | Exception, expect: Any = None, error: tuple[str, ...] = ()) -> list[Played]:
    step = ScenarioStep("call", 1, "make", {}, expect=expect, expects=expect is not None, error=error)
    outcomes = [
        Outcome("make", error=value) if isinstance(value, Exception) else Outcome("make", value) for value in values
    ]
    return [Played(n, step, {}, outcome) for n, outcome in enumerate(outcomes, 1)]


def golden(steps: list[Played], **variables: Any) -> dict[str, Any]:
    return {"variables": variables, "steps": trace(steps)}


def held(reference: list[Played], seen: list[Played], pinned: str = "1.1") -> None:
    parity(golden(reference), {}, seen, Traits(), pinned)


def agrees(reference: list[Played], seen: list[Played], pinned: str = "1.1") -> bool:
    try:
        held(reference, seen, pinned)
    except ClauseFailed:
        return False
    return True


BASE = made(cost=1, at="2026-03-02T09:00:00Z", words="x", own={"year": 2020, "x": [1.5]}, label="l")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "other"},
        {"score": 1.05},
        {"cost": 7},
        {"at": "2027-01-01T00:00:00Z"},
        {"at": None},
        {"words": "y"},
        {"own": {"x": [1.5], "year": 2020.0}},
        {"extensions": {"shard": 3}},
    ],
)
def test_what_is_an_adapter_s_own_may_differ(changes: dict[str, Any]) -> None:
    assert agrees(played(BASE), played(BASE.model_copy(update=Made(**{**BASE.plain(), **changes}).__dict__)))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "m"}, "/0/returned/name"),
        ({"score": 1.2}, "/0/returned/score"),
        ({"own": {"x": [1.5], "year": True}}, "/0/returned/own/year"),
        ({"own": {"x": [], "year": 2020}}, "/0/returned/own/x/0"),
        ({"label": "k"}, "/0/returned/label"),
    ],
)
def test_everything_else_must_be_the_mock_s(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(ClauseFailed) as caught:
        held(played(BASE), played(Made(**{**BASE.plain(), **changes})))
    assert [difference.pointer for difference in caught.value.differences] == [pointer]


def test_ids_are_renamed_one_to_one() -> None:
    one, two = made(id="1"), made(id="2")
    held(played(one, two, one), played(made(id="x"), made(id="1"), made(id="x")))
    for seen in (("x", "x", "x"), ("x", "y", "y")):
        with pytest.raises(ClauseFailed):
            held(played(one, two, one), played(*(made(id=id) for id in seen)))


def test_steps_that_an_adapter_does_not_take_shift_no_numbers() -> None:
    reference, seen = played(made(id="1"), made(id="2"), made(id="2")), played(made(id="x"), made(id="x"), made(id="x"))
    held(reference, seen[1:])
    with pytest.raises(Unproven, match="step 4 is not in the golden file"):
        held(reference, [Played(4, seen[0].step, {}, seen[0].outcome)])


def test_fields_newer_than_the_pin_do_not_count() -> None:
    newer = played(Made(**{**BASE.plain(), "label": ""}))
    assert agrees(played(BASE), newer, pinned="1.0")
    assert not agrees(played(BASE), newer, pinned="1.1")


def test_choices_of_the_scenario_stay_choices() -> None:
    expect = {"name": {"$one_of": ["n", "m"]}}
    held(played(BASE, expect=expect), played(Made(**{**BASE.plain(), "name": "m"}), expect=expect))
    nearly = {"nam": {"$any": True}}
    with pytest.raises(ClauseFailed):
        held(played(BASE, expect=nearly), played(Made(**{**BASE.plain(), "name": "m"}), expect=nearly))


def test_variables_are_what_they_are_with_the_adapter() -> None:
    reference = golden(played(made(name="spring")), name="spring")
    parity(reference, {"name": "autumn"}, played(made(name="autumn")), Traits(), "1.0")
    with pytest.raises(ClauseFailed):
        parity(reference, {"name": "autumn"}, played(made(name="spring")), Traits(), "1.0")


def test_errors_are_compared_by_class_and_code() -> None:
    invalid, conflict = NonRetryableError("invalid", "no"), NonRetryableError("conflict")
    held(played(invalid), played(NonRetryableError("invalid", "other words")))
    with pytest.raises(ClauseFailed):
        held(played(invalid), played(conflict))
    assert not agrees(played(invalid), played(made()))
    assert not agrees(played(made()), played(invalid))
    held(played(invalid, error=("invalid", "conflict")), played(conflict, error=("invalid", "conflict")))


def test_what_an_adapter_rightly_does_not_know_is_left_out() -> None:
    assert agrees(played(made()), played(NonRetryableError("timeout", outcome_unknown=True)))
    assert not agrees(played(made()), played(NonRetryableError("timeout")))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=8))
def test_renaming_is_symmetric_and_holds_just_where_it_is_one_to_one(pairs: list[tuple[str, str]]) -> None:
    mine, theirs = ([made(id=pair[side]) for pair in pairs] for side in (0, 1))
    one_to_one = len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(set(pairs))
    assert renamed(mine, theirs) == renamed(theirs, mine) == one_to_one


def renamed(reference: list[Made], seen: list[Made]) -> bool:
    return agrees(played(*reference), played(*seen))
