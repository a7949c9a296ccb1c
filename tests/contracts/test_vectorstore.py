"""Every clause of vectorstore has a saboteur, which it must fail; unusual but correct stores pass all."""

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.vectorstore import CAPABILITY
from pytest_pal.contracts.vectorstore.protocol import Condition, Found, Indexed, Record, VectorStoreTraits
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.vectorstore import SCORES, MockVectorStore, _holds
from pytest_pal.model.clause import Clause
from pytest_pal.model.context import Context

from ..judging import GREEN, contract, fallen, judge

Json = dict[str, Any]
EVERYTHING = 1_000_000
WINDOW_S = 0.02


def hits_changed(change: Callable[[list[Json]], list[Json]]) -> type[MockVectorStore]:
    """A store whose hits are changed before they are returned."""

    class Saboteur(MockVectorStore):
        def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
            return {"hits": change(super().search(target, vector, k, filter)["hits"])}

    return Saboteur


def each_hit(change: Callable[[Json], Json]) -> type[MockVectorStore]:
    return hits_changed(lambda hits: [{**hit, **change(hit)} for hit in hits])


def records_changed(change: Callable[[Record], Json], *, keep: int = EVERYTHING) -> type[MockVectorStore]:
    """A store that changes each record before it stores it, and stores the first ``keep`` of a call."""

    class Saboteur(MockVectorStore):
        def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
            changed = [record.model_copy(update=change(record)) for record in records[:keep]]
            return {**super().index(collection, changed, metric, dimension), "stored": len(records)}

    return Saboteur


def filtered_by(holds: Callable[[Condition, Mapping[str, Any]], bool], *, first: bool = False) -> type:
    """A store with another idea of a filter; ``first``: it looks at the first condition only."""

    class Saboteur(MockVectorStore):
        def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
            hits = super().search(target, vector, EVERYTHING)["hits"]
            used = filter[:1] if first else filter
            return {"hits": [hit for hit in hits if all(holds(one, hit["metadata"]) for one in used)][:k]}

    return Saboteur


def rows_changed(change: Callable[[Json, Record], Json]) -> type[MockVectorStore]:
    """A store that keeps something else than it was given."""

    class Saboteur(MockVectorStore):
        def _row(self, record: Record) -> Json:
            row = super()._row(record)
            return {**row, **change(row, record)}

    return Saboteur


