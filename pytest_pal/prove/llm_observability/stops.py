"""Wrong in trace_stop: who ends, when, and as what."""

from collections.abc import Mapping
from typing import Any

from ...contracts.llm_observability.protocol import LLMObservabilityTraits
from ...errors import NonRetryableError
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ...model.values import thaw
from ..saboteur import RECORDED, Saboteur
from .stores import Json, over


class AlwaysOk(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        return super().stop(id, "ok", output)


class AbortedIsError(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        return super().stop(id, "error" if status == "aborted" else status, output)


class LastWins(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        self.find(id)["status"] = None
        return super().stop(id, status, output)


class ReturnsLast(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        super().stop(id, status, output)
        return status


class EndsLater(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        first = super().stop(id, status, output)
        self.find(id)["ended"] = self._now
        return first


class LeavesChildrenOpen(TraceStore):
    def _below(self, id: str) -> Any:
        return iter(())


class OnlyChildren(TraceStore):
    def _below(self, id: str) -> Any:
        return iter(self._children(id))


class EndsChildrenAgain(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        for below in self._below(id):
            below.update(status="aborted", ended=self._now)
        return super().stop(id, status, output)


class ChildrenEndOk(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        for below in self._below(id):
            self._end(below, status)
        return super().stop(id, status, output)


class ChildrenEndLater(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        first = super().stop(id, status, output)
        for below in self._below(id):
            below["ended"] = below["ended"].replace("T09", "T10")
        return first


class StopsAtEnded(TraceStore):
    """Looks for descendants below open traces only."""

    def _below(self, id: str) -> Any:
        for child in self._children(id):
            if child["status"] is None:
                yield from self._below(child["id"])
                yield child


class MovesEndedBelow(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        is_open = self.find(id)["status"] is None
        first = super().stop(id, status, output)
        if is_open:
            for below in self._below(id):
                below["ended"] = self._now
        return first


class EndsAgainBelow(TraceStore):
    """A second stop ends what was started below since the first."""

    def stop(self, id: str, status: str, output: Any = None) -> str:
        for below in [*self._below(id)]:
            self._end(below, "aborted")
        return super().stop(id, status, output)


class LastOutput(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        first = super().stop(id, status, output)
        self.find(id)["output"] = output
        return first


class EndsParents(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        parent = self.find(id)["parent"]
        if parent is not None:
            self._end(self.find(parent), status)
        return super().stop(id, status, output)


class EndsSisters(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        for sister in self._children(self.find(id)["parent"]):
            if sister["id"] != id:
                self._end(sister, "aborted")
        return super().stop(id, status, output)


class EndsOwnOnly(MockLLMObservability):
    """Stops what it started, and of what others started only the trace that was asked for."""

    def _store(self, state: Any) -> TraceStore:
        own = self._started

        class Store(TraceStore):
            def _below(self, id: str) -> Any:
                return (trace for trace in super()._below(id) if trace["id"] in own)

        return Store(state, self._ctx.clock.now())


class LooksThenStops(MockLLMObservability):
    """Looks whether the trace is open, lets go of the state, and stops it then."""

    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._box as state:
            first = self._store(state).find(id)["status"]
        if first:
            return {"id": id, "status": first}
        with self._box as state:
            self._store(state).find(id)["status"] = None
            kept = thaw(output) if self._captures else None
            return {"id": id, "status": self._store(state).stop(id, status, kept)}


class SmallOutputs(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        if len(str(output)) > 10_000:
            raise NonRetryableError("payload_too_large", "at most 10,000 characters")
        return super().trace_stop(id, status, output)


class TextOutputs(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        if isinstance(output, Mapping):
            raise NonRetryableError("invalid", "text only")
        return super().trace_stop(id, status, output)


class OnlyOwn(MockLLMObservability):
    """Says nothing in its traits, and stops only what it started."""

    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        if id not in self._started:
            raise NonRetryableError("not_found", "started elsewhere")
        return super().trace_stop(id, status, output)


class FirstPerInstance(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        found = super().trace_stop(id, status, output)
        return found if id in self._started else {**found, "status": status}


class SaysProcess(MockLLMObservability):
    traits = LLMObservabilityTraits(open_traces="process")


class EndsAtStart(TraceStore):
    def _end(self, trace: Json, status: str, output: Any = None) -> None:
        super()._end(trace, status, output)
        trace["ended"] = trace["started"]


class NeverEnds(TraceStore):
    def _end(self, trace: Json, status: str, output: Any = None) -> None:
        super()._end(trace, status, output)
        trace["ended"] = None


class StopsAnything(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._box as state:
            known = self._store(state).has(id)
        return super().trace_stop(id, status, output) if known else {"id": id, "status": status}


SABOTEURS = (
    Saboteur("ends_again_below", over(EndsAgainBelow), "llm_observability.trace_start.rule.under_ended"),
    Saboteur(
        "always_ok",
        over(AlwaysOk),
        "llm_observability.trace_stop.rule.statuses",
        also=RECORDED,
        reason="no trace ends otherwise than ok",
    ),
    Saboteur(
        "aborted_is_error",
        over(AbortedIsError),
        "llm_observability.trace_stop.rule.statuses",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.rule.close_aborts",
            "llm_observability.adapter.scenario.edge_values",
        ),
    ),
    Saboteur(
        "last_wins",
        over(LastWins),
        "llm_observability.trace_stop.rule.first_wins",
        also=RECORDED,
        reason="whatever is stopped twice changes",
    ),
    Saboteur(
        "returns_last",
        over(ReturnsLast),
        "llm_observability.trace_stop.rule.first_wins",
        also=RECORDED,
        reason="whatever is stopped twice returns another status",
    ),
    Saboteur(
        "ends_later",
        over(EndsLater),
        "llm_observability.trace_stop.rule.first_wins",
        also=(
            "llm_observability.adapter.rule.close_aborts",
            "llm_observability.trace_stop.concurrency.same_calls",
            "llm_observability.trace_stop.idempotency.repeat",
        ),
    ),
    Saboteur("last_output", over(LastOutput), "llm_observability.trace_stop.rule.first_wins"),
    Saboteur("looks_then_stops", LooksThenStops, "llm_observability.trace_stop.rule.at_once"),
    Saboteur("stops_at_ended", over(StopsAtEnded), "llm_observability.trace_stop.rule.below_ended"),
    Saboteur("ends_own_only", EndsOwnOnly, "llm_observability.trace_stop.rule.descendants_elsewhere"),
    Saboteur("moves_ended_below", over(MovesEndedBelow), "llm_observability.trace_stop.rule.descendants"),
    Saboteur(
        "leaves_children_open",
        over(LeavesChildrenOpen),
        "llm_observability.trace_stop.rule.descendants",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
            "llm_observability.trace_stop.rule.below_ended",
            "llm_observability.trace_stop.rule.descendants_elsewhere",
        ),
    ),
    Saboteur(
        "only_children",
        over(OnlyChildren),
        "llm_observability.trace_stop.rule.descendants",
        also=("llm_observability.trace_stop.rule.below_ended",),
    ),
    Saboteur(
        "ends_children_again",
        over(EndsChildrenAgain),
        "llm_observability.trace_stop.rule.descendants",
        also=(
            "llm_observability.adapter.golden.every_operation",
            "llm_observability.adapter.rule.never_mix",
            "llm_observability.adapter.scenario.every_operation",
            "llm_observability.trace_stop.rule.below_ended",
            "llm_observability.trace_stop.rule.spares_others",
        ),
        reason="what ends above changes everything below it",
    ),
    Saboteur(
        "children_end_ok",
        over(ChildrenEndOk),
        "llm_observability.trace_stop.rule.descendants",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
            "llm_observability.trace_stop.rule.below_ended",
            "llm_observability.trace_stop.rule.descendants_elsewhere",
        ),
    ),
    Saboteur(
        "children_end_later",
        over(ChildrenEndLater),
        "llm_observability.trace_stop.rule.descendants",
        also=("llm_observability.adapter.rule.close_aborts",),
    ),
    Saboteur(
        "ends_parents",
        over(EndsParents),
        "llm_observability.trace_stop.rule.spares_others",
        also=RECORDED,
        reason="no child can be stopped before its parent",
    ),
    Saboteur(
        "ends_sisters",
        over(EndsSisters),
        "llm_observability.trace_stop.rule.spares_others",
        also=(
            "llm_observability.adapter.rule.close_aborts",
            "llm_observability.adapter.rule.close_spares_others",
            "llm_observability.adapter.rule.never_mix",
            "llm_observability.trace_stop.rule.descendants",
            "llm_observability.trace_stop.rule.statuses",
        ),
        reason="no trace can be stopped beside another",
    ),
    Saboteur("small_outputs", SmallOutputs, "llm_observability.trace_stop.rule.must_accept"),
    Saboteur(
        "text_outputs",
        TextOutputs,
        "llm_observability.trace_stop.rule.must_accept",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.rule.content_off",
            "llm_observability.adapter.rule.content_on",
            "llm_observability.adapter.scenario.edge_values",
        ),
    ),
    Saboteur(
        "only_own",
        OnlyOwn,
        "llm_observability.trace_stop.rule.elsewhere",
        also=("llm_observability.trace_stop.rule.ended_elsewhere",),
    ),
    Saboteur("first_per_instance", FirstPerInstance, "llm_observability.trace_stop.rule.ended_elsewhere"),
    Saboteur("says_process", SaysProcess, "llm_observability.trace_stop.rule.not_elsewhere"),
    Saboteur(
        "ends_at_start",
        over(EndsAtStart),
        "llm_observability.adapter.rule.times",
        also=("llm_observability.adapter.rule.close_aborts",),
    ),
    Saboteur(
        "never_ends",
        over(NeverEnds),
        "llm_observability.adapter.rule.times",
        also=("llm_observability.adapter.rule.close_aborts",),
    ),
    Saboteur(
        "stops_anything",
        StopsAnything,
        "llm_observability.trace_stop.bad_input.unknown_trace",
        also=(
            "llm_observability.adapter.golden.refused_inputs",
            "llm_observability.adapter.rule.forged_id",
            "llm_observability.adapter.scenario.refused_inputs",
        ),
    ),
)
