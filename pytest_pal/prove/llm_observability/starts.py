"""Wrong in trace_start: names, parents, attributes."""

import time
import unicodedata
from typing import Any

from ...errors import NonRetryableError
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ..saboteur import RECORDED, Saboteur
from .stores import Json, Keeps, over


class ForgetsName(MockLLMObservability):
    def _start(self, store: TraceStore, *arguments: Any, **named: Any) -> Json:
        return {**super()._start(store, *arguments, **named), "name": "trace"}


class ReturnsNoParent(MockLLMObservability):
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


class Flattens(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, name, attributes, None)


class CutsNames(TraceStore):
    def insert(self, id: str, name: str, attributes: Json, parent: str | None) -> None:
        super().insert(id, name[:100], attributes, parent)


class NumbersOfBooleans(Keeps):
    def kept(self, attributes: Json) -> Json:
        return {key: int(value) if isinstance(value, bool) else value for key, value in attributes.items()}


class TextOfNumbers(Keeps):
    def kept(self, attributes: Json) -> Json:
        return {key: str(value) if isinstance(value, int) else value for key, value in attributes.items()}


class FewAttributes(Keeps):
    def kept(self, attributes: Json) -> Json:
        return dict([*attributes.items()][:8])


class RefusesEndedParent(MockLLMObservability):
    def _start(self, store: TraceStore, name: str, attributes: Json, parent: str | None) -> Json:
        if parent is not None and store.find(parent)["status"]:
            raise NonRetryableError("conflict", "the parent has ended")
        return super()._start(store, name, attributes, parent)


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


class OwnParentsOnly(MockLLMObservability):
    def _start(self, store: TraceStore, name: str, attributes: Json, parent: str | None) -> Json:
        if parent is not None and parent not in self._started:
            raise NonRetryableError("not_found", "that parent is not mine")
        return super()._start(store, name, attributes, parent)


class SharesArguments(MockLLMObservability):
    """Keeps what a call is about on the instance between its steps."""

    def trace_start(self, name: str, *arguments: Any, **named: Any) -> Json:
        self._name = name
        time.sleep(0.002)
        return super().trace_start(self._name, *arguments, **named)


class ParentsUnchecked(TraceStore):
    def find(self, id: str) -> Json:
        return super().find(id) if id in self._traces else {"status": None}


SABOTEURS = (
    Saboteur(
        "forgets_name",
        ForgetsName,
        "llm_observability.trace_start.rule.echo",
        also=RECORDED,
        reason="every trace that is started comes back with the wrong name",
    ),
    Saboteur(
        "returns_no_parent",
        ReturnsNoParent,
        "llm_observability.trace_start.rule.echo",
        also=RECORDED,
        reason="every trace below another comes back as a root",
    ),
    Saboteur("trims_names", TrimsNames, "llm_observability.trace_start.rule.echo"),
    Saboteur("normalises_names", over(NormalisesNames), "llm_observability.trace_start.rule.echo"),
    Saboteur(
        "flattens",
        over(Flattens),
        "llm_observability.trace_start.rule.effect",
        also=RECORDED,
        reason="no trace stands below another",
    ),
    Saboteur("numbers_of_booleans", NumbersOfBooleans, "llm_observability.trace_start.rule.attributes"),
    Saboteur("text_of_numbers", TextOfNumbers, "llm_observability.trace_start.rule.attributes"),
    Saboteur(
        "few_attributes",
        FewAttributes,
        "llm_observability.trace_start.rule.must_accept",
        also=(
            "llm_observability.adapter.rule.content_on",
            "llm_observability.trace_start.rule.attributes",
        ),
    ),
    Saboteur(
        "cuts_names",
        over(CutsNames),
        "llm_observability.trace_start.rule.must_accept",
        also=(
            "llm_observability.adapter.golden.edge_values",
            "llm_observability.adapter.scenario.edge_values",
        ),
    ),
    Saboteur(
        "refuses_ended_parent",
        RefusesEndedParent,
        "llm_observability.trace_start.rule.under_ended",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
            "llm_observability.trace_start.rule.parent_elsewhere",
        ),
    ),
    Saboteur(
        "born_ended",
        over(BornEnded),
        "llm_observability.trace_start.rule.under_ended",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "reopens",
        Reopens,
        "llm_observability.trace_start.rule.repeat_after_stop",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur("repeats_as_root", RepeatsAsRoot, "llm_observability.trace_start.rule.repeat_after_stop"),
    Saboteur(
        "own_parents_only",
        OwnParentsOnly,
        "llm_observability.trace_start.rule.parent_elsewhere",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "parents_unchecked",
        over(ParentsUnchecked),
        "llm_observability.trace_start.bad_input.unknown_parent",
        also=(
            "llm_observability.adapter.golden.refused_inputs",
            "llm_observability.adapter.rule.forged_id",
            "llm_observability.adapter.scenario.refused_inputs",
            "llm_observability.trace_start.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "shares_arguments",
        SharesArguments,
        "llm_observability.adapter.rule.never_mix",
        also=("llm_observability.adapter.offline.own_sleep",),
    ),
)
