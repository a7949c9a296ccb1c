"""CDPProvider: its payloads, traits, operations and observer. Every instant is UTC in milliseconds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, Field, StringConstraints

from ...model.fields import MEASURED, TIME
from ...model.operation import operation
from ...model.payload import Observed, Output, Payload, Traits
from ...model.values import Count, Instant, JsonMap, JsonValue, Key, Name, PlainText, frozen_dict

CONSENT = "consent"


def _consent(traits: Mapping[str, Any]) -> Mapping[str, Any]:
    consent = traits.get(CONSENT)
    if consent is None:
        return traits
    if not isinstance(consent, Mapping) or not all(isinstance(given, bool) for given in consent.values()):
        raise ValueError("consent must map channels to true or false")
    return traits


def _ascending(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids))


Identifier = Annotated[PlainText, StringConstraints(min_length=1, max_length=256)]
TraitPatch = Annotated[Mapping[Name, JsonValue], AfterValidator(_consent), AfterValidator(frozen_dict)]
IdentifierPatch = Annotated[Mapping[Name, Identifier | None], AfterValidator(frozen_dict)]
Identifiers = Annotated[Mapping[Name, Identifier], AfterValidator(frozen_dict)]
Ids = Annotated[tuple[Key, ...], AfterValidator(_ascending)]


class CDPTraits(Traits):
    """What customer data platforms differ in.

    ``nested``: what an object inside a patch does: ``merge`` (RFC 7386), ``replace`` (nested nulls are
    values), ``unsupported`` (invalid). ``event_dedupe_s``: seconds for which an event id is known.
    ``event_conflict``: what another body under a known event id does. ``event_history``: whether
    get_profile shows events. ``unknown_members``: whether sync_audience refuses them or reports them.
    ``identity``: what claiming an identifier of another profile does.
    """

    nested: Literal["merge", "replace", "unsupported"] = "merge"
    event_dedupe_s: int = Field(default=86_400, ge=86_400)
    event_conflict: Literal["detect", "first_wins", "last_wins"] = "detect"
    event_history: Literal["newest", "none"] = "newest"
    unknown_members: Literal["refused", "reported"] = "refused"
    identity: Literal["conflict", "merges"] = "conflict"
    read_bound_s: float = Field(default=0, ge=0, le=60)


class Event(Payload):
    """Something that a profile did."""

    event_id: Key
    name: Name
    time: Annotated[Instant, TIME]
    properties: JsonMap


class Profile(Output):
    """``events``: at least the 10 newest, ordered by time and event_id, newest last.

    How many are shown, and whether upsert_profile shows any, is the vendor's choice.
    """

    id: Key
    traits: JsonMap
    identifiers: Identifiers
    events: Annotated[tuple[Event, ...], MEASURED] = ()


class EventReceipt(Output):
    """A repeat gives the same receipt."""

    event_id: Key
    profile_id: Key


class AudienceSync(Output):
    """Counts against the audience at the call's start; ``unknown``: members that do not exist, left out."""

    added: Count
    removed: Count
    size: Count
    unknown: Ids = ()


class CDPProvider(Protocol):
    """Keeps profiles of people, what they did, and audiences of them."""

    @operation("write", "natural", unit="profile", entity="profile", reads=("get_profile",))
    def upsert_profile(self, id: Key, traits: TraitPatch, identifiers: IdentifierPatch) -> Profile:
        """Patches a profile, or creates it: what is not named stays, null removes or releases."""

    @operation(
        "write",
        "key",
        key="event_id",
        conflict_trait="event_conflict",
        deferrable=True,
        unit="profile",
        entity="event",
        reads=("get_profile",),
    )
    def ingest_event(
        self, event_id: Key, profile_id: Key, name: Name, time: Instant, properties: JsonMap
    ) -> EventReceipt:
        """Records one event; of an unknown profile, it creates the profile."""

    @operation("write", "natural", unit="profile", entity="audience", optional=True)
    def sync_audience(self, key: Key, members: tuple[Key, ...]) -> AudienceSync:
        """Makes the audience consist of just these profiles; a member named twice counts once."""

    @operation("read", "repeatable", unit="profile", entity="profile", optional=True)
    def get_profile(self, id: Key) -> Profile:
        """What is known of one profile."""


class ObservedProfile(Observed):
    """A profile as the vendor keeps it."""

    id: str
    traits: JsonMap
    identifiers: Identifiers


class ObservedEvent(Observed):
    """An event as the vendor keeps it."""

    event_id: str
    profile_id: str
    name: str
    time: Instant
    properties: JsonMap


class ObservedAudience(Observed):
    """An audience and its members, in any order."""

    key: str
    members: Annotated[tuple[str, ...], AfterValidator(_ascending)]


class CDPObserver(Protocol):
    """A second pair of eyes on what the vendor keeps."""

    def profiles(self) -> Sequence[ObservedProfile]: ...

    def events(self) -> Sequence[ObservedEvent]: ...

    def audiences(self) -> Sequence[ObservedAudience]: ...
