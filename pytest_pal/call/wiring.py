"""From an adapter and what is handed in to one binding per operation."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import ValidationError

from ..clock import Clock
from ..errors import NonRetryableError, PalError
from ..model.capability import Capability, faults
from ..model.context import Ids
from ..model.operation import Operation
from ..model.payload import Traits
from ..telemetry.records import Sink
from ..telemetry.spans import Site
from .binding import Binding
from .retry import RetryPolicy
from .terms import MayRepeat, Terms

OF_THE_HANDLE = frozenset({"call", "close", "aclose"})
LONGEST_DEADLINE_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a handle is made with, besides adapter and capability; as `handle` says."""

    name: str
    clock: Clock
    random: Random
    ids: Ids
    sinks: tuple[Sink, ...]
    retry: RetryPolicy
    deadline_s: float | None
    may_repeat: MayRepeat | None

    def bind(self, adapter: Any, capability: Capability) -> list[Binding]:
        """Raises PalError for an adapter, a name or a deadline that cannot be."""
        self._refuse_what_cannot_be(adapter, capability)
        traits = _traits(adapter, capability)
        return [
            Binding(
                capability,
                declared,
                _method(adapter, declared.name),
                site=Site(capability.name, self.name, declared.name, self.clock, self.sinks),
                terms=self._terms(declared, traits),
                ids=self.ids,
            )
            for declared in capability.operations.values()
        ]

    def _terms(self, declared: Operation, traits: Traits) -> Terms:
        return Terms(
            operation=declared.name,
            writes=declared.effect == "write",
            once=declared.idempotency == "key" and traits.delivery == "at_most_once",
            deadline_s=declared.deadline_s if self.deadline_s is None else self.deadline_s,
            retry=self.retry,
            random=self.random,
            may_repeat=self.may_repeat,
        )

    def _refuse_what_cannot_be(self, adapter: Any, capability: Capability) -> None:
        if inspect.isclass(adapter):
            raise PalError(f"{adapter.__name__} is a class; give an instance, {adapter.__name__}(config, ctx)")
        of = getattr(adapter, "capability", capability.name)
        if of != capability.name:
            raise PalError(f"{type(adapter).__name__} is an adapter of {of!r}, not of {capability.name!r}")
        if not self.name or not isinstance(self.name, str):
            raise PalError(f"a handle of {type(adapter).__name__} needs the adapter's name, not {self.name!r}")
        given = self.deadline_s
        if given is not None and not (isinstance(given, int | float) and 0 < given <= LONGEST_DEADLINE_S):
            raise PalError(f"deadline_s is {given!r}; give seconds, more than 0 and at most {LONGEST_DEADLINE_S}")
        taken = sorted(OF_THE_HANDLE & capability.operations.keys())
        if taken:
            raise PalError(f"{capability.name}: a handle has {', '.join(taken)} of its own; rename these operations")


def _traits(adapter: Any, capability: Capability) -> Traits:
    try:
        return capability.traits.of(getattr(adapter, "traits", None))
    except ValidationError as error:
        raise PalError(f"the traits of {type(adapter).__name__} are not {capability.name}'s: {faults(error)}") from None


def _method(adapter: Any, operation: str) -> Callable[..., Any]:
    found = getattr(adapter, operation, None)
    if callable(found):
        return found  # type: ignore[no-any-return]
    declared = getattr(adapter, "unsupported", {}).get(operation)
    reason = declared or f"{type(adapter).__name__} has no such method, and does not declare why"

    def refuse(*_: Any, **__: Any) -> Any:
        raise NonRetryableError("unsupported", f"{operation}: {reason}")

    return refuse
