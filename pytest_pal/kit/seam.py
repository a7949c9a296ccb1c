"""Seams: where the kit stands between an adapter and its vendor, and can make the vendor fail."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..faults.catalogue import Fault
from ..model.clause import Unproven
from ..model.operation import Operation
from .ledger import Entry, most_alike

if TYPE_CHECKING:
    from ..faults.relay import Relay
    from .live_vendor import LiveVendor
    from .target import Target


class Seam(Protocol):
    """One per vendor. ``requests`` are those of a window that count; a relay counts exchanges."""

    def mark(self) -> None:
        """Begins a window."""

    def requests(self) -> int:
        """How many requests that count were made in the window; of several parts, those of the busiest."""

    def entries(self) -> list[Entry]:
        """The requests of the window; a relay cannot read them, and gives none."""

    def strayed(self) -> list[str]:
        """What was asked of a stranger, to whom a redirect led."""

    def failing(self, fault: Fault, at: int) -> AbstractContextManager[Any]:
        """From the ``at``-th request of the window on the vendor fails so; gives what counts how often: ``fired``."""

    def release(self) -> None:
        """Drops every connection that is held."""


class HttpSeam:
    """A vendor that the kit serves."""

    def __init__(self, live: "LiveVendor") -> None:
        self._live = live
        self.mark, self.release, self.failing = live.ledger.mark, live.release, live.failing

    def requests(self) -> int:
        return most_alike(self._live.ledger.window)

    def entries(self) -> list[Entry]:
        return self._live.ledger.window

    def strayed(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self._live.strayed]


@dataclass
class Refusing:
    """A vendor that takes no connection: whoever calls meets it."""

    fired: int = 1


class RelaySeam:
    """A real server behind a relay, which counts exchanges."""

    def __init__(self, relay: "Relay") -> None:
        self._relay = relay
        self.mark, self.release = relay.mark, relay.release

    def requests(self) -> int:
        return self._relay.exchanges

    def entries(self) -> list[Entry]:
        return []

    def strayed(self) -> list[str]:
        return []

    @contextmanager
    def failing(self, fault: Fault, at: int) -> Iterator[Any]:
        if fault.unreachable:
            with self._relay.refusing():
                yield Refusing()
        else:
            with self._relay.fault(fault.delivery, at, stage=fault.stage) as switch:
                yield switch


def seam_of(target: "Target", vendor: Any) -> Seam:
    """Raises `Unproven` with the lines to write where there is none."""
    if target.harness.vendor is not None:
        return HttpSeam(vendor)
    relay = getattr(vendor, "relay", None)
    if relay is not None:
        return RelaySeam(relay)
    raise Unproven(missing_seam(target))


def missing_seam(target: "Target") -> str:
    """What to write for an adapter that talks to a vendor nobody can make fail."""
    name = target.cls.__name__
    if target.reach == "tcp":
        return "\n".join(
            [
                f"nobody can make the server of {name} fail: let the adapter connect to a relay before it:",
                "    from pytest_pal import Harness, Relay",
                "    class Server:",
                "        def __init__(self, directory):",
                "            self.relay = Relay(HOST, PORT)",
                f'    HARNESS = Harness({name}, reach="tcp", fresh=Server, config=lambda s: {{"port": s.relay.port}})',
            ]
        )
    lines = [_endpoint(operation) for operation in target.capability.operations.values()]
    return "\n".join(
        [
            f"nobody can make the vendor of {name} fail: let the kit serve it. Say what its requests mean:",
            "    from pytest_pal import Harness, Vendor, effect, read",
            "    vendor = Vendor(",
            *(f"        {line}," for line in lines),
            "    )",
            f'    HARNESS = Harness({name}, vendor, config=lambda v: {{"base_url": v.url, "token": v.secret}})',
        ]
    )


def _endpoint(operation: Operation) -> str:
    method = "GET" if operation.effect == "read" else "POST"
    key = ', key="header:Idempotency-Key"' if operation.idempotency == "key" else ""
    kind = "read" if operation.effect == "read" else "effect"
    return f'{kind}("{method} /{operation.name}", calls="{operation.name}"{key})'
