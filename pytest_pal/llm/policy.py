"""The policy: what is weighed, what must hold, and what follows after a failure.

Figures are written as people write them (USD, milliseconds, shares of 1) and used as integers.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from ..canonical import digest
from ..model.payload import Payload
from ..model.values import Flag, Number, Text
from .derived import Derived
from .units import MICROSECONDS_PER_MS, PICODOLLARS, PPM, ModelId, TokenLimit, Tokens, Vendor, scaled

Factor = Literal["cost", "latency", "quality", "safety"]
FACTORS: tuple[Factor, ...] = ("cost", "latency", "quality", "safety")


class Weights(Derived):
    """How much each factor counts, relative to the others; at least one is not 0."""

    cost: Number = Field(default=0, ge=0, le=PPM)
    latency: Number = Field(default=0, ge=0, le=PPM)
    quality: Number = Field(default=0, ge=0, le=PPM)
    safety: Number = Field(default=0, ge=0, le=PPM)

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(self.millionths.values()):
            raise ValueError("at least one weight must be 0.000001 or more")
        return self

    @cached_property
    def millionths(self) -> dict[Factor, int]:
        return {factor: scaled(getattr(self, factor), PPM) for factor in FACTORS}


class References(Derived):
    """The cost of one request and the latency at which that factor scores one half."""

    cost_usd: Number = Field(default=0.01, ge=1e-9, le=1_000)
    latency_ms: Number = Field(default=1_000, ge=0.001, le=1e9)

    @cached_property
    def integers(self) -> dict[Factor, int]:
        """In picodollars and microseconds."""
        return {
            "cost": scaled(self.cost_usd, PICODOLLARS),
            "latency": scaled(self.latency_ms, MICROSECONDS_PER_MS),
        }


class Constraints(Payload):
    """What an eligible model fulfils; None is no constraint, an empty allow list allows nothing.

    ``max_cost_usd`` bounds the estimate of one request, its fallbacks included. ``regions`` are the
    ones in which a request may be processed. ``min_quality`` and ``min_safety`` are shares of 1.
    """

    max_cost_usd: Number | None = Field(default=None, ge=0, le=1_000)
    max_latency_ms: Number | None = Field(default=None, ge=0, le=1e9)
    min_quality: Number | None = Field(default=None, ge=0, le=1)
    min_safety: Number | None = Field(default=None, ge=0, le=1)
    allow_models: tuple[ModelId, ...] | None = None
    deny_models: tuple[ModelId, ...] | None = None
    allow_vendors: tuple[Vendor, ...] | None = None
    deny_vendors: tuple[Vendor, ...] | None = None
    required_tags: tuple[Text, ...] | None = None
    regions: tuple[Text, ...] | None = None
    min_context_tokens: Tokens | None = None
    required_modalities: tuple[Text, ...] | None = None
    required_features: tuple[Text, ...] | None = None
    max_retention_days: Tokens | None = None

    def patched(self, patch: "Constraints") -> "Constraints":
        """These constraints with those that ``patch`` names in their place."""
        named = {name: getattr(patch, name) for name in type(self).model_fields}
        return self.model_copy(update={name: value for name, value in named.items() if value is not None})


class TagOverride(Payload):
    """For requests with the tag (and, unless ``value`` is None, that value): other weights, other constraints."""

    tag: Text
    value: Text | None = None
    weights: Weights | None = None
    constraints: Constraints = Constraints()

    def concerns(self, tags: Mapping[str, str]) -> bool:
        return self.tag in tags and self.value in (None, tags[self.tag])


class Fallback(Payload):
    """``max``: at most so many further models (None: the whole ranking). ``on_unknown``: also after an
    outcome that nobody knows."""

    max: Tokens | None = None
    on_unknown: Flag = True


class Policy(Derived):
    """``expected_output_tokens`` is what a request without a limit is estimated with.

    ``on_missing``: whether a figure that is not known fails a constraint on it.
    """

    version: Text = "1"
    weights: Weights = Weights(cost=0.25, latency=0.25, quality=0.25, safety=0.25)
    references: References = References()
    constraints: Constraints = Constraints()
    tag_overrides: tuple[TagOverride, ...] = ()
    on_missing: Literal["reject", "accept"] = "reject"
    expected_output_tokens: TokenLimit = 512
    fallback: Fallback = Fallback()

    @cached_property
    def digest(self) -> str:
        return digest(self.plain())

    def for_tags(self, tags: Mapping[str, str]) -> "Policy":
        """The policy with the overrides that concern ``tags`` applied, later ones over earlier ones."""
        weights, constraints = self.weights, self.constraints
        for override in self.tag_overrides:
            if override.concerns(tags):
                weights = override.weights or weights
                constraints = constraints.patched(override.constraints)
        return self.model_copy(update={"weights": weights, "constraints": constraints})
