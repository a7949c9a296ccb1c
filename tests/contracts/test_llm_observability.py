"""Every clause of llm_observability has a saboteur: a mock with one promise broken, that it must fail."""

import struct
import time
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from pytest_pal.contracts.llm_observability import CAPABILITY
from pytest_pal.contracts.llm_observability.protocol import CONTENT_ATTRIBUTES, LLMObservabilityTraits
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks import llm_observability
from pytest_pal.mocks.llm_observability import MockLLMObservability, TraceStore

from ..judging import contract, fallen, judge

Json = dict[str, Any]


def over(store: type[TraceStore], base: type[MockLLMObservability] = MockLLMObservability) -> type:
    """The mock over a store that breaks a promise."""

    def opened(self: Any, state: Any) -> TraceStore:
        return store(state, self._ctx.clock.now())

    return type(f"Mock{store.__name__}", (base,), {"_store": opened})


class Mock(MockLLMObservability):
    """The mock, with the start and the evaluation open to change."""

    def _start(self, store: TraceStore, name: str, attributes: Json, parent: str | None) -> Json:
        return super()._start(store, name, self.kept(attributes), parent)

    def kept(self, attributes: Json) -> Json:
        return attributes


class ForgetsName(Mock):
    def _start(self, store: TraceStore, *arguments: Any, **named: Any) -> Json:
        return {**super()._start(store, *arguments, **named), "name": "trace"}


class ReturnsNoParent(Mock):
    def _start(self, store: TraceStore, *arguments: Any, **named: Any) -> Json:
        return {**super()._start(store, *arguments, **named), "parent": None}


class TrimsNames(MockLLMObservability):
    def trace_start(self, name: str, *arguments: Any, **named: Any) -> Json:
        return super().trace_start(name.strip(), *arguments, **named)


class NormalisesNames(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, unicodedata.normalize("NFKC", name), attributes, parent)


class RepeatsAsRoot(MockLLMObservability):
    def trace_start(self, *arguments: Any, **named: Any) -> Json:
        before = [*self._started]
        found = super().trace_start(*arguments, **named)
        return {**found, "parent": None} if found["id"] in before else found


class SharesArguments(MockLLMObservability):
    """Keeps what a call is about on the instance between its steps."""

    def trace_start(self, name: str, *arguments: Any, **named: Any) -> Json:
        self._name = name
        time.sleep(0.002)
        return super().trace_start(self._name, *arguments, **named)


class Flattens(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, name, attributes, None)


class CutsNames(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, name[:100], attributes, parent)


class NumbersOfBooleans(Mock):
    def kept(self, attributes: Json) -> Json:
        return {key: int(value) if isinstance(value, bool) else value for key, value in attributes.items()}


class TextOfNumbers(Mock):
    def kept(self, attributes: Json) -> Json:
        return {key: str(value) if isinstance(value, int) else value for key, value in attributes.items()}


class FewAttributes(Mock):
    def kept(self, attributes: Json) -> Json:
        return dict([*attributes.items()][:8])


class RefusesEndedParent(Mock):
    def _start(self, store: TraceStore, *arguments: Any, parent: str | None, **named: Any) -> Json:
        if parent is not None and store.find(parent)["status"]:
            raise NonRetryableError("conflict", "the parent has ended")
        return super()._start(store, *arguments, parent=parent, **named)


class BornEnded(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, name, attributes, parent)
        if parent is not None and self.find(parent)["status"]:
            self.stop(id, "aborted")


class Reopens(MockLLMObservability):
    def trace_start(self, *arguments: Any, **named: Any) -> Json:
        found = super().trace_start(*arguments, **named)
        with self._box as state:
            state["traces"][found["id"]].update(status=None, ended=None)
        return found


class OwnParentsOnly(Mock):
    def _start(self, store: TraceStore, *arguments: Any, parent: str | None, **named: Any) -> Json:
        if parent is not None and parent not in self._started:
            raise NonRetryableError("not_found", "that parent is not mine")
        return super()._start(store, *arguments, parent=parent, **named)


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
            return {"id": id, "status": self._store(state).stop(id, status)}


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


class DropsLabels(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, {**evaluation, "label": None})


class ZeroForNone(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, {**evaluation, "score": evaluation["score"] or 0})


