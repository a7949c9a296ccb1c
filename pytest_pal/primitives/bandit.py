"""Thompson sampling with a floor: arms that did better are drawn more often, none less than its floor.

W. R. Thompson, "On the likelihood that one unknown probability exceeds another in view of the
evidence of two samples", Biometrika 25 (1933). Values in 0..1 count as that much of a success.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

PARTS = 10_000


@dataclass(frozen=True)
class Arm:
    """How many values were seen, and their sum; each value counts as cut to 0..1."""

    count: int = 0
    total: float = 0.0

    def seen(self, value: float) -> "Arm":
        return Arm(self.count + 1, self.total + min(1.0, max(0.0, value)))

    def sample(self, random: Random) -> float:
        """A draw from the Beta posterior of the arm's mean, from an even prior."""
        return random.betavariate(1 + self.total, 1 + self.count - self.total)


def pick(arms: Sequence[Arm], floor: int, random: Random) -> int:
    """The index of the arm for one new unit.

    ``floor`` parts of 10,000 go to each arm whatever was seen, the rest to the best draw.
    """
    if random.random() * PARTS < floor * len(arms):
        return random.randrange(len(arms))
    draws = [arm.sample(random) for arm in arms]
    return draws.index(max(draws))
