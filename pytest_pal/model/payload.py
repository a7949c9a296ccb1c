"""Base classes of everything that crosses the line between a caller, an adapter and a vendor."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from .fields import FREE
from .values import JsonMap


class Payload(BaseModel):
    """Frozen, closed and strict at its leaves; mappings and lists inside are immutable too."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        revalidate_instances="always",
        allow_inf_nan=False,
    )

    def plain(self) -> dict[str, Any]:
        """The payload as JSON types, by wire names."""
        return self.model_dump(mode="json", by_alias=True)


class Output(Payload):
    """What an operation returns. ``extensions`` holds what only that vendor has; it never mismatches."""

    extensions: Annotated[JsonMap, FREE] = Field(default_factory=dict)


class Observed(Payload):
    """A row that an observer gives: what the vendor keeps. Further fields of the vendor are dropped."""

    model_config = ConfigDict(extra="ignore")


class Traits(Payload):
    """What an adapter declares about itself, within the contract's limits. A trait is a promise.

    ``key_ttl_s`` and ``read_bound_s`` are seconds: how long a key is remembered, and how long an
    acknowledged write may stay invisible to reads.
    """

    delivery: Literal["exactly_once", "at_most_once"] = "exactly_once"
    key_ttl_s: int = Field(default=86_400, ge=86_400)
    read_bound_s: float = Field(default=0, ge=0, le=5)
    unique_names: bool = False

    @classmethod
    def of(cls, declared: Any) -> Self:
        """The declared traits as this model; a mapping is accepted. Raises pydantic's ValidationError."""
        return cls.model_validate({} if declared is None else declared)
