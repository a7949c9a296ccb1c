"""How often and how soon a failed call is made again: capped attempts, full jitter, the vendor's Retry-After.

Full jitter is a uniform draw between 0 and an exponentially growing ceiling; of the usual schemes it makes the
fewest calls for the same time to success (M. Brooker, "Exponential Backoff And Jitter", 2015).
"""

import math
from dataclasses import dataclass
from random import Random

from ..errors import PalError, RetryableError

MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``max_attempts`` counts the first one: 1 to 10. ``base_s`` and ``cap_s`` are seconds.

    The n-th wait is drawn between 0 and min(cap_s, base_s x 2^(n-1)). Raises PalError for what cannot be.
    """

    max_attempts: int = 3
    base_s: float = 0.1
    cap_s: float = 5.0

    def __post_init__(self) -> None:
        most = self.max_attempts
        if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_ATTEMPTS:
            raise PalError(f"RetryPolicy: max_attempts is {most!r}; give 1 (no retry) to {MOST_ATTEMPTS}")
        for name, least in (("base_s", 0.0), ("cap_s", self.base_s)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
                raise PalError(f"RetryPolicy: {name} is {value!r}; give seconds, from {least:g} on, like {name}=1.0")

    def ceiling(self, failures: int) -> float:
        """The longest own wait, in seconds, after so many failed attempts (1 or more)."""
        return min(self.cap_s, self.base_s * 2.0 ** (failures - 1))

    def wait(self, failures: int, asked: float, left: float, random: Random) -> float:
        """Seconds to wait where the vendor ``asked`` for some and ``left`` remain: asked plus jitter.

        The jitter comes on top, so that clients who were all told the same do not come back together, and takes
        at most half of the time that is then left, so that the next attempt has some.
        """
        return asked + random.uniform(0.0, min(self.ceiling(failures), (left - asked) / 2))


DEFAULT = RetryPolicy()


def asked_wait(error: RetryableError) -> float:
    """The seconds of an error's ``retry_after``; 0 where it is none, negative, infinite or no number."""
    asked = error.retry_after
    usable = isinstance(asked, int | float) and not isinstance(asked, bool) and 0 <= asked < math.inf
    return asked if usable and asked is not None else 0.0