class CountsNewOnly(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        before = len(self.records())
        result = super().index(collection, records, metric, dimension)
        return {**result, "stored": len(self.records()) - before}


class NothingForNoRecords(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        return super().index(collection, records, metric, dimension) if records else {"stored": 0}


class Forgets(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            state["collections"].pop(collection, None)
        return super().index(collection, records, metric, dimension)


class Merges(MockVectorStore):
    """Keeps of an old record what ``kept`` says."""

    @staticmethod
    def kept(old: Json, new: Json) -> Json:
        return {"metadata": {**old["metadata"], **new["metadata"]}}

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            old = copy.deepcopy(state["collections"].get(collection, {"records": {}})["records"])
        result = super().index(collection, records, metric, dimension)
        with self._box as state:
            rows = state["collections"][collection]["records"]
            for id in old.keys() & {record.id for record in records}:
                rows[id].update(self.kept(old[id], rows[id]))
        return result


class KeepsVector(Merges):
    @staticmethod
    def kept(old: Json, new: Json) -> Json:
        return {"vector": old["vector"]}


class KeepsText(Merges):
    @staticmethod
    def kept(old: Json, new: Json) -> Json:
        return {"text": old["text"]}


class KeepsUnlessGiven(Merges):
    @staticmethod
    def kept(old: Json, new: Json) -> Json:
        return {"metadata": new["metadata"] or old["metadata"]}


class ShortNames(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        return super().index(collection[:39], records, metric, dimension)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        return super().search(target[:39], vector, k, filter)


class Small(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        if dimension > 512:
            raise NonRetryableError("payload_too_large", "at most 512 dimensions")
        return super().index(collection, records, metric, dimension)


class SaysInvalid(MockVectorStore):
    """Has limits, and the wrong word for what is above them."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        if len(records) > 100:
            raise NonRetryableError("invalid", "at most 100 records")
        return super().index(collection, records, metric, dimension)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        if k > 100:
            raise NonRetryableError("invalid", "at most 100 hits")
        return super().search(target, vector, k, filter)


class CreatesThenRefuses(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        super().index(collection, records[:100], metric, dimension)
        if len(records) > 100:
            raise NonRetryableError("payload_too_large", "at most 100 records")
        return super().index(collection, records, metric, dimension)


class NoZeros(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        if not all(any(record.vector) for record in records):
            raise NonRetryableError("invalid", "no zero vectors here")
        return super().index(collection, records, metric, dimension)


class CreatesTwice(MockVectorStore):
    """Two first calls at once: the second creation wipes out what the first stored."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            new = collection not in state["collections"]
        time.sleep(WINDOW_S)
        if new:
            with self._box as state:
                state["collections"][collection] = {"metric": metric, "dimension": dimension, "records": {}}
        return super().index(collection, records, metric, dimension)


class FindsGhosts(MockVectorStore):
    """A collection that is on its way looks like another one."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        time.sleep(WINDOW_S)
        return super().index(collection, records, metric, dimension)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        try:
            return super().search(target, vector, k, filter)
        except NonRetryableError:
            return {"hits": [{"id": "ghost", "score": 0.0}]}


class MetadataFirst(MockVectorStore):
    """Writes a record in two steps that can be seen apart."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            rows = state["collections"].get(collection, {"records": {}})["records"]
            for record in (record for record in records if record.id in rows):
                rows[record.id]["metadata"] = dict(record.metadata)
        time.sleep(WINDOW_S)
        return super().index(collection, records, metric, dimension)


class InMemory(MockVectorStore):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__({**config, "state": {}}, ctx)


class IgnoresPath(MockVectorStore):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__({**config, "state": config["state"] if isinstance(config["state"], dict) else {}}, ctx)


class WipesAtClose(MockVectorStore):
    def close(self) -> None:
        with self._box as state:
            state["collections"].clear()


class Caches(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        known = self.__dict__.setdefault("known", {})
        question = (target, tuple(vector), k, tuple(filter))
        if question not in known:
            known[question] = super().search(target, vector, k, filter)
        return known[question]

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        self.__dict__.pop("known", None)
        return super().index(collection, records, metric, dimension)


class LeavesOutTheBest(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        return {"hits": super().search(target, vector, k + 1, filter)["hits"][1:]}


class SquaredDistance(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, k, filter)["hits"]
        with self._box as state:
            metric = state["collections"].get(target, {}).get("metric")
        return {"hits": [{**h, "score": -(h["score"] ** 2)} for h in hits] if metric == "euclidean" else hits}


class ReturnsText(MockVectorStore):
    traits = VectorStoreTraits(stores_text=False)

    def _row(self, record: Record) -> Json:
        return {**super()._row(record), "text": record.text}


class FiltersAfterK(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, k)["hits"]
        return {"hits": [hit for hit in hits if all(_holds(one, hit["metadata"]) for one in filter)]}


class FetchesAHundred(MockVectorStore):
    """Filters the hundred best, or as many as are asked for."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, max(k, 100))["hits"]
        return {"hits": [hit for hit in hits if all(_holds(one, hit["metadata"]) for one in filter)][:k]}


class AnyCondition(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, EVERYTHING)["hits"]
        holds = [hit for hit in hits if not filter or any(_holds(one, hit["metadata"]) for one in filter)]
        return {"hits": holds[:k]}


class Approximate(MockVectorStore):
    """Misses one of ten above 1,000 records, with ``misses_filtered`` only where there is a filter."""

    traits = VectorStoreTraits(recall=0.95)
    misses_filtered = False

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, k + 1, filter)["hits"]
        with self._box as state:
            small = len(state["collections"][state["aliases"].get(target, target)]["records"]) <= 1_000
        small = small or (self.misses_filtered and not filter)
        return {"hits": hits[:k] if small else hits[1:]}


class MissesFiltered(Approximate):
    misses_filtered = True


class DropsNested(MockVectorStore):
    def _row(self, record: Record) -> Json:
        flat = {key: value for key, value in record.metadata.items() if not isinstance(value, Mapping | tuple)}
        return super()._row(record.model_copy(update={"metadata": flat}))


class DropsNestedThoughPromised(DropsNested):
    traits = VectorStoreTraits(nested_metadata=True)


class SkipsNested(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        flat = [one for one in records if not any(isinstance(value, Mapping) for value in one.metadata.values())]
        return super().index(collection, flat, metric, dimension)


class OneByOne(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        for record in records:
            super().index(collection, [record], metric, dimension)
        return super().index(collection, records, metric, dimension)


class AnyShape(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            found = state["collections"].get(collection, {"metric": metric, "dimension": dimension})
        return super().index(collection, records, found["metric"], found["dimension"])


class WritesThroughAlias(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            collection = state["aliases"].get(collection, collection)
        return super().index(collection, records, metric, dimension)


class NothingIntoAlias(MockVectorStore):
    """No records, no questions."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            aliased = collection in state["aliases"]
        empty = {"stored": 0}
        return empty if aliased and not records else super().index(collection, records, metric, dimension)


class RemembersNothing(MockVectorStore):
    """What was not there is not asked for again."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        missing = self.__dict__.setdefault("missing", set())
        with self._box as state:
            missing |= {target} - {*state["collections"], *state["aliases"]}
        if target in missing:
            raise NonRetryableError("not_found", target)
        return super().search(target, vector, k, filter)


class NothingForUnknown(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        try:
            return super().search(target, vector, k, filter)
        except NonRetryableError:
            return {"hits": []}


class Obliging(MockVectorStore):
    """Any query will do."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            name = state["aliases"].get(target, target)
            size = state["collections"][name]["dimension"] if name in state["collections"] else len(vector)
        padded = (*vector, *[0.0] * size)[:size]
        return super().search(target, padded if any(padded) else [1.0] * size, k, filter)


class NoPrevious(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        return {**super().swap(alias, collection), "previous": None}


class FirstSwapOnly(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous = state["aliases"].get(alias)
        answer = super().swap(alias, collection)
        if previous:
            super().swap(alias, previous)
        return answer


class DropsOld(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        answer = super().swap(alias, collection)
        if answer["previous"] not in (None, collection):
            with self._box as state:
                state["collections"][answer["previous"]]["records"].clear()
        return answer


class Copies(MockVectorStore):
    """An alias is a copy of what its collection was."""

    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            frozen = copy.deepcopy(state["collections"].get(collection))
        answer = super().swap(alias, collection)
        with self._box as state:
            state["collections"][f"copy_{alias}"] = frozen
        super().swap(alias, f"copy_{alias}")
        return answer


class NoFilterOnAlias(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            aliased = target in state["aliases"]
        return super().search(target, vector, k, () if aliased else filter)


class OneAlias(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        answer = super().swap(alias, collection)
        with self._box as state:
            state["aliases"].update(dict.fromkeys(state["aliases"], collection))
        return answer


class Gap(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous = state["aliases"].pop(alias, None)
        time.sleep(WINDOW_S)
        return {**super().swap(alias, collection), "previous": previous}


class Mixes(MockVectorStore):
    """Looks an alias up twice for one search."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        before = super().search(target, vector, k, filter)["hits"]
        time.sleep(WINDOW_S / 4)
        after = super().search(target, vector, k, filter)["hits"]
        return {"hits": list({hit["id"]: hit for hit in [*before[:1], *after]}.values())[:k]}


class ResolvesOnce(MockVectorStore):
    """Remembers what an alias stands for, until its own next swap."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            name = self.__dict__.setdefault("known", {}).setdefault(target, state["aliases"].get(target, target))
        return super().search(name, vector, k, filter)

    def swap(self, alias: str, collection: str) -> Json:
        self.__dict__.pop("known", None)
        return super().swap(alias, collection)


class AliasInMemory(MockVectorStore):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(config, ctx)
        with self._box as state:
            state["aliases"].clear()


class Dangling(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous, state["aliases"][alias] = state["aliases"].get(alias), collection
        return {"alias": alias, "collection": collection, "previous": previous}


def _coerces(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    wanted = condition.value if condition.op == "in" else (condition.value,)
    if condition.op in ("eq", "in"):
        return str(metadata.get(condition.field, "")) in [str(value) for value in wanted]
    return _holds(condition, metadata)


def _booleans_count(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    return _holds(condition, {condition.field: int(value)} if isinstance(value, bool) else metadata)


def _ignores_case(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value, wanted = metadata.get(condition.field), condition.value
    if isinstance(value, str) and isinstance(wanted, str):
        return value.lower() == wanted.lower()
    return _holds(condition, metadata)


def _strips(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    return _holds(condition, {condition.field: value.strip()} if isinstance(value, str) else metadata)


def _any_where_none_are_listed(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return condition.value == () or _holds(condition, metadata)


def _ten_are_enough(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    few = condition.value[:10] if condition.op == "in" else condition.value
    return _holds(condition.model_copy(update={"value": few}), metadata)


def _ranges_of_text(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(condition.field)
    if condition.op in ("eq", "in") or isinstance(value, bool) or not isinstance(value, int | float):
        return _holds(condition, metadata)
    return {"gte": str(value) >= str(condition.value), "gt": str(value) > str(condition.value)}.get(
        condition.op, str(value) < str(condition.value)
    )


def _dots_are_paths(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return "." not in condition.field and _holds(condition, metadata)


def _absent_is_zero(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    return _holds(condition, {condition.field: 0, **metadata})


def _open_ends(condition: Condition, metadata: Mapping[str, Any]) -> bool:
    strict = {"gte": "gt", "lte": "lt"}.get(condition.op, condition.op)
    return _holds(condition.model_copy(update={"op": strict}), metadata)


def _halves_the_last(vector: list[float]) -> list[float]:
    return [*vector[:1023], 0.5] if len(vector) == 1024 else vector


def _ids_descend(hit: Json) -> Any:
    return -hit["score"], [-ord(letter) for letter in hit["id"]]


def _ids_regardless_of_case(hit: Json) -> Any:
    return -hit["score"], hit["id"].lower()


OWN_WORDS = ("id", "text", "score", "vector")


SABOTEURS: list[tuple[type, str]] = [
    (CountsNewOnly, "index.rule.stored"),
    (Forgets, "index.rule.effect"),
    (NothingForNoRecords, "index.rule.no_records"),
    (Forgets, "index.rule.no_records"),
    (Merges, "index.rule.upsert"),
    (KeepsVector, "index.rule.upsert"),
    (KeepsText, "index.rule.upsert"),
    (KeepsUnlessGiven, "index.rule.upsert"),
    (KeepsText, "index.rule.upsert_text"),
    (records_changed(lambda record: {"id": record.id.lower()}), "index.rule.ids_apart"),
    (records_changed(lambda record: {"id": record.id[:63]}), "index.rule.ids_apart"),
    (ShortNames, "index.rule.collections_apart"),
    (
        rows_changed(lambda row, _: {"metadata": {k: str(v) for k, v in row["metadata"].items()}}),
        "index.rule.metadata_unchanged",
    ),
    (
        rows_changed(lambda row, _: {"metadata": {k: v or None for k, v in row["metadata"].items()}}),
        "index.rule.metadata_unchanged",
    ),
    (
        rows_changed(lambda row, _: {"metadata": {k[:63]: v for k, v in row["metadata"].items()}}),
        "index.rule.metadata_size",
    ),
    (
        rows_changed(lambda row, _: {"metadata": {k.lower(): v for k, v in row["metadata"].items()}}),
        "index.rule.metadata_names",
    ),
    (
        rows_changed(lambda row, _: {"metadata": {k: v for k, v in row["metadata"].items() if k not in OWN_WORDS}}),
        "index.rule.metadata_names",
    ),
    (
        rows_changed(lambda row, record: {"metadata": {**row["metadata"], "text": record.text}}),
        "index.rule.metadata_names",
    ),
    (filtered_by(_dots_are_paths), "index.rule.metadata_names"),
    (rows_changed(lambda _, record: {"metadata": dict(record.metadata)}), "index.rule.null_is_absent"),
    (
        rows_changed(lambda _, record: {"metadata": {k: v or "" for k, v in record.metadata.items()}}),
        "index.rule.null_is_absent",
    ),
    (DropsNestedThoughPromised, "index.rule.nested"),
    (SkipsNested, "index.rule.nested_in_batch"),
    (OneByOne, "index.rule.nested_in_batch"),
    (Small, "index.rule.dimensions"),
    (rows_changed(lambda row, _: {"vector": _halves_the_last(row["vector"])}), "index.rule.dimensions"),
    (rows_changed(lambda row, _: {"vector": [min(v, 1e5) for v in row["vector"]]}), "index.rule.magnitudes"),
    (rows_changed(lambda row, _: {"vector": [v + 1e-6 for v in row["vector"]]}), "index.rule.magnitudes"),
    (NoZeros, "index.rule.zero_vector"),
    (records_changed(lambda record: {}, keep=99), "index.rule.hundred"),
    (hits_changed(lambda hits: hits[:50]), "index.rule.hundred"),
    (records_changed(lambda record: {}, keep=100), "index.rule.above_limits"),
    (SaysInvalid, "index.rule.above_limits"),
    (CreatesThenRefuses, "index.rule.above_limits"),
    (CreatesTwice, "index.rule.at_once"),
    (FindsGhosts, "index.rule.at_once"),
    (MetadataFirst, "index.rule.whole_or_not"),
    (InMemory, "index.rule.survives"),
    (WipesAtClose, "index.rule.survives"),
    (IgnoresPath, "adapter.rule.state_file"),
    (InMemory, "adapter.rule.shared"),
    (Caches, "adapter.rule.shared"),
    (RemembersNothing, "adapter.rule.shared"),
    (each_hit(lambda hit: {"score": hit["score"] + 0.01}), "search.rule.score"),
    (each_hit(lambda hit: {"score": -hit["score"]}), "search.rule.score"),
    (SquaredDistance, "search.rule.score"),
    (LeavesOutTheBest, "search.rule.nearest"),
    (hits_changed(lambda hits: hits[::-1]), "search.rule.order"),
    (hits_changed(lambda hits: sorted(hits, key=lambda hit: hit["id"])), "search.rule.order"),
    (hits_changed(lambda hits: sorted(hits, key=_ids_descend)), "search.rule.ties"),
    (hits_changed(lambda hits: sorted(hits, key=_ids_regardless_of_case)), "search.rule.ties"),
    (hits_changed(lambda hits: hits[:100]), "search.rule.above_limits"),
    (SaysInvalid, "search.rule.above_limits"),
    (FetchesAHundred, "search.rule.complete"),
    (rows_changed(lambda _, record: {"text": record.text and record.text[:8_192]}), "search.rule.long_text"),
    (hits_changed(lambda hits: hits[:6]), "search.rule.count"),
    (hits_changed(lambda hits: hits + hits[:1] if len(hits) == 6 else hits), "search.rule.count"),
    (each_hit(lambda hit: {"text": hit["text"] or None}), "search.rule.text"),
    (each_hit(lambda hit: {"text": hit["text"] and hit["text"].strip()}), "search.rule.text"),
    (ReturnsText, "search.rule.text"),
    (filtered_by(_coerces), "search.rule.filter_equal"),
    (filtered_by(_booleans_count), "search.rule.filter_equal"),
    (filtered_by(_ignores_case), "search.rule.filter_equal"),
    (filtered_by(_strips), "search.rule.filter_equal"),
    (filtered_by(_ten_are_enough), "search.rule.filter_equal"),
    (filtered_by(_ranges_of_text), "search.rule.filter_range"),
    (filtered_by(_any_where_none_are_listed), "search.rule.filter_in_nothing"),
    (filtered_by(_booleans_count), "search.rule.filter_range"),
    (filtered_by(_open_ends), "search.rule.filter_range"),
    (filtered_by(_absent_is_zero), "search.rule.filter_absent"),
    (filtered_by(_holds, first=True), "search.rule.filter_all"),
    (AnyCondition, "search.rule.filter_all"),
    (FiltersAfterK, "search.rule.filter_first"),
    (FetchesAHundred, "search.rule.filter_first"),
    (Approximate, "search.rule.recall"),
    (MissesFiltered, "search.rule.recall"),
    (NoPrevious, "swap.rule.previous"),
    (FirstSwapOnly, "swap.rule.moves"),
    (DropsOld, "swap.rule.moves"),
    (Copies, "swap.rule.follows"),
    (NoFilterOnAlias, "swap.rule.like_a_name"),
    (OneAlias, "swap.rule.aliases_apart"),
    (Gap, "swap.rule.atomic"),
    (Mixes, "swap.rule.atomic"),
    (ResolvesOnce, "swap.rule.other_instance"),
    (AliasInMemory, "swap.rule.survives"),
    (AnyShape, "index.bad_input.other_metric"),
    (AnyShape, "index.bad_input.other_dimension"),
    (AnyShape, "index.bad_input.other_dimension_empty"),
    (WritesThroughAlias, "index.bad_input.name_of_alias"),
    (NothingIntoAlias, "index.bad_input.nothing_into_alias"),
    (DropsNested, "index.bad_input.nested_object"),
    (DropsNested, "index.bad_input.nested_list"),
    (NothingForUnknown, "search.bad_input.unknown_target"),
    (Obliging, "search.bad_input.short_vector"),
    (Obliging, "search.bad_input.long_vector"),
    (Obliging, "search.bad_input.vector_for_alias"),
    (Obliging, "search.bad_input.zero_vector"),
    (Dangling, "swap.bad_input.missing_collection"),
    (Dangling, "swap.bad_input.new_alias_of_missing"),
    (Dangling, "swap.bad_input.name_of_collection"),
    (Dangling, "swap.bad_input.own_name"),
]


class Async(MockVectorStore):
    """Coroutines, models instead of mappings, and extensions of its own."""

    async def index(self, *arguments: Any) -> Indexed:  # type: ignore[override]
        return Indexed(**{**super().index(*arguments), "extensions": {"took": 0.1}})

    async def search(self, *arguments: Any) -> Found:  # type: ignore[override]
        return Found(**{**super().search(*arguments), "extensions": {"segments": [1, 2]}})

    async def aclose(self) -> None: ...


class Bare(MockVectorStore):
    """Without swap and text, at most 100 records of 1,024 dimensions and 100 hits a call."""

    traits = VectorStoreTraits(stores_text=False, delivery="at_most_once")
    unsupported: ClassVar = {"swap": "there are no aliases"}

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        if len(records) > 100 or dimension > 1_024:
            raise NonRetryableError("payload_too_large", "100 records of 1,024 dimensions")
        return super().index(collection, records, metric, dimension)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        if k > 100:
            raise NonRetryableError("payload_too_large", "100 hits")
        return super().search(target, vector, k, filter)

    def swap(self, alias: str, collection: str) -> Json:
        raise NonRetryableError("unsupported", "there are no aliases")


class Sloppy(MockVectorStore):
    """Scores are off by 0.9 of the tolerance, which moves near ones past each other; one of ten is missed."""

    traits = VectorStoreTraits(score_tolerance=0.02, recall=0.9)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, EVERYTHING, filter)["hits"]
        for hit in hits:
            hit["score"] += (1 if sum(hit["id"].encode()) % 2 else -1) * 0.018 * max(1.0, abs(hit["score"]))
        hits.sort(key=lambda hit: (-hit["score"], hit["id"]))
        many = len(super().search(target, vector, EVERYTHING)["hits"]) > 1_000
        return {"hits": hits[1:k] if many else hits[:k]}


class LastOfTheTied(MockVectorStore):
    """Of equal records others make the cut; nested metadata is stored."""

    traits = VectorStoreTraits(nested_metadata=True)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        hits = super().search(target, vector, EVERYTHING, filter)["hits"]
        chosen = sorted(hits, key=_ids_descend)[:k]
        return {"hits": sorted(chosen, key=lambda hit: (-hit["score"], hit["id"]))}


class Particular(MockVectorStore):
    """Takes plain names of metadata only, texts up to 10,000 characters, and no empty list in a filter."""

    def _row(self, record: Record) -> Json:
        if not all(name.isascii() and name.isidentifier() for name in record.metadata):
            raise NonRetryableError("invalid", "a field must be named with letters, digits and _")
        if len(record.text or "") > 10_000:
            raise NonRetryableError("payload_too_large", "a text has at most 10,000 characters")
        return super()._row(record)

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        if any(condition.value == () for condition in filter):
            raise NonRetryableError("invalid", "in takes at least one value")
        return super().search(target, vector, k, filter)


class NamesFailures(MockVectorStore):
    """Stores what it can of a batch, and says what it could not."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        nested = [one for one in records if any(isinstance(v, Mapping | tuple) for v in one.metadata.values())]
        if nested and len(nested) == len(records):
            raise NonRetryableError("invalid", "nested metadata")
        answer = super().index(collection, [one for one in records if one not in nested], metric, dimension)
        failed = [{"id": one.id, "code": "invalid", "retryable": False} for one in nested]
        return {**answer, "failed": failed}


class Delayed(MockVectorStore):
    """Searches see the state of 5 s ago."""

    traits = VectorStoreTraits(read_bound_s=5)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(config, ctx)
        self._clock, self._past = ctx.clock, config["state"].setdefault("past", [])

    def _remember(self, result: Json) -> Json:
        with self._box as state:
            kept = json.dumps({name: state[name] for name in ("collections", "aliases")})
            self._past.append((self._clock.now().timestamp(), kept))
        return result

    def index(self, *arguments: Any) -> Json:
        return self._remember(super().index(*arguments))

    def swap(self, *arguments: Any) -> Json:
        return self._remember(super().swap(*arguments))

    def search(self, *arguments: Any) -> Json:
        seen = [kept for at, kept in self._past if at <= self._clock.now().timestamp() - 5]
        past = json.loads(seen[-1]) if seen else {}
        return MockVectorStore({"state": past}, Context(clock=self._clock)).search(*arguments)


BENIGN = [Async, Bare, Sloppy, LastOfTheTied, Particular, NamesFailures, Delayed]


def test_the_mock_is_conformant() -> None:
    results = judge(MockVectorStore)
    assert {id: result.text for id, result in results.items() if result.verdict not in GREEN} == {}
    assert len(results) > 70


def test_every_clause_has_a_saboteur() -> None:
    ours = {clause.id for clause in contract("vectorstore").clauses if _is_own(clause)}
    assert {f"vectorstore.{clause}" for _, clause in SABOTEURS} == ours


def _is_own(clause: Clause) -> bool:
    return clause.family == "rule" or (clause.family == "bad_input" and not clause.id.endswith(".check"))


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert fallen(saboteur, only=f"vectorstore.{clause}") >= {f"vectorstore.{clause}"}


@pytest.mark.parametrize("benign", BENIGN)
def test_an_unusual_but_correct_store_passes(benign: type) -> None:
    assert fallen(benign) == set()


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
    """The benign variant above would prove nothing if its searches were up to date."""
    clock = SimulatedClock(Context().clock.now())
    store = Delayed({"state": {}}, Context(clock=clock))
    store.index("docs", [Record(id="a", vector=(1.0, 0.0))], "dot", 2)
    with pytest.raises(NonRetryableError, match="not_found"):
        store.search("docs", (1.0, 0.0), 1)
    clock.advance(5)
    assert [hit["id"] for hit in store.search("docs", (1.0, 0.0), 1)["hits"]] == ["a"]
