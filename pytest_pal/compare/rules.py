"""Rules: where a comparison may look away, who says so, why, and until when."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import PalError
from .strict_yaml import LINE, bare, load_yaml
from .walk import Mismatch

ONE = "*"


class Rule(BaseModel):
    """One exception from equality at ``path``, an RFC 6901 pointer in which ``*`` stands for any one token.

    Exactly one of: ``ignore`` (the value there, whatever it holds), ``tolerance`` (the number there may be off
    by this x max(1, |reference|)), ``key`` (the array there is compared by this member of its elements) and
    ``unordered`` (it is compared as a multiset). After ``expires`` the rule no longer applies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern=r"^(/([^~]|~[01])*)*$")
    ignore: bool = False
    tolerance: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    key: str | None = None
    unordered: bool = False
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [self.ignore, self.tolerance is not None, self.key is not None, self.unordered]
        if sum(said) != 1:
            raise ValueError("say exactly one of ignore: true, tolerance, key, unordered: true")
        if "**" in self.path.split("/"):
            raise ValueError("there is no **; what is ignored is ignored with all that it holds, * is any one token")
        if self.key is not None and self.key.startswith("/"):
            raise ValueError("key is the name of a member of each element, not a pointer")
        return self

    def expired(self, today: date) -> bool:
        """True from the day after ``expires``."""
        return self.expires is not None and self.expires < today

    def at(self, path: Sequence[str]) -> bool:
        """Whether the rule speaks of the value at these tokens; an ignored value includes what it holds."""
        own = self.path.split("/")[1:]
        length = len(own) <= len(path) if self.ignore else len(own) == len(path)
        return length and all(mine in (ONE, token) for mine, token in zip(own, path, strict=False))

    def allows(self, mismatch: Mismatch) -> bool:
        """Whether a mismatch at a place of which the rule speaks is none."""
        if self.ignore:
            return True
        return self.tolerance is not None and near(mismatch.reference, mismatch.candidate, self.tolerance)


def near(reference: Any, candidate: Any, tolerance: float) -> bool:
    """Whether two numbers differ by at most ``tolerance`` x max(1, |reference|); False for anything else.

    An integer and a float may be near each other.
    """
    sides = (reference, candidate)
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in sides):
        return False
    if any(isinstance(side, float) and not math.isfinite(side) for side in sides):
        return False
    expected, seen = Fraction(reference), Fraction(candidate)
    return abs(expected - seen) <= Fraction(tolerance) * max(Fraction(1), abs(expected))


def load_rules(path: Path) -> list[Rule]:
    """The rules of a YAML or JSON file, which holds a list of them. Raises PalError, with file and line."""
    try:
        rows = load_yaml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, PalError) as error:
        raise PalError(f"{path}: {error}") from error
    if not isinstance(rows, list):
        raise PalError(f"{path}: must be a list of rules such as {{path: /at, ignore: true, reason: ..., owner: ...}}")
    return [_rule(path, number, row) for number, row in enumerate(rows, 1)]


def _rule(path: Path, number: int, row: Any) -> Rule:
    try:
        return Rule.model_validate(bare(row))
    except ValidationError as error:
        place = f"{path}:{row[LINE]}" if isinstance(row, dict) else str(path)
        faults = (f"{'/'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors())
        raise PalError(f"{place}: rule {number}: {'; '.join(faults)}") from None


class Rules:
    """The rules of one comparison, with how often each was of use."""

    def __init__(self, rules: Iterable[Rule], today: date | None) -> None:
        self.all = list(rules)
        if today is None and any(rule.expires for rule in self.all):
            raise PalError("a rule that expires needs to know the day: hand in today=")
        self.expired = [today is not None and rule.expired(today) for rule in self.all]
        self.hits = [0] * len(self.all)

    def arrange(self, path: Sequence[str]) -> str | None:
        """How the array at these tokens is compared; see `walk.Arrange`."""
        for n, rule in enumerate(self.all):
            if (rule.key is not None or rule.unordered) and not self.expired[n] and rule.at(path):
                self.hits[n] += 1
                return rule.key or ""
        return None

    @property
    def arranges(self) -> bool:
        return any(rule.key is not None or rule.unordered for rule in self.all)

    def allow(self, mismatch: Mismatch) -> bool:
        """Whether one of the rules makes nothing of a mismatch."""
        path = mismatch.path.split("/")[1:]
        for n, rule in enumerate(self.all):
            if not self.expired[n] and rule.at(path) and rule.allows(mismatch):
                self.hits[n] += 1
                return True
        return False
