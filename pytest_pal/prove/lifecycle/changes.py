"""Vendors that are wrong in one thing that they post, preview or are asked for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ...contracts.lifecycle.protocol import Message
from ...mocks.lifecycle import MockLifecycle

Json = dict[str, Any]


def as_posted(change: Callable[[Json], Json], *, only: str = "") -> type[MockLifecycle]:
    """A vendor that changes what it posts; ``only``: by this channel."""

    class Wrong(MockLifecycle):
        def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
            receipt = super()._post(state, message, due, status)
            row = state["messages"].get(receipt["id"])
            if row and only in ("", row["channel"]):
                state["messages"][receipt["id"]] = {**row, **change(row)}
            return receipt

    return Wrong


def as_previewed(change: Callable[[Message, Json], Json]) -> type[MockLifecycle]:
    """A vendor whose preview says something else."""

    class Wrong(MockLifecycle):
        def preview(self, message: Message) -> Json:
            seen = super().preview(message)
            return {**seen, **change(message, seen)}

    return Wrong


def as_asked(change: Callable[[Message], Json]) -> type[MockLifecycle]:
    """A vendor that changes the message before it does anything with it."""

    def other(message: Message) -> Message:
        return message.model_copy(update=change(message))

    class Wrong(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            return super().send(other(message), idempotency_key=idempotency_key)

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            return super().schedule(other(message), send_at, idempotency_key=idempotency_key)

        def preview(self, message: Message) -> Json:
            return super().preview(other(message))

    return Wrong


def at_another_time(change: Callable[[Any, datetime], datetime]) -> type[MockLifecycle]:
    """A vendor that delivers a scheduled message at another time than it was told."""

    class Wrong(MockLifecycle):
        def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
            other = change(self._ctx.clock.now(), due) if status == "scheduled" else due
            return super()._post(state, message, other, status)

    return Wrong


def under_key(change: Callable[[str], str], *, scheduled: bool = True) -> type[MockLifecycle]:
    """A vendor that sees another key than it was given."""

    class Wrong(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            return super().send(message, idempotency_key=change(idempotency_key))

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            return super().schedule(message, send_at, idempotency_key=change(idempotency_key))

    return Wrong


def words(text: str | None, change: Callable[[str], str]) -> str | None:
    return None if text is None else change(text)
