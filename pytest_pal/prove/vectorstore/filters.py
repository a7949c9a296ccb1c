"""Wrong in the filter of search: what it compares, and when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...contracts.vectorstore.protocol import Condition
from ...mocks.vectorstore import MockVectorStore
from ...mocks.vectorstore import _holds as holds
from ..saboteur import RECORDED, Saboteur
from .changes import EVERYTHING, Json


def filtered_by(is_met: Callable[[Condition, Mapping[str, Any]], bool], *, first: bool = False) -> type:
    """A store with another idea of a filter; ``first``: it looks at the first condition only."""

    class Wrong(MockVectorStore):
        def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
            hits = super().search(target, vector, EVERYTHING)["hits"]
            used = filter[:1] if first else filter
            return {"hits": [hit for hit in hits if all(is_met(one, hit["metadata"]) for one in used)][:k]}

    return Wrong


class FiltersAfterK(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, k)["hits"]
        return {"hits": [hit for hit in hits if all(holds(one, hit["metadata"]) for one in filter)]}


class FetchesAHundred(MockVectorStore):
    """Filters the hundred best, or as many as are asked for."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, max(k, 100))["hits"]
        return {"hits": [hit for hit in hits if all(holds(one, hit["metadata"]) for one in filter)][:k]}


class AnyCondition(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, EVERYTHING)["hits"]
        met = [hit for hit in hits if not filter or any(holds(one, hit["metadata"]) for one in filter)]
        return {"hits": met[:k]}


def coerces(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    wanted = condition.value if condition.op == "in" else (condition.value,)
    if condition.op in ("eq", "in"):
        return str(metadata.get(condition.field, "")) in [str(value) for value in wanted]
    return holds(condition, metadata)


def booleans_count(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    return holds(condition, {condition.field: int(value)} if isinstance(value, bool) else metadata)


def ignores_case(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value, wanted = metadata.get(condition.field), condition.value
    if isinstance(value, str) and isinstance(wanted, str):
        return value.lower() == wanted.lower()
    return holds(condition, metadata)


def strips(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    return holds(condition, {condition.field: value.strip()} if isinstance(value, str) else metadata)


def any_where_none_are_listed(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return condition.value == () or holds(condition, metadata)


def ten_are_enough(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    few = condition.value[:10] if condition.op == "in" else condition.value
    return holds(condition.model_copy(update={"value": few}), metadata)


def ranges_of_text(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    if condition.op in ("eq", "in") or isinstance(value, bool) or not isinstance(value, int | float):
        return holds(condition, metadata)
    return {"gte": str(value) >= str(condition.value), "gt": str(value) > str(condition.value)}.get(
        condition.op, str(value) < str(condition.value)
    )


def dots_are_paths(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return "." not in condition.field and holds(condition, metadata)


def absent_is_zero(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return holds(condition, {condition.field: 0, **metadata})


def open_ends(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    strict = {"gte": "gt", "lte": "lt"}.get(condition.op, condition.op)
    return holds(condition.model_copy(update={"op": strict}), metadata)


OWN = "vectorstore.search.rule."
EQUAL, RANGE = OWN + "filter_equal", OWN + "filter_range"

SABOTEURS = (
    Saboteur("coerces", filtered_by(coerces), EQUAL, RECORDED),
    Saboteur("booleans_count", filtered_by(booleans_count), EQUAL, RECORDED),
    Saboteur("ignores_case", filtered_by(ignores_case), EQUAL, RECORDED),
    Saboteur("strips_values", filtered_by(strips), EQUAL),
    Saboteur("ten_are_enough", filtered_by(ten_are_enough), EQUAL),
    Saboteur("ranges_of_text", filtered_by(ranges_of_text), RANGE, RECORDED),
    Saboteur("open_ends", filtered_by(open_ends), RANGE, RECORDED),
    Saboteur("any_where_none_are_listed", filtered_by(any_where_none_are_listed), OWN + "filter_in_nothing", RECORDED),
    Saboteur("absent_is_zero", filtered_by(absent_is_zero), OWN + "filter_absent", RECORDED),
    Saboteur("first_condition_only", filtered_by(holds, first=True), OWN + "filter_all", RECORDED),
    Saboteur("any_condition", AnyCondition, OWN + "filter_all", RECORDED),
    Saboteur("filters_after_k", FiltersAfterK, OWN + "filter_first", RECORDED),
    Saboteur("fetches_a_hundred", FetchesAHundred, OWN + "complete", RECORDED),
    Saboteur("dots_are_paths", filtered_by(dots_are_paths), "vectorstore.index.rule.metadata_names", RECORDED),
)
