"""A reference for customer data: profiles by merge patch, events by id, audiences of profiles."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ..contracts.cdp.protocol import CONSENT, CDPTraits, ObservedAudience, ObservedEvent, ObservedProfile
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import instant_text, thaw
from ..primitives.keys import once
from ..primitives.state import State, StateBox

Json = dict[str, Any]


class CustomerData:
    """The vendor's own primitives over its state: profiles, the events that are on record, audiences."""

    def __init__(self, state: State) -> None:
        self._profiles: Json = state["profiles"]
        self._events: list[Json] = state["events"]
        self._audiences: dict[str, list[str]] = state["audiences"]

    def profile(self, id: str) -> Json:
        """The stored profile, made where there is none."""
        found: Json = self._profiles.setdefault(id, {"traits": {}, "identifiers": {}})
        return found

    def owner(self, name: str, value: str) -> str | None:
        """The profile that has this identifier."""
        return next((id for id, found in self._profiles.items() if found["identifiers"].get(name) == value), None)

    def known(self) -> list[str]:
        """The ids of all profiles."""
        return list(self._profiles)

    def shown(self, id: str) -> Json:
        """A copy of a profile, its events by time. Raises NonRetryableError(not_found)."""
        self.require([id])
        copied: Json = thaw({"id": id, **self._profiles[id], "events": self._history(id)})
        return copied

    def require(self, ids: list[str]) -> None:
        """Raises NonRetryableError(not_found) unless all these profiles exist."""
        if missing := [id for id in ids if id not in self._profiles]:
            raise NonRetryableError("not_found", f"no profile {', '.join(map(repr, missing))}")

    def append(self, event: Json) -> None:
        self.profile(event["profile_id"])
        self._events.append(event)

    def replace_audience(self, key: str, members: list[str]) -> set[str]:
        """Gives the members from before."""
        before = set(self.members(key))
        self._audiences[key] = members
        return before

    def members(self, key: str) -> list[str]:
        """Of an audience; none where there is no such audience."""
        return list(self._audiences.get(key, ()))

    def _history(self, id: str) -> list[Json]:
        theirs = [event for event in self._events if event["profile_id"] == id]
        theirs.sort(key=lambda event: (event["time"], event["event_id"]))
        return [{name: value for name, value in event.items() if name != "profile_id"} for event in theirs]


class MockCDP:
    """CDPProvider in process. config: state."""

    capability = "cdp"
    contract = "1.0"
    traits = CDPTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"profiles": {}, "events": [], "audiences": {}, "keys": {}})

    def upsert_profile(self, id: str, traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
        with self._box as state:
            data = self._data(state)
            for name, value in identifiers.items():
                if value is not None and data.owner(name, value) not in (None, id):
                    raise NonRetryableError("conflict", f"another profile owns this {name}")
            profile = data.profile(id)
            profile["traits"] = self._patched(profile["traits"], traits)
            profile["identifiers"] = merge_patch(profile["identifiers"], identifiers)
            return data.shown(id)

    def ingest_event(
        self, event_id: str, profile_id: str, name: str, time: datetime, properties: Mapping[str, Any]
    ) -> Json:
        event = {
            "event_id": event_id,
            "profile_id": profile_id,
            "name": name,
            "time": instant_text(time),
            "properties": thaw(properties),
        }
        with self._box as state:
            return once(state["keys"], "ingest_event", event_id, event, lambda: self._ingest(state, event))

    def sync_audience(self, key: str, members: tuple[str, ...]) -> Json:
        wanted = sorted(set(members))
        with self._box as state:
            data = self._data(state)
            data.require(wanted)
            before = data.replace_audience(key, wanted)
        added, removed = set(wanted) - before, before - set(wanted)
        return {"added": len(added), "removed": len(removed), "size": len(wanted)}

    def get_profile(self, id: str) -> Json:
        with self._box as state:
            return self._data(state).shown(id)

    @contextmanager
    def primitives(self) -> Iterator[CustomerData]:
        """The vendor behind this mock, for a wire that has other requests than the contract has operations."""
        with self._box as state:
            yield self._data(state)

    def observe(self) -> "MockCDP":
        return self

    def profiles(self) -> list[ObservedProfile]:
        with self._box as state:
            return [ObservedProfile(id=id, **found) for id, found in state["profiles"].items()]

    def events(self) -> list[ObservedEvent]:
        with self._box as state:
            return [ObservedEvent(**event) for event in state["events"]]

    def audiences(self) -> list[ObservedAudience]:
        with self._box as state:
            return [ObservedAudience(key=key, members=members) for key, members in state["audiences"].items()]

    def _data(self, state: State) -> CustomerData:
        return CustomerData(state)

    def _ingest(self, state: State, event: Json) -> Json:
        self._data(state).append(event)
        return {"event_id": event["event_id"], "profile_id": event["profile_id"]}

    def _patched(self, traits: Json, patch: Mapping[str, Any]) -> Json:
        patched: Json = merge_patch(traits, patch)
        if patch.get(CONSENT) is not None:
            patched[CONSENT] = thaw(patch[CONSENT])
        return patched


def merge_patch(target: Any, patch: Any) -> Any:
    """What ``patch`` makes of ``target`` by RFC 7386: objects patch, null removes, all else replaces."""
    if not isinstance(patch, Mapping):
        return thaw(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result
