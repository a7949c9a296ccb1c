"""Wrong in manners: ids, keys, content, closing."""

from typing import Any

from ...contracts.llm_observability.protocol import CONTENT_ATTRIBUTES
from ...errors import NonRetryableError
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ...model.values import thaw
from ..saboteur import Saboteur
from .stores import Json, Keeps, over


class KnowsByLength(TraceStore):
    def find(self, id: str) -> Json:
        return super().find(id) if len(id) != 38 else self._traces.get(id, next(iter(self._traces.values())))


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


class ContentIsNoPayload(MockLLMObservability):
    """Compares under a known key what it stores, and not what it was given."""

    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Json:
        kept = {key: value for key, value in attributes.items() if key not in CONTENT_ATTRIBUTES}
        return super().trace_start(name, kept, parent, idempotency_key=idempotency_key)


class Captures(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "capture_content": True}, ctx)


class CapturesWhenSet(MockLLMObservability):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "capture_content": "capture_content" in config}, ctx)


class CapturesOutput(MockLLMObservability):
    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._box as state:
            return {"id": id, "status": self._store(state).stop(id, status, thaw(output))}


class HidesLookalikes(MockLLMObservability):
    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Json:
        kept = {key: value for key, value in attributes.items() if key.lower() != "prompt"}
        return super().trace_start(name, kept, parent, idempotency_key=idempotency_key)


class HidesNested(Keeps):
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


SABOTEURS = (
    Saboteur("knows_by_length", over(KnowsByLength), "llm_observability.adapter.rule.forged_id"),
    Saboteur(
        "one_key_space",
        OneKeySpace,
        "llm_observability.adapter.rule.key_scope",
        also=(
            "llm_observability.adapter.golden.long_life",
            "llm_observability.adapter.rule.key_conflicts",
            "llm_observability.adapter.scenario.long_life",
        ),
    ),
    Saboteur(
        "content_is_no_payload",
        ContentIsNoPayload,
        "llm_observability.adapter.rule.key_conflicts",
        also=("llm_observability.adapter.rule.content_on",),
    ),
    Saboteur("captures", Captures, "llm_observability.adapter.rule.content_off"),
    Saboteur("captures_when_set", CapturesWhenSet, "llm_observability.adapter.rule.content_off"),
    Saboteur("captures_output", CapturesOutput, "llm_observability.adapter.rule.content_off"),
    Saboteur(
        "hides_lookalikes",
        HidesLookalikes,
        "llm_observability.adapter.rule.content_off",
        also=(
            "llm_observability.adapter.rule.content_on",
            "llm_observability.adapter.rule.key_conflicts",
        ),
    ),
    Saboteur("hides_nested", HidesNested, "llm_observability.adapter.rule.content_off"),
    Saboteur("never_captures", NeverCaptures, "llm_observability.adapter.rule.content_on"),
    Saboteur("outputs_of_ok_only", over(OutputsOfOkOnly), "llm_observability.adapter.rule.content_on"),
    Saboteur("no_empty_outputs", over(NoEmptyOutputs), "llm_observability.adapter.rule.content_on"),
    Saboteur("never_closes", NeverCloses, "llm_observability.adapter.rule.close_aborts"),
    Saboteur("closes_as_ok", ClosesAsOk, "llm_observability.adapter.rule.close_aborts"),
    Saboteur("close_moves_ends", CloseMovesEnds, "llm_observability.adapter.rule.close_aborts"),
    Saboteur("closes_all", ClosesAll, "llm_observability.adapter.rule.close_spares_others"),
)
