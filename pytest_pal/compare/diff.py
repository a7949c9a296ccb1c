"""The one comparison: golden files, mock parity and shadow traffic are all decided here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from .walk import Mismatch, equal, walk

if TYPE_CHECKING:
    from .rules import Rule


@dataclass(frozen=True)
class RuleUse:
    """A rule with the number of mismatches it made nothing of, or of arrays it arranged."""

    rule: "Rule"
    hits: int
    expired: bool


@dataclass(frozen=True)
class Comparison:
    """The mismatches by path, array indices as numbers; ``equal`` where there are none."""

    mismatches: tuple[Mismatch, ...]
    rules: tuple[RuleUse, ...] = ()

    @property
    def equal(self) -> bool:
        return not self.mismatches


def diff(reference: Any, candidate: Any, rules: "Iterable[Rule]" = (), *, today: date | None = None) -> Comparison:
    """Where ``candidate`` is not as ``reference``: type-exact, at any depth, in time linear in their size.

    ``rules`` say where that is to be expected; ``today`` decides which have expired. Nothing is ever
    left out but by a rule. Raises PalError for a rule that expires where ``today`` is not given.
    """
    if not (rules := list(rules)):
        found = () if equal(reference, candidate) else walk(reference, candidate)
        return Comparison(tuple(sorted(found, key=_place)))
    from .rules import Rules

    used = Rules(rules, today)
    found = walk(reference, candidate, used.arrange if used.arranges else None)
    left = sorted((each for each in found if not used.allow(each)), key=_place)
    uses = zip(used.all, used.hits, used.expired, strict=True)
    return Comparison(tuple(left), tuple(RuleUse(*use) for use in uses))


def _place(mismatch: Mismatch) -> tuple[list[tuple[int, int, str]], str]:
    return [_token(token) for token in mismatch.path.split("/")[1:]], mismatch.kind


def _token(token: str) -> tuple[int, int, str]:
    is_index = token.isascii() and token.isdigit() and len(token) < 19
    return (0, int(token), token) if is_index else (1, 0, token)


def patch(mismatches: Iterable[Mismatch]) -> list[dict[str, Any]]:
    """RFC 6902 operations that make the candidate of the reference; for a comparison without rules."""
    listed = list(mismatches)
    changed = [{"op": "replace", "path": m.path, "value": m.candidate} for m in listed if m.kind in _CHANGED]
    removed = [{"op": "remove", "path": m.path} for m in reversed(listed) if m.kind == "removed"]
    added = [{"op": "add", "path": m.path, "value": m.candidate} for m in listed if m.kind == "added"]
    return [*changed, *removed, *added]


_CHANGED = ("type", "value", "order")
