"""The catalogue: what is known about each model. A figure that nobody knows is None, never 0."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from ..canonical import digest
from ..model.payload import Payload
from ..model.values import Text, frozen_dict
from .derived import Derived
from .units import PICODOLLARS, Microseconds, ModelId, Picodollars, Share, Tokens, Vendor

Price = Annotated[int, Strict(), Field(ge=0, le=PICODOLLARS)]
Modality = Literal["text", "image", "audio", "file"]


class Prices(Payload):
    """Picodollars per token: 1 USD per million tokens is 1,000,000. None: not known."""

    input: Price
    output: Price
    cached_input: Price | None = None
    cache_write: Price | None = None


class Usage(Payload):
    """Tokens, each counted once: ``input`` without the cached and the written ones, ``output`` with reasoning."""

    input: Tokens | None
    output: Tokens | None
    cached_input: Tokens | None = 0
    cache_write: Tokens | None = 0


class CatalogueEntry(Payload):
    """One model that a request can be sent to.

    ``latency_us`` is the typical time of an answer in microseconds. ``regions`` are all places in
    which the vendor may process a request, ``retention_days`` how long it keeps one (0: not at all).
    ``unknown`` says by field why a figure is None.
    """

    id: ModelId
    vendor: Vendor
    prices: Prices | None = None
    latency_us: Microseconds | None = None
    quality_ppm: Share | None = None
    safety_ppm: Share | None = None
    context_tokens: Tokens | None = None
    modalities: tuple[Modality, ...] = ("text",)
    features: tuple[Text, ...] = ()
    regions: tuple[Text, ...] | None = None
    retention_days: Tokens | None = None
    tags: tuple[Text, ...] = ()
    health: Literal["up", "cooldown", "down"] = "up"
    unknown: Annotated[Mapping[Text, Text], AfterValidator(frozen_dict)] = Field(default_factory=dict)


class Catalogue(Derived):
    """All models, in any order; each id stands once."""

    models: tuple[CatalogueEntry, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(self.by_id) < len(self.models):
            raise ValueError("a model's id stands twice")
        return self

    @cached_property
    def by_id(self) -> Mapping[str, CatalogueEntry]:
        return {entry.id: entry for entry in self.models}

    @cached_property
    def digest(self) -> str:
        """The same for every order of the models."""
        return digest([self.by_id[id].plain() for id in sorted(self.by_id)])


def cost_of(prices: Prices | None, usage: Usage | None) -> Picodollars | None:
    """What the usage costs; None where a price or a count that matters is not known."""
    if prices is None or usage is None:
        return None
    total = 0
    for part in Usage.model_fields:
        tokens, price = getattr(usage, part), getattr(prices, part)
        if tokens is None or (tokens and price is None):
            return None
        total += tokens * (price or 0)
    return total
