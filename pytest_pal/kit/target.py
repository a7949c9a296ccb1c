"""Who is judged: an adapter's class with its capability, its harness and what it declares about itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..model.capability import Capability
from ..model.clause import Clause
from ..model.payload import Traits
from .contract import Contract
from .engine import with_engine
from .harness import Harness

MOCKS = "pytest_pal.mocks."


@dataclass(frozen=True)
class Target:
    """``origin`` says where the adapter was found (a distribution, a conftest), for messages."""

    name: str
    contract: Contract
    harness: Harness
    origin: str

    @property
    def capability(self) -> Capability:
        return self.contract.capability

    @property
    def cls(self) -> type:
        return self.harness.cls

    @cached_property
    def traits(self) -> Traits:
        return self.capability.traits.of(getattr(self.cls, "traits", None))

    @property
    def is_the_mock(self) -> bool:
        """True for the class whose traces are the contract's golden files."""
        return f"{self.cls.__module__}:{self.cls.__qualname__}" == self.capability.mock

    @cached_property
    def injecting(self) -> Harness:
        """The harness of items that inject a fault: its own, and for our mocks one whose engine can be made to fail."""
        ours = self.is_the_mock and self.cls.__module__.startswith(MOCKS) and self.capability.observed
        own = self.harness
        return with_engine(own) if ours and not own.inject and own.fresh is None else own

    @cached_property
    def unsupported(self) -> Mapping[str, str]:
        """Optional operations and parts that are not offered, with the vendor's reason."""
        return dict(getattr(self.cls, "unsupported", {}))

    @property
    def reach(self) -> str:
        return str(self.harness.reach)

    def meets_wire(self, operation: str) -> str:
        """How the adapter says that an operation meets the wire: wire, local, deferred or pure. CONTRACTS, section 5.

        Where it says so per kind of key, the kind that the samples use comes first. Not asked in process.
        """
        claim = getattr(self.cls, "meets_wire", {}).get(operation, "wire")
        return str(next(iter(claim.values())) if isinstance(claim, Mapping) else claim)

    def needs_deferred(self, operation: str) -> bool:
        """Whether all that a sample of an operation needs is deferred, and may end with the instance that made it."""
        steps = self.contract.samples[operation].given
        return bool(steps) and all(self.meets_wire(step.operation) == "deferred" for step in steps)

    @property
    def defers(self) -> bool:
        """Whether the adapter puts off what it acknowledges."""
        return self.reach != "in_process" and any(self.meets_wire(n) == "deferred" for n in self.capability.operations)

    def why_not(self, clause: Clause) -> str:
        """Why a clause says nothing about this adapter; "" where it does."""
        if not clause.applies(self.traits):
            return "not with its traits"
        if clause.inject and clause.inject not in self.injecting.inject:
            return f"its harness injects no {clause.inject}"
        return clause.why_not(self)

    @property
    def declared(self) -> Any:
        return getattr(self.cls, "contract", None)
