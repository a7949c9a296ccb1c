"""All rows of the matrix, in this process or in several; what comes out is the same."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized

from ..errors import PalError
from .matrix import Judged, judge
from .roster import Roster, roster

Progress = Callable[[int, int], None]
"""Told how many rows there are so far, and how many there will be."""
Task = tuple[str, str, bool]


def rows(rosters: Sequence[Roster], *, workers: int, full: bool, progress: Progress) -> list[Judged]:
    """The row of every adapter, in any order."""
    tasks = [(found.contract.capability.name, each.name, full) for found in rosters for each in found.adapters]
    found: list[Judged] = []
    for row in _alone(tasks) if workers == 1 else _shared(tasks, workers):
        found.append(row)
        progress(len(found), len(tasks))
    return found


def _alone(tasks: Iterable[Task]) -> Iterator[Judged]:
    try:
        yield from map(_judged, tasks)
    finally:
        gc.unfreeze()


def _shared(tasks: Iterable[Task], workers: int) -> Iterator[Judged]:
    """Each worker is a new interpreter: a fork would take the threads' locks along."""
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _stay_on_one_core, (context.Value("i"),)) as pool:
        running = {pool.submit(_judged, task): task for task in tasks}
        try:
            for done in as_completed(running):
                yield done.result()
        except BrokenProcessPool as error:
            lost = sum(not each.done() or each.exception() is not None for each in running)
            raise PalError(f"a worker ended by itself, {lost} adapters are not judged; type: pal prove -n 1") from error


def _stay_on_one_core(turn: "Synchronized[int]") -> None:
    """An adapter and its vendor take turns: to wake another core for each costs more than the work."""
    if not hasattr(os, "sched_setaffinity"):
        return
    with turn.get_lock():
        number, turn.value = turn.value, turn.value + 1
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def _judged(task: Task) -> Judged:
    capability, name, full = task
    found = roster(capability)
    _keep_what_is_loaded(capability)
    return judge(found.by_name[name], found.contract, full=full)


@cache
def _keep_what_is_loaded(capability: str) -> None:
    """A roster is not looked through again by each collection that an item makes."""
    gc.collect()
    gc.freeze()
