"""Replays: what the scripts of ``pal repro`` import. A subject that tells what is done to it."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

from ..errors import PalError, did_you_mean
from ..faults.catalogue import BY_NAME
from .bench import Step
from .called import Called, called
from .explaining import step_lines
from .named import case_named, clause_named
from .plan import target_of
from .runner import bench_for
from .subject import LiveSubject
from .tape import TRIED
from .trial import GIVES_UP_WITHIN


class Replayed(LiveSubject):
    """Its methods do what those of a clause's subject do, and print what came of it."""

    def note(self, step: Step) -> None:
        super().note(step)
        for line in step_lines(self.bench.steps[-1]):
            self._say(line)

    @contextmanager
    def failing(self, name: str, at: int = 1, **other: Any) -> Iterator[None]:
        """From the ``at``-th request from now on the vendor fails so; ``other`` fields of the fault differ."""
        if name not in BY_NAME:
            raise PalError(f"there is no fault {name!r}; {did_you_mean(name, BY_NAME)}")
        fault = replace(BY_NAME[name], **other)
        seam = self.seam
        seam.mark()
        self._say(f"  the vendor {fault.sentence}, from request {at} on")
        lets_go = Timer(GIVES_UP_WITHIN * self.bench.timeout, seam.release)
        if fault.slow:
            lets_go.start()
        try:
            with seam.failing(fault, at):
                yield
        finally:
            lets_go.cancel()
        seam.release()
        self._say("  the vendor works again")

    def held(self) -> AbstractContextManager[Called]:
        """A handle of the call path over a new instance."""
        return called(self)

    def __exit__(self, *_: object) -> None:
        super().__exit__(*_)
        for problem in self.bench.problems:
            self._say(f"  at the vendor: {problem}")

    def _say(self, line: str) -> None:
        line = self.bench.timeless(line)
        sys.stdout.write(f"{line}\n" if self.name == TRIED else f"  [{self.name}]{line[1:]}\n")


def replaying(adapter: str, clause: str) -> Replayed:
    """An adapter by its name, on its harness and a fresh vendor as the clause with this ID needs them.

    One of a conftest.py is looked for in the current folder. Raises PalError where there is none.
    """
    case = case_named(adapter, Path())
    return Replayed(bench_for(target_of(case), clause_named(case, clause)))
