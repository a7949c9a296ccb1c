"""Wrong in index: what is kept of a record."""

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...contracts.vectorstore.protocol import Record, VectorStoreTraits
from ...errors import NonRetryableError
from ...mocks.vectorstore import MockVectorStore
from ..saboteur import RECORDED, Saboteur
from .changes import WINDOW_S, Json, records_changed, rows_changed

OWN_WORDS = ("id", "text", "score", "vector")


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


class MetadataFirst(MockVectorStore):
    """Writes a record in two steps that can be seen apart."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        with self._box as state:
            rows = state["collections"].get(collection, {"records": {}})["records"]
            for record in (record for record in records if record.id in rows):
                rows[record.id]["metadata"] = dict(record.metadata)
        time.sleep(WINDOW_S)
        return super().index(collection, records, metric, dimension)


class NoZeros(MockVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Json:
        if not all(any(record.vector) for record in records):
            raise NonRetryableError("invalid", "no zero vectors here")
        return super().index(collection, records, metric, dimension)


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


def metadata_changed(change: Callable[[Json], Json]) -> type[MockVectorStore]:
    return rows_changed(lambda row, _: {"metadata": change(row["metadata"])})


def with_text_beside(row: Json, record: Record) -> Json:
    return {"metadata": {**row["metadata"], "text": record.text}}


def halves_the_last(vector: list[float]) -> list[float]:
    return [*vector[:1023], 0.5] if len(vector) == 1024 else vector


OWN = "vectorstore.index.rule."

SABOTEURS = (
    Saboteur("merges", Merges, OWN + "upsert", RECORDED),
    Saboteur("keeps_vector", KeepsVector, OWN + "upsert", RECORDED),
    Saboteur("keeps_text", KeepsText, OWN + "upsert", RECORDED),
    Saboteur("keeps_unless_given", KeepsUnlessGiven, OWN + "upsert", RECORDED),
    Saboteur("lowers_ids", records_changed(lambda record: {"id": record.id.lower()}), OWN + "ids_apart", RECORDED),
    Saboteur("cuts_ids", records_changed(lambda record: {"id": record.id[:63]}), OWN + "ids_apart", RECORDED),
    Saboteur(
        "all_is_text",
        metadata_changed(lambda pairs: {k: str(v) for k, v in pairs.items()}),
        OWN + "metadata_unchanged",
        RECORDED,
        "whatever is filtered by numbers or booleans is not found",
    ),
    Saboteur(
        "false_is_null",
        metadata_changed(lambda pairs: {k: v or None for k, v in pairs.items()}),
        OWN + "metadata_unchanged",
        RECORDED,
    ),
    Saboteur(
        "cuts_fields", metadata_changed(lambda pairs: {k[:63]: v for k, v in pairs.items()}), OWN + "metadata_size"
    ),
    Saboteur(
        "lowers_fields",
        metadata_changed(lambda pairs: {k.lower(): v for k, v in pairs.items()}),
        OWN + "metadata_names",
    ),
    Saboteur(
        "has_words_of_its_own",
        metadata_changed(lambda pairs: {k: v for k, v in pairs.items() if k not in OWN_WORDS}),
        OWN + "metadata_names",
    ),
    Saboteur(
        "text_is_metadata",
        rows_changed(with_text_beside),
        OWN + "metadata_names",
        RECORDED,
        "every record has a field too many",
    ),
    Saboteur(
        "null_is_null",
        rows_changed(lambda _, record: {"metadata": dict(record.metadata)}),
        OWN + "null_is_absent",
        RECORDED,
    ),
    Saboteur(
        "null_is_empty",
        rows_changed(lambda _, record: {"metadata": {k: "" if v is None else v for k, v in record.metadata.items()}}),
        OWN + "null_is_absent",
        RECORDED,
    ),
    Saboteur("drops_nested_though_promised", DropsNestedThoughPromised, OWN + "nested", RECORDED),
    Saboteur("drops_nested", DropsNested, "vectorstore.index.bad_input.nested_object", RECORDED),
    Saboteur("skips_nested", SkipsNested, OWN + "nested_in_batch", RECORDED),
    Saboteur("one_by_one", OneByOne, OWN + "nested_in_batch", RECORDED),
    Saboteur(
        "halves_the_last", rows_changed(lambda row, _: {"vector": halves_the_last(row["vector"])}), OWN + "dimensions"
    ),
    Saboteur(
        "caps_components",
        rows_changed(lambda row, _: {"vector": [min(v, 1e5) for v in row["vector"]]}),
        OWN + "magnitudes",
        RECORDED,
    ),
    Saboteur(
        "shifts_components",
        rows_changed(lambda row, _: {"vector": [v + 1e-6 for v in row["vector"]]}),
        OWN + "magnitudes",
    ),
    Saboteur("no_zeros", NoZeros, OWN + "zero_vector", RECORDED),
    Saboteur("metadata_first", MetadataFirst, OWN + "whole_or_not", RECORDED),
)
