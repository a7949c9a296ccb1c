"""Wrong in search: which hits it returns, with which scores, in which order."""

from collections.abc import Sequence
from typing import Any

from ...contracts.vectorstore.protocol import Condition, Record, VectorStoreTraits
from ...errors import NonRetryableError
from ...mocks.vectorstore import MockVectorStore
from ..saboteur import RECORDED, Saboteur
from .changes import Json, each_hit, hits_changed, rows_changed


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


class NothingForUnknown(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        try:
            return super().search(target, vector, k, filter)
        except NonRetryableError as error:
            if error.code != "not_found":
                raise
            return {"hits": []}


class Obliging(MockVectorStore):
    """Any query will do."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            name = state["aliases"].get(target, target)
            size = state["collections"][name]["dimension"] if name in state["collections"] else len(vector)
        padded = (*vector, *[0.0] * size)[:size]
        return super().search(target, padded if any(padded) else [1.0] * size, k, filter)


def ids_descend(hit: Json) -> Any:
    return -hit["score"], [-ord(letter) for letter in hit["id"]]


def ids_regardless_of_case(hit: Json) -> Any:
    return -hit["score"], hit["id"].lower()


OWN = "vectorstore.search.rule."
NEARLY_ALL = "nearly every search shows it"

SABOTEURS = (
    Saboteur(
        "adds_to_scores", each_hit(lambda hit: {"score": hit["score"] + 0.01}), OWN + "score", RECORDED, NEARLY_ALL
    ),
    Saboteur("turns_scores", each_hit(lambda hit: {"score": -hit["score"]}), OWN + "score", RECORDED, NEARLY_ALL),
    Saboteur("squared_distance", SquaredDistance, OWN + "score", RECORDED),
    Saboteur("leaves_out_the_best", LeavesOutTheBest, OWN + "nearest", RECORDED, NEARLY_ALL),
    Saboteur("worst_first", hits_changed(lambda hits: hits[::-1]), OWN + "order", RECORDED, NEARLY_ALL),
    Saboteur(
        "by_id",
        hits_changed(lambda hits: sorted(hits, key=lambda hit: str(hit["id"]))),
        OWN + "order",
        RECORDED,
        NEARLY_ALL,
    ),
    Saboteur("ids_descend", hits_changed(lambda hits: sorted(hits, key=ids_descend)), OWN + "ties", RECORDED),
    Saboteur(
        "ids_regardless_of_case", hits_changed(lambda hits: sorted(hits, key=ids_regardless_of_case)), OWN + "ties"
    ),
    Saboteur("a_hundred_hits", hits_changed(lambda hits: hits[:100]), OWN + "above_limits", RECORDED),
    Saboteur("fifty_hits", hits_changed(lambda hits: hits[:50]), "vectorstore.index.rule.hundred", RECORDED),
    Saboteur("six_hits", hits_changed(lambda hits: hits[:6]), OWN + "count", RECORDED),
    Saboteur(
        "a_hit_twice", hits_changed(lambda hits: hits + hits[:1] if len(hits) == 6 else hits), OWN + "count", RECORDED
    ),
    Saboteur(
        "short_texts", rows_changed(lambda _, record: {"text": record.text and record.text[:8_192]}), OWN + "long_text"
    ),
    Saboteur("empty_is_none", each_hit(lambda hit: {"text": hit["text"] or None}), OWN + "text"),
    Saboteur("strips_texts", each_hit(lambda hit: {"text": hit["text"] and hit["text"].strip()}), OWN + "text"),
    Saboteur("returns_text", ReturnsText, OWN + "text", RECORDED),
    Saboteur("approximate", Approximate, OWN + "recall"),
    Saboteur("misses_filtered", MissesFiltered, OWN + "recall"),
    Saboteur("nothing_for_unknown", NothingForUnknown, "vectorstore.search.bad_input.unknown_target", RECORDED),
    Saboteur("obliging", Obliging, "vectorstore.search.bad_input.short_vector", RECORDED),
)
