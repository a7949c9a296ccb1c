"""Over HTTP, and correct: it acknowledges everything at once, and sends it in batches when it is closed."""

import hmac
from collections.abc import Iterator, Mapping
from threading import RLock
from typing import Any, ClassVar

from ...contracts.llm_observability import CAPABILITY
from ...contracts.llm_observability.protocol import CONTENT_ATTRIBUTES, LLMObservabilityTraits
from ...errors import NonRetryableError, ProviderError
from ...faults.message import Request
from ...kit.endpoint import effect
from ...kit.harness import Harness
from ...kit.live_vendor import LiveVendor
from ...kit.twins.client import Client
from ...kit.twins.harness import AUTH
from ...kit.vendor import Vendor
from ...mocks.llm_observability import MockLLMObservability, TraceStore
from ...model.context import Context
from ...model.values import instant_text, thaw
from ...primitives.key_memo import KeyMemo
from .stores import Json

BATCH = 40
ACKNOWLEDGED = ("trace_start", "trace_stop", "log_eval", "link")


class Outbox:
    """Changes in the order in which they came; they leave it when the vendor has merged them."""

    def __init__(self, client: Client) -> None:
        self._client, self._sends, self._lock = client, RLock(), RLock()
        self._waiting: list[Json] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, id: str, **change: Any) -> None:
        with self._lock:
            self._waiting.append({"id": id, **change})

    def flush(self) -> None:
        """Raises NonRetryableError with ``lost`` in its details, how many changes are still here."""
        with self._sends:
            try:
                self._client.begin()
                while self._waiting:
                    self._send(self._waiting[:BATCH])
            except ProviderError as error:
                details = {"lost": len(self)}
                message = f"{len(self)} changes could not be sent: {error.message}"
                raise NonRetryableError(
                    error.code, message, outcome_unknown=error.outcome_unknown, details=details
                ) from error

    def _send(self, batch: list[Json]) -> None:
        operation = CAPABILITY.operation("trace_start")
        told = self._client.ask(operation, "merge", {"changes": batch}, {})
        if told != {"merged": len(batch)}:
            raise self._client.malformed(operation, "it did not merge all changes")
        with self._lock:
            del self._waiting[: len(batch)]


class BatchedTraces:
    """Ids prove by themselves that they are of this project; only who started a trace can stop it.

    config: base_url, token, cafile, project, capture_content.
    """

    capability = "llm_observability"
    contract = "1.0"
    traits = LLMObservabilityTraits(open_traces="process")
    meets_wire: ClassVar = dict.fromkeys(ACKNOWLEDGED, "deferred")

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._client = Client(CAPABILITY, config, ctx)
        self._outbox, self._memo = Outbox(self._client), KeyMemo(ctx.state_dir, ctx.clock)
        self._project, self._clock = str(config["project"]).encode(), ctx.clock
        self._hidden = frozenset() if config.get("capture_content") is True else CONTENT_ATTRIBUTES
        self._mine: dict[str, str | None] = {}
        self._ended: dict[str, str] = {}
        self._lock = RLock()

    def trace_start(self, name: str, attributes: Json, parent: str | None, *, idempotency_key: str) -> Json:
        payload = {"name": name, "attributes": thaw(attributes), "parent": parent}

        def start() -> Json:
            if parent is not None:
                self._must_be_ours(parent)
            id = self._id(f"trace {idempotency_key}")
            shown = {key: value for key, value in payload["attributes"].items() if key not in self._hidden}
            with self._lock:
                self._mine[id] = parent
                self._outbox.put(id, name=name, parent=parent, attributes=shown, started=self._now())
            return {"id": id, "name": name, "parent": parent}

        return self._memo.run("trace_start", idempotency_key, payload, start)

    def trace_stop(self, id: str, status: str, output: Any) -> Json:
        with self._lock:
            if id not in self._mine:
                raise NonRetryableError("not_found", f"{id} was not started here")
            self._stop(id, status, None if self._hidden else thaw(output))
            return {"id": id, "status": self._ended[id]}

    def log_eval(self, id: str, name: str, score: float | None, label: str | None, *, idempotency_key: str) -> Json:
        said = {"name": name, "score": score, "label": label}

        def evaluate() -> Json:
            self._must_be_ours(id)
            of = self._id(f"eval {idempotency_key}")
            self._outbox.put(id, eval={"id": of, **said})
            return {"id": of}

        return self._memo.run("log_eval", idempotency_key, {"trace": id, **said}, evaluate)

    def link(self, id: str, run_id: str) -> Json:
        self._must_be_ours(id)
        self._outbox.put(id, run=run_id)
        return {"id": id, "run_id": run_id}

    def flush(self) -> None:
        self._outbox.flush()

    def close(self) -> None:
        """Ends what is open, the newest first, and sends everything; what could not be sent, the next close tries."""
        with self._lock:
            for id in reversed(self._mine):
                self._stop(id, "aborted", None)
        try:
            self.flush()
        finally:
            self._client.close()
            self._memo.close()

    def _stop(self, id: str, status: str, output: Any) -> None:
        """Ends a trace after all that is open below it; of an ended one nothing, as it was stopped whole."""
        if id in self._ended:
            return
        for below in self._below(id):
            self._end(below, "aborted", None)
        self._end(id, status, output)

    def _end(self, id: str, status: str, output: Any) -> None:
        if id not in self._ended:
            self._ended[id] = status
            self._outbox.put(id, status=status, ended=self._now(), output=output)

    def _below(self, id: str) -> Iterator[str]:
        for child in [each for each, parent in self._mine.items() if parent == id]:
            yield from self._below(child)
            yield child

    def _id(self, what: str) -> str:
        seal = self._seal(what)
        return f"{seal}.{self._seal(seal)}"

    def _must_be_ours(self, id: str) -> None:
        seal, _, proof = id.partition(".")
        if not hmac.compare_digest(proof.encode(), self._seal(seal).encode()):
            raise NonRetryableError("not_found", f"{id} is of nobody here")

    def _seal(self, text: str) -> str:
        return hmac.new(self._project, text.encode(), "sha256").hexdigest()[:24]

    def _now(self) -> str:
        return instant_text(self._clock.now())


def merge(request: Request, mock: MockLLMObservability, scratch: Json) -> Json:
    """Merges changes in their order; one that was merged before changes nothing."""
    changes = request.json["changes"]
    with mock.primitives() as store:
        for change in changes:
            merged(store, change)
    return {"merged": len(changes)}


def merged(store: TraceStore, change: Json) -> None:
    id = change["id"]
    if "name" in change and not store.has(id):
        store.insert(id, change["name"], change["attributes"], change["parent"])
    trace = store.find(id)
    if "started" in change:
        trace["started"] = change["started"]
    if "status" in change and trace["status"] is None:
        trace.update(status=change["status"], ended=change["ended"], output=change["output"])
    if "eval" in change and change["eval"] not in trace["evals"]:
        trace["evals"].append(change["eval"])
    if "run" in change and change["run"] not in trace["links"]:
        trace["links"].append(change["run"])


def settings(live: LiveVendor) -> Json:
    return {"base_url": live.url, "token": live.secret, "cafile": live.cafile, "project": "p-17"}


BATCHES = Harness(BatchedTraces, Vendor(effect("POST /merge", calls=merge), auth=AUTH), config=settings)
