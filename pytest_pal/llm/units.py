"""Integers from the decimal numbers that people write, and the types that carry them."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, Strict, StringConstraints

PICODOLLARS = 10**12
MICROSECONDS_PER_MS = 1_000
PPM = 1_000_000
LARGEST = 2**53 - 1
MODEL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$"

ModelId = Annotated[str, Strict(), StringConstraints(pattern=MODEL_PATTERN)]
Vendor = Annotated[str, Strict(), StringConstraints(pattern=MODEL_PATTERN)]
Picodollars = Annotated[int, Strict(), Field(ge=0, le=LARGEST)]
Microseconds = Annotated[int, Strict(), Field(ge=0, le=LARGEST)]
Share = Annotated[int, Strict(), Field(ge=0, le=PPM)]
Tokens = Annotated[int, Strict(), Field(ge=0, le=LARGEST)]
TokenLimit = Annotated[int, Strict(), Field(ge=1, le=LARGEST)]


def scaled(value: float, factor: int) -> int:
    """``value`` x ``factor`` as a whole number, half to even; 0.02 is the decimal, not its binary neighbour."""
    return int((Decimal(repr(value)) * factor).to_integral_value())


def capped(value: int) -> int:
    """At most 2**53 - 1, the largest integer that JSON carries exactly."""
    return min(value, LARGEST)
