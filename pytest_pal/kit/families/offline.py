"""Offline: no address but loopback, none at all for an adapter that works in process, and no time but the kit's."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ...model.clause import WHOLE, Clause, holds
from ...model.subject import Subject
from ..contract import Contract


def clauses(contract: Contract) -> Iterator[Clause]:
    stem = f"{contract.capability.name}.{WHOLE}.offline"
    yield Clause(
        f"{stem}.guard",
        "No operation uses an address outside this machine, or any where the adapter works in process.",
        _every_operation,
    )
    yield Clause(
        f"{stem}.own_sleep",
        "No operation sleeps by itself: what has to wait waits by ctx.sleep or ctx.asleep, whose time is the caller's.",
        _no_sleep,
    )


def _every_operation(subject: Subject) -> None:
    """The runner's guard watches every item; here each operation runs once under it."""
    for name in subject.capability.operations:
        if subject.offers(name):
            subject.call(name, **subject.prepare(name)(0))


def _no_sleep(subject: Subject) -> None:
    for name in filter(subject.offers, subject.capability.operations):
        arguments = subject.prepare(name)(0)
        with _sleeping() as slept:
            subject.call(name, **arguments)
        holds(not slept, f"where {name} slept", seen=slept)


@contextmanager
def _sleeping() -> Iterator[list[str]]:
    """Gives the places at which this thread sleeps meanwhile, by the standard library's functions."""
    slept: list[str] = []

    def hook(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called is time.sleep:
            slept.append(f"time.sleep in {_place(frame)}")
        elif event == "call" and frame.f_code is asyncio.sleep.__code__ and frame.f_locals["delay"] > 0:
            slept.append(f"asyncio.sleep in {_place(frame.f_back or frame)}")

    outer = sys.getprofile()
    sys.setprofile(hook)
    try:
        yield slept
    finally:
        sys.setprofile(outer)


def _place(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}:{frame.f_lineno}"
