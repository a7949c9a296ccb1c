"""Adapters of geo: one that is pinned to 1.0, one that drops what it is given, and one that is pinned to 1.1."""

import json

from pytest_pal import NonRetryableError, StateBox, once


class AcmeGeo:
    capability = "geo"
    contract = "1.0"

    def __init__(self, config, ctx):
        self._box = StateBox(config.get("state"), lambda: {"places": {}, "keys": {}})
        self._ctx = ctx

    def register(self, place, *, idempotency_key):
        with self._box as state:
            return once(state["keys"], "register", idempotency_key, place.plain(), lambda: self._add(state, place))

    def _add(self, state, place):
        made = self._made(place)
        state["places"][made["id"]] = json.dumps(made)
        return made

    def _made(self, place):
        known = {"name": place.name, "latitude": place.latitude, "longitude": place.longitude}
        return {"id": self._ctx.ids.new(), "place": known}

    def find(self, place_id):
        with self._box as state:
            if place_id not in state["places"]:
                raise NonRetryableError("not_found", place_id)
            return json.loads(state["places"][place_id])

    def observe(self):
        return self

    def places(self):
        with self._box as state:
            return [{"id": id} for id in state["places"]]


class LossyGeo(AcmeGeo):
    def _add(self, state, place):
        return self._made(place)


class NewerGeo(AcmeGeo):
    contract = "1.1"

    def _made(self, place):
        if place.latitude == place.longitude == 0:
            raise NonRetryableError("invalid", "at sea")
        region = "north" if place.latitude >= 0 else "south"
        return {"id": self._ctx.ids.new(), "place": place.plain(), "region": region}


class HastyGeo(AcmeGeo):
    """Pinned to 1.1, with nothing of it."""

    contract = "1.1"
