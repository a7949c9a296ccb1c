"""Waivers: failures that are known, for whom somebody answers, until a day."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from .clause import ID_PATTERN
from .payload import Payload
from .values import Day, PlainText, Text


def _exact(id: str) -> str:
    if not ID_PATTERN.fullmatch(id):
        raise ValueError("must be the whole ID of one clause: capability.operation.family.check, no glob")
    return id


_Said = Field(pattern=r"\S")


class Waiver(Payload):
    """One clause that one adapter fails. It holds through the day ``expires`` (UTC)."""

    adapter: Annotated[PlainText, _Said]
    clause: Annotated[PlainText, AfterValidator(_exact)]
    reason: Annotated[Text, _Said]
    owner: Annotated[PlainText, _Said]
    expires: Day
    link: Annotated[PlainText, _Said] | None = None

    def days_left(self, today: date) -> int:
        """Whole days after today on which it still holds; negative from the day after ``expires``."""
        return (self.expires - today).days

    def has_expired(self, today: date) -> bool:
        return self.days_left(today) < 0
