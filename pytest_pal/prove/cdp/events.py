"""Wrong in ingest_event: what is kept of an event, which one it is, and when it was."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from ...contracts.cdp.protocol import CDPTraits
from ...errors import NonRetryableError
from ...mocks.cdp import MockCDP
from ...model.values import instant_text
from ..saboteur import RECORDED, Saboteur

Json = dict[str, Any]


class Ingests(MockCDP):
    """Changes what is kept of an event."""

    def kept(self, event: Json) -> Json | None:
        return event

    def _ingest(self, state: Json, event: Json) -> Json:
        kept = self.kept(dict(event))
        if kept is not None:
            super()._ingest(state, kept)
        return {"event_id": event["event_id"], "profile_id": event["profile_id"]}


class CutsToSeconds(Ingests):
    def kept(self, event: Json) -> Json:
        return {**event, "time": event["time"][:19] + "Z"}


class StampsArrival(Ingests):
    def kept(self, event: Json) -> Json:
        return {**event, "time": instant_text(self.ctx_now())}

    def ctx_now(self) -> datetime:
        return datetime.fromisoformat("2026-03-02T09:00:00Z")


class DropsNestedProperties(Ingests):
    def kept(self, event: Json) -> Json:
        flat = {name: value for name, value in event["properties"].items() if not isinstance(value, dict)}
        return {**event, "properties": flat}


class SortsArrays(Ingests):
    def kept(self, event: Json) -> Json:
        ordered = {
            name: sorted(value) if isinstance(value, list) else value for name, value in event["properties"].items()
        }
        return {**event, "properties": ordered}


class NeedsTheProfile(MockCDP):
    def _ingest(self, state: Json, event: Json) -> Json:
        if event["profile_id"] not in state["profiles"]:
            raise NonRetryableError("not_found")
        return super()._ingest(state, event)


class CreatesNoProfile(MockCDP):
    def _ingest(self, state: Json, event: Json) -> Json:
        known = event["profile_id"] in state["profiles"]
        receipt = super()._ingest(state, event)
        if not known:
            del state["profiles"][event["profile_id"]]
        return receipt


class CreatesTwice(MockCDP):
    async def ingest_event(self, *arguments: Any) -> Json:  # type: ignore[override]
        with self._box as state:
            known = arguments[1] in state["profiles"]
        await asyncio.sleep(0)
        with self._box as state:
            if not known:
                state["events"][:] = [row for row in state["events"] if row["profile_id"] != arguments[1]]
        return super().ingest_event(*arguments)


class Refuses(MockCDP):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._ctx = ctx

    oldest, newest = timedelta(hours=72), timedelta()

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            known = f"ingest_event/{event_id}" in state["keys"]
        age = self._ctx.clock.now() - time
        if not known and not -self.newest <= age <= self.oldest:
            raise NonRetryableError("invalid", "outside the window")
        return super().ingest_event(event_id, profile_id, name, time, properties)


class RefusesLateEvents(Refuses):
    oldest = timedelta(hours=48)


class BurnsIds(Refuses):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            burnt = state.setdefault("burnt", [])
            if event_id in burnt:
                raise NonRetryableError("key_conflict")
            known = f"ingest_event/{event_id}" in state["keys"]
            if time > self._ctx.clock.now() and not known:
                burnt.append(event_id)
        return super().ingest_event(event_id, profile_id, name, time, properties)


class DropsTheFuture(Ingests):
    def kept(self, event: Json) -> Json | None:
        return None if event["time"] > "2026-03-03" else event


class ComparesText(MockCDP):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            if state.setdefault("texts", {}).setdefault(event_id, repr(properties)) != repr(properties):
                raise NonRetryableError("key_conflict")
        return super().ingest_event(event_id, profile_id, name, time, properties)


class EventIdsPerProfile(MockCDP):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        receipt = super().ingest_event(f"{profile_id}/{event_id}", profile_id, name, time, properties)
        with self._box as state:
            state["events"][-1]["event_id"] = event_id
        return {**receipt, "event_id": event_id}


class OverlooksTimes(MockCDP):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            for event in state["events"]:
                if event["event_id"] == event_id:
                    time = datetime.fromisoformat(event["time"])
        return super().ingest_event(event_id, profile_id, name, time, properties)


class WholeSeconds(MockCDP):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            known = next((event for event in state["events"] if event["event_id"] == event_id), None)
        if known is not None and known["time"][:19] == instant_text(time)[:19]:
            time = datetime.fromisoformat(known["time"])
        return super().ingest_event(event_id, profile_id, name, time, properties)


class FirstWins(MockCDP):
    traits = CDPTraits(event_conflict="first_wins")

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            known = next((event for event in state["events"] if event["event_id"] == event_id), None)
        if known is not None:
            return {"event_id": event_id, "profile_id": known["profile_id"]}
        return super().ingest_event(event_id, profile_id, name, time, properties)


class SaysLastWins(FirstWins):
    traits = CDPTraits(event_conflict="last_wins")


class ForgetsIds(MockCDP):
    traits = CDPTraits(event_dedupe_s=7 * 86_400)
    forgets_after_s = 86_400

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._ctx = ctx

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            if (self._ctx.clock.now() - time).total_seconds() > self.forgets_after_s:
                state["keys"].clear()
        return super().ingest_event(event_id, profile_id, name, time, properties)


class ChecksTimeFirst(Refuses):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        if time < self._ctx.clock.now() - timedelta(hours=72):
            raise NonRetryableError("invalid", "too old")
        return super().ingest_event(event_id, profile_id, name, time, properties)


OWN = "cdp.ingest_event.rule."

SABOTEURS = (
    Saboteur("cuts_to_seconds", CutsToSeconds, OWN + "stored", RECORDED),
    Saboteur("stamps_arrival", StampsArrival, OWN + "stored", RECORDED),
    Saboteur("drops_nested_properties", DropsNestedProperties, OWN + "properties", RECORDED),
    Saboteur("sorts_arrays", SortsArrays, OWN + "properties", RECORDED),
    Saboteur(
        "needs_the_profile",
        NeedsTheProfile,
        OWN + "creates_profile",
        RECORDED,
        "no event can be the first of its profile",
    ),
    Saboteur(
        "creates_no_profile",
        CreatesNoProfile,
        OWN + "creates_profile",
        RECORDED,
        "nobody can read the profile of such an event",
    ),
    Saboteur("creates_twice", CreatesTwice, OWN + "created_at_once", RECORDED),
    Saboteur("refuses_late_events", RefusesLateEvents, OWN + "late_events", RECORDED),
    Saboteur("burns_ids", BurnsIds, OWN + "other_times"),
    Saboteur("drops_the_future", DropsTheFuture, OWN + "other_times"),
    Saboteur("compares_text", ComparesText, OWN + "same_body", RECORDED),
    Saboteur("event_ids_per_profile", EventIdsPerProfile, OWN + "one_per_id", RECORDED),
    Saboteur("overlooks_times", OverlooksTimes, OWN + "one_per_id", RECORDED),
    Saboteur("whole_seconds", WholeSeconds, OWN + "one_per_id"),
    Saboteur("says_last_wins", SaysLastWins, OWN + "last_wins", RECORDED),
    Saboteur("forgets_ids", ForgetsIds, OWN + "dedupe_window", RECORDED),
    Saboteur("checks_time_first", ChecksTimeFirst, OWN + "known_id_first", RECORDED),
)
