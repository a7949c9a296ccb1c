"""VectorStore: its payloads, traits, operations and observer. A vector is a list of finite numbers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import AfterValidator, Field, Strict, ValidationInfo, model_validator

from ...errors import ErrorCode
from ...model.fields import tolerance
from ...model.operation import operation
from ...model.payload import Observed, Output, Payload, Traits
from ...model.values import (
    Count,
    Flag,
    JsonMap,
    JsonValue,
    Key,
    Name,
    Number,
    PlainText,
    Text,
    no_control_characters,
)

Metric = Literal["cosine", "dot", "euclidean"]
SMALLEST, LARGEST = 1e-6, 1e6


class VectorStoreTraits(Traits):
    """What vector stores differ in.

    ``score_tolerance`` is relative to max(1, |score|). ``recall`` is the mean at k = 10 in collections
    above 1,000 records, against exact search. Without ``nested_metadata`` a nested value is invalid;
    without ``stores_text`` a hit's text is None.
    """

    score_tolerance: float = Field(default=1e-4, ge=0, le=0.02)
    recall: float = Field(default=0.9, ge=0.9, le=1)
    nested_metadata: bool = False
    stores_text: bool = True


def _in_range(vector: tuple[float, ...]) -> tuple[float, ...]:
    for place, value in enumerate(vector):
        if value and not SMALLEST <= abs(value) <= LARGEST:
            raise ValueError(f"component {place} must be 0 or from 1e-6 to 1e6 in magnitude")
    return vector


def _plain_keys(metadata: Any) -> Any:
    for key in metadata:
        no_control_characters(key)
    return metadata


Vector = Annotated[tuple[Number, ...], Field(min_length=1), AfterValidator(_in_range)]
Metadata = Annotated[JsonMap, AfterValidator(_plain_keys)]


class Record(Payload):
    """``metadata`` maps names to strings, booleans and numbers; a null is absent."""

    id: Key
    vector: Vector
    metadata: Metadata = Field(default_factory=dict)
    text: Text | None = None


def _distinct(records: tuple[Record, ...]) -> tuple[Record, ...]:
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            raise ValueError(f"the id {record.id!r} stands twice in one call")
        seen.add(record.id)
    return records


def _fits(dimension: int, others: ValidationInfo) -> int:
    """``dimension`` is the last argument: here the records and the metric are known."""
    for place, record in enumerate(others.data.get("records", ())):
        if len(record.vector) != dimension:
            raise ValueError(f"the vector of record {place} has {len(record.vector)} components")
        if others.data.get("metric") == "cosine" and not any(record.vector):
            raise ValueError(f"the vector of record {place} is zero, which has no cosine")
    return dimension


Records = Annotated[tuple[Record, ...], AfterValidator(_distinct)]
Dimension = Annotated[int, Strict(), Field(ge=1), AfterValidator(_fits)]
K = Annotated[int, Strict(), Field(ge=1)]


class Condition(Payload):
    """One condition on a metadata field. eq: equal, of the same type. in: equal to one of a list.

    gte, lte, gt, lt: a number, compared with numbers. Numbers compare by value, a boolean is none.
    """

    field: PlainText
    op: Literal["eq", "in", "gte", "lte", "gt", "lt"]
    value: JsonValue

    @model_validator(mode="after")
    def _typed(self) -> Self:
        if self.op == "in" and not isinstance(self.value, tuple):
            raise ValueError("in takes a list of strings, booleans and numbers")
        for value in self.value if self.op == "in" else (self.value,):
            if not isinstance(value, str | int | float):
                raise ValueError(f"{self.op} takes strings, booleans and numbers only")
            if self.op not in ("eq", "in") and isinstance(value, str | bool):
                raise ValueError(f"{self.op} takes a number")
        return self


Filter = tuple[Condition, ...]


class FailedRecord(Payload):
    """A record that was not stored, why, and whether the same call may store it later."""

    id: Key
    code: ErrorCode
    retryable: Flag


class Indexed(Output):
    """``stored`` counts the records that stand in the collection now, replaced ones included."""

    stored: Count
    failed: tuple[FailedRecord, ...] = ()


class Hit(Payload):
    """``score``: cosine similarity, dot product, or minus the Euclidean distance."""

    id: Key
    score: Annotated[Number, tolerance(1e-4, "score_tolerance")]
    metadata: JsonMap = Field(default_factory=dict)
    text: Text | None = None


class Found(Output):
    """Best first; ids ascend among hits of equal score."""

    hits: tuple[Hit, ...]


class Swapped(Output):
    """``previous`` is the collection that the alias stood for before, None for a new alias."""

    alias: Name
    collection: Name
    previous: Name | None = None


class VectorStore(Protocol):
    """Keeps records with vectors in collections, and finds the nearest."""

    @operation("write", "natural", unit="collection", entity="record", reads=("search",))
    def index(self, collection: Name, records: Records, metric: Metric, dimension: Dimension) -> Indexed:
        """Stores records, each replacing the one of its id; creates the collection, also with no records."""

    @operation("read", "repeatable", unit="collection", entity="record")
    def search(self, target: Name, vector: Vector, k: K, filter: Filter = ()) -> Found:
        """The ``k`` best records of a collection or alias, of those for which all conditions hold."""

    @operation("write", "natural", unit="collection", entity="alias", reads=("search",), optional=True)
    def swap(self, alias: Name, collection: Name) -> Swapped:
        """Points an alias at another collection in one step; creates the alias at first."""


class ObservedCollection(Observed):
    """A collection, never an alias."""

    name: str
    metric: str | None = None
    dimension: int | None = None


def _four_digits(value: float) -> float:
    return float(f"{value:.4g}")


class ObservedRecord(Observed):
    """A record under the caller's id; its vector as the vendor keeps it.

    Components are rounded to four digits: vendors keep single precision, and normalise anew at each write.
    """

    collection: str
    id: str
    vector: tuple[Annotated[float, AfterValidator(_four_digits)], ...] | None = None
    metadata: JsonMap | None = None
    text: str | None = None


class ObservedAlias(Observed):
    """An alias and the collection that it stands for."""

    alias: str
    collection: str


class VectorStoreObserver(Protocol):
    """A second pair of eyes on the vendor's collections."""

    def collections(self) -> Sequence[ObservedCollection]: ...
    def records(self) -> Sequence[ObservedRecord]: ...
    def aliases(self) -> Sequence[ObservedAlias]: ...
