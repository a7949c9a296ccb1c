"""What a clause sees: one adapter with fresh state, called through its handle, and its vendor's state."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from .capability import Capability
from .samples import Part, Refusal, Sample


class Call(NamedTuple):
    """One call to make: the operation's name and its arguments."""

    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one call came to: a value, or the error it raised."""

    operation: str
    value: Any = None
    error: BaseException | None = None

    def unwrap(self) -> Any:
        """The value; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value

    def brief(self) -> str:
        """One line for a person: the error's class, code and text, or the value."""
        if self.error is None:
            return f"returned {self.value!r}"
        code = getattr(self.error, "code", None)
        name = type(self.error).__name__
        text = getattr(self.error, "message", None) or ("" if code else str(self.error))
        return f"raised {name}{f'({code})' if code else ''}{f': {text}' if text else ''}"


class Subject(Protocol):
    """An adapter on trial. Every subject starts with an empty vendor and a clock of its own.

    Calls pass the contract's check first, advance the clock by 1 ms, and give validated payloads.
    An idempotency key that is left out is minted. A read after a write waits for ``traits.read_bound_s``
    on the adapter's clock first.
    """

    @property
    def capability(self) -> Capability:
        """The capability whose contract the adapter is judged against."""

    @property
    def traits(self) -> Any:
        """The traits that the adapter declares, as the capability's model."""

    @property
    def provided(self) -> Mapping[str, Any]:
        """What the harness offers to samples, over the contract's defaults."""

    def now(self) -> datetime:
        """The instant that the adapter's clock shows."""

    def advance(self, seconds: float) -> None:
        """Moves the clock; an adapter that schedules itself gets its ``run_due()``."""

    def offers(self, part: str) -> bool:
        """False for an optional operation or part that the adapter declared unsupported."""

    def key(self) -> str:
        """A fresh idempotency key."""

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """The operation's output; raises what the adapter raises."""

    def attempt(self, operation: str, /, **arguments: Any) -> Outcome:
        """The same, with an error as part of the outcome."""

    def raw(self, operation: str, /, **arguments: Any) -> Any:
        """What the adapter returned, as it returned it."""

    def together(self, calls: Iterable[Call], *, turns: bool = False) -> list[Outcome]:
        """All calls at once on one instance, in threads or as tasks; outcomes in the order given.

        With ``turns`` a thread lets the others go on after each function that returns: that finds a window
        which is shorter than a thread's share of time. One that is longer is found better without.
        """

    def prepare(self, sample: str | Sample | Refusal | Part) -> Callable[[int], dict[str, Any]]:
        """Takes the steps that a sample needs (by name: an operation's), then gives its arguments by number.

        Numbers go from 0 to 9; every call of `prepare` has numbers, and so names, of its own.
        """

    def observe(self, what: str) -> list[dict[str, Any]]:
        """One of the observer's lists, as JSON. Raises `Unproven` where nobody can look."""

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """All lists of the observer, after the read bound; two equal ones: nothing took effect in between."""

    def injecting(self, fault: str) -> AbstractContextManager[Callable[[], int] | None]:
        """While it is open the vendor fails so; gives a function that says how often it did, where anybody can tell."""

    def restart(self) -> None:
        """Drops the instance without closing it, and opens a new one on the same configuration."""

    def close(self) -> None:
        """Closes the instance; the next call opens a new one."""

    def sibling(self) -> "Subject":
        """Another instance of the same configuration, over the same vendor."""

    def stranger(self, **config: Any) -> "Subject":
        """An instance of another configuration, over another empty vendor."""

    def in_new_process(self, calls: Sequence[Call]) -> list[Outcome]:
        """The calls by a new instance on the same configuration in another process and hash seed."""
