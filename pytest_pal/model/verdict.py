"""Verdicts of clauses, and what a run came to for one clause."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .clause import Level


class Verdict(StrEnum):
    """Of a clause. ``waived`` is a known failure, ``provisional`` a clause that fails and is newer than the pin."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    UNSUPPORTED = "unsupported"
    UNPROVEN = "unproven"
    PROVISIONAL = "provisional"


RED = frozenset({Verdict.FAILED, Verdict.UNPROVEN})
"""The verdicts that fail a required clause."""
GREEN = frozenset({Verdict.PASSED, Verdict.UNSUPPORTED})
"""The verdicts of a clause that holds, or says nothing of this adapter."""


@dataclass(frozen=True)
class ClauseResult:
    """``latency_ms`` and ``attempts`` are the most of any step; ``cause`` groups failures of one cause."""

    clause_id: str
    sentence: str
    level: Level
    verdict: Verdict
    latency_ms: int = 0
    attempts: int = 0
    cause: str = ""
    text: str = ""

    def plain(self) -> dict[str, Any]:
        return {**self.__dict__, "level": str(self.level), "verdict": str(self.verdict)}

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "ClauseResult":
        return cls(**{**plain, "level": Level(plain["level"]), "verdict": Verdict(plain["verdict"])})


@dataclass(frozen=True)
class Tally:
    """The arithmetic of one adapter's verdict.

    required = passed + failed + waived + unsupported + unproven, always. ``problems`` says in words
    why the adapter does not pass; it is empty exactly where ``passes``.
    """

    capability: str
    adapter: str
    required: int
    passed: int
    failed: int
    waived: int
    unsupported: int
    unproven: int
    not_applicable: int = 0
    provisional: int = 0
    advisory_failed: int = 0
    partial: bool = False
    problems: tuple[str, ...] = field(default=())

    @property
    def passes(self) -> bool:
        return not self.problems
