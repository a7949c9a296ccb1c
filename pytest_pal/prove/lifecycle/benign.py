"""Unusual, and correct."""

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ...contracts.lifecycle.protocol import LifecycleTraits, Message, Preview
from ...errors import NonRetryableError
from ...kit.twins.harness import LIFECYCLE
from ...mocks.lifecycle import MockLifecycle
from ..saboteur import Benign
from ..wired import asking_first, in_its_words
from .changes import Json, words
from .schedules import SchedulesItself

FOOTER = "-- \nSent by Acme"


class OtherStyle(MockLifecycle):
    """Models instead of mappings, ids of another style, more than was asked for."""

    traits = LifecycleTraits(delivery="at_most_once", schedule_max_ahead_s=259_200)

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        posted = super()._post(state, message, due, status)
        row = state["messages"].pop(posted["id"], None)
        id = "2026.A-" + posted["id"][-20:]
        if row:
            state["messages"][id] = {**row, "id": id, "queue": 7}
        return {"id": id, "status": posted["status"], "extensions": {"queue": 7}}

    def preview(self, message: Message) -> Any:
        return Preview.model_validate(super().preview(message))

    def scheduled(self) -> Any:
        return ({**row.plain(), "cost": 0} for row in reversed(super().scheduled()))

    def delivered(self) -> Any:
        return ({**row.plain(), "at": None} for row in reversed(super().delivered()))


class AsyncVendor(MockLifecycle):
    async def send(self, message: Message, *, idempotency_key: str) -> Any:  # type: ignore[override]
        return super().send(message, idempotency_key=idempotency_key)

    async def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Any:  # type: ignore[override]
        return super().schedule(message, send_at, idempotency_key=idempotency_key)

    async def preview(self, message: Message) -> Any:  # type: ignore[override]
        return super().preview(message)


class NarrowAndSlow(MockLifecycle):
    """The latest and narrowest that the contract allows; whole seconds; sent lists that lag."""

    traits = LifecycleTraits(schedule_min_lead_s=900, schedule_max_ahead_s=259_200, schedule_slack_s=60, read_bound_s=5)

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        late = timedelta(seconds=60 if status == "scheduled" else 5)
        return super()._post(state, message, due + late, status)

    def delivered(self) -> Any:
        return [{**row.plain(), "at": row.at.replace(microsecond=0)} for row in super().delivered() if row.at]

    def scheduled(self) -> Any:
        waiting, late = super().scheduled(), timedelta(seconds=60)
        return [{**row.plain(), "send_at": row.send_at - late} for row in waiting if row.send_at]


class Mailer(MockLifecycle):
    """Email only; no stored templates; CRLF, a final newline and a footer; quotes stay as they are in html."""

    traits = LifecycleTraits(channels=("email",))
    unsupported: ClassVar = {"send.template": "no templates here", "preview.template": "no templates here"}

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        self._check(message)
        return super().send(message, idempotency_key=idempotency_key)

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        self._check(message)
        return super().schedule(message, send_at, idempotency_key=idempotency_key)

    def preview(self, message: Message) -> Json:
        self._check(message)
        return {**super().preview(message), "extensions": {"added": {"text": f"\r\n{FOOTER}", "html": ["<hr>"]}}}

    def delivered(self) -> Any:
        for row in super().delivered():
            text = f"{row.text or ''}\n".replace("\n", "\r\n") + f"\r\n{FOOTER}"
            markup = words(row.html, lambda found: found.replace("&quot;", '"') + "<hr>")
            yield {**row.plain(), "text": text, "html": markup}

    def _check(self, message: Message) -> None:
        if message.channel != "email" or message.template:
            raise NonRetryableError("unsupported", "email without templates only")


class Texts(MockLifecycle):
    """SMS only, without templates; who opted out is not told."""

    traits = LifecycleTraits(channels=("sms",), tells_suppressed=False)
    unsupported: ClassVar = {"send.template": "no templates here", "preview.template": "no templates here"}

    def _parts(self, message: Message) -> Any:
        if message.template:
            raise NonRetryableError("unsupported", "no templates here")
        if message.channel != "sms":
            raise NonRetryableError("invalid", "sms only")
        return super()._parts(message)

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        return {**super()._post(state, message, due, status), "status": status}


class SaysScheduled(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        receipt = super().schedule(message, send_at, idempotency_key=idempotency_key)
        return {**receipt, "status": "scheduled"}


class Numbers(MockLifecycle):
    """SMS only, as short as the contract allows, and to numbers only; its list of what was sent lags."""

    traits = LifecycleTraits(channels=("sms",), read_bound_s=5)
    unsupported: ClassVar = Texts.unsupported

    def _parts(self, message: Message) -> Any:
        if message.channel != "sms" or not re.fullmatch(r"\+[1-9]\d{6,14}", message.to):
            raise NonRetryableError("invalid", "sms to a number only")
        if message.template:
            raise NonRetryableError("unsupported", "no templates here")
        if len(message.text or "") > 1_000:
            raise NonRetryableError("payload_too_large", "at most 1,000 characters")
        return super()._parts(message)

    def delivered(self) -> Any:
        seen = self._ctx.clock.now() - timedelta(seconds=3)
        return [row for row in super().delivered() if row.at and row.at <= seen]


class SmallPushes(MockLifecycle):
    """A push has room for 4,096 bytes in all; an email for 100,000."""

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        most = 4_096 if message.channel == "push" else 100_000
        size = len((message.text or "").encode()) + sum(len(k) + len(v) for k, v in message.metadata.items())
        if message.channel != "sms" and size > most + (4_000 if message.channel == "email" else 0):
            raise NonRetryableError("payload_too_large", f"at most {most} bytes")
        return super().send(message, idempotency_key=idempotency_key)


BENIGN = (
    Benign("other_style", OtherStyle, "it returns models, has ids of another style, and gives more than is asked"),
    Benign("async_vendor", AsyncVendor, "its operations are coroutines"),
    Benign("narrow_and_slow", NarrowAndSlow, "its window is the narrowest, and its lists lag and count whole seconds"),
    Benign("mailer", Mailer, "it has email only, adds a footer, and ends lines with CRLF"),
    Benign("texts", Texts, "it has sms only, and does not tell who opted out"),
    Benign("says_scheduled", SaysScheduled, "it says scheduled of a recipient who opted out"),
    Benign("schedules_itself", SchedulesItself, "it keeps what waits itself, and looks when it is told to"),
    Benign("numbers", Numbers, "it sends to numbers only, no more than 1,000 characters, and its list lags"),
    Benign("small_pushes", SmallPushes, "a push has room for 4,096 bytes in all"),
    Benign(
        "in_its_words", in_its_words(LIFECYCLE), "its vendor zips and cuts its answers, and has its own error bodies"
    ),
    Benign("asking_first", asking_first(LIFECYCLE), "an operation is two requests"),
)
