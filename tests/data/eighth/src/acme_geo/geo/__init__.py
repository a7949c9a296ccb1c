"""The capability ``geo``: register a place, find it again."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from pytest_pal import ID, Capability, Key, Number, Observed, Output, Payload, Text, operation


class Place(Payload):
    """Degrees north and east."""

    name: Text
    latitude: Number
    longitude: Number


class Registered(Output):
    id: Annotated[Key, ID]
    place: Place


class GeoProvider(Protocol):
    """Keeps places."""

    @operation("write", "key", entity="place", reads=("find",))
    def register(self, place: Place, *, idempotency_key: Key) -> Registered: ...

    @operation("read", "repeatable", entity="place")
    def find(self, place_id: Key) -> Registered: ...


class ObservedPlace(Observed):
    id: str


class GeoObserver(Protocol):
    def places(self) -> Sequence[ObservedPlace]: ...


CAPABILITY = Capability(name="geo", version="1.0", package=__name__, protocol=GeoProvider, observe=GeoObserver)
