"""Stores that are wrong in one thing: what they keep, or the hits that they return."""

from collections.abc import Callable, Sequence
from typing import Any

from ...contracts.vectorstore.protocol import Condition, Record
from ...mocks.vectorstore import MockVectorStore

Json = dict[str, Any]
EVERYTHING = 1_000_000
WINDOW_S = 0.02


def hits_changed(change: Callable[[list[Json]], list[Json]]) -> type[MockVectorStore]:
    """A store whose hits are changed before they are returned."""

    class Wrong(MockVectorStore):
        def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
            return {"hits": change(super().search(target, vector, k, filter)["hits"])}

    return Wrong


def each_hit(change: Callable[[Json], Json]) -> type[MockVectorStore]:
    return hits_changed(lambda hits: [{**hit, **change(hit)} for hit in hits])


def records_changed(change: Callable[[Record], Json], *, keep: int = EVERYTHING) -> type[MockVectorStore]:
    """A store that changes each record before it stores it, and stores the first ``keep`` of a call."""

    class Wrong(MockVectorStore):
        def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
            changed = [record.model_copy(update=change(record)) for record in records[:keep]]
            return {**super().index(collection, changed, metric, dimension), "stored": len(records)}

    return Wrong


def rows_changed(change: Callable[[Json, Record], Json]) -> type[MockVectorStore]:
    """A store that keeps something else than it was given."""

    class Wrong(MockVectorStore):
        def _row(self, record: Record) -> Json:
            row = super()._row(record)
            return {**row, **change(row, record)}

    return Wrong
