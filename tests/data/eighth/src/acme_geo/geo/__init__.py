"""The capability ``geo``: register a place, find it again.

Version 1.1 added labels and regions, and refuses places at sea. Adapters that are pinned to 1.0 need know
nothing of that.
"""

from collections.abc import Sequence
from typing import Annotated, Protocol

from pytest_pal import ID, Capability, Key, Number, Observed, Output, Payload, Since, Text, operation


class Place(Payload):
    """Degrees north and east."""

    name: Text
    latitude: Number
    longitude: Number
    label: Annotated[Text, Since("1.1")] = ""


class Registered(Output):
    id: Annotated[Key, ID]
    place: Place
    region: Annotated[Text | None, Since("1.1")] = None


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


CAPABILITY = Capability(name="geo", version="1.1", package=__name__, protocol=GeoProvider, observe=GeoObserver)
