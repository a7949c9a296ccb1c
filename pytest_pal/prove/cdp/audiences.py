"""Wrong in sync_audience: who is in it afterwards, and what is counted."""

from typing import Any

from ...contracts.cdp.protocol import CDPTraits
from ...errors import NonRetryableError
from ...mocks.cdp import MockCDP
from ..saboteur import RECORDED, Saboteur

Json = dict[str, Any]


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
        try:
            return super().sync_audience(key, members)
        except NonRetryableError:
            super().sync_audience(key, ())
            raise


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


OWN, UNKNOWN = "cdp.sync_audience.rule.", "cdp.sync_audience.bad_input.unknown_member"

SABOTEURS = (
    Saboteur("mixes_keys", MixesKeys, OWN + "keys", RECORDED),
    Saboteur("only_adds", OnlyAdds, OWN + "replacement", RECORDED, "nobody ever leaves an audience"),
    Saboteur("counts_all_as_added", CountsAllAsAdded, OWN + "replacement", RECORDED, "whoever stays is counted as new"),
    Saboteur("counts_duplicates", CountsDuplicates, OWN + "duplicates", RECORDED),
    Saboteur("takes_fifty_members", TakesFiftyMembers, OWN + "hundred_members"),
    Saboteur("says_reported", SaysReported, OWN + "reported", RECORDED),
    Saboteur("counts_unknown", CountsUnknown, OWN + "reported", RECORDED),
    Saboteur("knows_upserted_only", KnowsUpsertedOnly, OWN + "known_by_event", RECORDED),
    Saboteur("reports_without_saying", ReportsWithoutSaying, UNKNOWN, RECORDED),
    Saboteur("empties_before_it_checks", EmptiesBeforeItChecks, UNKNOWN, RECORDED),
)
