"""The tape of an item: what was done to its subjects, in order, so that it can be done again without the clause."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..faults.catalogue import Fault

if TYPE_CHECKING:
    from .ledger import Entry
    from .seam import Seam

TRIED = "adapter"
"""The name of the subject on trial."""
FAILING, INJECTING = "failing", "injecting"
"""Blocks in which a vendor fails: at a request, or an engine in process."""


@dataclass(frozen=True)
class Act:
    """One call of a method of a subject, by its name; of a block also its end."""

    on: str
    method: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    kind: Literal["call", "block", "end"] = "call"


class Tape:
    """Holds what a clause does, not what that leads to inside the kit."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self._subjects = self._inside = 0

    def enrol(self) -> str:
        """The name of a new subject."""
        self._subjects += 1
        return TRIED if self._subjects == 1 else f"other_{self._subjects - 1}"

    @contextmanager
    def doing(self, on: str, method: str, *arguments: Any, **named: Any) -> Iterator[None]:
        """An act; whatever is done until it ends is part of it."""
        if not self._inside:
            self.acts.append(Act(on, method, arguments, named))
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @contextmanager
    def block(self, on: str, method: str, *arguments: Any) -> Iterator[None]:
        """An act around others."""
        self.acts.append(Act(on, method, arguments, kind="block"))
        try:
            yield
        finally:
            self.acts.append(Act(on, method, kind="end"))

    def last_fault(self) -> str:
        """The last fault that was switched on, and where: ``hang at request 1``; "" where there was none."""
        blocks = [act for act in self.acts if act.kind == "block"]
        for act in reversed(blocks):
            if act.method == FAILING:
                return f"{act.arguments[0].name} at {_place(act.arguments[1])}"
            if act.method == INJECTING:
                return str(act.arguments[0])
        return ""


def _place(at: int) -> str:
    return f"request {at}" if at else "the request for a token"


class TapedSeam:
    """A seam whose faults are on the tape. Implements `pytest_pal.kit.seam.Seam`."""

    def __init__(self, seam: "Seam", tape: Tape, on: str) -> None:
        self._seam, self._tape, self._on = seam, tape, on
        self.mark, self.requests, self.release = seam.mark, seam.requests, seam.release

    def entries(self) -> "list[Entry]":
        return self._seam.entries()

    def strayed(self) -> list[str]:
        return self._seam.strayed()

    @contextmanager
    def failing(self, fault: Fault, at: int) -> Iterator[Any]:
        with self._tape.block(self._on, FAILING, fault, at), self._seam.failing(fault, at) as switch:
            yield switch
