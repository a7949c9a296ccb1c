"""Fixtures for people's own tests; each is thin, and loads what it needs when it is used."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .kit.callers import Callers
    from .kit.pal_clock import PalClock


@pytest.fixture
def pal(request: pytest.FixtureRequest) -> "Iterator[Callers]":
    """The project's adapters by name, each opened on a fresh vendor: ``pal["acme_ads"].pause("c-1")``.

    Calls pass the contract's check and give validated outputs; see `pytest_pal.kit.callers.Caller`.
    """
    from .kit.callers import Callers

    with Callers(request.config) as callers:
        yield callers


@pytest.fixture
def pal_golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Holds a value against a golden file of the test: ``pal_golden(value, name="", classes={})``.

    The value is anything that JSON can say, or a payload. ``classes`` gives field classes by RFC 6901
    pointer, ``*`` for any place in a list: ``{"/rows/*/id": "id", "/at": "time"}``; instants, UUIDs and the
    fields of payloads have theirs. ``pytest --pal-golden=update`` takes over what was seen.
    """
    from .kit.golden_session import GOLDENS

    session: Any = request.config.pluginmanager.get_plugin(GOLDENS)
    return partial(session.expect, request.node)


@pytest.fixture
def pal_clock() -> "Iterator[PalClock]":
    """A clock that moves only when told: hand it in, or ``freeze()`` what reads the machine's."""
    from .kit.pal_clock import PalClock

    with PalClock() as clock:
        yield clock
