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
    from .call.deadline import current_deadline
    from .call.handles import async_handle, handle
    from .call.retry import RetryPolicy
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
    from .faults.message import Delivery, Reply, Request
    from .faults.relay import Relay
    from .kit.endpoint import auth, background, effect, job, read, rpc, undo
    from .kit.harness import Harness
    from .kit.live_vendor import LiveVendor
    from .kit.sending import pages, stream
    from .kit.vendor import Vendor, json_reply
    from .model.capability import Capability
    from .model.clause import Clause, ClauseFailed, Level, Unproven, clause, holds, refused, same
    from .model.context import Context, RandomIds
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
    from .primitives.http_call import Deadline, HttpClient, HttpReply, exchange
    from .primitives.http_errors import error_of, error_of_status, retry_after_s
    from .primitives.key_memo import KeyMemo
    from .primitives.keys import once
    from .primitives.render import render
    from .primitives.state import StateBox
    from .telemetry.logging_sink import LoggingSink
    from .telemetry.otel import OpenTelemetrySink
    from .telemetry.records import AttemptRecord, MemorySink, OperationRecord
    from .telemetry.redaction import Redactor
    from .telemetry.statistics import Statistics

__all__ = [
    "EXACT",
    "FREE",
    "ID",
    "MEASURED",
    "TIME",
    "AdsProvider",
    "AdsTraits",
    "AttemptRecord",
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
    "Deadline",
    "Delivery",
    "ErrorCode",
    "ExperimentsProvider",
    "ExperimentsTraits",
    "Flag",
    "Given",
    "Harness",
    "HttpClient",
    "HttpReply",
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
    "LiveVendor",
    "LoggingSink",
    "MemorySink",
    "Micros",
    "Mismatch",
    "Name",
    "NonRetryableError",
    "Number",
    "Observed",
    "OpenTelemetrySink",
    "OperationRecord",
    "Outcome",
    "Output",
    "PalError",
    "Part",
    "Payload",
    "PlainText",
    "ProviderError",
    "RandomIds",
    "Redactor",
    "Refusal",
    "Relay",
    "Reply",
    "Request",
    "RetryPolicy",
    "RetryableError",
    "Rule",
    "Sample",
    "Scene",
    "SimulatedClock",
    "Since",
    "StateBox",
    "Statistics",
    "Subject",
    "SystemClock",
    "Text",
    "Traits",
    "Unproven",
    "VectorStore",
    "VectorStoreTraits",
    "Vendor",
    "async_handle",
    "auth",
    "background",
    "clause",
    "current_deadline",
    "diff",
    "effect",
    "error_of",
    "error_of_status",
    "exchange",
    "handle",
    "holds",
    "job",
    "json_reply",
    "load_rules",
    "once",
    "operation",
    "pages",
    "patch",
    "read",
    "read_json",
    "refused",
    "render",
    "retry_after_s",
    "rpc",
    "same",
    "stream",
    "tolerance",
    "undo",
]

_MODULES = {
    "call.deadline": "current_deadline",
    "call.handles": "async_handle handle",
    "call.retry": "RetryPolicy",
    "clock": "SimulatedClock SystemClock",
    "compare.diff": "Comparison diff patch",
    "compare.rules": "Rule load_rules",
    "compare.strict_json": "read_json",
    "compare.walk": "Mismatch",
    "contracts.ads.protocol": "AdsProvider AdsTraits",
    "contracts.cdp.protocol": "CDPProvider CDPTraits",
    "contracts.experiments.protocol": "ExperimentsProvider ExperimentsTraits",
    "contracts.lifecycle.protocol": "LifecycleProvider LifecycleTraits",
    "contracts.llm_gateway.protocol": "LLMGateway LLMGatewayTraits",
    "contracts.llm_observability.protocol": "LLMObservabilityProvider LLMObservabilityTraits",
    "contracts.vectorstore.protocol": "VectorStore VectorStoreTraits",
    "errors": "ErrorCode NonRetryableError PalError ProviderError RetryableError",
    "faults.message": "Delivery Reply Request",
    "faults.relay": "Relay",
    "kit.endpoint": "auth background effect job read rpc undo",
    "kit.harness": "Harness",
    "kit.live_vendor": "LiveVendor",
    "kit.sending": "pages stream",
    "kit.vendor": "Vendor json_reply",
    "model.capability": "Capability",
    "model.clause": "Clause ClauseFailed Level Unproven clause holds refused same",
    "model.context": "Context RandomIds",
    "model.fields": "EXACT FREE ID MEASURED TIME Since tolerance",
    "model.money": "Currency Micros",
    "model.operation": "operation",
    "model.payload": "Observed Output Payload Traits",
    "model.samples": "Given Part Refusal Sample Scene",
    "model.subject": "Call Outcome Subject",
    "model.values": "Count Day Flag Instant InstantRoundedUp Integer JsonMap JsonValue Key Name Number PlainText Text",
    "primitives.http_call": "Deadline HttpClient HttpReply exchange",
    "primitives.http_errors": "error_of error_of_status retry_after_s",
    "primitives.key_memo": "KeyMemo",
    "primitives.keys": "once",
    "primitives.render": "render",
    "primitives.state": "StateBox",
    "telemetry.logging_sink": "LoggingSink",
    "telemetry.otel": "OpenTelemetrySink",
    "telemetry.records": "AttemptRecord MemorySink OperationRecord",
    "telemetry.redaction": "Redactor",
    "telemetry.statistics": "Statistics",
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
