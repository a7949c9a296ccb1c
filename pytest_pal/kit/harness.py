"""How the kit stands between an adapter and its vendor."""

import difflib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any, Literal

from ..errors import PalError
from ..faults.engines import ENGINE_FAULTS
from .vendor import Vendor

Reach = Literal["in_process", "http", "tcp", "grpc"]
Asked = Callable[[], int]
"""How often the vendor failed as it was told to."""
Inject = Callable[[Any], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Harness:
    """``cls`` is the adapter's class; all else has a default.

    ``fresh(directory)`` makes an empty vendor for one item in an empty directory and returns it (a
    server, a path, a namespace; its ``close()`` is called at the end), ``fresh()`` one that needs no
    directory. The others are handed what it returned: ``config`` (a mapping, or a function of the vendor)
    is the adapter's configuration, ``observe(vendor)`` a second pair of eyes with the methods of the
    capability's observer, ``restart(vendor)`` what happens at the vendor's side when the adapter restarts,
    ``given`` (a mapping, or a function of the vendor) what samples need. ``reach`` says how the adapter
    talks to its vendor. ``vendor`` is one that the kit serves on loopback, in the place of ``fresh``: the
    functions get a `LiveVendor`, and the reach is http, or grpc for one with `rpc`.

    ``inject`` maps names of `pytest_pal.faults.engines` to functions of the vendor. Each gives a context
    manager: while it is open the vendor fails in that way. It may yield a function that says how often the
    vendor did. Raises PalError for a name that is not in the list.
    """

    cls: type
    vendor: Vendor | None = None
    config: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    reach: Reach | None = field(default=None, kw_only=True)
    given: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    fresh: Callable[[Path], Any] | Callable[[], Any] | None = field(default=None, kw_only=True)
    restart: Callable[[Any], None] | None = field(default=None, kw_only=True)
    observe: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    inject: Mapping[str, Inject] = field(default_factory=dict, kw_only=True)

    def fresh_vendor(self, directory: Callable[[], Path]) -> Any:
        """A new vendor, or None; the directory is made only where it is wanted."""
        if self.fresh is None:
            return None
        return self.fresh(*([] if _takes_nothing(self.fresh) else [directory()]))

    def __post_init__(self) -> None:
        if self.reach is None:
            object.__setattr__(self, "reach", _reach(self.vendor))
        if self.vendor is not None and self.fresh is not None:
            raise PalError(f"the harness of {self.cls.__name__} has a vendor and fresh=; leave one out")
        _check_inject(self.cls, self.inject)

    def config_for(self, vendor: Any) -> dict[str, Any]:
        return dict(self.config(vendor) if callable(self.config) else self.config)

    def given_for(self, vendor: Any) -> dict[str, Any]:
        return dict(self.given(vendor) if callable(self.given) else self.given)


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        return not signature(function).parameters
    except ValueError:  # some built-in types have none that can be read
        return False


def _reach(vendor: Vendor | None) -> Reach:
    if vendor is None:
        return "in_process"
    return "grpc" if vendor.codecs else "http"


def _check_inject(cls: type, inject: Any) -> None:
    known = ", ".join(ENGINE_FAULTS)
    whose = f"Harness({getattr(cls, '__name__', cls)}, inject=...)"
    if not isinstance(inject, Mapping):
        raise PalError(f"{whose} is a {type(inject).__name__}; map names to functions of the vendor: {known}")
    for name, function in inject.items():
        if name not in ENGINE_FAULTS:
            near = difflib.get_close_matches(str(name), ENGINE_FAULTS, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise PalError(f"{whose} names {name!r}; {hint}there are {known}")
        if not callable(function):
            raise PalError(
                f"{whose}: {name!r} is a {type(function).__name__}; write a function of the vendor that gives a "
                "context manager, while which is open the vendor fails in that way"
            )


def close_vendor(vendor: Any) -> None:
    """Ends a vendor that ``fresh`` made, where it can be ended."""
    closing = getattr(vendor, "close", None)
    if callable(closing):
        closing()
