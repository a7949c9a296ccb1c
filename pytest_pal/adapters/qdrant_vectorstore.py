"""VectorStore on Qdrant: a folder, the memory of this process, or a server."""

import json
import math
import threading
import uuid
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from ..contracts.vectorstore.protocol import Condition, Metric, Record, VectorStoreTraits
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import thaw
from .qdrant_link import Link, is_missing, open_link, translated

DISTANCES: dict[Metric, models.Distance] = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclidean": models.Distance.EUCLID,
}
NAMESPACE = uuid.UUID("6f7d0c1e-9c53-5a0e-8f0a-2f2d3f8a51c7")

Shape = tuple[models.Distance, int]


class QdrantVectorStore:
    """config: ``path`` (a folder, or ``:memory:``), or ``url``, with ``api_key`` where the server wants one.

    A point keeps the caller's id, metadata and text in its payload, beside two forms of the metadata to
    filter by: ``facts`` and ``numbers`` (`_payload`).
    """

    capability = "vectorstore"
    contract = "1.0"
    traits = VectorStoreTraits(nested_metadata=True)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._config, self._ctx = config, ctx
        self._opening = threading.Lock()
        self._link: Link | None = None
        self._release: Any = None

    def index(self, collection: str, records: Sequence[Record], metric: Metric, dimension: int) -> dict[str, Any]:
        points = [_point(record, metric) for record in records]
        with self._attempt() as client:
            if collection in _aliases(client):
                raise NonRetryableError("conflict", f"{collection!r} is an alias")
            self._create(client, collection, (DISTANCES[metric], dimension))
            if points:
                with self._writing():
                    client.upsert(collection, points, wait=True)
        return {"stored": len(points), "failed": []}

    def search(self, target: str, vector: Sequence[float], k: int, filter: Sequence[Condition] = ()) -> dict[str, Any]:
        with self._attempt() as client:
            # By the collection's own name: a swap in between must not change what the scores mean.
            name = _aliases(client).get(target, target)
            distance, dimension = _shape(client, name) or _not_found(target)
            found = client.query_points(
                name,
                query=_query(vector, distance, dimension),
                query_filter=_filter(filter),
                limit=k,
                with_payload=True,
            )
            hits = [_hit(point, distance) for point in found.points]
        return {"hits": sorted(hits, key=lambda hit: (-hit["score"], hit["id"]))}

    def swap(self, alias: str, collection: str) -> dict[str, Any]:
        with self._attempt() as client:
            names = {found.name for found in client.get_collections().collections}
            if alias in names:
                raise NonRetryableError("conflict", f"{alias!r} is a collection")
            if collection not in names:
                _not_found(collection)
            previous = _aliases(client).get(alias)
            with self._writing():
                client.update_collection_aliases(_moves(alias, collection, previous))
        return {"alias": alias, "collection": collection, "previous": previous}

    def close(self) -> None:
        with self._opening:
            if self._link is not None:
                self._release()
            self._link = None

    @contextmanager
    def _attempt(self) -> Iterator[QdrantClient]:
        with translated(self._ctx.clock.now, self._retry_after):
            link = self._opened()
            with link.attempt(self._ctx.remaining()):
                yield link.client

    def _writing(self) -> Any:
        return translated(self._ctx.clock.now, self._retry_after, writes=True)

    def _retry_after(self) -> str | None:
        return None if self._link is None else self._link.retry_after()

    def _opened(self) -> Link:
        """Opened by the first call; released by close, or with an adapter that is dropped without it."""
        with self._opening:
            if self._link is None:
                self._link = open_link(self._config)
                self._release = weakref.finalize(self, self._link.release)
            return self._link

    def _create(self, client: QdrantClient, name: str, shape: Shape) -> None:
        found = _shape(client, name) or self._created(client, name, shape)
        if found != shape:
            raise NonRetryableError("conflict", f"{name!r} is {found[0].value} of dimension {found[1]}")

    def _created(self, client: QdrantClient, name: str, shape: Shape) -> Shape:
        """The shape of a new collection, or of the one that somebody else made in this moment."""
        try:
            with self._writing():
                client.create_collection(name, models.VectorParams(size=shape[1], distance=shape[0]))
        except NonRetryableError as error:
            found = _shape(client, name)
            if error.code not in ("conflict", "invalid") or found is None:
                raise
            return found
        return shape


