"""CDPProvider for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/cdp/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.cdp.protocol import AudienceSync, EventReceipt, IdentifierPatch, Profile, TraitPatch
from ...model.values import Instant, JsonMap, Key, Name


class AsyncCDPProvider(Protocol):
    """Keeps profiles of people, what they did, and audiences of them."""

    async def upsert_profile(self, id: Key, traits: TraitPatch, identifiers: IdentifierPatch) -> Profile:
        """Patches a profile, or creates it: what is not named stays, null removes or releases."""

    async def ingest_event(
        self, event_id: Key, profile_id: Key, name: Name, time: Instant, properties: JsonMap
    ) -> EventReceipt:
        """Records one event; of an unknown profile, it creates the profile."""

    async def sync_audience(self, key: Key, members: tuple[Key, ...]) -> AudienceSync:
        """Makes the audience consist of just these profiles; a member named twice counts once."""

    async def get_profile(self, id: Key) -> Profile:
        """What is known of one profile."""


class CDPCaller(Protocol):
    """Keeps profiles of people, what they did, and audiences of them."""

    def upsert_profile(self, id: Key, traits: TraitPatch, identifiers: IdentifierPatch) -> Profile:
        """Patches a profile, or creates it: what is not named stays, null removes or releases."""

    def ingest_event(
        self, event_id: Key, profile_id: Key, name: Name, time: Instant, properties: JsonMap
    ) -> EventReceipt:
        """Records one event; of an unknown profile, it creates the profile."""

    def sync_audience(self, key: Key, members: tuple[Key, ...]) -> AudienceSync:
        """Makes the audience consist of just these profiles; a member named twice counts once."""

    def get_profile(self, id: Key) -> Profile:
        """What is known of one profile."""

    def close(self) -> None: ...


class AsyncCDPCaller(Protocol):
    """Keeps profiles of people, what they did, and audiences of them."""

    async def upsert_profile(self, id: Key, traits: TraitPatch, identifiers: IdentifierPatch) -> Profile:
        """Patches a profile, or creates it: what is not named stays, null removes or releases."""

    async def ingest_event(
        self, event_id: Key, profile_id: Key, name: Name, time: Instant, properties: JsonMap
    ) -> EventReceipt:
        """Records one event; of an unknown profile, it creates the profile."""

    async def sync_audience(self, key: Key, members: tuple[Key, ...]) -> AudienceSync:
        """Makes the audience consist of just these profiles; a member named twice counts once."""

    async def get_profile(self, id: Key) -> Profile:
        """What is known of one profile."""

    async def aclose(self) -> None: ...
