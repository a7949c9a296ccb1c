"""A correct adapter over files, which shares nothing with the mock: a log of what happened, told anew each time."""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ...canonical import digest
from ...contracts.llm_observability.protocol import CONTENT_ATTRIBUTES, LLMObservabilityTraits, ObservedTrace
from ...errors import NonRetryableError
from ...kit.harness import Harness
from ...model.context import Context
from ...model.values import instant_text, thaw

Json = dict[str, Any]


class Log:
    """A file of lines, and what they come to: spans by id, answers by operation and key."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.spans: dict[str, Json] = {}
        self.answers: dict[str, tuple[str, Json]] = {}
        for line in file:
            self._tell(json.loads(line))

    def add(self, **event: Any) -> None:
        self._file.write(json.dumps(event) + "\n")
        self._tell(event)

    def _tell(self, event: Json) -> None:
        what = event.pop("what")
        if what == "answer":
            self.answers[event["key"]] = (event["payload"], event["answer"])
        elif what == "span":
            self.spans[event["id"]] = {**event, "evals": [], "links": []}
        elif what == "end":
            self.spans[event.pop("id")].update(event)
        else:
            self.spans[event.pop("id")][what].append(event)

    def span(self, id: str) -> Json:
        if id not in self.spans:
            raise NonRetryableError("not_found", f"nobody started {id!r}")
        return self.spans[id]

    def open_below(self, id: str) -> list[str]:
        """What is open under a span, the deepest first."""
        found: list[str] = []
        for span in self.spans.values():
            if span["parent"] == id:
                found += [*self.open_below(span["id"]), *([] if "ended" in span else [span["id"]])]
        return found


class LoggedTraces:
    """LLMObservabilityProvider over a log. config: path, capture_content."""

    capability = "llm_observability"
    contract = "1.0"
    traits = LLMObservabilityTraits()

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._path, self._captures, self._ctx = config["path"], config.get("capture_content") is True, ctx
        self._started: set[str] = set()

    def trace_start(
        self, name: str, attributes: Mapping[str, Any], parent: str | None, *, idempotency_key: str
    ) -> Json:
        plain = thaw(attributes)
        kept = {key: plain[key] for key in plain if self._captures or key not in CONTENT_ATTRIBUTES}

        def effect(log: Log) -> Json:
            if parent is not None:
                log.span(parent)
            id = f"{len(log.spans):x}-{self._ctx.ids.new()[:16]}"
            log.add(what="span", id=id, name=name, parent=parent, attributes=kept, started=self._now())
            self._started.add(id)
            return {"id": id, "name": name, "parent": parent, "extensions": {"shard": 7}}

        return self._once(f"start {idempotency_key}", [name, plain, parent], effect)

    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with _log(self._path) as log:
            if "ended" not in log.span(id):
                self._end(log, id, status, thaw(output) if self._captures else None)
            return {"id": id, "status": log.span(id)["status"]}

    def log_eval(self, id: str, name: str, score: float | None, label: str | None, *, idempotency_key: str) -> Json:
        def effect(log: Log) -> Json:
            log.span(id)
            log.add(what="evals", id=id, name=name, score=score, label=label)
            return {"id": id}

        return self._once(f"eval {idempotency_key}", [id, name, score, label], effect)

    def link(self, id: str, run_id: str) -> Json:
        with _log(self._path) as log:
            if {"run_id": run_id} not in log.span(id)["links"]:
                log.add(what="links", id=id, run_id=run_id)
        return {"id": id, "run_id": run_id}

    def close(self) -> None:
        with _log(self._path) as log:
            for id in [id for id in reversed(log.spans) if id in self._started]:
                if "ended" not in log.span(id):
                    self._end(log, id, "aborted", None)
        self._started.clear()

    def _end(self, log: Log, id: str, status: str, output: Any) -> None:
        for below in log.open_below(id):
            log.add(what="end", id=below, status="aborted", ended=self._now(), output=None)
        log.add(what="end", id=id, status=status, ended=self._now(), output=output)

    def _once(self, key: str, payload: Any, effect: Callable[[Log], Json]) -> Json:
        with _log(self._path) as log:
            if key not in log.answers:
                answer = effect(log)
                log.add(what="answer", key=key, payload=digest(payload), answer=answer)
            known, answer = log.answers[key]
            if known != digest(payload):
                raise NonRetryableError("key_conflict", "the key came with something else")
            return answer

    def _now(self) -> str:
        return instant_text(self._ctx.clock.now())


@contextmanager
def _log(path: str | Path) -> Iterator[Log]:
    """The log, for one operation at a time; an operation that fails has written nothing."""
    with Path(path).open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield Log(file)


class Reader:
    """Tells the log again, the newest first."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def traces(self) -> Sequence[ObservedTrace]:
        with _log(self._path) as log:
            return [ObservedTrace.model_validate(row) for row in self._below(log, None)]

    def _below(self, log: Log, parent: str | None) -> list[Json]:
        spans = [span for span in reversed(log.spans.values()) if span["parent"] == parent]
        return [{**span, "children": self._below(log, span["id"])} for span in spans]


FILES = Harness(
    LoggedTraces,
    fresh=lambda directory: directory / "traces.jsonl",
    config=lambda path: {"path": str(path)},
    observe=Reader,
)
