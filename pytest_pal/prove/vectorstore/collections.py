"""Wrong in index: which collection it is, what a call does to it, and who sees it when."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...contracts.vectorstore.protocol import Condition
from ...errors import NonRetryableError
from ...mocks.vectorstore import MockVectorStore
from ...model.context import Context
from ..saboteur import RECORDED, Saboteur
from .changes import WINDOW_S, Json, records_changed


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
        found: Json = known[question]
        return found

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        self.__dict__.pop("known", None)
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


def keeps(most: int) -> type[MockVectorStore]:
    return records_changed(lambda record: {}, keep=most)


OWN = "vectorstore.index.rule."

SABOTEURS = (
    Saboteur("counts_new_only", CountsNewOnly, OWN + "stored", RECORDED),
    Saboteur("forgets", Forgets, OWN + "effect", RECORDED, "whatever was indexed before is gone"),
    Saboteur("nothing_for_no_records", NothingForNoRecords, OWN + "no_records", RECORDED),
    Saboteur("short_names", ShortNames, OWN + "collections_apart", RECORDED),
    Saboteur("small", Small, OWN + "dimensions", RECORDED),
    Saboteur("keeps_ninety_nine", keeps(99), OWN + "hundred", RECORDED),
    Saboteur("keeps_a_hundred", keeps(100), OWN + "above_limits", RECORDED),
    Saboteur("says_invalid", SaysInvalid, OWN + "above_limits", RECORDED, operations=("search",)),
    Saboteur("creates_then_refuses", CreatesThenRefuses, OWN + "above_limits", RECORDED),
    Saboteur("creates_twice", CreatesTwice, OWN + "at_once", RECORDED, "a refused call creates its collection too"),
    Saboteur("finds_ghosts", FindsGhosts, OWN + "at_once", RECORDED),
    Saboteur("in_memory", InMemory, OWN + "survives", RECORDED),
    Saboteur("wipes_at_close", WipesAtClose, OWN + "survives", RECORDED),
    Saboteur("ignores_path", IgnoresPath, "vectorstore.adapter.rule.state_file", RECORDED),
    Saboteur("caches", Caches, "vectorstore.adapter.rule.shared", RECORDED),
    Saboteur("remembers_nothing", RemembersNothing, "vectorstore.adapter.rule.shared", RECORDED),
    Saboteur("any_shape", AnyShape, "vectorstore.index.bad_input.other_metric", RECORDED),
    Saboteur("writes_through_alias", WritesThroughAlias, "vectorstore.index.bad_input.name_of_alias", RECORDED),
    Saboteur("nothing_into_alias", NothingIntoAlias, "vectorstore.index.bad_input.nothing_into_alias", RECORDED),
)
