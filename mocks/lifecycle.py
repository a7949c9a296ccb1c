"""A reference for lifecycle: an outbox that fills as the clock passes each message's time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..contracts.lifecycle.protocol import DeliveredMessage, LifecycleTraits, Message, ScheduledMessage
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import instant_text, no_control_characters
from ..primitives.keys import once
from ..primitives.render import missing_variables, render
from ..primitives.state import State, StateBox

Parts = Mapping[str, str | None]


class Outbox:
    """The vendor's own primitives over its state: rendered messages with a time, and who opted out."""

    def __init__(self, state: State, suppressed: frozenset[str], clock: Clock) -> None:
        self._messages: dict[str, Any] = state["messages"]
        self._suppressed, self._clock = suppressed, clock

    def post(self, id: str, message: Mapping[str, Any], due: datetime | None = None) -> bool:
        """Has a rendered message delivered at ``due``, or at once. False where its recipient opted out."""
        if message["to"] in self._suppressed:
            return False
        self._messages[id] = {**message, "id": id, "due": instant_text(due or self._clock.now())}
        return True

    def delivered(self, now: datetime) -> list[dict[str, Any]]:
        return [row for row in self._messages.values() if row["due"] <= instant_text(now)]

    def waiting(self, now: datetime) -> list[dict[str, Any]]:
        return [row for row in self._messages.values() if row["due"] > instant_text(now)]


class MockLifecycle:
    """LifecycleProvider in process.

    config: state; suppressed (one recipient, or a list); templates (name -> subject, text, html).
    """

    capability = "lifecycle"
    contract = "1.0"
    traits = LifecycleTraits(schedule_max_ahead_s=31_536_000, template_variables="known")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"messages": {}, "keys": {}})
        suppressed = config.get("suppressed", ())
        self._suppressed = frozenset([suppressed] if isinstance(suppressed, str) else suppressed)
        self._templates: Mapping[str, Parts] = config.get("templates", {})
        self._ctx = ctx

    def send(self, message: Message, *, idempotency_key: str) -> dict[str, Any]:
        with self._box as state:
            return once(
                state["keys"],
                "send",
                idempotency_key,
                message.plain(),
                lambda: self._post(state, message, self._ctx.clock.now(), "accepted"),
            )

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            self._refuse(send_at)
            return self._post(state, message, send_at, "scheduled")

        with self._box as state:
            payload = {"message": message.plain(), "send_at": instant_text(send_at)}
            return once(state["keys"], "schedule", idempotency_key, payload, effect)

    def preview(self, message: Message) -> dict[str, Any]:
        parts = self._parts(message)
        shown = {"to": message.to, "channel": message.channel, **_rendered(parts, message.variables)}
        return {**shown, "missing": missing_variables(message.variables, *parts.values())}

    @contextmanager
    def primitives(self) -> Iterator[Outbox]:
        """The vendor behind this mock, for a wire whose messages are rendered already."""
        with self._box as state:
            yield self._outbox(state)

    def observe(self) -> "MockLifecycle":
        return self

    def delivered(self) -> list[DeliveredMessage]:
        with self._box as state:
            rows = self._outbox(state).delivered(self._ctx.clock.now())
            return [DeliveredMessage(at=row["due"], **_fields(row)) for row in rows]

    def scheduled(self) -> list[ScheduledMessage]:
        with self._box as state:
            rows = self._outbox(state).waiting(self._ctx.clock.now())
            return [ScheduledMessage(send_at=row["due"], **_fields(row)) for row in rows]

    def _outbox(self, state: State) -> Outbox:
        return Outbox(state, self._suppressed, self._ctx.clock)

    def _post(self, state: State, message: Message, due: datetime, status: str) -> dict[str, Any]:
        parts = self._parts(message)
        missing = missing_variables(message.variables, *parts.values())
        if missing:
            raise NonRetryableError("invalid", f"variables are missing: {', '.join(missing)}")
        addressed = {"to": message.to, "channel": message.channel, "metadata": dict(message.metadata)}
        id = f"msg_{self._ctx.ids.new()}"
        posted = self._outbox(state).post(id, {**addressed, **_rendered(parts, message.variables)}, due)
        return {"id": id, "status": status if posted else "suppressed"}

    def _parts(self, message: Message) -> Parts:
        """Subject, text and html before rendering: the message's own, or those of its template."""
        if message.template is None:
            return {"subject": message.subject, "text": message.text, "html": message.html}
        if message.template not in self._templates:
            raise NonRetryableError("not_found", f"no template {message.template!r}")
        return self._templates[message.template]

    def _refuse(self, send_at: datetime) -> None:
        lead = (send_at - self._ctx.clock.now()).total_seconds()
        least, most = self.traits.schedule_min_lead_s, self.traits.schedule_max_ahead_s
        if lead <= 0 or lead < least:
            raise NonRetryableError("invalid", f"send_at must be at least {least:g} s ahead")
        if most is not None and lead > most:
            raise NonRetryableError("invalid", f"send_at must be at most {most:g} s ahead")


def _rendered(parts: Parts, variables: Mapping[str, Any]) -> dict[str, str | None]:
    """Each part with its variables put in. Raises NonRetryableError(invalid) for a subject of several lines."""
    rendered = {
        name: None if part is None else render(part, variables, html=name == "html") for name, part in parts.items()
    }
    try:
        no_control_characters(rendered.get("subject") or "")
    except ValueError as error:
        raise NonRetryableError("invalid", f"the rendered subject {error}") from error
    return rendered


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "due"}
