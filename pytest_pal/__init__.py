"""Conformance kit for vendor adapters. Every public name is loaded when it is first asked for."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
if __name__ == "pytest_pal" and not (_HERE / "contracts").is_dir() and (_ROOT / "contracts").is_dir():
    # A clone with core.symlinks=false: the links to ../contracts, ../mocks and ../golden are small text files.
    # Of the package that is then also found inside itself the path stays as it is, so that walks end.
    __path__.append(str(_ROOT))

if TYPE_CHECKING:
    from .clock import SimulatedClock, SystemClock
    from .compare.diff import Comparison, diff, patch
    from .compare.rules import Rule, load_rules
    from .compare.strict_json import read_json
    from .compare.walk import Mismatch
    from .contracts.ads.protocol import AdsProvider, AdsTraits
    from .contracts.cdp.protocol import CDPProvider, CDPTraits
    from .contracts.experiments.protocol import ExperimentsProvider, ExperimentsTraits
    from .contracts.lifecycle.protocol import LifecycleProvider, LifecycleTraits
    from .contracts.llm_gateway.protocol import LLMGateway, LLMGatewayTraits
    from .contracts.llm_observability.protocol import LLMObservabilityProvider, LLMObservabilityTraits
    from .contracts.vectorstore.protocol import VectorStore, VectorStoreTraits
    from .errors import ErrorCode, NonRetryableError, PalError, ProviderError, RetryableError
    from .kit.harness import Harness
    from .model.capability import Capability
    from .model.clause import Clause, ClauseFailed, Level, Unproven, clause, holds, refused, same
    from .model.context import Context
    from .model.fields import EXACT, FREE, ID, MEASURED, TIME, Since, tolerance
    from .model.money import Currency, Micros
    from .model.operation import operation
    from .model.payload import Observed, Output, Payload, Traits
    from .model.samples import Given, Part, Refusal, Sample, Scene
    from .model.subject import Call, Outcome, Subject
    from .model.values import (
        Count,
        Day,
        Flag,
        Instant,
        InstantRoundedUp,
        Integer,
        JsonMap,
        JsonValue,
        Key,
        Name,
        Number,
        PlainText,
        Text,
    )
    from .primitives.key_memo import KeyMemo
    from .primitives.keys import once
    from .primitives.render import render
    from .primitives.state import StateBox

__all__ = [
    "EXACT",
    "FREE",
    "ID",
    "MEASURED",
    "TIME",
    "AdsProvider",
    "AdsTraits",
    "CDPProvider",
    "CDPTraits",
    "Call",
    "Capability",
    "Clause",
    "ClauseFailed",
    "Comparison",
    "Context",
    "Count",
    "Currency",
    "Day",
    "ErrorCode",
    "ExperimentsProvider",
    "ExperimentsTraits",
    "Flag",
    "Given",
    "Harness",
    "Instant",
    "InstantRoundedUp",
    "Integer",
    "JsonMap",
    "JsonValue",
    "Key",
    "KeyMemo",
    "LLMGateway",
    "LLMGatewayTraits",
    "LLMObservabilityProvider",
    "LLMObservabilityTraits",
    "Level",
    "LifecycleProvider",
    "LifecycleTraits",
    "Micros",
    "Mismatch",
    "Name",
    "NonRetryableError",
    "Number",
    "Observed",
    "Outcome",
    "Output",
    "PalError",
    "Part",
    "Payload",
    "PlainText",
    "ProviderError",
    "Refusal",
    "RetryableError",
    "Rule",
    "Sample",
    "Scene",
    "SimulatedClock",
    "Since",
    "StateBox",
    "Subject",
    "SystemClock",
    "Text",
    "Traits",
    "Unproven",
    "VectorStore",
    "VectorStoreTraits",
    "clause",
    "diff",
    "holds",
    "load_rules",
    "once",
    "operation",
    "patch",
    "read_json",
    "refused",
    "render",
    "same",
    "tolerance",
]

_MODULES = {
    "clock": "SimulatedClock SystemClock",
    "compare.diff": "Comparison diff patch",
    "compare.rules": "Rule load_rules",
    "compare.strict_json": "read_json",
    "compare.walk": "Mismatch",
    "errors": "ErrorCode NonRetryableError PalError ProviderError RetryableError",
    "contracts.ads.protocol": "AdsProvider AdsTraits",
    "contracts.cdp.protocol": "CDPProvider CDPTraits",
    "contracts.experiments.protocol": "ExperimentsProvider ExperimentsTraits",
    "contracts.lifecycle.protocol": "LifecycleProvider LifecycleTraits",
    "contracts.llm_gateway.protocol": "LLMGateway LLMGatewayTraits",
    "contracts.llm_observability.protocol": "LLMObservabilityProvider LLMObservabilityTraits",
    "contracts.vectorstore.protocol": "VectorStore VectorStoreTraits",
    "kit.harness": "Harness",
    "model.capability": "Capability",
    "model.clause": "Clause ClauseFailed Level Unproven clause holds refused same",
    "model.context": "Context",
    "model.fields": "EXACT FREE ID MEASURED TIME Since tolerance",
    "model.money": "Currency Micros",
    "model.operation": "operation",
    "model.payload": "Observed Output Payload Traits",
    "model.samples": "Given Part Refusal Sample Scene",
    "model.subject": "Call Outcome Subject",
    "model.values": "Count Day Flag Instant InstantRoundedUp Integer JsonMap JsonValue Key Name Number PlainText Text",
    "primitives.key_memo": "KeyMemo",
    "primitives.keys": "once",
    "primitives.render": "render",
    "primitives.state": "StateBox",
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
