"""Wrong about effects: doubled, swallowed, late, stale, lost, shared."""

import copy
import time
from collections.abc import Callable
from typing import Any

from ...errors import NonRetryableError, RetryableError
from ...model.operation import Operation
from .calls import Call, Given, around, fresh, memory, printed
from .defect import Body, Defect, keyed, natural, reads, writes

SCENARIO = "adapter.scenario.every_operation"
SHOWN = (
    "rule.fresh or rule.other_instance or rule.bandit_rows or adapter.rule.shared or adapter.scenario.every_operation"
)
BUSY_S = 0.003


def _made(wrong: Callable[[Operation], Callable[[Any, Call, Given], Any]]) -> Body:
    return lambda base, operation: around(base, operation, wrong(operation))


def _doubled(operation: Operation) -> Any:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        known = memory(self)
        first = given[str(operation.key)] not in known
        made = call()
        if first:
            known[given[str(operation.key)]] = True
            call(**{str(operation.key): fresh()})
        return made

    return wrong


def _without_effect(self: Any, call: Call) -> Any:
    """What a call returns, its effect undone."""
    with self._box as state:
        before = copy.deepcopy(state)
        try:
            return call()
        finally:
            state.clear()
            state.update(before)


def _swallowed(operation: Operation) -> Any:
    return lambda self, call, given: _without_effect(self, call)


def _late(operation: Operation) -> Any:
    """The effect comes with the next call."""

    def wrong(self: Any, call: Call, given: Given) -> Any:
        waiting = memory(self)
        if waiting:
            waiting.popitem()[1]()
        made = _without_effect(self, call)
        waiting["call"] = call
        return made

    return wrong


def _stale(operation: Operation) -> Any:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        kept = memory(self)
        if printed(given) not in kept:
            kept[printed(given)] = call()
        return copy.deepcopy(kept[printed(given)])

    return wrong


def _aliased(operation: Operation) -> Any:
    """A repeat is handed the very object that the first caller got."""

    def wrong(self: Any, call: Call, given: Given) -> Any:
        found = call()
        return memory(self).setdefault(printed(given), found)

    return wrong


def _stored_shared(operation: Operation) -> Any:
    """What is returned holds a piece of what is stored."""

    def wrong(self: Any, call: Call, given: Given) -> Any:
        returned = call()
        with self._box as state:
            kept = next(value for value in state.values() if value)
        return {**returned, "extensions": {"kept": kept}}

    return wrong


def _repeat_refused(operation: Operation) -> Any:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        if printed(given) in memory(self):
            raise NonRetryableError("conflict", "it is so already")
        made = call()
        memory(self)[printed(given)] = True
        return made

    return wrong


def _one_at_a_time(operation: Operation) -> Any:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        held = memory(self, "_held")
        if held:
            raise RetryableError("unavailable", "called twice at once")
        held["busy"] = True
        try:
            time.sleep(BUSY_S)
            return call()
        finally:
            held.clear()

    return wrong


def _works_once(operation: Operation) -> Any:
    """Depends on what else this process did: every other instance answers with an error."""
    made: list[int] = []

    def wrong(self: Any, call: Call, given: Given) -> Any:
        if "_number" not in self.__dict__:
            made.append(len(made))
            self.__dict__["_number"] = made[-1]
        if self._number % 2:
            raise RetryableError("unavailable", "not today")
        return call()

    return wrong


def _has_state(operation: Operation) -> bool:
    return writes(operation) and operation.idempotency != "repeatable"


DEFECTS = (
    Defect("doubled", "whatever is made is made twice", SCENARIO, _made(_doubled), keyed),
    Defect(
        "swallowed",
        "success is told and nothing happens",
        "idempotency.distinct_keys",
        _made(_swallowed),
        keyed,
        stateless=False,
    ),
    Defect("swallowed", "success is told and nothing happens", SCENARIO, _made(_swallowed), natural, stateless=False),
    Defect(
        "late",
        "the effect comes with the next call",
        "idempotency.distinct_keys",
        _made(_late),
        keyed,
        stateless=False,
        rules=False,
    ),
    Defect(
        "late", "the effect comes with the next call", SCENARIO, _made(_late), natural, stateless=False, rules=False
    ),
    Defect("stale", "the first answer is given for ever", SHOWN, _made(_stale), reads, read_back=True),
    Defect(
        "aliased",
        "two callers hold one object",
        "shape.no_alias",
        _made(_aliased),
        lambda operation: not natural(operation),
    ),
    Defect(
        "stored_shared",
        "the caller holds a piece of what is stored",
        "shape.no_alias",
        _made(_stored_shared),
        natural,
        stateless=False,
        rules=False,
    ),
    Defect("repeat_refused", "what is so already is a conflict", "idempotency.repeat", _made(_repeat_refused), natural),
    Defect(
        "one_at_a_time",
        "two threads are one too many",
        "concurrency.all_effects",
        _made(_one_at_a_time),
        keyed,
        rules=False,
    ),
    Defect(
        "one_at_a_time",
        "two threads are one too many",
        "concurrency.same_calls",
        _made(_one_at_a_time),
        lambda operation: not keyed(operation),
        rules=False,
    ),
    Defect("works_once", "every other instance fails", "determinism.same_calls", _made(_works_once)),
)
