"""Every clause of cdp has a saboteur: a mock with one promise broken, that this clause must fail."""

import asyncio
import copy
import gc
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.cdp import CAPABILITY
from pytest_pal.contracts.cdp.protocol import AudienceSync, CDPTraits, EventReceipt, Profile
from pytest_pal.contracts.cdp.samples import REFUSALS
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.cdp import CustomerData, MockCDP, merge_patch
from pytest_pal.model.values import instant_text, thaw

from ..judging import contract, fallen, judge

Json = dict[str, Any]


# upsert_profile


class ReplacesTraits(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return super()._patched({}, patch)


class StoresNull(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return {**traits, **thaw(patch)}


class PatchesShallowly(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        merged = {**traits, **thaw(patch)}
        return {name: value for name, value in merged.items() if value is not None}


class KeepsNestedNulls(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        merged = super()._patched(traits, patch)
        return {name: thaw(patch[name]) if name not in traits and name in patch else merged[name] for name in merged}


class SaysReplaceAndMerges(MockCDP):
    traits = CDPTraits(nested="replace")


class AcceptsNested(MockCDP):
    traits = CDPTraits(nested="unsupported")


class UnitesArrays(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        merged = super()._patched(traits, patch)
        old = {name: value for name, value in traits.items() if isinstance(value, list)}
        return {name: sorted({*old.get(name, ()), *value}) if name in old else value for name, value in merged.items()}


class MergesConsent(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        merged: Json = merge_patch(traits, patch)
        return merged


class KeepsConsent(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return {
            **({"consent": traits["consent"]} if "consent" in traits else {}),
            **super()._patched(traits, patch),
        }


class BooleansAreNumbers(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched = super()._patched(traits, patch)
        return {name: int(value) if isinstance(value, bool) else value for name, value in patched.items()}


class SkipsEqualValues(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return super()._patched(traits, {name: new for name, new in patch.items() if traits.get(name, ...) != new})


class KeepsTwentyTraits(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return dict([*super()._patched(traits, patch).items()][:20])


class DropsWhatIsTooMuch(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        return dict([*super()._patched(traits, patch).items()][:100])


class LosesUpdates(MockCDP):
    async def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:  # type: ignore[override]
        with self._box as state:
            read = copy.deepcopy(state["profiles"].get(id, {"traits": {}, "identifiers": {}}))
        await asyncio.sleep(0)
        with self._box as state:
            state["profiles"][id] = read
        return super().upsert_profile(id, traits, identifiers)


class TakesNames(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            for found in state["profiles"].values():
                found["identifiers"] = {n: v for n, v in found["identifiers"].items() if n not in identifiers}
        return super().upsert_profile(id, traits, identifiers)


class ReplacesIdentifiers(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            self._data(state).profile(id)["identifiers"] = {}
        return super().upsert_profile(id, traits, identifiers)


class LowersIdentifiers(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        lowered = {name: value and value.lower() for name, value in identifiers.items()}
        return super().upsert_profile(id, traits, lowered)


class NeverReleases(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            first = state.setdefault("first", {})
            for name, value in identifiers.items():
                if first.setdefault(f"{name}={value}", id) != id:
                    raise NonRetryableError("conflict")
        return super().upsert_profile(id, traits, identifiers)


class LetsShare(MockCDP):
    def _data(self, state: Json) -> CustomerData:
        data = CustomerData(state)
        data.owner = lambda name, value: None  # type: ignore[method-assign]
        return data


class SaysMergesAndShares(LetsShare):
    traits = CDPTraits(identity="merges")


class IgnoresNames(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            for other, found in state["profiles"].items():
                if other != id and set(found["identifiers"].values()) & set(identifiers.values()):
                    raise NonRetryableError("conflict")
        return super().upsert_profile(id, traits, identifiers)


class ChecksThenWrites(LetsShare):
    async def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:  # type: ignore[override]
        with self._box as state:
            owners = {CustomerData(state).owner(name, value) for name, value in identifiers.items()}
        await asyncio.sleep(0)
        if owners - {None, id}:
            raise NonRetryableError("conflict")
        return super().upsert_profile(id, traits, identifiers)


class ClaimsBeforeItChecks(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            self._data(state).profile(id)["traits"].update(thaw(traits))
        return super().upsert_profile(id, traits, identifiers)


class ForgetsEvents(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            state["events"][:] = [event for event in state["events"] if event["profile_id"] != id]
        return super().upsert_profile(id, traits, identifiers)


class PropertiesBecomeTraits(MockCDP):
    def _ingest(self, state: Json, event: Json) -> Json:
        self._data(state).profile(event["profile_id"])["traits"].update(event["properties"])
        return super()._ingest(state, event)


class ReturnsThePatch(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        whole = super().upsert_profile(id, traits, identifiers)
        return {**whole, "traits": {name: value for name, value in traits.items() if value is not None}}


class MixesIds(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        return {**super().upsert_profile(id.lower(), traits, identifiers), "id": id}

    def get_profile(self, id: str) -> Json:
        return {**super().get_profile(id.lower()), "id": id}


# ingest_event


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
            if time > self._ctx.clock.now():
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


# sync_audience


class MixesKeys(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        return super().sync_audience(key.lower(), members)


class OnlyAdds(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        with self._box as state:
            before = state["audiences"].get(key, [])
        return super().sync_audience(key, (*members, *before))


class CountsAllAsAdded(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        found = super().sync_audience(key, members)
        return {**found, "added": found["size"]}


class CountsDuplicates(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        return {**super().sync_audience(key, members), "size": len(members)}


class TakesFiftyMembers(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        if len(members) > 50:
            raise NonRetryableError("payload_too_large")
        return super().sync_audience(key, members)


class SaysReported(MockCDP):
    traits = CDPTraits(unknown_members="reported")


class ReportsWithoutSaying(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        with self._box as state:
            unknown = {id for id in members if id not in state["profiles"]}
        found = super().sync_audience(key, tuple(id for id in members if id not in unknown))
        return {**found, "unknown": sorted(unknown)}


class CountsUnknown(ReportsWithoutSaying):
    traits = CDPTraits(unknown_members="reported")

    def sync_audience(self, key: str, members: Any) -> Json:
        return {**super().sync_audience(key, members), "size": len(set(members))}


class EmptiesBeforeItChecks(MockCDP):
    def sync_audience(self, key: str, members: Any) -> Json:
        super().sync_audience(key, ())
        return super().sync_audience(key, members)


class KnowsUpsertedOnly(MockCDP):
    def upsert_profile(self, id: str, traits: Any, identifiers: Any) -> Json:
        with self._box as state:
            state.setdefault("upserted", []).append(id)
        return super().upsert_profile(id, traits, identifiers)

    def sync_audience(self, key: str, members: Any) -> Json:
        with self._box as state:
            if set(members) - set(state.get("upserted", [])):
                raise NonRetryableError("not_found")
        return super().sync_audience(key, members)


# get_profile


class Reads(MockCDP):
    """Changes what a read shows."""

    def get_profile(self, id: str) -> Json:
        found = super().get_profile(id)
        return {**found, "events": self.shown(found["events"])}

    def shown(self, events: list[Json]) -> list[Json]:
        return events


class NewestFirst(Reads):
    def shown(self, events: list[Json]) -> list[Json]:
        return events[::-1]


class ByArrival(MockCDP):
    def get_profile(self, id: str) -> Json:
        found = super().get_profile(id)
        with self._box as state:
            arrival = [event["event_id"] for event in state["events"]]
        return {
            **found,
            "events": sorted(found["events"], key=lambda event: arrival.index(event["event_id"])),
        }


class ByIdAlone(Reads):
    def shown(self, events: list[Json]) -> list[Json]:
        return sorted(events, key=lambda event: str(event["event_id"]))


class BySecond(Reads):
    def shown(self, events: list[Json]) -> list[Json]:
        return sorted(events, key=lambda event: (event["time"][:19], event["event_id"]))


class ShowsNine(Reads):
    def shown(self, events: list[Json]) -> list[Json]:
        return events[-9:]


class ShowsOldest(Reads):
    def shown(self, events: list[Json]) -> list[Json]:
        return events[:10]


class SaysNoHistory(MockCDP):
    traits = CDPTraits(event_history="none")


class ReadsItsOwn(MockCDP):
    """Answers reads from a copy that other instances do not refresh."""

    def get_profile(self, id: str) -> Json:
        cache = self.__dict__.setdefault("_cache", {})
        return copy.deepcopy(cache.setdefault(id, super().get_profile(id)))


class CreatesOnRead(MockCDP):
    def get_profile(self, id: str) -> Json:
        with self._box as state:
            self._data(state).profile(id)
        return super().get_profile(id)


class CutsLongText(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched = super()._patched(traits, patch)
        return {name: value[:65_535] if isinstance(value, str) else value for name, value in patched.items()}


class ChecksTimeFirst(Refuses):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        if time < self._ctx.clock.now() - timedelta(hours=72):
            raise NonRetryableError("invalid", "too old")
        return super().ingest_event(event_id, profile_id, name, time, properties)


class FindsByIdentifier(MockCDP):
    def get_profile(self, id: str) -> Json:
        with self._box as state:
            owners = [own for own, found in state["profiles"].items() if id in found["identifiers"].values()]
        return super().get_profile(owners[0] if owners else id)


class RemembersAbsence(MockCDP):
    def get_profile(self, id: str) -> Json:
        absent = self.__dict__.setdefault("_absent", set())
        try:
            if id in absent:
                raise NonRetryableError("not_found")
            return super().get_profile(id)
        except NonRetryableError:
            absent.add(id)
            raise


class FoldsIdentifiers(MockCDP):
    def _data(self, state: Json) -> CustomerData:
        data = CustomerData(state)
        data.owner = lambda name, value: next(  # type: ignore[method-assign]
            (
                id
                for id, found in state["profiles"].items()
                if str(found["identifiers"].get(name)).lower() == str(value).lower()
            ),
            None,
        )
        return data


class StripsText(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched = super()._patched(traits, patch)
        return {name: value.strip() if isinstance(value, str) else value for name, value in patched.items()}


class WholeSeconds(MockCDP):
    def ingest_event(self, event_id: str, profile_id: str, name: str, time: Any, properties: Any) -> Json:
        with self._box as state:
            known = next((event for event in state["events"] if event["event_id"] == event_id), None)
        if known is not None and known["time"][:19] == instant_text(time)[:19]:
            time = datetime.fromisoformat(known["time"])
        return super().ingest_event(event_id, profile_id, name, time, properties)


SABOTEURS = [
    (CutsLongText, "cdp.upsert_profile.rule.long_value"),
    (ChecksTimeFirst, "cdp.ingest_event.rule.known_id_first"),
    (FindsByIdentifier, "cdp.get_profile.rule.by_id"),
    (RemembersAbsence, "cdp.get_profile.rule.by_id"),
    (FoldsIdentifiers, "cdp.upsert_profile.rule.identifier_names"),
    (StripsText, "cdp.upsert_profile.rule.values"),
    (WholeSeconds, "cdp.ingest_event.rule.one_per_id"),
    (ReplacesTraits, "cdp.upsert_profile.rule.merge"),
    (ReturnsThePatch, "cdp.upsert_profile.rule.merge"),
    (StoresNull, "cdp.upsert_profile.rule.null_removes"),
    (PatchesShallowly, "cdp.upsert_profile.rule.nested_merge"),
    (KeepsNestedNulls, "cdp.upsert_profile.rule.nested_merge"),
    (SaysReplaceAndMerges, "cdp.upsert_profile.rule.nested_replace"),
    (AcceptsNested, "cdp.upsert_profile.bad_input.nested_object"),
    (UnitesArrays, "cdp.upsert_profile.rule.arrays_replace"),
    (MergesConsent, "cdp.upsert_profile.rule.consent"),
    (KeepsConsent, "cdp.upsert_profile.rule.consent"),
    (BooleansAreNumbers, "cdp.upsert_profile.rule.values"),
    (SkipsEqualValues, "cdp.upsert_profile.rule.values"),
    (KeepsTwentyTraits, "cdp.upsert_profile.rule.fifty_traits"),
    (DropsWhatIsTooMuch, "cdp.upsert_profile.rule.too_many"),
    (LosesUpdates, "cdp.upsert_profile.rule.concurrent_traits"),
    (TakesNames, "cdp.upsert_profile.rule.spares_others"),
    (ReplacesIdentifiers, "cdp.upsert_profile.rule.identifiers"),
    (LowersIdentifiers, "cdp.upsert_profile.rule.identifier_values"),
    (NeverReleases, "cdp.upsert_profile.rule.released_identifier"),
    (LetsShare, "cdp.upsert_profile.rule.released_identifier"),
    (LetsShare, "cdp.upsert_profile.bad_input.owned_identifier"),
    (ClaimsBeforeItChecks, "cdp.upsert_profile.bad_input.owned_identifier"),
    (ClaimsBeforeItChecks, "cdp.upsert_profile.bad_input.owned_identifier_new_profile"),
    (IgnoresNames, "cdp.upsert_profile.rule.identifier_names"),
    (ChecksThenWrites, "cdp.upsert_profile.rule.one_claim"),
    (SaysMergesAndShares, "cdp.upsert_profile.rule.merged_identity"),
    (ForgetsEvents, "cdp.upsert_profile.rule.keeps_events"),
    (PropertiesBecomeTraits, "cdp.upsert_profile.rule.keeps_events"),
    (MixesIds, "cdp.adapter.rule.ids"),
    (CutsToSeconds, "cdp.ingest_event.rule.stored"),
    (StampsArrival, "cdp.ingest_event.rule.stored"),
    (DropsNestedProperties, "cdp.ingest_event.rule.properties"),
    (SortsArrays, "cdp.ingest_event.rule.properties"),
    (NeedsTheProfile, "cdp.ingest_event.rule.creates_profile"),
    (CreatesNoProfile, "cdp.ingest_event.rule.creates_profile"),
    (CreatesTwice, "cdp.ingest_event.rule.created_at_once"),
    (RefusesLateEvents, "cdp.ingest_event.rule.late_events"),
    (BurnsIds, "cdp.ingest_event.rule.other_times"),
    (DropsTheFuture, "cdp.ingest_event.rule.other_times"),
    (ComparesText, "cdp.ingest_event.rule.same_body"),
    (EventIdsPerProfile, "cdp.ingest_event.rule.one_per_id"),
    (OverlooksTimes, "cdp.ingest_event.rule.one_per_id"),
    (SaysLastWins, "cdp.ingest_event.rule.last_wins"),
    (ForgetsIds, "cdp.ingest_event.rule.dedupe_window"),
    (MixesKeys, "cdp.sync_audience.rule.keys"),
    (OnlyAdds, "cdp.sync_audience.rule.replacement"),
    (CountsAllAsAdded, "cdp.sync_audience.rule.replacement"),
    (CountsDuplicates, "cdp.sync_audience.rule.duplicates"),
    (TakesFiftyMembers, "cdp.sync_audience.rule.hundred_members"),
    (SaysReported, "cdp.sync_audience.rule.reported"),
    (CountsUnknown, "cdp.sync_audience.rule.reported"),
    (KnowsUpsertedOnly, "cdp.sync_audience.rule.known_by_event"),
    (ReportsWithoutSaying, "cdp.sync_audience.bad_input.unknown_member"),
    (EmptiesBeforeItChecks, "cdp.sync_audience.bad_input.unknown_member"),
    (EmptiesBeforeItChecks, "cdp.sync_audience.bad_input.unknown_member_new_audience"),
    (NewestFirst, "cdp.get_profile.rule.order"),
    (ByArrival, "cdp.get_profile.rule.order"),
    (ByIdAlone, "cdp.get_profile.rule.order"),
    (BySecond, "cdp.get_profile.rule.order"),
    (ShowsNine, "cdp.get_profile.rule.ten_newest"),
    (ShowsOldest, "cdp.get_profile.rule.ten_newest"),
    (SaysNoHistory, "cdp.get_profile.rule.no_history"),
    (ReadsItsOwn, "cdp.get_profile.rule.other_instance"),
    (CreatesOnRead, "cdp.get_profile.rule.only_reads"),
    (CreatesOnRead, "cdp.get_profile.bad_input.unknown_profile"),
]


# correct, and unusual


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


@pytest.fixture(scope="module", autouse=True)
def _little_to_collect() -> Iterator[None]:
    """Restarts collect garbage; what is there already need not be looked at each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


BENIGN = [
    WriteOnly,
    Asynchronous,
    Models,
    Lags,
    ReplacesNested,
    RefusesNested,
    FirstWins,
    LastWins,
    NoHistory,
    Reports,
    Merges,
    Strict,
    OffByOne,
    AtMostOnce,
    Elsewhere,
]


def test_the_mock_is_conformant() -> None:
    assert fallen(MockCDP) == set()
    assert len(judge(MockCDP)) > 75


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert clause in fallen(saboteur, only=clause)


def test_every_own_clause_and_refusal_has_a_saboteur() -> None:
    own = {clause.id for clause in contract("cdp").clauses if clause.family == "rule"}
    refusals = {f"cdp.{refusal.operation}.bad_input.{refusal.name}" for refusal in REFUSALS}
    assert own | refusals == {clause for _, clause in SABOTEURS}


@pytest.mark.parametrize("benign", BENIGN)
def test_an_unusual_but_correct_adapter_passes(benign: type) -> None:
    assert fallen(benign) == set()


UPSERT: Json = {"id": "ada", "traits": {}, "identifiers": {}}
INGEST: Json = {
    "event_id": "e1",
    "profile_id": "ada",
    "name": "order_placed",
    "time": "2026-03-02T09:00:00.0019Z",
    "properties": {},
}


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("upsert_profile", {"traits": {"Plan": 1}}),
        ("upsert_profile", {"traits": {"x" * 41: 1}}),
        ("upsert_profile", {"traits": []}),
        ("upsert_profile", {"traits": None}),
        ("upsert_profile", {"traits": {"seats": 2**53}}),
        ("upsert_profile", {"traits": {"seats": [-(2**53)]}}),
        ("upsert_profile", {"traits": {"seats": float("inf")}}),
        *(
            ("upsert_profile", {"traits": {"consent": wrong}})
            for wrong in (
                True,
                "email",
                ["email"],
                {"email": 1},
                {"email": "yes"},
                {"email": None},
                {"email": {}},
            )
        ),
        *(
            ("upsert_profile", {"identifiers": {"crm_id": wrong}})
            for wrong in ("", "x" * 257, 7, True, ["a"], {"a": "b"}, "a\nb")
        ),
        ("upsert_profile", {"identifiers": {"CRM": "x"}}),
        ("ingest_event", {"event_id": "e 1"}),
        ("ingest_event", {"name": "Order placed"}),
        ("ingest_event", {"time": "2026-03-02T09:00:00"}),
        ("ingest_event", {"time": 1_772_442_000}),
        ("ingest_event", {"properties": {"n": 2**53}}),
        ("ingest_event", {"properties": {1: 2}}),
        ("ingest_event", {"properties": None}),
        ("sync_audience", {"key": "buyers", "members": "ada"}),
        ("sync_audience", {"key": "buyers", "members": ["a b"]}),
        ("sync_audience", {"key": "buyers", "members": None}),
        ("get_profile", {"id": "é"}),
    ],
)
def test_what_the_contract_refuses(operation: str, changes: Json) -> None:
    valid = {"upsert_profile": UPSERT, "ingest_event": INGEST}.get(operation, {})
    with pytest.raises(NonRetryableError) as raised:
        CAPABILITY.check(operation, **{**valid, **changes})
    assert raised.value.code == "invalid"


def test_what_the_contract_accepts_is_frozen() -> None:
    checked = CAPABILITY.check(
        "upsert_profile",
        id="ada",
        traits={"consent": {"email": False}, "at": {"geo": [1, {"x": None}]}, "large": 2**53 - 1},
        identifiers={"crm_id": "é" * 256, "email": None},
    )
    assert hash(checked["traits"]) == hash(checked["traits"])
    assert checked["traits"]["at"]["geo"][1] == {"x": None}
    with pytest.raises(TypeError):
        checked["traits"]["at"]["geo"][1]["x"] = 1
    with pytest.raises(TypeError):
        checked["identifiers"]["email"] = "x"
    assert instant_text(CAPABILITY.check("ingest_event", **INGEST)["time"]) == "2026-03-02T09:00:00.001Z"
