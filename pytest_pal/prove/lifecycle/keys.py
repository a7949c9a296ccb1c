"""Wrong about keys: what is the same message, and what is another one."""

from collections.abc import Callable
from datetime import datetime

from ...contracts.lifecycle.protocol import Message
from ...errors import NonRetryableError
from ...mocks.lifecycle import MockLifecycle
from ...model.values import instant_text
from ...primitives.keys import once
from ..saboteur import RECORDED, Saboteur
from .changes import Json, under_key


class OneId(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return {**super().send(message, idempotency_key=idempotency_key), "id": "ok"}


class OnePhone(MockLifecycle):
    """Takes a message by sms and by push for the same."""

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        channel = "email" if message.channel == "email" else "sms"
        return super().send(message.model_copy(update={"channel": channel}), idempotency_key=idempotency_key)


class ComparesRecipientOnly(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        with self._box as state:
            now, to = self._ctx.clock.now(), {"to": message.to}
            return once(state["keys"], "send", idempotency_key, to, lambda: self._post(state, message, now, "accepted"))


def scheduled_by(part: Callable[[Message, datetime], Json]) -> type[MockLifecycle]:
    """A vendor that compares only a part of what is scheduled under one key."""

    class Wrong(MockLifecycle):
        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            def effect() -> Json:
                self._refuse(send_at)
                return self._post(state, message, send_at, "scheduled")

            with self._box as state:
                return once(state["keys"], "schedule", idempotency_key, part(message, send_at), effect)

    return Wrong


class OneScope(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        with self._box as state:
            if f"send/{idempotency_key}" in state["keys"]:
                raise NonRetryableError("key_conflict", "the key was used to send")
        return super().schedule(message, send_at, idempotency_key=idempotency_key)


def keyless(operation: str) -> type[MockLifecycle]:
    """A vendor that one of the two operations has no keys at."""

    class Wrong(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            key = self._ctx.ids.new() if operation == "send" else idempotency_key
            return super().send(message, idempotency_key=key)

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            key = self._ctx.ids.new() if operation == "schedule" else idempotency_key
            return super().schedule(message, send_at, idempotency_key=key)

    return Wrong


class ChecksTheWindowFirst(MockLifecycle):
    """Refuses the repeat of what lies in the past by now."""

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        self._refuse(send_at)
        return super().schedule(message, send_at, idempotency_key=idempotency_key)


class RepeatSaysDelivered(MockLifecycle):
    """The receipt of a repeat tells what became of the message meanwhile."""

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        receipt = super().schedule(message, send_at, idempotency_key=idempotency_key)
        return {**receipt, "status": "accepted"} if self._ctx.clock.now() >= send_at else receipt


class MovesWhatWaits(MockLifecycle):
    """Says key_conflict to another send_at, and takes it over."""

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        try:
            return super().schedule(message, send_at, idempotency_key=idempotency_key)
        except NonRetryableError as error:
            if error.code == "key_conflict":
                with self._box as state:
                    id = state["keys"][f"schedule/{idempotency_key}"]["result"]["id"]
                    state["messages"][id]["due"] = instant_text(send_at)
            raise


KEYS, PAYLOAD = "lifecycle.send.rule.keys", "lifecycle.schedule.rule.payload"

SABOTEURS = (
    Saboteur("compares_recipient_only", ComparesRecipientOnly, "lifecycle.send.rule.payload", RECORDED),
    Saboteur("one_phone", OnePhone, "lifecycle.send.rule.payload_channel", RECORDED),
    Saboteur("one_id", OneId, KEYS, RECORDED),
    Saboteur("lowers_keys", under_key(str.lower), KEYS, RECORDED),
    Saboteur("cuts_keys", under_key(lambda key: key[:63]), KEYS, RECORDED),
    Saboteur("strips_keys", under_key(lambda key: key.rstrip("._-")), KEYS),
    Saboteur("any_time_will_do", scheduled_by(lambda message, send_at: message.plain()), PAYLOAD, RECORDED),
    Saboteur(
        "any_message_will_do",
        scheduled_by(lambda message, send_at: {"send_at": instant_text(send_at)}),
        PAYLOAD,
        RECORDED,
    ),
    Saboteur("moves_what_waits", MovesWhatWaits, "lifecycle.schedule.idempotency.conflict", RECORDED),
    Saboteur("one_scope", OneScope, "lifecycle.schedule.rule.key_scope"),
    Saboteur(
        "sends_without_keys",
        keyless("send"),
        "lifecycle.send.idempotency.repeat",
        RECORDED,
        "whatever is repeated is sent again",
    ),
    Saboteur(
        "schedules_without_keys",
        keyless("schedule"),
        "lifecycle.schedule.idempotency.repeat",
        RECORDED,
        "whatever is repeated is scheduled again",
    ),
    Saboteur("checks_the_window_first", ChecksTheWindowFirst, "lifecycle.schedule.idempotency.late_repeat"),
    Saboteur("repeat_says_delivered", RepeatSaysDelivered, "lifecycle.schedule.idempotency.late_repeat"),
)
