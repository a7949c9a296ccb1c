"""How the kit stands between an adapter and its vendor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..errors import PalError
from .vendor import Vendor

Reach = Literal["in_process", "http", "tcp", "grpc"]


@dataclass(frozen=True)
class Harness:
    """``cls`` is the adapter's class; all else has a default.

    ``fresh(directory)`` makes an empty vendor for one item in an empty directory and returns it (a
    server, a path, a namespace; its ``close()`` is called at the end); the others are handed what it
    returned: ``config`` (a mapping, or a function of the vendor) is the adapter's configuration,
    ``observe(vendor)`` a second pair of eyes with the methods of the capability's observer,
    ``restart(vendor)`` what happens at the vendor's side when the adapter restarts, ``given`` (a
    mapping, or a function of the vendor) what samples need. ``reach`` says how the adapter talks to
    its vendor. ``vendor`` is one that the kit serves on loopback, in the place of ``fresh``: the functions
    get a `LiveVendor`, and the reach is http. ``inject`` is for families that need injected faults.
    """

    cls: type
    vendor: Vendor | None = None
    config: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    reach: Reach | None = field(default=None, kw_only=True)
    given: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    fresh: Callable[[Path], Any] | None = field(default=None, kw_only=True)
    restart: Callable[[Any], None] | None = field(default=None, kw_only=True)
    observe: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    inject: Callable[..., Any] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.reach is None:
            object.__setattr__(self, "reach", "in_process" if self.vendor is None else "http")
        if self.vendor is not None and self.fresh is not None:
            raise PalError(f"the harness of {self.cls.__name__} has a vendor and fresh=; leave one out")

    def config_for(self, vendor: Any) -> dict[str, Any]:
        return dict(self.config(vendor) if callable(self.config) else self.config)

    def given_for(self, vendor: Any) -> dict[str, Any]:
        return dict(self.given(vendor) if callable(self.given) else self.given)


def close_vendor(vendor: Any) -> None:
    """Ends a vendor that ``fresh`` made, where it can be ended."""
    closing = getattr(vendor, "close", None)
    if callable(closing):
        closing()
