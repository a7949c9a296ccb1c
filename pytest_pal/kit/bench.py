"""The bench of one item: a fresh vendor, a configuration, a clock, and a record of the steps taken."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..call.deadline import current_deadline
from ..clock import SimulatedClock
from ..model.clause import Unproven
from ..model.context import Context, RandomIds
from ..model.subject import Outcome
from .guard import GUARD
from .harness import Asked, close_vendor
from .target import Target

if TYPE_CHECKING:
    from .ledger import Entry
    from .live_vendor import LiveVendor

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEED = 20_260_302
NUMBERS = 10
MEMORY_DISK = Path("/dev/shm")
TIMEOUT_S = 5.0
"""What bounds an attempt where nothing is slow on purpose."""


@dataclass(frozen=True)
class Step:
    """One thing that was done to the subject; ``duration_s`` is simulated seconds."""

    what: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    duration_s: float = 0.0
    wire: tuple["Entry", ...] = ()


class Bench:
    """Shared by all instances of one configuration; `close` removes everything that the item made."""

    def __init__(
        self,
        target: Target,
        *,
        settings: Mapping[str, Any] | None = None,
        state_file: bool = False,
        wiring: Mapping[str, Any] | None = None,
    ) -> None:
        self.target = target
        self.timeout = TIMEOUT_S
        self._wiring = dict(wiring or {})
        self.clock = SimulatedClock(START)
        self.steps: list[Step] = []
        self.unread = self.secret_was_read = False
        self._settings = dict(settings or {})
        self._state_file = state_file
        self._directory: Path | None = None
        self._numbers = 0

    @cached_property
    def ids(self) -> RandomIds:
        return RandomIds(random.Random(SEED + 1))

    @cached_property
    def keys(self) -> RandomIds:
        return RandomIds(random.Random(SEED + 2))

    @cached_property
    def chance(self) -> random.Random:
        return random.Random(SEED)

    def fresh_numbers(self) -> int:
        """The first of some sample numbers that nobody used: a vendor may want names to be unique."""
        self._numbers += NUMBERS
        return self._numbers - NUMBERS

    @cached_property
    def vendor(self) -> Any:
        if self.target.harness.vendor is not None:
            return self._harness("vendor", self._live)
        return self._harness("fresh", lambda: self.target.harness.fresh_vendor(lambda: self._sub("vendor")))

    def _live(self) -> "LiveVendor":
        """The vendor that the kit serves; what a scenario asks for is said to its mock."""
        from .live_vendor import LiveVendor, Wiring

        assert self.target.harness.vendor is not None
        config = {"seed": 0, **self.target.contract.config, **self._settings}
        own = {**self._wiring, "secret": self.secret}
        wiring = Wiring(self.target.capability, self.clock, self.ids, config, **own)
        return LiveVendor(self.target.harness.vendor, wiring)

    @property
    def live(self) -> "LiveVendor | None":
        """The vendor where the kit serves it."""
        return self.vendor if self.target.harness.vendor is not None else None

    @property
    def problems(self) -> list[str]:
        """What went wrong at the vendor that the kit serves, and proves nothing about the adapter."""
        return self.vendor.problems if self.target.harness.vendor is not None and "vendor" in self.__dict__ else []

    @cached_property
    def secret(self) -> str:
        """A canary: it must appear nowhere but on the wire."""
        return self._wiring.get("secret") or self._canary(0)

    def _canary(self, number: int) -> str:
        return f"canary-{RandomIds(random.Random(SEED + 3 + number)).new()}"

    def _secret(self, name: str) -> str:
        self.secret_was_read = True
        return self.secret

    def rotate(self) -> None:
        """Changes the secret, as an operator does; the vendor that the kit serves takes nothing older from now on."""
        self.secret = self._canary(1)
        if self.live is not None:
            self.live.rotate(self.secret)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Defaults of the contract, then the harness's, then what the clause or scenario asks for."""
        own = self._harness("config", lambda: self.target.harness.config_for(self.vendor))
        config = {"seed": 0, **self.target.contract.config, **own}
        if self.target.harness.reach == "in_process":
            config.setdefault("state", str(self._sub("state") / "state.json") if self._state_file else {})
        return {**config, **self._settings}

    @cached_property
    def provided(self) -> dict[str, Any]:
        own = self._harness("given", lambda: self.target.harness.given_for(self.vendor))
        return {**self.target.contract.provided, **own}

    def restarted(self) -> None:
        """Lets the harness do what a restart of the adapter means at the vendor's side."""
        restart = self.target.harness.restart
        if restart is not None:
            self._harness("restart", lambda: restart(self.vendor))

    def context(self) -> Context:
        keeps = self.target.traits.delivery == "at_most_once" or self.target.harness.reach != "in_process"
        return Context(
            clock=self.clock,
            random=self.chance,
            ids=self.ids,
            timeout=self.timeout,
            state_dir=self._sub("adapter") if keeps else None,
            deadline=current_deadline,
            secrets=self._secret if self.target.harness.vendor is not None else {},
        )

    def observer(self, adapter: Any) -> Any:
        """The harness's observer, else the adapter's own. Raises `Unproven` where there is none."""
        observe = self.target.harness.observe
        if observe is not None:
            return self._harness("observe", lambda: observe(self.vendor))
        if self.live is not None:
            return self.live.mock.observe()
        if hasattr(adapter, "observe"):
            return adapter.observe()
        lists = ", ".join(f"{name}()" for name in self.target.capability.observed)
        raise Unproven(
            f"nobody can look at the vendor's state: give {self.target.cls.__name__} a method observe() that "
            f"returns an object with {lists}, or its harness observe=lambda vendor: ..."
        )

    def timeless(self, text: str) -> str:
        """A text without what differs from run to run: the vendor's port, the directory."""
        if self.live is not None:
            for host in ("127.0.0.1", "localhost"):
                text = text.replace(f"{host}:{self.live.port}", "vendor")
        return text if self._directory is None else text.replace(str(self._directory), "<directory>")

    @contextmanager
    def injected(self, fault: str) -> Iterator[Asked | None]:
        """Has the vendor fail while it is open. Raises `Unproven` where the harness cannot do that."""
        inject, part = self.target.harness.inject.get(fault), f"inject {fault}"
        if inject is None:
            raise Unproven(f"the harness of {self.target.name} injects no {fault}: add inject={{{fault!r}: ...}}")
        manager = self._harness(part, lambda: inject(self.vendor))
        asked = self._harness(part, lambda: manager.__enter__())
        try:
            yield (lambda: int(self._harness(part, asked))) if callable(asked) else None
        finally:
            self._harness(f"{part}, lifting it", lambda: manager.__exit__(None, None, None))

    def close(self) -> None:
        if "vendor" in self.__dict__:
            with GUARD.paused():
                close_vendor(self.vendor)
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _harness(self, part: str, call: Callable[[], Any]) -> Any:
        """A harness that fails proves nothing about its adapter."""
        try:
            with GUARD.paused():
                return call()
        except Unproven:
            raise
        except Exception as error:
            text = f"the harness of {self.target.name} failed in {part}: {type(error).__name__}: {error}"
            raise Unproven(text) from error

    def _sub(self, name: str) -> Path:
        """A private directory, made when somebody asks for it; all stand side by side."""
        path = self._beside() / name
        path.mkdir(exist_ok=True)
        return path

    def _beside(self) -> Path:
        """In memory where only an adapter writes there: a vendor may need room."""
        if self._directory is None:
            small = self.target.harness.fresh is None and MEMORY_DISK.is_dir()
            self._directory = Path(tempfile.mkdtemp(prefix="pal-", dir=MEMORY_DISK if small else None))
        return self._directory
