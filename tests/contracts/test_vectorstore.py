"""What vectorstore refuses without a vendor, and how its metrics score."""

from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.vectorstore import CAPABILITY
from pytest_pal.contracts.vectorstore.protocol import Record
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.vectorstore import SCORES
from pytest_pal.model.context import Context
from pytest_pal.prove.vectorstore.benign import Delayed

Json = dict[str, Any]


REFUSED_LOCALLY: list[Json] = [
    {"records": [{"id": "a", "vector": [1.0]}]},
    {"records": [{"id": "a", "vector": []}], "dimension": 0},
    {"records": [{"id": "a", "vector": [1.0, float("nan")]}]},
    {"records": [{"id": "a", "vector": [1.0, float("-inf")]}]},
    {"records": [{"id": "a", "vector": [1.0, 1.1e6]}]},
    {"records": [{"id": "a", "vector": [1.0, -9e-7]}]},
    {"records": [{"id": "a", "vector": [1.0, True]}]},
    {"records": [{"id": "a", "vector": [1.0, 2.0]}, {"id": "a", "vector": [1.0, 2.0]}]},
    {"records": [{"id": "a", "vector": [0.0, 0.0]}]},
    {"records": [{"id": "a", "vector": [1.0, 2.0], "metadata": {"a\x00": 1}}]},
    {"records": [{"id": "a", "vector": [1.0, 2.0], "metadata": {"a": 2**53}}]},
    {"dimension": 0},
    {"dimension": 2.0},
    {"metric": "l1"},
]


@pytest.mark.parametrize("wrong", REFUSED_LOCALLY)
def test_what_needs_no_vendor_is_refused_without_one(wrong: Json) -> None:
    valid = {"collection": "docs", "records": [], "metric": "cosine", "dimension": 2}
    CAPABILITY.check("index", **valid)
    with pytest.raises(NonRetryableError, match="invalid"):
        CAPABILITY.check("index", **{**valid, **wrong})


WRONG_CONDITIONS: list[tuple[str, Any]] = [
    ("eq", None),
    ("eq", [1]),
    ("eq", {"a": 1}),
    ("in", 1),
    ("in", "word"),
    ("in", [None]),
    ("in", [[1]]),
    ("gte", "1"),
    ("lt", True),
    ("gt", [1]),
    ("lte", float("nan")),
    ("like", "x"),
]


@pytest.mark.parametrize(("op", "value"), WRONG_CONDITIONS)
def test_a_condition_takes_values_of_its_operator_only(op: str, value: Any) -> None:
    with pytest.raises(NonRetryableError, match="invalid"):
        CAPABILITY.check("search", target="docs", vector=[1.0], k=1, filter=[{"field": "a", "op": op, "value": value}])


def test_components_at_the_ends_of_the_range_are_valid() -> None:
    vector = [1e-6, -1e-6, 1e6, -1e6, 0.0, -0.0]
    checked = CAPABILITY.check("search", target="docs", vector=vector, k=1)
    assert checked == {"target": "docs", "vector": tuple(vector), "k": 1, "filter": ()}


def test_the_metrics_have_one_score_each() -> None:
    assert {name: score([3.0, 4.0], [3.0, -4.0]) for name, score in SCORES.items()} == {
        "cosine": pytest.approx(-0.28),
        "dot": -7.0,
        "euclidean": -8.0,
    }


def test_a_delayed_store_is_really_delayed() -> None:
    """The benign variant would prove nothing if its searches were up to date."""
    clock = SimulatedClock(Context().clock.now())
    store = Delayed({"state": {}}, Context(clock=clock))
    store.index("docs", [Record(id="a", vector=(1.0, 0.0))], "dot", 2)
    with pytest.raises(NonRetryableError, match="not_found"):
        store.search("docs", (1.0, 0.0), 1)
    clock.advance(5)
    assert [hit["id"] for hit in store.search("docs", (1.0, 0.0), 1)["hits"]] == ["a"]
