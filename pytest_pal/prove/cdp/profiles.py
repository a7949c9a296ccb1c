"""Wrong in upsert_profile: what a patch makes of a profile, and who owns what."""

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from ...contracts.cdp.protocol import CDPTraits
from ...errors import NonRetryableError
from ...mocks.cdp import CustomerData, MockCDP, merge_patch
from ...model.values import thaw
from ..saboteur import RECORDED, Saboteur

Json = dict[str, Any]


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


class CutsLongText(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched = super()._patched(traits, patch)
        return {name: value[:65_535] if isinstance(value, str) else value for name, value in patched.items()}


class StripsText(MockCDP):
    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched = super()._patched(traits, patch)
        return {name: value.strip() if isinstance(value, str) else value for name, value in patched.items()}


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


OWN = "cdp.upsert_profile.rule."

SABOTEURS = (
    Saboteur(
        "replaces_traits", ReplacesTraits, OWN + "merge", RECORDED, "every second upsert of a profile loses traits"
    ),
    Saboteur("returns_the_patch", ReturnsThePatch, OWN + "merge", RECORDED),
    Saboteur(
        "stores_null", StoresNull, OWN + "null_removes", RECORDED, "null never removes, and objects are not patched"
    ),
    Saboteur("patches_shallowly", PatchesShallowly, OWN + "nested_merge", RECORDED),
    Saboteur("keeps_nested_nulls", KeepsNestedNulls, OWN + "nested_merge", RECORDED),
    Saboteur("says_replace_and_merges", SaysReplaceAndMerges, OWN + "nested_replace", RECORDED),
    Saboteur("accepts_nested", AcceptsNested, "cdp.upsert_profile.bad_input.nested_object", RECORDED),
    Saboteur("unites_arrays", UnitesArrays, OWN + "arrays_replace", RECORDED),
    Saboteur("merges_consent", MergesConsent, OWN + "consent", RECORDED),
    Saboteur("keeps_consent", KeepsConsent, OWN + "consent", RECORDED),
    Saboteur("booleans_are_numbers", BooleansAreNumbers, OWN + "values", RECORDED),
    Saboteur("skips_equal_values", SkipsEqualValues, OWN + "values", RECORDED),
    Saboteur("strips_text", StripsText, OWN + "values"),
    Saboteur("keeps_twenty_traits", KeepsTwentyTraits, OWN + "fifty_traits", RECORDED),
    Saboteur("drops_what_is_too_much", DropsWhatIsTooMuch, OWN + "too_many"),
    Saboteur("cuts_long_text", CutsLongText, OWN + "long_value"),
    Saboteur("loses_updates", LosesUpdates, OWN + "concurrent_traits", RECORDED),
    Saboteur("takes_names", TakesNames, OWN + "spares_others", RECORDED),
    Saboteur("replaces_identifiers", ReplacesIdentifiers, OWN + "identifiers", RECORDED),
    Saboteur("lowers_identifiers", LowersIdentifiers, OWN + "identifier_values", RECORDED),
    Saboteur("never_releases", NeverReleases, OWN + "released_identifier", RECORDED),
    Saboteur("lets_share", LetsShare, OWN + "released_identifier", RECORDED),
    Saboteur(
        "claims_before_it_checks", ClaimsBeforeItChecks, "cdp.upsert_profile.bad_input.owned_identifier", RECORDED
    ),
    Saboteur("ignores_names", IgnoresNames, OWN + "identifier_names", RECORDED),
    Saboteur("folds_identifiers", FoldsIdentifiers, OWN + "identifier_names", RECORDED),
    Saboteur("checks_then_writes", ChecksThenWrites, OWN + "one_claim", RECORDED),
    Saboteur("says_merges_and_shares", SaysMergesAndShares, OWN + "merged_identity", RECORDED),
    Saboteur("forgets_events", ForgetsEvents, OWN + "keeps_events", RECORDED),
    Saboteur("properties_become_traits", PropertiesBecomeTraits, OWN + "keeps_events", RECORDED),
    Saboteur("mixes_ids", MixesIds, "cdp.adapter.rule.ids", RECORDED),
)
