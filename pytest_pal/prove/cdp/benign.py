"""Unusual, and correct."""

import asyncio
import copy
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from ...contracts.cdp.protocol import AudienceSync, CDPTraits, EventReceipt, Profile
from ...errors import NonRetryableError
from ...kit.twins.harness import CDP
from ...mocks.cdp import MockCDP
from ...model.values import thaw
from ..saboteur import Benign
from ..wired import asking_first, in_its_words
from .audiences import ReportsWithoutSaying
from .events import FirstWins, Refuses
from .reads import Reads

Json = dict[str, Any]


class WriteOnly(MockCDP):
    unsupported: ClassVar = {
        "get_profile": "the vendor has no read",
        "sync_audience": "the vendor has no audiences",
    }

    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        super().upsert_profile(id, traits, identifiers)
        return {"id": id, "traits": {}, "identifiers": {}}

    def get_profile(self, id: str) -> Json:
        raise NonRetryableError("unsupported")

    def sync_audience(self, key: str, members: Any) -> Json:
        raise NonRetryableError("unsupported")


class Asynchronous(MockCDP):
    async def upsert_profile(self, *arguments: Any) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().upsert_profile(*arguments)

    async def ingest_event(self, *arguments: Any) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().ingest_event(*arguments)

    async def sync_audience(self, *arguments: Any) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().sync_audience(*arguments)

    async def get_profile(self, *arguments: Any) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().get_profile(*arguments)

    async def aclose(self) -> None:
        await asyncio.sleep(0)


class Models(MockCDP):
    """Models instead of mappings, extensions of its own, no events from an upsert, the ten newest from a read."""

    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Any:
        found = super().upsert_profile(id, traits, identifiers)
        return Profile(**{**found, "events": (), "extensions": {"revision": 7}})

    def ingest_event(self, *arguments: Any) -> Any:
        return EventReceipt(**super().ingest_event(*arguments), extensions={"accepted": [1]})

    def sync_audience(self, key: str, members: Any) -> Any:
        return AudienceSync(**super().sync_audience(key, members), extensions={"job": "j-1"})

    def get_profile(self, id: str) -> Any:
        found = super().get_profile(id)
        return Profile(**{**found, "events": found["events"][-10:]})


class Lags(MockCDP):
    """Reads show the state of 45 seconds ago."""

    traits = CDPTraits(read_bound_s=45)

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._ctx = ctx

    def _note(self) -> None:
        with self._box as state:
            kept = copy.deepcopy({"profiles": state["profiles"], "events": state["events"], "audiences": {}})
            state.setdefault("log", []).append([self._ctx.clock.now().isoformat(), kept])

    def upsert_profile(self, *arguments: Any) -> Json:
        found = super().upsert_profile(*arguments)
        self._note()
        return {**found, "traits": {}, "identifiers": {}}

    def ingest_event(self, *arguments: Any) -> Json:
        found = super().ingest_event(*arguments)
        self._note()
        return found

    def get_profile(self, id: str) -> Json:
        visible = (self._ctx.clock.now() - timedelta(seconds=45)).isoformat()
        with self._box as state:
            seen = [kept for at, kept in state.get("log", []) if at <= visible]
            if not seen:
                raise NonRetryableError("not_found")
            return self._data(seen[-1]).shown(id)


class ReplacesNested(MockCDP):
    traits = CDPTraits(nested="replace")

    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        merged = {**traits, **thaw(patch)}
        return {name: value for name, value in merged.items() if value is not None}


class RefusesNested(MockCDP):
    traits = CDPTraits(nested="unsupported")

    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        self._refuse(traits, "consent")
        return super().upsert_profile(id, traits, identifiers)

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        self._refuse(properties)
        return super().ingest_event(event_id, profile_id, name, time, properties)

    def _refuse(self, given: Any, *but: str) -> None:
        if any(isinstance(value, Mapping) for name, value in given.items() if name not in but):
            raise NonRetryableError("invalid", "no nested objects")


