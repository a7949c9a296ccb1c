"""Wrong in schedule: too early, too late, twice, or never."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ...contracts.lifecycle.protocol import LifecycleTraits, Message
from ...errors import NonRetryableError
from ...mocks.lifecycle import MockLifecycle
from ...model.values import instant_text
from ..saboteur import RECORDED, Saboteur
from .changes import Json, at_another_time
from .sends import DropsPush


class OtherReceipt(MockLifecycle):
    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        seen = super().schedule(message, send_at, idempotency_key=idempotency_key)
        return {**seen, "id": f"x{seen['id']}"}


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

    class Wrong(MockLifecycle):
        traits = LifecycleTraits()

        def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
            if send_at > self._ctx.clock.now() + timedelta(days=days):
                raise NonRetryableError("invalid", f"at most {days} days ahead")
            return super().schedule(message, send_at, idempotency_key=idempotency_key)

    return Wrong


class AtOnceIsFine(MockLifecycle):
    def _refuse(self, send_at: datetime) -> None:
        if send_at != self._ctx.clock.now():
            super()._refuse(send_at)


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


class SendsThePastAtOnce(MockLifecycle):
    def _refuse(self, send_at: datetime) -> None:
        if send_at > self._ctx.clock.now():
            super()._refuse(send_at)


class Anytime(MockLifecycle):
    """Has a window, and does not keep to it."""

    traits = LifecycleTraits(schedule_min_lead_s=900, schedule_max_ahead_s=259_200, template_variables="known")

    def _refuse(self, send_at: datetime) -> None:
        if send_at <= self._ctx.clock.now():
            raise NonRetryableError("invalid")


class Clips(MockLifecycle):
    """Sends at the end of its window what lies beyond."""

    traits = LifecycleTraits(schedule_max_ahead_s=259_200, template_variables="known")

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        last = self._ctx.clock.now() + timedelta(seconds=259_200)
        return super().schedule(message, min(send_at, last), idempotency_key=idempotency_key)


ON_TIME, WAITS = "lifecycle.schedule.rule.on_time", "lifecycle.schedule.rule.waits"
WINDOW, EACH = "lifecycle.schedule.rule.window", "lifecycle.schedule.rule.each_its_own"
RESTART = "lifecycle.schedule.rule.restart"
TIMES = "every scheduled message is delivered at another time"

SABOTEURS = (
    Saboteur("at_once", at_another_time(lambda now, due: now), ON_TIME, RECORDED, TIMES),
    Saboteur("too_early", at_another_time(lambda now, due: due - timedelta(milliseconds=1)), ON_TIME, RECORDED),
    Saboteur("too_late", at_another_time(lambda now, due: due + timedelta(milliseconds=1)), ON_TIME, RECORDED, TIMES),
    Saboteur("repeats_daily", RepeatsDaily, ON_TIME, RECORDED),
    Saboteur("schedules_no_push", DropsPush, ON_TIME),
    Saboteur("other_receipt", OtherReceipt, WAITS, RECORDED),
    Saboteur("a_minute_late", at_another_time(lambda now, due: due + timedelta(minutes=1)), WAITS, RECORDED, TIMES),
    Saboteur("closed_window", ClosedWindow, WINDOW, RECORDED),
    Saboteur("up_to_a_month", up_to(days=30), WINDOW),
    Saboteur("two_days_at_most", at_another_time(lambda now, due: min(due, now + timedelta(days=2))), WINDOW, RECORDED),
    Saboteur("forgets_others", ForgetsOthers, EACH, RECORDED, "whatever waits is forgotten"),
    Saboteur("send_cancels", SendCancels, EACH, RECORDED),
    Saboteur(
        "three_hours_at_least",
        at_another_time(lambda now, due: max(due, now + timedelta(hours=3))),
        EACH,
        RECORDED,
        TIMES,
    ),
    Saboteur(
        "keeps_nothing",
        KeepsNothing,
        RESTART,
        RECORDED,
        "what waits can be seen by nobody, and is lost with its instance",
    ),
    Saboteur("close_cancels", CloseCancels, RESTART, RECORDED),
    Saboteur("schedules_itself_twice", SchedulesItselfTwice, "lifecycle.schedule.rule.two_instances", RECORDED),
    Saboteur("now_is_fine", AtOnceIsFine, "lifecycle.schedule.bad_input.now", RECORDED),
    Saboteur("sends_the_past_at_once", SendsThePastAtOnce, "lifecycle.schedule.bad_input.past", RECORDED),
    Saboteur("anytime", Anytime, "lifecycle.schedule.bad_input.too_soon", RECORDED),
    Saboteur("clips", Clips, "lifecycle.schedule.bad_input.too_far", RECORDED),
)
