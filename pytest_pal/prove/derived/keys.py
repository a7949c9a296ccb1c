"""Wrong about keys: dropped, cut, forgotten, compared by the wrong thing."""

import copy
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from ...errors import NonRetryableError
from ...model.operation import Operation
from .calls import Call, Given, around, fresh, keeping_context, memory, printed
from .defect import Body, Defect, keyed

REMEMBERED = 5
HOUR = timedelta(hours=1)
RACE_S = 0.005
ONE_AT_A_TIME = threading.Lock()
"""Who is wrong about one thing is right about threads."""


def _rekeyed(rename: Callable[[Any, str], str]) -> Body:
    """The key that the vendor is shown is another one."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        key = str(operation.key)

        def wrong(self: Any, call: Call, given: Given) -> Any:
            return call(**{key: rename(self, given[key])})

        return {**keeping_context(base), **around(base, operation, wrong)}

    return body


def _in_memory(self: Any, key: str) -> str:
    return str(memory(self).setdefault(key, fresh()))


def _newest(self: Any, key: str) -> str:
    kept = memory(self)
    with ONE_AT_A_TIME:
        name = _in_memory(self, key)
        while len(kept) > REMEMBERED:
            kept.pop(next(iter(kept)))
    return name


def _for_an_hour(self: Any, key: str) -> str:
    now = self._given_ctx.clock.now()
    with ONE_AT_A_TIME:
        name, since = memory(self).get(key, ("", now - 2 * HOUR))
        if now - since > HOUR:
            memory(self)[key] = name, since = fresh(), now
    return str(name)


def _ignores_others(base: type, operation: Operation) -> dict[str, Any]:
    key = str(operation.key)

    def wrong(self: Any, call: Call, given: Given) -> Any:
        try:
            memory(self)[given[key]] = call()
        except NonRetryableError as error:
            if error.code != "key_conflict" or given[key] not in memory(self):
                raise
        return copy.deepcopy(memory(self)[given[key]])

    return around(base, operation, wrong)


def _burns(base: type, operation: Operation) -> dict[str, Any]:
    key = str(operation.key)

    def wrong(self: Any, call: Call, given: Given) -> Any:
        print_ = printed(given)
        if memory(self).setdefault(given[key], print_) != print_:
            raise NonRetryableError("key_conflict")
        return call()

    return around(base, operation, wrong)


def _races(base: type, operation: Operation) -> dict[str, Any]:
    """Looks first, acts later: two at once both find nothing."""
    key = str(operation.key)

    def wrong(self: Any, call: Call, given: Given) -> Any:
        if given[key] not in memory(self):
            time.sleep(RACE_S)
            made = call(**{key: fresh()})
            memory(self).setdefault(given[key], (printed(given), made))
            return copy.deepcopy(made)
        print_, made = memory(self)[given[key]]
        if print_ != printed(given):
            raise NonRetryableError("key_conflict")
        return copy.deepcopy(made)

    return around(base, operation, wrong)


def _conflict_is_taken(base: type, operation: Operation) -> dict[str, Any]:
    """Another payload under a known key is another call."""
    key = str(operation.key)

    def wrong(self: Any, call: Call, given: Given) -> Any:
        try:
            return call()
        except NonRetryableError as error:
            if error.code != "key_conflict":
                raise
            return call(**{key: fresh()})

    return around(base, operation, wrong)


_keyed = partial(Defect, applies=keyed)
DEFECTS = (
    _keyed(
        "key_dropped", "whatever is repeated is made again", "idempotency.repeat", _rekeyed(lambda self, key: fresh())
    ),
    _keyed("key_in_memory", "a restart forgets every key", "idempotency.restart", _rekeyed(_in_memory)),
    _keyed(
        "key_by_hash",
        "the key is another one in every process",
        "idempotency.new_process",
        _rekeyed(lambda self, key: f"h{hash(key) & 0xFFFFFFFFFFFF}"),
    ),
    _keyed("key_newest_only", "only the newest keys are known", "idempotency.newer_writes", _rekeyed(_newest)),
    _keyed("key_for_an_hour", "keys are forgotten after an hour", "idempotency.late_repeat", _rekeyed(_for_an_hour)),
    _keyed(
        "key_in_lower_case",
        "keys that differ in case are one",
        "idempotency.whole_key",
        _rekeyed(lambda self, key: key.lower()),
    ),
    _keyed(
        "key_cut", "keys are cut after 40 characters", "idempotency.whole_key", _rekeyed(lambda self, key: key[:40])
    ),
    _keyed(
        "key_ignores_payload",
        "another payload under a known key gets the first one's answer",
        "idempotency.conflict",
        _ignores_others,
    ),
    _keyed(
        "key_conflict_is_taken",
        "another payload under a known key is made too",
        "idempotency.conflict",
        _conflict_is_taken,
    ),
    _keyed("key_burnt", "a call that was refused takes its key along", "idempotency.refused_is_free", _burns),
    _keyed("key_races", "two calls at once under one key are two", "idempotency.concurrent", _races),
)