class LastWins(MockCDP):
    traits = CDPTraits(event_conflict="last_wins", event_dedupe_s=10**10)

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            state["events"][:] = [event for event in state["events"] if event["event_id"] != event_id]
            state["keys"].pop(f"ingest_event/{event_id}", None)
        return super().ingest_event(event_id, profile_id, name, time, properties)


class NoHistory(Reads):
    traits = CDPTraits(event_history="none", event_dedupe_s=30 * 86_400)

    def shown(self, events: list[Json]) -> list[Json]:
        return []


class Reports(ReportsWithoutSaying):
    traits = CDPTraits(unknown_members="reported")


class Merges(MockCDP):
    traits = CDPTraits(identity="merges")

    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            for other, found in state["profiles"].items():
                for name, value in identifiers.items():
                    if value is not None and other != id and found["identifiers"].get(name) == value:
                        del found["identifiers"][name]
        return super().upsert_profile(id, traits, identifiers)


class Strict(Refuses):
    """Takes nothing but what it must take."""

    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        if len(traits) > 50:
            raise NonRetryableError("payload_too_large")
        return super().upsert_profile(id, traits, identifiers)


class OffByOne(Reads):
    """Keeps instants as binary fractions of a second."""

    def shown(self, events: list[Json]) -> list[Json]:
        late = timedelta(milliseconds=1)
        return [{**event, "time": datetime.fromisoformat(event["time"]) + late} for event in events]


class AtMostOnce(MockCDP):
    traits = CDPTraits(delivery="at_most_once", event_conflict="first_wins")

    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        mine = self.__dict__.setdefault("_mine", {})
        with self._box as state:
            if event_id in mine:
                return dict(mine[event_id])
            if f"ingest_event/{event_id}" in state["keys"]:
                raise NonRetryableError("unavailable", "sent before a restart", outcome_unknown=True)
            mine[event_id] = super().ingest_event(event_id, profile_id, name, time, properties)
        return dict(mine[event_id])


class Elsewhere(MockCDP):
    """Gives the observer's rows in another order, with fields of the vendor's own."""

    def observe(self) -> Any:
        return {
            "profiles": lambda: [{**row.plain(), "shard": 3} for row in self.profiles()[::-1]],
            "events": lambda: [{**row.plain(), "ingested": True} for row in self.events()[::-1]],
            "audiences": lambda: [{"key": row.key, "members": [*row.members][::-1]} for row in self.audiences()],
        }


BENIGN = (
    Benign("write_only", WriteOnly, "it has neither reads nor audiences"),
    Benign("asynchronous", Asynchronous, "its operations are coroutines that let others in between"),
    Benign("models", Models, "it returns models with extensions, and shows no more events than it must"),
    Benign("lags", Lags, "its reads show the state of 45 seconds ago, as it says"),
    Benign("replaces_nested", ReplacesNested, "an object in a patch replaces, as it says"),
    Benign("refuses_nested", RefusesNested, "it takes no objects, as it says"),
    Benign("first_wins", FirstWins, "another body under a known event id is nothing, as it says"),
    Benign("last_wins", LastWins, "another body under a known event id replaces the event, as it says"),
    Benign("no_history", NoHistory, "it shows no events, as it says"),
    Benign("reports", Reports, "an unknown member is reported and left out, as it says"),
    Benign("merges", Merges, "an identifier goes to the profile that claims it last, as it says"),
    Benign("strict", Strict, "it takes nothing but what it must take"),
    Benign("off_by_one", OffByOne, "it keeps instants as binary fractions, which end up a millisecond away"),
    Benign("at_most_once", AtMostOnce, "after a restart it does not know what was sent, and says so"),
    Benign("elsewhere", Elsewhere, "what it keeps is looked at elsewhere, in another order"),
    Benign("in_its_words", in_its_words(CDP), "its vendor zips and cuts its answers, and has its own error bodies"),
    Benign("asking_first", asking_first(CDP), "an operation is two requests"),
)
