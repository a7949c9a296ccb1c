"""Wrong in log_eval and link."""

from typing import Any

from ...contracts.llm_observability.protocol import LLMObservabilityTraits
from ...errors import NonRetryableError
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ..saboteur import RECORDED, Saboteur
from .stores import Json


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


class RunsAreInvalid(MockLLMObservability):
    """Its runs must exist, and one that does not is bad input."""

    def link(self, id: str, run_id: str) -> Json:
        if run_id not in ("run-1", "run-2"):
            raise NonRetryableError("invalid", "no such run")
        return super().link(id, run_id)


class EvaluatesAnything(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, evaluation) if store.has(id) else {"id": id}


class LinksAnything(MockLLMObservability):
    def link(self, id: str, run_id: str) -> Json:
        with self._box as state:
            known = self._store(state).has(id)
        return super().link(id, run_id) if known else {"id": id, "run_id": run_id}


class SaysAccepted(MockLLMObservability):
    traits = LLMObservabilityTraits(unknown_trace="accepted")


class KnowsOwnOnly(MockLLMObservability):
    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        if id not in self._started:
            raise NonRetryableError("not_found", "started elsewhere")
        return super()._evaluate(store, id, evaluation)


class OneEvalPerKey(MockLLMObservability):
    """Compares what is said under a known key, and not of which trace."""

    def log_eval(self, id: str, *arguments: Any, idempotency_key: str) -> Json:
        with self._box as state:
            of = state.setdefault("of", {}).setdefault(idempotency_key, id)
        return super().log_eval(of, *arguments, idempotency_key=idempotency_key)


SABOTEURS = (
    Saboteur(
        "drops_labels",
        DropsLabels,
        "llm_observability.log_eval.rule.effect",
        also=RECORDED,
        reason="no evaluation has a label",
    ),
    Saboteur(
        "zero_for_none",
        ZeroForNone,
        "llm_observability.log_eval.rule.effect",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.rule.known_elsewhere",
            "llm_observability.adapter.scenario.edge_values",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur("rounds_scores", RoundsScores, "llm_observability.log_eval.rule.effect"),
    Saboteur("one_id_for_all", OneIdForAll, "llm_observability.log_eval.rule.own_id"),
    Saboteur(
        "cuts_eval_names",
        CutsEvalNames,
        "llm_observability.log_eval.rule.must_accept",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.scenario.edge_values",
        ),
    ),
    Saboteur(
        "refuses_late_evals",
        RefusesLateEvals,
        "llm_observability.log_eval.rule.after_stop",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.rule.known_elsewhere",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur("eval_moves_end", EvalMovesEnd, "llm_observability.log_eval.rule.after_stop"),
    Saboteur("fails_low_scores", FailsLowScores, "llm_observability.log_eval.rule.after_stop"),
    Saboteur(
        "eval_ends",
        EvalEnds,
        "llm_observability.log_eval.rule.stays_open",
        also=RECORDED,
        reason="no evaluated trace is open, and none ends with its own status",
    ),
    Saboteur(
        "links_twice",
        LinksTwice,
        "llm_observability.link.rule.effect",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
            "llm_observability.link.concurrency.same_calls",
            "llm_observability.link.idempotency.repeat",
        ),
    ),
    Saboteur(
        "one_run",
        OneRun,
        "llm_observability.link.rule.effect",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "one_trace_per_run",
        OneTracePerRun,
        "llm_observability.link.rule.effect",
        also=("llm_observability.adapter.rule.never_mix",),
    ),
    Saboteur(
        "refuses_late_links",
        RefusesLateLinks,
        "llm_observability.link.rule.after_stop",
        also=("llm_observability.adapter.rule.known_elsewhere",),
    ),
    Saboteur("link_drops_output", LinkDropsOutput, "llm_observability.link.rule.after_stop"),
    Saboteur("lowers_runs", LowersRuns, "llm_observability.link.rule.unknown_run"),
    Saboteur("runs_are_invalid", RunsAreInvalid, "llm_observability.link.rule.unknown_run"),
    Saboteur(
        "says_accepted",
        SaysAccepted,
        "llm_observability.log_eval.rule.unknown_accepted",
        also=("llm_observability.link.rule.unknown_accepted",),
    ),
    Saboteur("knows_own_only", KnowsOwnOnly, "llm_observability.adapter.rule.known_elsewhere"),
    Saboteur("one_eval_per_key", OneEvalPerKey, "llm_observability.adapter.rule.key_conflicts"),
    Saboteur(
        "eval_of_root",
        EvalOfRoot,
        "llm_observability.adapter.rule.never_mix",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.rule.forged_id",
            "llm_observability.adapter.scenario.edge_values",
            "llm_observability.adapter.scenario.long_life",
        ),
        reason="every evaluation but those of the first trace is misplaced",
    ),
    Saboteur(
        "evaluates_anything",
        EvaluatesAnything,
        "llm_observability.log_eval.bad_input.unknown_trace",
        also=(
            "llm_observability.adapter.rule.forged_id",
            "llm_observability.log_eval.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "links_anything",
        LinksAnything,
        "llm_observability.link.bad_input.unknown_trace",
        also=("llm_observability.adapter.rule.forged_id",),
    ),
)
