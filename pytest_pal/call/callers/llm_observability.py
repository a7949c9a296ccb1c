"""LLMObservabilityProvider for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/llm_observability/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.llm_observability.protocol import DisplayName, Evaluation, Label, RunLink, Status, Trace, TraceEnd
from ...model.values import JsonMap, JsonValue, Key, Number


class AsyncLLMObservabilityProvider(Protocol):
    """Records what calls to models did. An id that no instance of this adapter issued is not_found."""

    async def trace_start(
        self, name: DisplayName, attributes: JsonMap = ..., parent: Key | None = ..., *, idempotency_key: Key
    ) -> Trace:
        """Opens a trace, under ``parent`` where one is given, also where that one has ended."""

    async def trace_stop(self, id: Key, status: Status = ..., output: JsonValue = ...) -> TraceEnd:
        """Ends the trace, its open descendants first (aborted). Of an ended one: no change, its status."""

    async def log_eval(
        self, id: Key, name: DisplayName, score: Number | None = ..., label: Label = ..., *, idempotency_key: Key
    ) -> Evaluation:
        """Adds an evaluation to an open or ended trace: a score, a label, or both."""

    async def link(self, id: Key, run_id: Key) -> RunLink:
        """Says that an open or ended trace belongs to a run; a trace may belong to several.

        A harness whose vendor knows which runs exist names them in ``given``: runs (two ids), and unknown_run.
        """


class LLMObservabilityCaller(Protocol):
    """Records what calls to models did. An id that no instance of this adapter issued is not_found."""

    def trace_start(
        self,
        name: DisplayName,
        attributes: JsonMap = ...,
        parent: Key | None = ...,
        *,
        idempotency_key: Key | None = ...,
    ) -> Trace:
        """Opens a trace, under ``parent`` where one is given, also where that one has ended."""

    def trace_stop(self, id: Key, status: Status = ..., output: JsonValue = ...) -> TraceEnd:
        """Ends the trace, its open descendants first (aborted). Of an ended one: no change, its status."""

    def log_eval(
        self,
        id: Key,
        name: DisplayName,
        score: Number | None = ...,
        label: Label = ...,
        *,
        idempotency_key: Key | None = ...,
    ) -> Evaluation:
        """Adds an evaluation to an open or ended trace: a score, a label, or both."""

    def link(self, id: Key, run_id: Key) -> RunLink:
        """Says that an open or ended trace belongs to a run; a trace may belong to several.

        A harness whose vendor knows which runs exist names them in ``given``: runs (two ids), and unknown_run.
        """

    def close(self) -> None: ...


class AsyncLLMObservabilityCaller(Protocol):
    """Records what calls to models did. An id that no instance of this adapter issued is not_found."""

    async def trace_start(
        self,
        name: DisplayName,
        attributes: JsonMap = ...,
        parent: Key | None = ...,
        *,
        idempotency_key: Key | None = ...,
    ) -> Trace:
        """Opens a trace, under ``parent`` where one is given, also where that one has ended."""

    async def trace_stop(self, id: Key, status: Status = ..., output: JsonValue = ...) -> TraceEnd:
        """Ends the trace, its open descendants first (aborted). Of an ended one: no change, its status."""

    async def log_eval(
        self,
        id: Key,
        name: DisplayName,
        score: Number | None = ...,
        label: Label = ...,
        *,
        idempotency_key: Key | None = ...,
    ) -> Evaluation:
        """Adds an evaluation to an open or ended trace: a score, a label, or both."""

    async def link(self, id: Key, run_id: Key) -> RunLink:
        """Says that an open or ended trace belongs to a run; a trace may belong to several.

        A harness whose vendor knows which runs exist names them in ``given``: runs (two ids), and unknown_run.
        """

    async def aclose(self) -> None: ...
