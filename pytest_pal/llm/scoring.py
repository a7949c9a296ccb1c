"""Scores by fixed references: what a model scores depends on it, the policy and the request alone.

A cost or latency v scores ref / (ref + v), so a loser, however cheap or slow, moves nobody else.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from .catalogue import CatalogueEntry
from .decision import Candidate, DecidedBy, Flip, ScorePart, Unit
from .policy import FACTORS, Factor, Policy
from .request import Request
from .rules import estimated_cost
from .units import LARGEST, PPM

UNITS: dict[Factor, Unit] = {"cost": "picodollars", "latency": "us", "quality": "ppm", "safety": "ppm"}
_FIELDS = {"cost": "prices", "latency": "latency_us", "quality": "quality_ppm", "safety": "safety_ppm"}
Key = tuple[int, int, int, int, str, str]
KEY_NAMES: tuple[DecidedBy, ...] = ("score", "cost", "latency", "quality", "vendor", "model")


def part_score(factor: Factor, value: int | None, references: dict[Factor, int]) -> int:
    """Parts per million: ref / (ref + v) for cost and latency, the share itself else; 0 for None."""
    if value is None:
        return 0
    if factor in references:
        reference = references[factor]
        return PPM * reference // (reference + value)
    return value


@dataclass(frozen=True)
class Scored:
    """A model with its figures, and what they come to under one policy."""

    entry: CatalogueEntry
    figures: dict[Factor, int | None]
    weights: dict[Factor, int]
    references: dict[Factor, int]

    @classmethod
    def of(cls, entry: CatalogueEntry, policy: Policy, request: Request) -> "Scored":
        """``policy`` is the one for the request's tags."""
        figures: dict[Factor, int | None] = {
            "cost": estimated_cost(entry, policy, request),
            "latency": entry.latency_us,
            "quality": entry.quality_ppm,
            "safety": entry.safety_ppm,
        }
        return cls(entry, figures, policy.weights.millionths, policy.references.integers)

    @cached_property
    def score(self) -> int:
        return self._weighed // self._weight

    @cached_property
    def _weighed(self) -> int:
        return sum(self.weights[factor] * self.part(factor) for factor in FACTORS)

    @cached_property
    def _weight(self) -> int:
        return sum(self.weights.values())

    def score_with(self, factor: Factor, value: int) -> int:
        """The score if that figure were ``value``."""
        change = part_score(factor, value, self.references) - self.part(factor)
        return (self._weighed + self.weights[factor] * change) // self._weight

    def part(self, factor: Factor) -> int:
        return part_score(factor, self.figures[factor], self.references)

    @property
    def unknown(self) -> list[Factor]:
        return [factor for factor in FACTORS if self.figures[factor] is None]

    @cached_property
    def key(self) -> Key:
        """Sorts the best first; a figure that is not known comes after every known one."""
        cost, latency, quality = (self.figures[factor] for factor in ("cost", "latency", "quality"))
        return (
            -self.score,
            LARGEST + 1 if cost is None else cost,
            LARGEST + 1 if latency is None else latency,
            1 if quality is None else -quality,
            self.entry.vendor,
            self.entry.id,
        )

    def candidate(self) -> Candidate:
        return Candidate(
            model=self.entry.id,
            vendor=self.entry.vendor,
            score_ppm=self.score,
            cost=self.figures["cost"],
            parts=tuple(self._part(factor) for factor in FACTORS),
        )

    def _part(self, factor: Factor) -> ScorePart:
        value = self.figures[factor]
        reason = self.entry.unknown.get(_FIELDS[factor], "not known") if value is None else None
        return ScorePart(
            factor=factor,
            value=value,
            unit=UNITS[factor],
            score_ppm=self.part(factor),
            weight=self.weights[factor],
            reason=reason,
        )

    def with_figure(self, factor: Factor, value: int) -> "Scored":
        return replace(self, figures={**self.figures, factor: value})


def flips(winner: Scored, second: Scored) -> tuple[Flip, ...]:
    """For each factor by which alone the second could win: the least change of its figure that does it."""
    found = ((factor, _needed(winner, second, factor)) for factor in FACTORS)
    return tuple(
        Flip(
            model=second.entry.id,
            factor=factor,
            value=second.figures[factor],
            needed=needed,
            unit=UNITS[factor],
        )
        for factor, needed in found
        if needed is not None
    )


def _needed(winner: Scored, second: Scored, factor: Factor) -> int | None:
    """By bisection: a better figure never makes a rank worse."""
    best, worst = (0, LARGEST) if factor in second.references else (PPM, 0)

    def wins(figure: int) -> bool:
        score = second.score_with(factor, figure)
        if score != winner.score:
            return score > winner.score
        return second.with_figure(factor, figure).key < winner.key

    if not wins(best):
        return None
    while not wins(worst) and abs(worst - best) > 1:
        middle = (best + worst) // 2
        best, worst = (middle, worst) if wins(middle) else (best, middle)
    return worst if wins(worst) else best
