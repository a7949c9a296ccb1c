"""LLMObservabilityProvider: its payloads, traits, operations, observer. A span is a trace below another."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field, ValidationInfo

from ...model.fields import FREE, ID
from ...model.operation import operation
from ...model.payload import Observed, Output, Traits
from ...model.values import FrozenMap, Instant, JsonMap, JsonValue, Key, Number, Text

Status = Literal["ok", "error", "aborted"]
CONTENT_ATTRIBUTES = frozenset(
    {
        "prompt",
        "completion",
        "messages",
        "input",
        "output",
        "response",
        "input.value",
        "output.value",
        "gen_ai.prompt",
        "gen_ai.completion",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
    }
)
"""The attributes that hold prompts and outputs: stored only with ``config['capture_content']`` true.

The list is closed, names are compared as a whole, and only the top level of ``attributes`` counts.
``output`` of trace_stop is content too.
"""

_NOTHING = FrozenMap()


class LLMObservabilityTraits(Traits):
    """``unknown_trace``: whether log_eval and link refuse an id that no instance issued.

    ``open_traces``: who can stop an open trace, any instance or only the process that started it.
    """

    unknown_trace: Literal["refused", "accepted"] = "refused"
    open_traces: Literal["any", "process"] = "any"
    read_bound_s: float = Field(default=0, ge=0, le=60)


class Trace(Output):
    """A started trace; ``parent`` is None for a root."""

    id: Annotated[Key, ID]
    name: Text
    parent: Annotated[Key | None, ID] = None


class TraceEnd(Output):
    """``status`` is that of the first stop."""

    id: Annotated[Key, ID]
    status: Status


class Evaluation(Output):
    """``id`` is the evaluation's own, or the trace's where the vendor gives evaluations none."""

    id: Annotated[Key, FREE]


class RunLink(Output):
    """A trace that belongs to a run."""

    id: Annotated[Key, ID]
    run_id: Key


def _score_or_label(label: str | None, info: ValidationInfo) -> str | None:
    if label is None and info.data.get("score", 0) is None:
        raise ValueError("an evaluation needs a score, a label, or both")
    return label


Label = Annotated[
    Annotated[Text, Field(min_length=1)] | None,
    Field(validate_default=True),
    AfterValidator(_score_or_label),
]
DisplayName = Annotated[Text, Field(min_length=1)]


class LLMObservabilityProvider(Protocol):
    """Records what calls to models did. An id that no instance of this adapter issued is not_found."""

    @operation("write", "key", unit="trace", entity="trace", deferrable=True)
    def trace_start(
        self,
        name: DisplayName,
        attributes: JsonMap = _NOTHING,
        parent: Key | None = None,
        *,
        idempotency_key: Key,
    ) -> Trace:
        """Opens a trace, under ``parent`` where one is given, also where that one has ended."""

    @operation("write", "natural", unit="trace", entity="trace", deferrable=True)
    def trace_stop(self, id: Key, status: Status = "ok", output: JsonValue = None) -> TraceEnd:
        """Ends the trace, its open descendants first (aborted). Of an ended one: no change, its status."""

    @operation("write", "key", unit="trace", entity="trace", deferrable=True)
    def log_eval(
        self,
        id: Key,
        name: DisplayName,
        score: Number | None = None,
        label: Label = None,
        *,
        idempotency_key: Key,
    ) -> Evaluation:
        """Adds an evaluation to an open or ended trace: a score, a label, or both."""

    @operation("write", "natural", unit="trace", entity="trace", deferrable=True)
    def link(self, id: Key, run_id: Key) -> RunLink:
        """Says that an open or ended trace belongs to a run; a trace may belong to several.

        A harness whose vendor knows which runs exist names them in ``given``: runs (two ids), and unknown_run.
        """


class ObservedEval(Observed):
    """One evaluation of one trace."""

    name: str
    score: float | None = None
    label: str | None = None


class ObservedLink(Observed):
    """One run that a trace belongs to."""

    run_id: str


class ObservedTrace(Observed):
    """A trace with everything under it. An open one has neither ``status`` nor ``ended``.

    ``attributes`` and ``output`` are None where the observer cannot show them; show what the vendor
    stores where it can be shown, decoded to the values that were given.
    """

    id: str
    name: str
    status: Status | None = None
    started: Instant
    ended: Instant | None = None
    children: tuple["ObservedTrace", ...] = ()
    evals: tuple[ObservedEval, ...] = ()
    links: tuple[ObservedLink, ...] = ()
    attributes: JsonMap | None = None
    output: JsonValue = None


class LLMObservabilityObserver(Protocol):
    """A second pair of eyes on the vendor's traces; the order of its rows is stable."""

    def traces(self) -> Sequence[ObservedTrace]:
        """The roots; every other trace stands among its parent's children."""
