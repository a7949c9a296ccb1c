"""Conformance kit for vendor adapters. Every public name is loaded when it is first asked for."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
if __name__ == "pytest_pal" and not (_HERE / "contracts").is_dir() and (_ROOT / "contracts").is_dir():
    # A clone with core.symlinks=false: the links to ../contracts and ../mocks are small text files.
    # Of the package that is then also found inside itself the path stays as it is, so that walks end.
    __path__.append(str(_ROOT))

if TYPE_CHECKING:
    from .clock import SimulatedClock, SystemClock
    from .errors import ErrorCode, NonRetryableError, PalError, ProviderError, RetryableError
    from .interfaces import (
        AdsProvider,
        CDPProvider,
        ExperimentsProvider,
        LifecycleProvider,
        LLMGateway,
        LLMObservabilityProvider,
        VectorStore,
    )
    from .kit.harness import Harness
    from .model.capability import Capability
    from .model.clause import Clause, Level, clause, holds, refused, same
    from .model.context import Context
    from .model.operation import operation
    from .model.payload import Observed, Output, Payload, Traits
    from .primitives.key_memo import KeyMemo
    from .primitives.render import render

__all__ = [
    "AdsProvider",
    "CDPProvider",
    "Capability",
    "Clause",
    "Context",
    "ErrorCode",
    "ExperimentsProvider",
    "Harness",
    "KeyMemo",
    "LLMGateway",
    "LLMObservabilityProvider",
    "Level",
    "LifecycleProvider",
    "NonRetryableError",
    "Observed",
    "Output",
    "PalError",
    "Payload",
    "ProviderError",
    "RetryableError",
    "SimulatedClock",
    "SystemClock",
    "Traits",
    "VectorStore",
    "clause",
    "holds",
    "operation",
    "refused",
    "render",
    "same",
]

_MODULES = {
    "clock": "SimulatedClock SystemClock",
    "errors": "ErrorCode NonRetryableError PalError ProviderError RetryableError",
    "contracts.ads.protocol": "AdsProvider",
    "contracts.cdp.protocol": "CDPProvider",
    "contracts.experiments.protocol": "ExperimentsProvider",
    "contracts.lifecycle.protocol": "LifecycleProvider",
    "contracts.llm_gateway.protocol": "LLMGateway",
    "contracts.llm_observability.protocol": "LLMObservabilityProvider",
    "contracts.vectorstore.protocol": "VectorStore",
    "kit.harness": "Harness",
    "model.capability": "Capability",
    "model.clause": "Clause Level clause holds refused same",
    "model.context": "Context",
    "model.operation": "operation",
    "model.payload": "Observed Output Payload Traits",
    "primitives.key_memo": "KeyMemo",
    "primitives.render": "render",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
