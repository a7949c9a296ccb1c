"""Outputs in a form in which they can be compared."""

from typing import Annotated

from pytest_pal.compare.normal import comparable, ids_in, renaming, tolerances
from pytest_pal.model.fields import FREE, ID, MEASURED, TIME, tolerance
from pytest_pal.model.payload import Output, Payload, Traits
from pytest_pal.model.values import Instant, Number, Text


class Hit(Payload):
    id: Annotated[Text, ID]
    score: Annotated[Number, tolerance(0.1)]
    rank: Annotated[Number, tolerance(0.1, "read_bound_s")] = 0.0
    latency: Annotated[Number, MEASURED] = 0.0


class Found(Output):
    hits: tuple[Hit, ...]
    best: Hit | None = None
    at: Annotated[Instant, TIME]
    words: Annotated[Text, FREE] = ""


AT = "2026-03-02T09:00:00Z"
FOUND = Found(
    hits=(Hit(id="a", score=1, latency=3), Hit(id="b", score=2)),
    best=Hit(id="a", score=1),
    at=AT,  # type: ignore[arg-type]
    words="hm",
    extensions={"raw": 1},
)


def test_measured_and_free_fields_are_left_out() -> None:
    assert comparable(FOUND) == {
        "hits": [{"id": "a", "score": 1.0, "rank": 0.0}, {"id": "b", "score": 2.0, "rank": 0.0}],
        "best": {"id": "a", "score": 1.0, "rank": 0.0},
        "at": "2026-03-02T09:00:00.000Z",
    }
    assert "at" not in comparable(FOUND, drop=frozenset({"time"}))


def test_ids_are_renamed_one_to_one_over_a_whole_trace() -> None:
    assert ids_in(FOUND) == ["a", "b", "a"]
    names = renaming([FOUND])
    assert names == {"a": "id:1", "b": "id:2"}
    assert [hit["id"] for hit in comparable(FOUND, ids=names)["hits"]] == ["id:1", "id:2"]
    assert comparable(FOUND, ids=names)["best"]["id"] == "id:1"


def test_tolerances_follow_the_pointer_and_the_trait() -> None:
    within = tolerances(Found, Traits(read_bound_s=3))
    assert within("/hits/17/score") == within("/best/score") == 0.1
    assert within("/hits/0/rank") == 3.0
    assert within("/hits/0/id") == within("/nothing/here") == 0.0
