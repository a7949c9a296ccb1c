"""One adapter that keeps what it is given, and one that drops it."""

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
        made = {"id": self._ctx.ids.new(), "place": place.plain()}
        state["places"][made["id"]] = json.dumps(made)
        return made

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
        return {"id": self._ctx.ids.new(), "place": place.plain()}
