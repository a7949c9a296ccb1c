"""Wrong in get_profile: which events it shows, in which order, and whose."""

import copy
from typing import Any

from ...contracts.cdp.protocol import CDPTraits
from ...errors import NonRetryableError
from ...mocks.cdp import MockCDP
from ..saboteur import RECORDED, Saboteur

Json = dict[str, Any]


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


class AliasesStored(MockCDP):
    """Hands out the very properties that are stored."""

    def get_profile(self, id: str) -> Json:
        found = super().get_profile(id)
        with self._box as state:
            kept = {event["event_id"]: event["properties"] for event in state["events"]}
        return {**found, "events": [{**event, "properties": kept[event["event_id"]]} for event in found["events"]]}


OWN = "cdp.get_profile.rule."

SABOTEURS = (
    Saboteur("newest_first", NewestFirst, OWN + "order", RECORDED),
    Saboteur("by_arrival", ByArrival, OWN + "order", RECORDED),
    Saboteur("by_id_alone", ByIdAlone, OWN + "order", RECORDED),
    Saboteur("by_second", BySecond, OWN + "order", RECORDED),
    Saboteur("shows_nine", ShowsNine, OWN + "ten_newest"),
    Saboteur("shows_oldest", ShowsOldest, OWN + "ten_newest"),
    Saboteur("says_no_history", SaysNoHistory, OWN + "no_history", RECORDED),
    Saboteur("reads_its_own", ReadsItsOwn, OWN + "other_instance", RECORDED),
    Saboteur("creates_on_read", CreatesOnRead, OWN + "only_reads", RECORDED),
    Saboteur("finds_by_identifier", FindsByIdentifier, OWN + "by_id"),
    Saboteur("remembers_absence", RemembersAbsence, OWN + "by_id"),
    Saboteur("aliases_stored", AliasesStored, "cdp.get_profile.shape.no_alias"),
)
