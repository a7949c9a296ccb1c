"""Clauses: one checkable sentence each, with a stable ID, a level, and the check that decides it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .differences import Difference, Tolerances, Words, differences
from .fields import FIRST

if TYPE_CHECKING:
    from .subject import Outcome

ID_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){3}")
WHOLE = "adapter"


class Level(StrEnum):
    """RFC 2119: only a MUST can make an adapter fail."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


Check = Callable[[Any], None]
"""Takes a `pytest_pal.model.subject.Subject`; returns where the sentence holds, raises where it does not."""


@dataclass(frozen=True)
class Clause:
    """``id`` reads capability.operation.family.check; what concerns the adapter as a whole says ``adapter``.

    ``since`` is the contract version it came in: a clause never changes its meaning, a changed one gets
    a new ID. ``needs`` names the optional operations and parts without which the sentence says nothing.
    ``applies(traits)`` false: it says nothing about such an adapter, and is not counted.
    ``new_process`` says that the check goes on in another process; the state is then a file.
    ``inject`` is the fault that the check injects. ``why_not(target)`` gives the reason for which the clause says
    nothing about an adapter as it stands, or "".
    """

    id: str
    sentence: str
    check: Check
    level: Level = Level.MUST
    since: str = FIRST
    needs: tuple[str, ...] = ()
    applies: Callable[[Any], bool] = lambda traits: True
    new_process: bool = False
    inject: str = ""
    why_not: Callable[[Any], str] = lambda target: ""

    @property
    def capability(self) -> str:
        return self.id.split(".")[0]

    @property
    def operation(self) -> str:
        return self.id.split(".")[1]

    @property
    def family(self) -> str:
        return self.id.split(".")[2]


def clause(
    id: str,
    *,
    level: Level = Level.MUST,
    since: str = FIRST,
    needs: Iterable[str] = (),
    applies: Callable[[Any], bool] = lambda traits: True,
    new_process: bool = False,
    inject: str = "",
) -> Callable[[Check], Clause]:
    """Makes a clause of a check; the check's docstring is the sentence."""

    def make(check: Check) -> Clause:
        sentence = " ".join((check.__doc__ or "").split())
        return Clause(id, sentence, check, level, since, tuple(needs), applies, new_process, inject=inject)

    return make


class ClauseFailed(AssertionError):
    """The sentence does not hold. ``differences`` are the places where expected and seen part."""

    def __init__(self, what: str, differences: Iterable[Difference] = ()) -> None:
        self.what = what
        self.differences = tuple(differences)
        super().__init__(what)


class Unproven(Exception):
    """The clause could not be tried: what is missing, and how to add it. Red, never a pass."""


def same(
    seen: Any,
    expected: Any,
    what: str,
    *,
    subset: bool = False,
    tolerances: Tolerances = lambda pointer: 0.0,
) -> None:
    """Fails the clause where ``seen`` differs from ``expected``.

    Payloads count as their JSON without ``extensions``, which are never a mismatch.
    """
    found = list(differences(_plain(expected), _plain(seen), subset=subset, tolerances=tolerances))
    if found:
        raise ClauseFailed(what, found)


def holds(condition: bool, what: str, *, seen: Any = None) -> None:
    """Fails the clause with ``what`` and what was seen, unless ``condition`` is true."""
    if not condition:
        raise ClauseFailed(what, () if seen is None else [Difference("", Words("as the sentence says"), _plain(seen))])


def refused(outcome: "Outcome", *codes: str) -> None:
    """Fails the clause unless the call was refused for good with one of ``codes``."""
    from ..errors import NonRetryableError

    wanted = f"NonRetryableError({' or '.join(codes)})"
    error = outcome.error
    if not isinstance(error, NonRetryableError) or error.code not in codes:
        raise ClauseFailed(
            f"{outcome.operation} must be refused with {wanted}",
            [Difference("", Words(wanted), Words(outcome.brief()))],
        ) from (error if isinstance(error, Exception) else None)


def _plain(value: Any) -> Any:
    from .payload import Payload

    if isinstance(value, Payload):
        return {name: item for name, item in value.plain().items() if name != "extensions"}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
