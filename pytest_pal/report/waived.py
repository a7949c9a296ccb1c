"""Waivers for people: what is known to fail, for how long, who answers for it, and what must be deleted."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import date

from ..model.waiver import Waiver
from .matrix import WIDTH


def waived_lines(waivers: Iterable[Waiver], today: date) -> Iterator[str]:
    """One waiver after another, with the days that are left."""
    for waiver in waivers:
        yield f"  {waiver.adapter}: {waiver.clause}"
        link = f" ({waiver.link})" if waiver.link else ""
        yield from _indented(f"{time_left(waiver, today)}; {waiver.owner}: {waiver.reason}{link}")


def stale_lines(stale: Iterable[tuple[Waiver, str, str]]) -> Iterator[str]:
    """Each waiver with its place and why it must go."""
    for waiver, place, why in stale:
        yield f"  {place}"
        yield f"    {waiver.adapter}: {waiver.clause}"
        yield from _indented(why)


def time_left(waiver: Waiver, today: date) -> str:
    """``12 days left, until 2026-12-31``, or since when it has expired."""
    days = waiver.days_left(today)
    if days < 0:
        return f"expired on {waiver.expires}, {_days(-days)} ago"
    return f"{_days(days)} left, until {waiver.expires}"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 4, break_long_words=False)
