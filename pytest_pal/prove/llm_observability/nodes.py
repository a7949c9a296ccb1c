"""A correct adapter over objects in memory, which shares nothing with the mock: coroutines, and nodes that nest."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from ...canonical import digest
from ...contracts.llm_observability.protocol import (
    CONTENT_ATTRIBUTES,
    Evaluation,
    LLMObservabilityTraits,
    ObservedEval,
    ObservedLink,
    ObservedTrace,
    RunLink,
    Trace,
    TraceEnd,
)
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...model.values import thaw

AHEAD = timedelta(days=365)


@dataclass
class Node:
    id: str
    name: str
    attributes: dict[str, Any]
    started: datetime
    ended: datetime | None = None
    status: Any = None
    output: Any = None
    children: list["Node"] = field(default_factory=list)
    evals: dict[str, ObservedEval] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)

    def deepest_first(self) -> Iterator["Node"]:
        for child in self.children:
            yield from child.deepest_first()
        yield self

    def end(self, status: str, at: datetime, output: Any) -> None:
        if self.status is None:
            self.status, self.ended, self.output = status, at, output

    def row(self) -> ObservedTrace:
        return ObservedTrace(
            id=self.id,
            name=self.name,
            status=self.status,
            started=self.started,
            ended=self.ended,
            children=tuple(child.row() for child in self.children),
            evals=tuple(self.evals.values()),
            links=tuple(ObservedLink(run_id=run) for run in sorted(self.runs)),
            attributes=self.attributes,
            output=self.output,
        )


class Forest:
    """A vendor in memory, whose clock is a year ahead."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self.nodes: dict[str, Node] = {}
        self.known: dict[tuple[str, str], tuple[str, Any]] = {}
        self.numbers = count(1)

    def traces(self) -> Sequence[ObservedTrace]:
        return [root.row() for root in self.roots]


class NestedTraces:
    """LLMObservabilityProvider of one process, over a `Forest`. config: forest, capture_content."""

    capability = "llm_observability"
    contract = "1.0"
    traits = LLMObservabilityTraits(unknown_trace="accepted", open_traces="process")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._forest: Forest = config["forest"]
        self._captures = config.get("capture_content") is True
        self._clock, self._mine = ctx.clock, dict[str, Node]()

    async def trace_start(
        self, name: str, attributes: Mapping[str, Any], parent: str | None, *, idempotency_key: str
    ) -> Trace:
        await asyncio.sleep(0)
        slot, payload = ("start", idempotency_key), [name, thaw(attributes), parent]
        if slot not in self._forest.known:
            self._forest.known[slot] = digest(payload), self._grown(name, attributes, parent)
        made: Trace = self._answer(slot, payload)
        return made

    async def trace_stop(self, id: str, status: str, output: Any) -> TraceEnd:
        await asyncio.sleep(0)
        if id not in self._mine:
            raise NonRetryableError("not_found", "not of this process")
        self._end(self._mine[id], status, thaw(output) if self._captures else None)
        return TraceEnd(id=id, status=self._mine[id].status)

    async def log_eval(
        self, id: str, name: str, score: float | None, label: str | None, *, idempotency_key: str
    ) -> Evaluation:
        slot, payload = ("eval", idempotency_key), [id, name, score, label]
        if slot not in self._forest.known:
            made = Evaluation(id=f"e{next(self._forest.numbers)}")
            if id in self._forest.nodes:
                self._forest.nodes[id].evals[made.id] = ObservedEval(name=name, score=score, label=label)
            self._forest.known[slot] = digest(payload), made
        await asyncio.sleep(0)
        found: Evaluation = self._answer(slot, payload)
        return found

    async def link(self, id: str, run_id: str) -> RunLink:
        await asyncio.sleep(0)
        if id in self._forest.nodes:
            self._forest.nodes[id].runs.add(run_id)
        return RunLink(id=id, run_id=run_id)

    async def aclose(self) -> None:
        for node in reversed(self._mine.values()):
            self._end(node, "aborted", None)
        self._mine = {}

    def _grown(self, name: str, attributes: Mapping[str, Any], parent: str | None) -> Trace:
        if parent is not None and parent not in self._forest.nodes:
            raise NonRetryableError("not_found", "no such parent")
        kept = {
            key: value for key, value in thaw(attributes).items() if self._captures or key not in CONTENT_ATTRIBUTES
        }
        node = Node(f"{next(self._forest.numbers)}", name, kept, self._clock.now() + AHEAD)
        (self._forest.roots if parent is None else self._forest.nodes[parent].children).append(node)
        self._forest.nodes[node.id] = self._mine[node.id] = node
        return Trace(id=node.id, name=name, parent=parent)

    def _end(self, node: Node, status: str, output: Any) -> None:
        if node.status is None:
            for below in node.deepest_first():
                is_it = below is node
                below.end(status if is_it else "aborted", self._clock.now() + AHEAD, output if is_it else None)

    def _answer(self, slot: tuple[str, str], payload: Any) -> Any:
        first, answer = self._forest.known[slot]
        if first != digest(payload):
            raise NonRetryableError("key_conflict", "the key is taken")
        return answer


NODES = Harness(NestedTraces, fresh=Forest, config=lambda forest: {"forest": forest}, observe=lambda forest: forest)