class OneIdForAll(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        super()._evaluate(store, id, evaluation)
        return {"id": "eval"}


class RoundsScores(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        score = evaluation["score"]
        return super()._evaluate(store, id, {**evaluation, "score": score and round(score, 2)})


class FailsLowScores(MockLLMObservability):
    """A low score makes an error of an ended trace."""

    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        if store.find(id)["status"] and (evaluation["score"] or 0) < 0:
            store.find(id)["status"] = "error"
        return super()._evaluate(store, id, evaluation)


class CutsEvalNames(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, {**evaluation, "name": evaluation["name"][:64]})


class RefusesLateEvals(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        if store.find(id)["status"]:
            raise NonRetryableError("conflict", "the trace has ended")
        return super()._evaluate(store, id, evaluation)


class EvalMovesEnd(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        if store.find(id)["status"]:
            store.find(id)["ended"] = store._now
        return super()._evaluate(store, id, evaluation)


class EvalEnds(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        store.stop(id, "ok")
        return super()._evaluate(store, id, evaluation)


class EvalOfRoot(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, next(iter(store._traces)), evaluation)


class LinksTwice(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            self._store(state).find(id)["links"].append(run_id)
        return {"id": id, "run_id": run_id}


class OneRun(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            self._store(state).find(id)["links"][:] = [run_id]
        return {"id": id, "run_id": run_id}


class OneTracePerRun(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            for trace in state["traces"].values():
                trace["links"] = [run for run in trace["links"] if run != run_id]
        return super().link(id, run_id)


class LinkDropsOutput(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            self._store(state).find(id)["output"] = None
        return super().link(id, run_id)


class LowersRuns(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        return {**super().link(id, run_id.lower()), "run_id": run_id}


class RefusesLateLinks(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            if self._store(state).find(id)["status"]:
                raise NonRetryableError("conflict", "the trace has ended")
        return super().link(id, run_id)


class KnownRuns(MockLLMObservability):
    """A vendor whose runs must exist."""

    def link(self, id: str, run_id: str) -> Json:
        if run_id not in ("run-1", "run-2"):
            raise NonRetryableError("not_found", "no such run")
        return super().link(id, run_id)


class RunsAreInvalid(KnownRuns):
    def link(self, id: str, run_id: str) -> Json:
        try:
            return super().link(id, run_id)
        except NonRetryableError as error:
            raise NonRetryableError("invalid", "no such run") from error


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


class SaysAccepted(MockLLMObservability):
    traits = LLMObservabilityTraits(unknown_trace="accepted")


class KnowsByLength(TraceStore):
    def find(self, id: str) -> Json:
        return super().find(id) if len(id) != 38 else self._traces.get(id, next(iter(self._traces.values())))


class ParentsUnchecked(TraceStore):
    def find(self, id: str) -> Json:
        return super().find(id) if id in self._traces else {"status": None}


class KnowsOwnOnly(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        if id not in self._started:
            raise NonRetryableError("not_found", "started elsewhere")
        return super()._evaluate(store, id, evaluation)


class OneKeySpace(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._used: dict[str, str] = {}

    def _only(self, operation: str, key: str) -> None:
        if self._used.setdefault(key, operation) != operation:
            raise NonRetryableError("key_conflict", "the key was used")

    def trace_start(self, *arguments: Any, idempotency_key: str) -> Json:
        self._only("trace_start", idempotency_key)
        return super().trace_start(*arguments, idempotency_key=idempotency_key)

    def log_eval(self, *arguments: Any, idempotency_key: str) -> Json:
        self._only("log_eval", idempotency_key)
        return super().log_eval(*arguments, idempotency_key=idempotency_key)


class OneEvalPerKey(MockLLMObservability):
    """Compares what is said under a known key, and not of which trace."""

    def log_eval(self, id: str, *arguments: Any, idempotency_key: str) -> Json:
        with self._box as state:
            of = state.setdefault("of", {}).setdefault(idempotency_key, id)
        return super().log_eval(of, *arguments, idempotency_key=idempotency_key)


class ContentIsNoPayload(MockLLMObservability):
    """Compares under a known key what it stores, and not what it was given."""

    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Json:
        kept = {key: value for key, value in attributes.items() if key not in CONTENT_ATTRIBUTES}
        return super().trace_start(name, kept, parent, idempotency_key=idempotency_key)


class EndsAtStart(TraceStore):
    def _end(self, trace: Json, status: str, output: Any = None) -> None:
        super()._end(trace, status, output)
        trace["ended"] = trace["started"]


class NeverEnds(TraceStore):
    def _end(self, trace: Json, status: str, output: Any = None) -> None:
        super()._end(trace, status, output)
        trace["ended"] = None


class Captures(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "capture_content": True}, ctx)


class CapturesWhenSet(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "capture_content": "capture_content" in config}, ctx)


class CapturesOutput(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._box as state:
            return {"id": id, "status": self._store(state).stop(id, status, llm_observability.thaw(output))}


class HidesLookalikes(MockLLMObservability):
    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Json:
        kept = {key: value for key, value in attributes.items() if key.lower() != "prompt"}
        return super().trace_start(name, kept, parent, idempotency_key=idempotency_key)


class HidesNested(Mock):
    def kept(self, attributes: Json) -> Json:
        def cut(value: Any) -> Any:
            inner = isinstance(value, dict)
            return {key: cut(item) for key, item in value.items() if key not in CONTENT_ATTRIBUTES} if inner else value

        return {key: cut(value) for key, value in attributes.items()}


class OutputsOfOkOnly(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        return super().stop(id, status, output if status == "ok" else None)


class NoEmptyOutputs(TraceStore):
    def stop(self, id: str, status: str, output: Any = None) -> str:
        return super().stop(id, status, output or None)


class NeverCaptures(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "capture_content": False}, ctx)


class NeverCloses(MockLLMObservability):
    def close(self) -> None:
        pass


class ClosesAsOk(MockLLMObservability):
    def close(self) -> None:
        with self._box as state:
            for id in reversed(self._started):
                self._store(state).stop(id, "ok")


class CloseMovesEnds(MockLLMObservability):
    def close(self) -> None:
        with self._box as state:
            for id in self._started:
                state["traces"][id]["ended"] = self._store(state)._now
        super().close()


class ClosesAll(MockLLMObservability):
    def close(self) -> None:
        with self._box as state:
            for id in [*state["traces"]]:
                self._store(state).stop(id, "aborted")


SABOTEURS = [
    (ForgetsName, "trace_start.rule.echo"),
    (ReturnsNoParent, "trace_start.rule.echo"),
    (TrimsNames, "trace_start.rule.echo"),
    (over(NormalisesNames), "trace_start.rule.echo"),
    (over(Flattens), "trace_start.rule.effect"),
    (NumbersOfBooleans, "trace_start.rule.attributes"),
    (TextOfNumbers, "trace_start.rule.attributes"),
    (FewAttributes, "trace_start.rule.must_accept"),
    (over(CutsNames), "trace_start.rule.must_accept"),
    (RefusesEndedParent, "trace_start.rule.under_ended"),
    (over(BornEnded), "trace_start.rule.under_ended"),
    (over(EndsAgainBelow), "trace_start.rule.under_ended"),
    (Reopens, "trace_start.rule.repeat_after_stop"),
    (RepeatsAsRoot, "trace_start.rule.repeat_after_stop"),
    (OwnParentsOnly, "trace_start.rule.parent_elsewhere"),
    (over(AlwaysOk), "trace_stop.rule.statuses"),
    (over(AbortedIsError), "trace_stop.rule.statuses"),
    (over(LastWins), "trace_stop.rule.first_wins"),
    (over(ReturnsLast), "trace_stop.rule.first_wins"),
    (over(EndsLater), "trace_stop.rule.first_wins"),
    (over(LastOutput), "trace_stop.rule.first_wins"),
    (LooksThenStops, "trace_stop.rule.at_once"),
    (over(StopsAtEnded), "trace_stop.rule.below_ended"),
    (EndsOwnOnly, "trace_stop.rule.descendants_elsewhere"),
    (over(MovesEndedBelow), "trace_stop.rule.descendants"),
    (over(LeavesChildrenOpen), "trace_stop.rule.descendants"),
    (over(OnlyChildren), "trace_stop.rule.descendants"),
    (over(EndsChildrenAgain), "trace_stop.rule.descendants"),
    (over(ChildrenEndOk), "trace_stop.rule.descendants"),
    (over(ChildrenEndLater), "trace_stop.rule.descendants"),
    (over(EndsParents), "trace_stop.rule.spares_others"),
    (over(EndsSisters), "trace_stop.rule.spares_others"),
    (SmallOutputs, "trace_stop.rule.must_accept"),
    (TextOutputs, "trace_stop.rule.must_accept"),
    (OnlyOwn, "trace_stop.rule.elsewhere"),
    (FirstPerInstance, "trace_stop.rule.ended_elsewhere"),
    (SaysProcess, "trace_stop.rule.not_elsewhere"),
    (DropsLabels, "log_eval.rule.effect"),
    (ZeroForNone, "log_eval.rule.effect"),
    (RoundsScores, "log_eval.rule.effect"),
    (OneIdForAll, "log_eval.rule.own_id"),
    (CutsEvalNames, "log_eval.rule.must_accept"),
    (RefusesLateEvals, "log_eval.rule.after_stop"),
    (EvalMovesEnd, "log_eval.rule.after_stop"),
    (FailsLowScores, "log_eval.rule.after_stop"),
    (EvalEnds, "log_eval.rule.stays_open"),
    (LinksTwice, "link.rule.effect"),
    (OneRun, "link.rule.effect"),
    (OneTracePerRun, "link.rule.effect"),
    (RefusesLateLinks, "link.rule.after_stop"),
    (LinkDropsOutput, "link.rule.after_stop"),
    (LowersRuns, "link.rule.unknown_run"),
    (RunsAreInvalid, "link.rule.unknown_run"),
    (SaysAccepted, "log_eval.rule.unknown_accepted"),
    (SaysAccepted, "link.rule.unknown_accepted"),
    (over(KnowsByLength), "adapter.rule.forged_id"),
    (over(ParentsUnchecked), "adapter.rule.forged_id"),
    (KnowsOwnOnly, "adapter.rule.known_elsewhere"),
    (OneKeySpace, "adapter.rule.key_scope"),
    (OneEvalPerKey, "adapter.rule.key_conflicts"),
    (ContentIsNoPayload, "adapter.rule.key_conflicts"),
    (over(EndsAtStart), "adapter.rule.times"),
    (over(NeverEnds), "adapter.rule.times"),
    (Captures, "adapter.rule.content_off"),
    (CapturesWhenSet, "adapter.rule.content_off"),
    (CapturesOutput, "adapter.rule.content_off"),
    (HidesLookalikes, "adapter.rule.content_off"),
    (HidesNested, "adapter.rule.content_off"),
    (NeverCaptures, "adapter.rule.content_on"),
    (over(OutputsOfOkOnly), "adapter.rule.content_on"),
    (over(NoEmptyOutputs), "adapter.rule.content_on"),
    (NeverCloses, "adapter.rule.close_aborts"),
    (ClosesAsOk, "adapter.rule.close_aborts"),
    (CloseMovesEnds, "adapter.rule.close_aborts"),
    (ClosesAll, "adapter.rule.close_spares_others"),
    (EvalOfRoot, "adapter.rule.never_mix"),
    (SharesArguments, "adapter.rule.never_mix"),
]


class Async(MockLLMObservability):
    """All operations are coroutines, and so is the closing."""

    async def trace_start(self, *arguments: Any, **named: Any) -> Any:
        await self._ctx.asleep(0.01)
        return super().trace_start(*arguments, **named)

    async def trace_stop(self, *arguments: Any, **named: Any) -> Any:
        return super().trace_stop(*arguments, **named)

    async def log_eval(self, *arguments: Any, **named: Any) -> Any:
        return super().log_eval(*arguments, **named)

    async def link(self, *arguments: Any, **named: Any) -> Any:
        return super().link(*arguments, **named)

    async def aclose(self) -> None:
        super().close()

    close = None  # type: ignore[assignment]


class OwnProcess(OnlyOwn):
    traits = LLMObservabilityTraits(open_traces="process")


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
        until = self._ctx.clock.now() - timedelta(seconds=60)
        return next((rows for at, rows in reversed(past) if at <= until), [])

    def _past(self) -> list[Any]:
        with self._box as state:
            past: list[Any] = state.setdefault("past", [])
            past.append((self._ctx.clock.now(), super().traces()))
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


BENIGN = [ShortScores, Async, OwnProcess, AcceptsUnknown, KnownRuns, CountsIds, ShowsLess, over(OtherClock)]


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLLMObservability) == set()
    assert len(judge(MockLLMObservability)) > 70


@pytest.mark.parametrize("variant", BENIGN)
def test_an_unusual_but_correct_adapter_passes(variant: type) -> None:
    assert fallen(variant) == set()


def test_a_vendor_whose_runs_must_exist_passes() -> None:
    given = {"runs": ["run-2", "run-1"], "unknown_run": "run-9"}
    assert fallen(Harness(KnownRuns, given=given), only=".link.") == set()
    clause = "llm_observability.link.rule.unknown_run"
    assert fallen(Harness(MockLLMObservability, given=given), only=clause) == {clause}


@pytest.mark.parametrize("family", ["rule", "scenario"])
def test_a_slow_observer_passes(family: str) -> None:
    assert fallen(Lags, only=f".{family}.") == set()


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    assert f"llm_observability.{clause}" in fallen(saboteur, only=f"llm_observability.{clause}")


def test_every_own_clause_has_a_saboteur() -> None:
    own = {clause.id for clause in contract("llm_observability").clauses if clause.family == "rule"}
    assert own == {f"llm_observability.{clause}" for _, clause in SABOTEURS}


@pytest.mark.parametrize("evaluation", [{}, {"score": None, "label": None}, {"label": ""}, {"score": True}])
def test_an_evaluation_needs_a_score_or_a_label(evaluation: Json) -> None:
    with pytest.raises(NonRetryableError, match=r"invalid: log_eval: /(label|score)"):
        CAPABILITY.check("log_eval", id="t", name="quality", idempotency_key="k", **evaluation)


def test_the_list_of_content_attributes_is_closed() -> None:
    assert isinstance(CONTENT_ATTRIBUTES, frozenset)
    assert {"prompt", "completion", "gen_ai.input.messages"} <= CONTENT_ATTRIBUTES
    assert "model" not in CONTENT_ATTRIBUTES
