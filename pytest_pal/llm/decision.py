"""The decision: which model, by what, ahead of whom, and why every other one is not it."""

from typing import Literal

from ..model.payload import Payload
from ..model.values import Integer, JsonValue, Text
from .policy import Factor
from .units import ModelId, Picodollars, Share, Tokens, Vendor

Unit = Literal["picodollars", "us", "ppm", "tokens", "days", ""]
DecidedBy = Literal["score", "cost", "latency", "quality", "vendor", "model", "only_candidate", "nothing_eligible"]


class ScorePart(Payload):
    """One factor of a score. ``value`` None is a figure that is not known: it scores 0, ``reason`` says why."""

    factor: Factor
    value: Tokens | None
    unit: Unit
    score_ppm: Share
    weight: Tokens
    reason: Text | None = None


class Candidate(Payload):
    """An eligible model; ``score_ppm`` is the mean of its parts by weight, cut to a whole number.

    ``cost`` is the estimate of the request.
    """

    model: ModelId
    vendor: Vendor
    score_ppm: Share
    cost: Picodollars | None
    parts: tuple[ScorePart, ...]


class Reject(Payload):
    """A model and one rule that it does not fulfil; ``value`` None is a figure that is not known."""

    model: ModelId
    vendor: Vendor
    rule: Text
    value: JsonValue
    limit: JsonValue
    unit: Unit


class Flip(Payload):
    """The runner-up would win if this figure of it were ``needed`` instead of ``value``, all else equal."""

    model: ModelId
    factor: Factor
    value: Tokens | None
    needed: Tokens
    unit: Unit


class Digests(Payload):
    """``sha256:`` and the hex digest of each one's RFC 8785 form.

    ``decision`` is that of the whole `Decision` with its own digest left out.
    """

    policy: Text
    catalogue: Text
    request: Text
    decision: Text


class Decision(Payload):
    """``candidates`` are ranked, best first; ``fallback_chain`` is what follows after ``chosen``.

    ``chosen`` is None where nothing is eligible. ``margin_ppm`` is the score ahead of the second, None
    where there is none. Rejects are sorted by model.
    """

    chosen: ModelId | None
    decided_by: DecidedBy
    margin_ppm: Integer | None
    summary: Text
    candidates: tuple[Candidate, ...]
    rejected: tuple[Reject, ...]
    fallback_chain: tuple[ModelId, ...]
    flips: tuple[Flip, ...]
    digests: Digests

    def candidate(self, model: str) -> Candidate | None:
        return next((found for found in self.candidates if found.model == model), None)
