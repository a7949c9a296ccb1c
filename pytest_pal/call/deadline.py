"""The deadline of the current call, as the adapter's `Context` reads it."""

from contextvars import ContextVar
from datetime import datetime, timedelta

from ..clock import Clock

_SECOND = timedelta(seconds=1)

DEADLINE: ContextVar[datetime | None] = ContextVar("pytest_pal_deadline", default=None)
"""Each thread and each task has its own; what they start in turn inherits it."""


def current_deadline() -> datetime | None:
    """The instant by which the call that runs here must have ended, by its handle's clock; None outside of one.

    Meant for ``Context(deadline=current_deadline)``, so that ``ctx.remaining()`` knows of it.
    """
    return DEADLINE.get()


def seconds_until(end: datetime, clock: Clock) -> float:
    return (end - clock.now()) / _SECOND
