"""Every clause of lifecycle has a saboteur, which it must fail; unusual but correct vendors must pass all."""

import html
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.contracts.lifecycle.protocol import LifecycleTraits, Message, Preview
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.lifecycle import MockLifecycle
from pytest_pal.model.values import instant_text
from pytest_pal.primitives.keys import once

from ..judging import GREEN, contract, fallen, judge

Json = dict[str, Any]
FOOTER = "-- \nSent by Acme"


def as_posted(change: Callable[[Json], Json], *, only: str = "") -> type[MockLifecycle]:
    """A vendor that changes what it posts; ``only``: by this channel."""

    class Saboteur(MockLifecycle):
        def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
            receipt = super()._post(state, message, due, status)
            row = state["messages"].get(receipt["id"])
            if row and only in ("", row["channel"]):
                state["messages"][receipt["id"]] = {**row, **change(row)}
            return receipt

    return Saboteur


def as_previewed(change: Callable[[Message, Json], Json]) -> type[MockLifecycle]:
    """A vendor whose preview says something else."""

    class Saboteur(MockLifecycle):
        def preview(self, message: Message) -> Json:
            seen = super().preview(message)
            return {**seen, **change(message, seen)}

    return Saboteur


def as_asked(change: Callable[[Message], Json]) -> type[MockLifecycle]:
    """A vendor that changes the message before it does anything with it."""

    def other(message: Message) -> Message:
        return message.model_copy(update=change(message))

    class Saboteur(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            return super().send(other(message), idempotency_key=idempotency_key)

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            return super().schedule(other(message), send_at, idempotency_key=idempotency_key)

        def preview(self, message: Message) -> Json:
            return super().preview(other(message))

    return Saboteur


def at_another_time(change: Callable[[Any, datetime], datetime]) -> type[MockLifecycle]:
    """A vendor that delivers a scheduled message at another time than it was told."""

    class Saboteur(MockLifecycle):
        def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
            other = change(self._ctx.clock.now(), due) if status == "scheduled" else due
            return super()._post(state, message, other, status)

    return Saboteur


def under_key(change: Callable[[str], str], *, scheduled: bool = True) -> type[MockLifecycle]:
    """A vendor that sees another key than it was given."""

    class Saboteur(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            return super().send(message, idempotency_key=change(idempotency_key))

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            return super().schedule(message, send_at, idempotency_key=change(idempotency_key))

    return Saboteur


def words(text: str | None, change: Callable[[str], str]) -> str | None:
    return None if text is None else change(text)


class SendsOtherStatus(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return {**super().send(message, idempotency_key=idempotency_key), "status": "scheduled"}


class OtherReceipt(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        seen = super().schedule(message, send_at, idempotency_key=idempotency_key)
        return {**seen, "id": f"x{seen['id']}"}


class DropsPush(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if message.channel == "push":
            del state["messages"][receipt["id"]]
        return receipt


def limited(part: str, most: int, *, channel: str = "email", sends: bool = False) -> type[MockLifecycle]:
    """A vendor that refuses a longer part, counted in bytes; ``sends``: it refuses after it has sent."""

    class Saboteur(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            over = message.channel == channel and len((getattr(message, part) or "").encode()) > most
            receipt = {} if over and not sends else super().send(message, idempotency_key=idempotency_key)
            if over:
                raise NonRetryableError("payload_too_large", f"at most {most} bytes")
            return receipt

    return Saboteur


class OneId(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return {**super().send(message, idempotency_key=idempotency_key), "id": "ok"}


class OnePhone(MockLifecycle):
    """Takes a message by sms and by push for the same."""

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        channel = "email" if message.channel == "email" else "sms"
        return super().send(message.model_copy(update={"channel": channel}), idempotency_key=idempotency_key)


class RemembersPreviews(MockLifecycle):
    def preview(self, message: Message) -> Json:
        self._seen = getattr(self, "_seen", {})
        known: Json = self._seen.setdefault((message.to, message.text), super().preview(message))
        return known


class PreviewCancels(MockLifecycle):
    def preview(self, message: Message) -> Json:
        with self._box as state:
            state["messages"] = {id: row for id, row in state["messages"].items() if row["to"] != message.to}
        return super().preview(message)


class SendCancels(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        with self._box as state:
            state["messages"] = {id: row for id, row in state["messages"].items() if row["to"] != message.to}
        return super().send(message, idempotency_key=idempotency_key)


class CloseCancels(MockLifecycle):
    def close(self) -> None:
        with self._box as state:
            now = instant_text(self._ctx.clock.now())
            state["messages"] = {id: row for id, row in state["messages"].items() if row["due"] <= now}


def up_to(days: int) -> type[MockLifecycle]:
    """A vendor that says it schedules any time ahead, and does not."""

    class Saboteur(MockLifecycle):
        traits = LifecycleTraits()

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            if send_at > self._ctx.clock.now() + timedelta(days=days):
                raise NonRetryableError("invalid", f"at most {days} days ahead")
            return super().schedule(message, send_at, idempotency_key=idempotency_key)

    return Saboteur


class AtOnceIsFine(MockLifecycle):
    def _refuse(self, send_at: datetime) -> None:
        if send_at != self._ctx.clock.now():
            super()._refuse(send_at)


class IgnoresOptOut(MockLifecycle):
    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__({**config, "suppressed": ()}, ctx)


class SaysAccepted(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        return {**super()._post(state, message, due, status), "status": status}


class RaisesForOptOut(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if message.to in self._suppressed:
            raise NonRetryableError("forbidden", "the recipient opted out")
        return super()._post(state, message, due, status)


class SchedulesForOptOut(IgnoresOptOut):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return MockLifecycle({"state": {}, "suppressed": message.to}, self._ctx).send(message, idempotency_key="k")


class ComparesRecipientOnly(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        with self._box as state:
            now, to = self._ctx.clock.now(), {"to": message.to}
            return once(state["keys"], "send", idempotency_key, to, lambda: self._post(state, message, now, "accepted"))


def scheduled_by(part: Callable[[Message, datetime], Json]) -> type[MockLifecycle]:
    """A vendor that compares only a part of what is scheduled under one key."""

    class Saboteur(MockLifecycle):
        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            with self._box as state:
                return once(
                    state["keys"],
                    "schedule",
                    idempotency_key,
                    part(message, send_at),
                    lambda: self._post(state, message, send_at, "scheduled"),
                )

    return Saboteur


class OneScope(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        with self._box as state:
            if f"send/{idempotency_key}" in state["keys"]:
                raise NonRetryableError("key_conflict", "the key was used to send")
        return super().schedule(message, send_at, idempotency_key=idempotency_key)


class TemplateWithoutVariables(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if message.template:
            parts = self._parts(message)
            message = message.model_copy(update={"template": None, **{k: words(v, str) for k, v in parts.items()}})
            message = message.model_copy(update={"variables": dict.fromkeys(message.variables, "")})
        return super()._post(state, message, due, status)


class EmptyTemplatePreview(MockLifecycle):
    def preview(self, message: Message) -> Json:
        return {**super().preview(message), **({"text": None, "html": None} if message.template else {})}

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if message.template:
            state["messages"][receipt["id"]] |= {"text": None, "html": None}
        return receipt


class InjectsHeaders(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if not message.template:
            return super()._post(state, message, due, status)
        broken = message.variables
        receipt = super()._post(
            state, message.model_copy(update={"variables": dict.fromkeys(broken, "x")}), due, status
        )
        state["messages"][receipt["id"]]["subject"] = f"Welcome, {broken['name']}"
        return receipt


class PreviewSends(MockLifecycle):
    def preview(self, message: Message) -> Json:
        with self._box as state:
            self._post(state, message, self._ctx.clock.now() + timedelta(hours=1), "scheduled")
        return super().preview(message)


class ClosedWindow(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        if send_at > self._ctx.clock.now() + timedelta(hours=71):
            raise NonRetryableError("invalid", "at most 71 h ahead")
        return super().schedule(message, send_at, idempotency_key=idempotency_key)


class KeepsNothing(MockLifecycle):
    """Holds what waits in the instance only."""

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self._waiting: list[tuple[datetime, Json]] = []

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        receipt = super().schedule(message, send_at, idempotency_key=idempotency_key)
        with self._box as state:
            row = state["messages"].pop(receipt["id"], None)
        self._waiting += [(send_at, row)] if row else []
        return receipt

    def run_due(self) -> int:
        with self._box as state:
            due = [row for at, row in self._waiting if at <= self._ctx.clock.now()]
            state["messages"] |= {row["id"]: row for row in due}
        return len(due)


class SchedulesItself(MockLifecycle):
    """Keeps what waits in its own list, and posts it when it is told to look: correct."""

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if receipt["status"] == "scheduled":
            state.setdefault("waiting", {})[receipt["id"]] = state["messages"].pop(receipt["id"])
        return receipt

    def run_due(self) -> int:
        with self._box as state:
            due = self._due(state)
            for row in due:
                state["messages"][row["id"]] = state["waiting"].pop(row["id"])
        return len(due)

    def scheduled(self) -> list[Any]:
        with self._box as state:
            return [{**row, "send_at": row["due"]} for row in state.get("waiting", {}).values()]

    def _due(self, state: Any) -> list[Json]:
        now = instant_text(self._ctx.clock.now())
        return [row for row in state.get("waiting", {}).values() if row["due"] <= now]


class SchedulesItselfTwice(SchedulesItself):
    """Looks, and posts a moment later without looking again."""

    def run_due(self) -> int:
        with self._box as state:
            due = self._due(state)
        time.sleep(0.02)
        with self._box as state:
            for n, row in enumerate(due):
                state["messages"][f"{n}-{self._ctx.ids.new()}"] = row
                state["waiting"].pop(row["id"], None)
        return len(due)


class RepeatsDaily(MockLifecycle):
    def delivered(self) -> list[Any]:
        rows = super().delivered()
        return rows + [row for row in rows if row.at and row.at < self._ctx.clock.now() - timedelta(hours=12)]


class ForgetsOthers(MockLifecycle):
    """Has room for one waiting message."""

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        with self._box as state:
            now = instant_text(self._ctx.clock.now())
            state["messages"] = {id: row for id, row in state["messages"].items() if row["due"] <= now}
        return super().schedule(message, send_at, idempotency_key=idempotency_key)


def break_blanks(text: str) -> str:
    return text.replace("{{ ", "{ {")


SABOTEURS = [
    ("send.rule.delivers", SendsOtherStatus),
    ("send.rule.delivers", DropsPush),
    ("send.rule.delivers", as_posted(lambda row: {"to": "else@example.com"})),
    ("send.rule.delivers", as_posted(lambda row: {"channel": "sms"}, only="push")),
    ("send.rule.delivers", as_posted(lambda row: {"metadata": {}})),
    ("send.rule.delivers", as_posted(lambda row: {"id": "another"})),
    ("send.rule.delivers", as_posted(lambda row: {"html": None})),
    ("send.rule.delivers", as_posted(lambda row: {"subject": "No subject"}, only="email")),
    ("send.rule.unicode", as_posted(lambda row: {"text": row["text"].encode("ascii", "replace").decode()})),
    ("send.rule.unicode", as_posted(lambda row: {"subject": words(row["subject"], lambda text: text[:78])})),
    ("send.rule.unicode", as_posted(lambda row: {"metadata": {k: v[:9] for k, v in row["metadata"].items()}})),
    ("send.rule.unicode", as_posted(lambda row: {"to": row["to"].lower()})),
    ("send.rule.html_only", as_posted(lambda row: {"html": words(row["html"], lambda text: text[:998])})),
    ("send.rule.unicode", as_posted(lambda row: {"text": words(row["text"], str.strip)})),
    ("send.rule.unicode", as_posted(lambda row: {"text": row["text"].replace(" \n", "\n")})),
    ("send.rule.unicode", as_posted(lambda row: {"metadata": {k.lower(): v for k, v in row["metadata"].items()}})),
    ("send.rule.unicode", as_posted(lambda row: {"metadata": {k: v.strip() for k, v in row["metadata"].items()}})),
    ("send.rule.unicode", as_previewed(lambda message, seen: {"to": seen["to"].lower()})),
    ("send.rule.largest", limited("text", 50_000)),
    ("send.rule.largest", limited("html", 50_000)),
    ("send.rule.largest", limited("subject", 200)),
    ("send.rule.largest", limited("text", 1_000, channel="sms")),
    ("send.rule.too_long", as_posted(lambda row: {"text": words(row["text"], lambda text: text[:100_000])})),
    ("send.rule.too_long", limited("text", 100_000, sends=True)),
    ("send.rule.largest", as_posted(lambda row: {"text": row["text"][:900]}, only="sms")),
    ("send.rule.largest", as_posted(lambda row: {"metadata": dict([*row["metadata"].items()][:5])})),
    ("send.rule.substitution", as_asked(lambda message: {"variables": {**message.variables, "yes": "True"}})),
    ("send.rule.substitution", as_asked(lambda message: {"variables": {**message.variables, "none": "None"}})),
    ("send.rule.substitution", as_asked(lambda message: {"variables": {**message.variables, "whole": "20.0"}})),
    ("send.rule.substitution", as_asked(lambda message: {"variables": {**message.variables, "again": "true"}})),
    (
        "send.rule.substitution",
        as_asked(lambda message: {"text": words(message.text, lambda text: text.replace("{{ ", "{ "))}),
    ),
    ("send.rule.substitution", as_asked(lambda message: {"variables": {**message.variables, "long": "1.23457e+06"}})),
    (
        "send.rule.substitution",
        as_asked(lambda message: {"text": words(message.text, lambda text: text.replace("{{1}}", "no name"))}),
    ),
    ("send.rule.escaped", as_posted(lambda row: {"html": words(row["html"], html.unescape)})),
    ("send.rule.escaped", as_posted(lambda row: {"text": html.escape(row["text"] or "")})),
    ("send.rule.suppressed", IgnoresOptOut),
    ("send.rule.suppressed", SaysAccepted),
    ("send.rule.suppressed", RaisesForOptOut),
    ("send.rule.payload", ComparesRecipientOnly),
    ("send.rule.payload_channel", OnePhone),
    ("send.rule.keys", OneId),
    ("send.rule.keys", under_key(str.lower)),
    ("send.rule.keys", under_key(lambda key: key[:63])),
    ("send.rule.keys", under_key(lambda key: key.rstrip("._-"))),
    ("send.rule.template", TemplateWithoutVariables),
    ("send.rule.template", EmptyTemplatePreview),
    ("send.rule.template", as_posted(lambda row: {"metadata": {}})),
    ("send.rule.template_header", InjectsHeaders),
    ("preview.rule.shows", as_previewed(lambda message, seen: {"to": "you@example.com"})),
    ("preview.rule.shows", as_previewed(lambda message, seen: {"channel": "email"})),
    ("preview.rule.shows", as_previewed(lambda message, seen: {"subject": seen["text"][:20]})),
    ("preview.rule.shows", as_previewed(lambda message, seen: {"text": message.text})),
    ("preview.rule.shows", RemembersPreviews),
    ("preview.rule.no_effect", PreviewSends),
    ("preview.rule.no_effect", PreviewCancels),
    ("preview.rule.missing", as_previewed(lambda message, seen: {"missing": []})),
    ("preview.rule.missing", as_previewed(lambda message, seen: {"missing": seen["missing"][::-1]})),
    ("preview.rule.missing", as_previewed(lambda message, seen: {"text": re.sub(r"\{\{.*?\}\}", "", seen["text"])})),
    (
        "preview.rule.missing",
        as_previewed(lambda message, seen: {"text": re.sub(r"\{\{ (.*?) \}\}", r"{{\1}}", seen["text"])}),
    ),
    ("preview.rule.template_missing", as_previewed(lambda message, seen: {"missing": seen["missing"][:1]})),
    ("schedule.rule.on_time", at_another_time(lambda now, due: now)),
    ("schedule.rule.on_time", at_another_time(lambda now, due: due - timedelta(milliseconds=1))),
    ("schedule.rule.on_time", at_another_time(lambda now, due: due + timedelta(milliseconds=1))),
    ("schedule.rule.on_time", RepeatsDaily),
    ("schedule.rule.on_time", DropsPush),
    ("schedule.rule.waits", OtherReceipt),
    ("schedule.rule.waits", at_another_time(lambda now, due: due + timedelta(minutes=1))),
    ("schedule.rule.window", ClosedWindow),
    ("schedule.rule.window", up_to(days=30)),
    ("schedule.rule.window", at_another_time(lambda now, due: min(due, now + timedelta(days=2)))),
    ("schedule.rule.each_its_own", ForgetsOthers),
    ("schedule.rule.each_its_own", SendCancels),
    ("schedule.rule.each_its_own", at_another_time(lambda now, due: max(due, now + timedelta(hours=3)))),
    ("schedule.rule.restart", KeepsNothing),
    ("schedule.rule.restart", CloseCancels),
    ("schedule.rule.two_instances", SchedulesItselfTwice),
    ("schedule.rule.suppressed", SchedulesForOptOut),
    ("schedule.rule.suppressed", RaisesForOptOut),
    ("schedule.rule.payload", scheduled_by(lambda message, send_at: message.plain())),
    ("schedule.rule.payload", scheduled_by(lambda message, send_at: {"send_at": instant_text(send_at)})),
    ("schedule.rule.key_scope", OneScope),
]


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


BENIGN = [
    OtherStyle,
    AsyncVendor,
    NarrowAndSlow,
    Mailer,
    Texts,
    SaysScheduled,
    SchedulesItself,
    Numbers,
    SmallPushes,
]


def test_the_mock_is_conformant() -> None:
    results = judge(MockLifecycle)
    assert {id for id, result in results.items() if result.verdict not in GREEN} == set()
    assert len(results) > 65


@pytest.mark.parametrize(("clause", "saboteur"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(clause: str, saboteur: type) -> None:
    id = f"lifecycle.{clause}"
    assert id in fallen(saboteur, only=id)


def test_every_own_clause_has_a_saboteur() -> None:
    own = {clause.id for clause in contract("lifecycle").clauses if clause.family == "rule"}
    assert own == {f"lifecycle.{clause}" for clause, _ in SABOTEURS}


def test_now_is_not_after_now() -> None:
    id = "lifecycle.schedule.bad_input.now"
    assert id in fallen(AtOnceIsFine, only=id)


@pytest.mark.parametrize("benign", BENIGN)
def test_an_unusual_but_correct_vendor_passes(benign: type) -> None:
    assert fallen(benign) == set()


MESSAGE: Json = {"to": "a@example.com", "channel": "email", "subject": "s", "text": "t"}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"to": "+15550100", "channel": "sms"},
        {"to": "token", "channel": "push"},
        {"html": "<p>"},
        {"text": None, "html": "<p>"},
        {"to": "x" * 4_096, "variables": {"1": 1}, "metadata": {"k": "\ttab"}},
    ],
)
def test_the_contract_accepts(message: Json) -> None:
    other = {"subject": None} if message.get("channel", "email") != "email" else {}
    CAPABILITY.check("send", message={**MESSAGE, **other, **message}, idempotency_key="k")


@pytest.mark.parametrize(
    "message",
    [
        {"to": ""},
        {"to": "a@example.com,b@example.com"},
        {"to": "<a@example.com>"},
        {"to": "a b"},
        {"to": "a\u00a0b"},
        {"to": "a\tb"},
        {"to": "a\x7fb"},
        {"to": ["a@example.com"]},
        {"to": None},
        {"channel": "fax"},
        {"channel": "sms"},
        {"channel": "push", "subject": None, "html": "<p>"},
        {"channel": "sms", "subject": None, "text": None},
        {"subject": None},
        {"subject": ""},
        {"subject": "a\nb"},
        {"subject": "a\tb"},
        {"subject": "{{x}}", "variables": {"x": "a\rb"}},
        {"text": None},
        {"text": "{{x}}"},
        {"html": "{{x}}"},
        {"template": "t"},
        {"template": "t", "subject": None},
        {"template": "", "subject": None, "text": None},
        {"variables": {"x": {}}},
        {"variables": {"x": []}},
        {"variables": {"x": float("nan")}},
        {"variables": {"x": 2**53}},
        {"variables": []},
        {"metadata": {"": "v"}},
        {"metadata": {"a\nb": "v"}},
        {"metadata": {"k": "a\nb"}},
        {"metadata": {"k": "a\0b"}},
        {"metadata": {"k": 1}},
        {"metadata": {"k": None}},
        {"cc": "b@example.com"},
    ],
)
def test_the_contract_refuses(message: Json) -> None:
    with pytest.raises(NonRetryableError) as caught:
        CAPABILITY.check("send", message={**MESSAGE, **message}, idempotency_key="k")
    assert caught.value.code == "invalid"


def test_a_preview_may_lack_variables_and_a_message_by_template_has_no_parts() -> None:
    CAPABILITY.check("preview", message={**MESSAGE, "text": "{{x}}"})
    template = {**MESSAGE, "subject": None, "text": None, "template": "t"}
    CAPABILITY.check("send", message=template, idempotency_key="k")


def test_send_at_is_rounded_up_to_milliseconds_and_must_say_its_offset() -> None:
    at = "2026-03-02T10:00:00.000001+01:00"
    seen = CAPABILITY.check("schedule", message=MESSAGE, send_at=at, idempotency_key="k")["send_at"]
    assert instant_text(seen) == "2026-03-02T09:00:00.001Z"
    with pytest.raises(NonRetryableError):
        CAPABILITY.check("schedule", message=MESSAGE, send_at=at[:-6], idempotency_key="k")
