"""A reference for llm_observability: trees of traces with evaluations and links to runs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ..contracts.llm_observability.protocol import CONTENT_ATTRIBUTES, LLMObservabilityTraits, ObservedTrace
from ..errors import NonRetryableError
from ..model.context import Context
from ..model.values import instant_text, thaw
from ..primitives.keys import once
from ..primitives.state import State, StateBox


class TraceStore:
    """The vendor's own primitives over its state: traces that know their parent."""

    def __init__(self, state: State, now: datetime) -> None:
        self._traces: dict[str, Any] = state["traces"]
        self._now = instant_text(now)

    def insert(self, id: str, name: str, attributes: dict[str, Any], parent: str | None) -> None:
        self._traces[id] = {
            "id": id,
            "name": name,
            "attributes": attributes,
            "parent": parent,
            "started": self._now,
            "status": None,
            "evals": [],
            "links": [],
        }

    def find(self, id: str) -> dict[str, Any]:
        if id not in self._traces:
            raise NonRetryableError("not_found", f"no trace {id!r}")
        found: dict[str, Any] = self._traces[id]
        return found

    def has(self, id: str) -> bool:
        return id in self._traces

    def stop(self, id: str, status: str, output: Any = None) -> str:
        """The first status of the trace; its descendants end before it does."""
        trace = self.find(id)
        if trace["status"] is None:
            for below in [*self._below(id)]:
                self._end(below, "aborted")
            self._end(trace, status, output)
        first: str = trace["status"]
        return first

    def tree(self, parent: str | None = None) -> list[dict[str, Any]]:
        return [{**trace, "children": self.tree(trace["id"])} for trace in self._children(parent)]

    def _children(self, parent: str | None) -> list[dict[str, Any]]:
        return [trace for trace in self._traces.values() if trace["parent"] == parent]

    def _below(self, id: str) -> Iterator[dict[str, Any]]:
        for child in self._children(id):
            yield from self._below(child["id"])
            yield child

    def _end(self, trace: dict[str, Any], status: str, output: Any = None) -> None:
        if trace["status"] is None:
            trace.update(status=status, ended=self._now, output=output)


class MockLLMObservability:
    """LLMObservabilityProvider in process. config: state, capture_content (false)."""

    capability = "llm_observability"
    contract = "1.0"
    traits = LLMObservabilityTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._box = StateBox(config.get("state"), lambda: {"traces": {}, "keys": {}})
        self._captures = config.get("capture_content") is True
        self._ctx = ctx
        self._started: list[str] = []

    def trace_start(
        self, name: str, attributes: Mapping[str, Any], parent: str | None, *, idempotency_key: str
    ) -> dict[str, Any]:
        payload = {"name": name, "attributes": thaw(attributes), "parent": parent}
        with self._box as state:
            store = self._store(state)
            return once(state["keys"], "trace_start", idempotency_key, payload, lambda: self._start(store, **payload))

    def trace_stop(self, id: str, status: str, output: Any) -> dict[str, Any]:
        with self._box as state:
            kept = thaw(output) if self._captures else None
            return {"id": id, "status": self._store(state).stop(id, status, kept)}

    def log_eval(
        self, id: str, name: str, score: float | None, label: str | None, *, idempotency_key: str
    ) -> dict[str, Any]:
        evaluation = {"name": name, "score": score, "label": label}
        with self._box as state:
            store = self._store(state)
            return once(
                state["keys"],
                "log_eval",
                idempotency_key,
                {"id": id, **evaluation},
                lambda: self._evaluate(store, id, evaluation),
            )

    def link(self, id: str, run_id: str) -> dict[str, Any]:
        with self._box as state:
            links = self._store(state).find(id)["links"]
            if run_id not in links:
                links.append(run_id)
        return {"id": id, "run_id": run_id}

    def close(self) -> None:
        """Ends the open traces that this instance started, the newest first, as aborted.

        Of a start that failed nobody knew whether the trace came to be.
        """
        with self._box as state:
            store = self._store(state)
            for id in filter(store.has, reversed(self._started)):
                store.stop(id, "aborted")
        self._started.clear()

    @contextmanager
    def primitives(self) -> Iterator[TraceStore]:
        """The vendor behind this mock, for a wire that speaks of what it keeps."""
        with self._box as state:
            yield self._store(state)

    def observe(self) -> "MockLLMObservability":
        return self

    def traces(self) -> list[ObservedTrace]:
        with self._box as state:
            return [ObservedTrace.model_validate(_row(trace)) for trace in self._store(state).tree()]

    def _store(self, state: State) -> TraceStore:
        return TraceStore(state, self._ctx.clock.now())

    def _start(self, store: TraceStore, name: str, attributes: dict[str, Any], parent: str | None) -> dict[str, Any]:
        if parent is not None:
            store.find(parent)
        id = f"trace-{self._ctx.ids.new()}"
        hidden = frozenset() if self._captures else CONTENT_ATTRIBUTES
        kept = {key: value for key, value in attributes.items() if key not in hidden}
        store.insert(id, name, kept, parent)
        self._started.append(id)
        return {"id": id, "name": name, "parent": parent}

    def _evaluate(self, store: TraceStore, id: str, evaluation: dict[str, Any]) -> dict[str, Any]:
        store.find(id)["evals"].append(evaluation)
        return {"id": f"eval-{self._ctx.ids.new()}"}


def _row(trace: dict[str, Any]) -> dict[str, Any]:
    return {
        **trace,
        "links": [{"run_id": run} for run in trace["links"]],
        "children": [_row(child) for child in trace["children"]],
    }
