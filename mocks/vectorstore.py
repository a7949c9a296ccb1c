"""A reference for vector stores: exact search over collections, by the definition of each metric."""

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..contracts.vectorstore.protocol import (
    Condition,
    Metric,
    ObservedAlias,
    ObservedCollection,
    ObservedRecord,
    Record,
    VectorStoreTraits,
)
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import thaw
from ..primitives.state import State, StateBox

Vector = Sequence[float]
RANGES = {"gte": operator.ge, "lte": operator.le, "gt": operator.gt, "lt": operator.lt}


def _dot(one: Vector, other: Vector) -> float:
    product: float = sum(map(operator.mul, one, other))
    return product


SCORES: dict[Metric, Callable[[Vector, Vector], float]] = {
    "cosine": lambda one, other: _dot(one, other) / (math.hypot(*one) * math.hypot(*other)),
    "dot": _dot,
    "euclidean": lambda one, other: 0.0 - math.dist(one, other),
}


class Database:
    """The vendor's own primitives over its state: collections of records, and aliases of collections."""

    def __init__(self, state: State) -> None:
        self.collections: dict[str, Any] = state["collections"]
        self.aliases: dict[str, str] = state["aliases"]

    def create(self, name: str, metric: Metric, dimension: int) -> dict[str, Any]:
        """The collection, made where there is none. Its shape is fixed by the first call."""
        if name in self.aliases:
            raise NonRetryableError("conflict", f"{name!r} is an alias")
        shape = {"metric": metric, "dimension": dimension}
        found: dict[str, Any] = self.collections.setdefault(name, {**shape, "records": {}})
        if {key: found[key] for key in shape} != shape:
            raise NonRetryableError("conflict", f"{name!r} is {found['metric']} of dimension {found['dimension']}")
        return found

    def find(self, target: str) -> dict[str, Any]:
        name = self.aliases.get(target, target)
        if name not in self.collections:
            raise NonRetryableError("not_found", f"no collection or alias {target!r}")
        found: dict[str, Any] = self.collections[name]
        return found

    def point(self, alias: str, collection: str) -> str | None:
        """Sets an alias; gives what it stood for before."""
        if alias in self.collections:
            raise NonRetryableError("conflict", f"{alias!r} is a collection")
        if collection not in self.collections:
            raise NonRetryableError("not_found", f"no collection {collection!r}")
        previous = self.aliases.get(alias)
        self.aliases[alias] = collection
        return previous


class MockVectorStore:
    """VectorStore in process. config: state."""

    capability = "vectorstore"
    contract = "1.0"
    traits = VectorStoreTraits(recall=1.0)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"collections": {}, "aliases": {}})

    def index(self, collection: str, records: Sequence[Record], metric: Metric, dimension: int) -> dict[str, Any]:
        rows = {record.id: self._row(record) for record in records}
        with self._box as state:
            Database(state).create(collection, metric, dimension)["records"].update(rows)
        return {"stored": len(rows), "failed": []}

    def search(self, target: str, vector: Vector, k: int, filter: Sequence[Condition] = ()) -> dict[str, Any]:
        with self._box as state:
            found = Database(state).find(target)
            _refuse_query(found, vector)
            score = SCORES[found["metric"]]
            scored = [
                (-score(vector, row["vector"]), id)
                for id, row in found["records"].items()
                if all(_holds(condition, row["metadata"]) for condition in filter)
            ]
            return {"hits": [_hit(id, -worse, found["records"][id]) for worse, id in sorted(scored)[:k]]}

    def swap(self, alias: str, collection: str) -> dict[str, Any]:
        with self._box as state:
            previous = Database(state).point(alias, collection)
        return {"alias": alias, "collection": collection, "previous": previous}

    @contextmanager
    def primitives(self) -> Iterator[Database]:
        """The vendor behind this mock, for a wire that speaks of what it keeps."""
        with self._box as state:
            yield Database(state)

    def observe(self) -> "MockVectorStore":
        return self

    def collections(self) -> list[ObservedCollection]:
        with self._box as state:
            found = Database(state).collections
            return [
                ObservedCollection(name=name, metric=row["metric"], dimension=row["dimension"])
                for name, row in found.items()
            ]

    def records(self) -> list[ObservedRecord]:
        with self._box as state:
            return [
                ObservedRecord(collection=name, id=id, **row)
                for name, collection in Database(state).collections.items()
                for id, row in collection["records"].items()
            ]

    def aliases(self) -> list[ObservedAlias]:
        with self._box as state:
            found = Database(state).aliases
            return [ObservedAlias(alias=alias, collection=name) for alias, name in found.items()]

    def _row(self, record: Record) -> dict[str, Any]:
        metadata = {key: thaw(value) for key, value in record.metadata.items() if value is not None}
        if not self.traits.nested_metadata and any(isinstance(value, dict | list) for value in metadata.values()):
            raise NonRetryableError("invalid", f"the metadata of {record.id!r} is nested")
        text = record.text if self.traits.stores_text else None
        return {"vector": list(record.vector), "metadata": metadata, "text": text}


def _refuse_query(collection: Mapping[str, Any], vector: Vector) -> None:
    if len(vector) != collection["dimension"]:
        raise NonRetryableError("invalid", f"the collection's vectors have {collection['dimension']} components")
    if collection["metric"] == "cosine" and not any(vector):
        raise NonRetryableError("invalid", "a zero vector has no cosine")


def _hit(id: str, score: float, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": id, "score": score, "metadata": thaw(row["metadata"]), "text": row["text"]}


def _holds(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    if condition.op == "eq":
        return _equal(value, condition.value)
    if condition.op == "in":
        return any(_equal(value, wanted) for wanted in condition.value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(RANGES[condition.op](value, condition.value))


def _equal(value: Any, wanted: Any) -> bool:
    """By value, and a boolean is never a number."""
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)
