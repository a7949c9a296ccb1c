"""What an adapter is given besides its configuration: time, chance, ids, secrets, a place to keep things."""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom
from typing import Protocol

from ..clock import Clock, SystemClock
from ..errors import NonRetryableError


class Ids(Protocol):
    """A source of fresh identifiers; each matches the contract's pattern for ids."""

    def new(self) -> str: ...


class RandomIds:
    """128 random bits in hexadecimal; from ``source`` they are the same in every run."""

    def __init__(self, source: Random | None = None) -> None:
        self._source = source or SystemRandom()

    def new(self) -> str:
        return uuid.UUID(int=self._source.getrandbits(128), version=4).hex


@dataclass(frozen=True)
class Context:
    """Built once per adapter instance. ``timeout`` is in seconds and bounds one attempt.

    ``state_dir`` is private to one adapter configuration and survives a restart; None: keep nothing.
    ``deadline`` gives the instant at which the current call must have ended, or None.
    """

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    ids: Ids = field(default_factory=RandomIds)
    timeout: float = 30.0
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("pytest_pal.adapter"))
    state_dir: Path | None = None
    secrets: Mapping[str, str] | Callable[[str], str | None] = field(default_factory=dict, repr=False)
    deadline: Callable[[], datetime | None] = field(default=lambda: None, repr=False)

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        await self.clock.asleep(seconds)

    def remaining(self) -> float:
        """Seconds that this attempt may still take: ``timeout``, or less where the call's deadline is near."""
        end = self.deadline()
        if end is None:
            return self.timeout
        return min(self.timeout, max(0.0, (end - self.clock.now()) / timedelta(seconds=1)))

    def secret(self, name: str) -> str:
        """The current value of a secret. Raises NonRetryableError(not_configured) where there is none."""
        value = self.secrets(name) if callable(self.secrets) else self.secrets.get(name)
        if value is None:
            raise NonRetryableError("not_configured", f"no secret named {name!r} is configured")
        return value
