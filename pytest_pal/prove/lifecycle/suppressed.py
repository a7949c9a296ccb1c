"""Wrong about recipients who opted out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...contracts.lifecycle.protocol import Message
from ...errors import NonRetryableError
from ...mocks.lifecycle import MockLifecycle
from ..saboteur import RECORDED, Saboteur
from .changes import Json


class IgnoresOptOut(MockLifecycle):
    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__({**config, "suppressed": ()}, ctx)


class SaysAccepted(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        return {**super()._post(state, message, due, status), "status": status}


class RaisesForOptOut(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if message.to in self._suppressed:
            raise NonRetryableError("forbidden", "the recipient opted out")
        return super()._post(state, message, due, status)


class SchedulesForOptOut(MockLifecycle):
    """Looks who opted out when it sends, and not when it schedules."""

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        looked_up = self._suppressed
        self._suppressed = frozenset() if status == "scheduled" else looked_up
        try:
            return super()._post(state, message, due, status)
        finally:
            self._suppressed = looked_up


class SuppressesEverybody(MockLifecycle):
    """Once somebody opted out, nobody gets anything."""

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if receipt["status"] == "suppressed":
            self._suppressed |= {"reader0@example.com", "+15550100000", "device-token-0"}
        return receipt


SUPPRESSED = "lifecycle.send.rule.suppressed"

SABOTEURS = (
    Saboteur("ignores_opt_out", IgnoresOptOut, SUPPRESSED, RECORDED),
    Saboteur("says_accepted", SaysAccepted, SUPPRESSED),
    Saboteur("raises_for_opt_out", RaisesForOptOut, SUPPRESSED, ("lifecycle.schedule.rule.suppressed",)),
    Saboteur("schedules_for_opt_out", SchedulesForOptOut, "lifecycle.schedule.rule.suppressed"),
    Saboteur("suppresses_everybody", SuppressesEverybody, SUPPRESSED),
)
