"""Unusual, and correct."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...contracts.vectorstore.protocol import Condition, Found, Indexed, Record, VectorStoreTraits
from ...errors import NonRetryableError
from ...kit.twins.harness import VECTORSTORE
from ...mocks.vectorstore import MockVectorStore
from ...model.context import Context
from ..saboteur import Benign
from ..wired import asking_first, in_its_words, over_http
from .changes import EVERYTHING, Json
from .searches import ids_descend
from .wire import InHalves


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
        chosen = sorted(hits, key=ids_descend)[:k]
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
        self._clock = ctx.clock

    def _remember(self, result: Json) -> Json:
        with self._box as state:
            kept = json.dumps({name: state[name] for name in ("collections", "aliases")})
            state.setdefault("past", []).append((self._clock.now().timestamp(), kept))
        return result

    def index(self, *arguments: Any) -> Json:
        return self._remember(super().index(*arguments))

    def swap(self, *arguments: Any) -> Json:
        return self._remember(super().swap(*arguments))

    def search(self, *arguments: Any) -> Json:
        with self._box as state:
            seen = [kept for at, kept in state.get("past", ()) if at <= self._clock.now().timestamp() - 5]
        past = json.loads(seen[-1]) if seen else {}
        return MockVectorStore({"state": past}, Context(clock=self._clock)).search(*arguments)


BENIGN = (
    Benign("coroutines", Async, "its operations are coroutines; it returns models with extensions"),
    Benign("bare", Bare, "it has neither swap nor text, and takes no more than it must"),
    Benign("sloppy", Sloppy, "its scores are off by nearly the tolerance, and one of ten hits is missed"),
    Benign("last_of_the_tied", LastOfTheTied, "of equal records others make the cut; metadata may be nested"),
    Benign("particular", Particular, "it takes plain names of fields only, and short texts"),
    Benign("names_failures", NamesFailures, "it stores what it can of a batch, and names the rest"),
    Benign("delayed", Delayed, "its searches see the state of 5 s ago, as it says"),
    Benign(
        "in_halves",
        over_http(VECTORSTORE, InHalves),
        "it stores in two requests, and names what the second one could not",
    ),
    Benign(
        "in_its_words", in_its_words(VECTORSTORE), "its vendor zips and cuts its answers, and has its own error bodies"
    ),
    Benign("asking_first", asking_first(VECTORSTORE), "an operation is two requests"),
)
