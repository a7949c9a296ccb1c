"""Samples: valid and refusable calls that a capability publishes, so that clauses can be generated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .fields import FIRST


@dataclass(frozen=True)
class Scene:
    """What a sample is made for: the adapter's traits, the instant, the sample's number.

    ``given`` holds the outputs of the steps taken before, by name; ``provided`` what the harness
    offers (a suppressed recipient, a template's name, ...). Another ``n`` (0 and up) is another payload.
    """

    traits: Any
    now: datetime
    n: int = 0
    given: Mapping[str, Any] = field(default_factory=dict)
    provided: Mapping[str, Any] = field(default_factory=dict)


Arguments = Callable[[Scene], dict[str, Any]]


@dataclass(frozen=True)
class Given:
    """A step to take first; its output is ``scene.given[name]``. Without ``arguments``: that operation's sample."""

    name: str
    operation: str
    n: int = 0
    arguments: Arguments | None = None


@dataclass(frozen=True)
class Sample:
    """Valid arguments of one operation, its idempotency key left out.

    ``many`` are others that hold so much that an adapter may need several requests for them.
    """

    arguments: Arguments
    given: tuple[Given, ...] = ()
    many: Arguments | None = None


@dataclass(frozen=True)
class Refusal:
    """Arguments that pass the contract's check and that the adapter must refuse with one of ``codes``.

    Makes the clause ``<capability>.<operation>.bad_input.<name>``. ``applies(traits)`` false: not for
    such an adapter. ``since`` is the contract version it came in.
    """

    operation: str
    name: str
    sentence: str
    codes: tuple[str, ...]
    arguments: Arguments
    given: tuple[Given, ...] = ()
    needs: tuple[str, ...] = ()
    applies: Callable[[Any], bool] = lambda traits: True
    since: str = FIRST


@dataclass(frozen=True)
class Part:
    """An optional part of an operation (``operation.part``), and a call that uses it."""

    name: str
    sentence: str
    arguments: Arguments
    given: tuple[Given, ...] = ()

    @property
    def operation(self) -> str:
        return self.name.split(".")[0]
