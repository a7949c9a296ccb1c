"""What a successful plain call costs through a handle, beside stamina and tenacity, in one run.

``pip install -e '.[bench]'``, then ``python benchmarks/call.py``. The same function goes through each, with one
attempt that succeeds. The handle is measured with a contract whose check and acceptance give back what they were
given; what the real ones cost comes apart, below. The sink does nothing, so the span and its record are included.
"""

import random
import time
from collections.abc import Callable
from typing import Any

import stamina
import tenacity

from pytest_pal.call.handles import handle
from pytest_pal.clock import SystemClock
from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.model.capability import Capability
from pytest_pal.model.context import RandomIds

ROUNDS, CALLS = 600, 100
"""Many short rounds in turn: on a busy machine some of them are left alone, and the least is what counts."""
PAUSED = CAPABILITY.accept(
    "pause",
    {"id": "c1", "name": "n", "budget": 10_000_000, "currency": "USD", "objective": "sales", "status": "paused"},
)


class Unchecked(Capability):
    """The contract of ads without the work of validation."""

    def check(self, operation: str, /, **arguments: Any) -> dict[str, Any]:
        return arguments

    def accept(self, operation: str, returned: Any) -> Any:
        return returned


class Instant:
    """An adapter that has nothing to do."""

    capability = "ads"

    def pause(self, campaign_id: str) -> Any:
        return PAUSED


def mean_us(call: Callable[[], Any]) -> float:
    """The microseconds of one call, over some at a time."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS * 1e6


def through_a_handle(capability: Capability) -> Any:
    chance = random.Random(1)
    return handle(
        Instant(),
        capability,
        name="instant",
        clock=SystemClock(),
        random=chance,
        ids=RandomIds(chance),
        sinks=[lambda record: None],
    )


def main() -> None:
    stamina.instrumentation.set_on_retry_hooks([])
    pause = Instant().pause
    bare, checked = through_a_handle(Unchecked("ads", "1.0", "-", CAPABILITY.protocol)), through_a_handle(CAPABILITY)
    by_stamina = stamina.retry(on=ValueError, attempts=3)(pause)
    by_tenacity = tenacity.retry(stop=tenacity.stop_after_attempt(3))(pause)
    calls: dict[str, Callable[[], Any]] = {
        "function": lambda: pause("c1"),
        "handle": lambda: bare.pause("c1"),
        "stamina": lambda: by_stamina("c1"),
        "tenacity": lambda: by_tenacity("c1"),
        "handle with validation": lambda: checked.pause("c1"),
    }
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            least[name] = min(least[name], mean_us(call))
    for name, took in least.items():
        print(f"{name:>22}: {took:6.2f} us")
    for other in ("stamina", "tenacity"):
        print(f"handle / {other}: {least['handle'] / least[other]:.2f} (at most 0.50)")


if __name__ == "__main__":
    main()