def _aliases(client: QdrantClient) -> dict[str, str]:
    return {found.alias_name: found.collection_name for found in client.get_aliases().aliases}


def _shape(client: QdrantClient, name: str) -> Shape | None:
    """Distance and dimension of a collection, None where there is none."""
    try:
        vectors = client.get_collection(name).config.params.vectors
    except (ValueError, UnexpectedResponse) as error:
        if is_missing(error):
            return None
        raise
    if not isinstance(vectors, models.VectorParams):
        raise NonRetryableError("conflict", f"{name!r} has named vectors; it was not made by this adapter")
    return vectors.distance, vectors.size


def _not_found(name: str) -> NoReturn:
    raise NonRetryableError("not_found", f"no collection or alias {name!r}")


def _moves(alias: str, collection: str, previous: str | None) -> list[models.AliasOperations]:
    create = models.CreateAlias(alias_name=alias, collection_name=collection)
    moves: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=create)]
    if previous is not None:
        delete = models.DeleteAlias(alias_name=alias)
        moves.insert(0, models.DeleteAliasOperation(delete_alias=delete))
    return moves


def _point(record: Record, metric: Metric) -> models.PointStruct:
    vector = _unit(record.vector) if metric == "cosine" else list(record.vector)
    return models.PointStruct(id=str(uuid.uuid5(NAMESPACE, record.id)), vector=vector, payload=_payload(record))


def _unit(vector: Sequence[float]) -> list[float]:
    """Qdrant takes a vector of single precision below 3e-4 for zero, and leaves it as it is."""
    length = math.hypot(*vector)
    return [value / length for value in vector]


def _payload(record: Record) -> dict[str, Any]:
    """``facts``: each field with its value as JSON text, because Qdrant's match knows no floats and text
    keeps types apart. ``numbers``: the numeric fields for ranges, under names without Qdrant's path syntax.
    """
    metadata = {field: thaw(value) for field, value in record.metadata.items() if value is not None}
    flat = {field: value for field, value in metadata.items() if isinstance(value, str | int | float)}
    return {
        "id": record.id,
        "metadata": metadata,
        "text": record.text,
        "facts": [_fact(field, value) for field, value in flat.items()],
        "numbers": {_path(field): value for field, value in flat.items() if _is_number(value)},
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fact(field: str, value: Any) -> str:
    """2020 and 2020.0 are one fact, and so are 0.0 and -0.0; "1", 1 and true are three."""
    return json.dumps([field, float(value) + 0.0 if _is_number(value) else value])


def _path(field: str) -> str:
    return "f" + field.encode().hex()


def _filter(conditions: Sequence[Condition]) -> models.Filter | None:
    """None for no conditions: local mode would ask each point about nothing."""
    return models.Filter(must=[_condition(condition) for condition in conditions]) if conditions else None


def _condition(condition: Condition) -> models.FieldCondition:
    if condition.op in ("eq", "in"):
        values = condition.value if condition.op == "in" else (condition.value,)
        wanted: list[Any] = [_fact(condition.field, value) for value in values]
        return models.FieldCondition(key="facts", match=models.MatchAny(any=wanted))
    within = models.Range(**{condition.op: condition.value})
    return models.FieldCondition(key=f"numbers.{_path(condition.field)}", range=within)


def _query(vector: Sequence[float], distance: models.Distance, dimension: int) -> list[float]:
    """Raises NonRetryableError(invalid) for a query that does not fit the collection."""
    if len(vector) != dimension:
        raise NonRetryableError("invalid", f"the collection's vectors have {dimension} components")
    if distance != models.Distance.COSINE:
        return list(vector)
    if not any(vector):
        raise NonRetryableError("invalid", "a zero vector has no cosine")
    return _unit(vector)


def _hit(point: models.ScoredPoint, distance: models.Distance) -> dict[str, Any]:
    """Qdrant's Euclidean score is the distance; the contract's is minus that."""
    payload = point.payload or {}
    score = 0.0 - point.score if distance == models.Distance.EUCLID else point.score
    return {"id": payload["id"], "score": score, "metadata": payload["metadata"], "text": payload["text"]}
