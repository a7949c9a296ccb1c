"""Unusual, and correct."""

import struct
from datetime import timedelta
from typing import Any

from ...contracts.llm_observability import CAPABILITY
from ...contracts.llm_observability.protocol import LLMObservabilityTraits
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...kit.twins.harness import LLM_OBSERVABILITY
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ..saboteur import Benign
from ..wired import asking_first, in_its_words
from .batches import BATCHES
from .files import FILES
from .nodes import NODES
from .sqlite import SQLITE
from .stops import OnlyOwn
from .stores import Json, over


class Async(MockLLMObservability):
    """All operations are coroutines, and so is the closing."""

    async def trace_start(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        await self._ctx.asleep(0.01)
        return super().trace_start(*arguments, **named)

    async def trace_stop(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        return super().trace_stop(*arguments, **named)

    async def log_eval(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        return super().log_eval(*arguments, **named)

    async def link(self, *arguments: Any, **named: Any) -> Any:  # type: ignore[override]
        return super().link(*arguments, **named)

    async def aclose(self) -> None:
        super().close()

    close = None  # type: ignore[assignment]


class OwnProcess(OnlyOwn):
    traits = LLMObservabilityTraits(open_traces="process")


class AcceptsUnknown(MockLLMObservability):
    """Keeps what is said of traces that it does not know nowhere."""

    traits = LLMObservabilityTraits(unknown_trace="accepted")

    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, evaluation) if id in store._traces else {"id": id}

    def link(self, id: str, run_id: str) -> Json:
        try:
            return super().link(id, run_id)
        except NonRetryableError:
            return {"id": id, "run_id": run_id}


class CountsIds(MockLLMObservability):
    """Ids that count, evaluations without an id, outputs with extensions, models instead of mappings."""

    def _start(self, store: TraceStore, *arguments: Any, **named: Any) -> Json:
        class Ids:
            def new(self) -> str:
                return str(len(store._traces) + 1)

        self._ctx = type(self._ctx)(clock=self._ctx.clock, ids=Ids())
        return {**super()._start(store, *arguments, **named), "extensions": {"shard": 7}}

    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return {**super()._evaluate(store, id, evaluation), "id": id}

    def trace_stop(self, *arguments: Any) -> Any:
        return CAPABILITY.accept("trace_stop", super().trace_stop(*arguments))


class ShowsLess(MockLLMObservability):
    """An observer that shows neither attributes nor outputs, and the newest rows first."""

    def traces(self) -> Any:
        return [_bare(row.plain()) for row in reversed(super().traces())]


def _bare(row: Json) -> Json:
    left_out = ("attributes", "output")
    bare = {name: value for name, value in row.items() if name not in left_out}
    return {**bare, "children": [_bare(child) for child in reversed(row["children"])]}


class Lags(MockLLMObservability):
    """A vendor that shows what it knew a minute ago."""

    traits = LLMObservabilityTraits(read_bound_s=60)

    def traces(self) -> Any:
        past = self._past()
        until = self._ctx.clock.now().timestamp() - 60
        return next((rows for at, rows in reversed(past) if at <= until), [])

    def _past(self) -> list[Any]:
        with self._box as state:
            past: list[Any] = state.setdefault("past", [])
            past.append((self._ctx.clock.now().timestamp(), [row.plain() for row in super().traces()]))
        return past

    def trace_start(self, *arguments: Any, **named: Any) -> Json:
        return self._then(super().trace_start(*arguments, **named))

    def trace_stop(self, *arguments: Any) -> Json:
        return self._then(super().trace_stop(*arguments))

    def log_eval(self, *arguments: Any, **named: Any) -> Json:
        return self._then(super().log_eval(*arguments, **named))

    def link(self, *arguments: Any) -> Json:
        return self._then(super().link(*arguments))

    def close(self) -> None:
        super().close()
        self._past()

    def _then(self, found: Json) -> Json:
        self._past()
        return found


class OtherClock(TraceStore):
    """A vendor whose clock is a year ahead, and that keeps children newest first."""

    def __init__(self, state: Any, now: Any) -> None:
        super().__init__(state, now + timedelta(days=365))

    def _children(self, parent: str | None) -> list[Json]:
        return super()._children(parent)[::-1]


class ShortScores(MockLLMObservability):
    """Scores as 32-bit floats."""

    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        score = evaluation["score"]
        kept = None if score is None else struct.unpack("f", struct.pack("f", score))[0]
        return super()._evaluate(store, id, {**evaluation, "score": kept})


class KnownRuns(MockLLMObservability):
    """A vendor whose runs must exist."""

    def link(self, id: str, run_id: str) -> Json:
        if run_id not in ("run-1", "run-2"):
            raise NonRetryableError("not_found", "no such run")
        return super().link(id, run_id)


RUNS = Harness(KnownRuns, given={"runs": ["run-2", "run-1"], "unknown_run": "run-9"})
BENIGN = (
    Benign("sqlite", SQLITE, "its ids count, evaluations come back newest first, links by name", alone=True),
    Benign(
        "files", FILES, "an evaluation has no id of its own, the newest trace is the first, more is given", alone=True
    ),
    Benign("nodes", NODES, "coroutines of one process, payloads, a clock that is a year ahead", alone=True),
    Benign("asynchronous", Async, "its operations and its closing are coroutines, and take a while"),
    Benign("own_process", OwnProcess, "only the process that started a trace can stop it, as it says"),
    Benign("accepts_unknown", AcceptsUnknown, "it keeps what is said of unknown traces nowhere, as it says"),
    Benign("counts_ids", CountsIds, "ids are numbers, evaluations have none, outputs are payloads with extensions"),
    Benign("shows_less", ShowsLess, "its observer shows neither attributes nor outputs, and the newest first"),
    Benign("lags", Lags, "it shows what it knew a minute ago, as it says"),
    Benign("other_clock", over(OtherClock), "its clock is a year ahead, and children come newest first"),
    Benign("short_scores", ShortScores, "scores are 32-bit floats"),
    Benign("known_runs", KnownRuns, "runs must exist, and nobody told the kit which one does not"),
    Benign("given_runs", RUNS, "runs must exist, and the harness names one that does not"),
    Benign("in_its_words", in_its_words(LLM_OBSERVABILITY), "answers are zipped and cut, errors in its own words"),
    Benign("asks_first", asking_first(LLM_OBSERVABILITY), "an operation is two requests"),
    Benign("batches", BATCHES, "all is acknowledged at once, and sent when it is closed; its ids prove themselves"),
)
