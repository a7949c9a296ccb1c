"""Correct adapters that are unusual, each with its harness. Every clause must hold for them."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.contracts.llm_observability.protocol import LLMObservabilityTraits
from pytest_pal.errors import NonRetryableError, ProviderError
from pytest_pal.faults.message import Request
from pytest_pal.kit.endpoint import auth, effect, read, undo
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins import harness
from pytest_pal.kit.twins.adapters import TwinAds, TwinExperiments, TwinLifecycle, TwinLLMObservability
from pytest_pal.kit.twins.client import KEY, Client, Json
from pytest_pal.kit.vendor import Vendor, json_reply
from pytest_pal.mocks.ads import MockAds
from pytest_pal.mocks.lifecycle import MockLifecycle
from pytest_pal.mocks.llm_observability import MockLLMObservability, TraceStore
from pytest_pal.model.operation import Operation
from pytest_pal.model.payload import Output
from pytest_pal.primitives.http_call import HttpReply
from pytest_pal.primitives.http_errors import error_of_status
from pytest_pal.primitives.key_memo import KeyMemo
from pytest_pal.prove.derived.tokens import WithTokens

from .async_twin import AsyncTwinAds

Headers = Mapping[str, str]
IDENTITY = harness.identity(TwinAds._of)
KEYLESS = tuple(replace(endpoint, key=None) for endpoint in IDENTITY)
PAUSE, REPORT = IDENTITY[2], IDENTITY[1]


class LivesOnOneLoop(AsyncTwinAds):
    """Has things that belong to the loop on which it was called first, as every pool of connections does."""

    loop: asyncio.AbstractEventLoop | None = None

    async def _attempt(self, name: str, **arguments: Any) -> Any:
        self.loop = self.loop or asyncio.get_running_loop()
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")
        return await super()._attempt(name, **arguments)


class LooksFirst(Client):
    """Looks its account up before it writes."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> Any:
        if operation.effect == "write":
            looking = replace(operation, effect="read")
            account = super().ask(looking, "account", {}, {})
            if not isinstance(account, dict) or "account" not in account:
                raise self.malformed(looking, "there is no account in it")
        return super().ask(operation, endpoint, body, headers)


class LooksFirstAds(TwinAds, client=LooksFirst):
    pass


class InTwoSteps(Client):
    """Makes a campaign paused, then lets it run; takes it back where the second step did not go well."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> Any:
        if operation.name != "create_campaign" or body["spec"]["paused"]:
            return super().ask(operation, endpoint, body, headers)
        body = {"spec": {**body["spec"], "paused": True}}
        made = self.output(operation, super().ask(operation, endpoint, body, headers)).plain()
        try:
            step = {"idempotency-key": f"{made['id']}-{headers['idempotency-key']}"}
            return super().ask(operation, "activate", {"id": made["id"]}, step)
        except ProviderError:
            self.begin()
            self.send(operation, "remove", {"id": made["id"], "key": headers["idempotency-key"]}, {})
            raise


def _activate(request: Request, mock: MockAds, scratch: Json) -> Any:
    with mock._box as state:
        state["campaigns"][request.json["id"]]["stopped"] = None
        return mock._campaign(mock._account(state), request.json["id"])


def _remove(request: Request, mock: MockAds, scratch: Json) -> Any:
    with mock._box as state:
        state["campaigns"].pop(request.json["id"], None)
        state["keys"].pop(f"create_campaign/{request.json['key']}", None)


class WithTokensAds(TwinAds, client=WithTokens):
    pass


TOKENS = harness.twin(WithTokensAds, *IDENTITY, auth("POST /token"))


class AtMostOnceAds(TwinAds):
    """Before a vendor without keys: writes its own down first."""

    traits = AdsTraits(min_daily_budget=1_000_000, delivery="at_most_once")

    asks_again = False

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, durable=False, asks_again=self.asks_again)

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        if operation.key != KEY:
            return super()._call(operation, arguments)
        ask: Callable[..., Output] = super()._call
        payload = arguments["spec"].plain()
        return self._memo.run(operation.name, arguments[KEY], payload, lambda: ask(operation, arguments).plain())

    def close(self) -> None:
        self._memo.close()
        super().close()


class InTwoStepsAds(AtMostOnceAds, client=InTwoSteps):
    """Remembers what its vendor does not check: whether the campaign was to be paused."""

    traits = TwinAds.traits
    asks_again = True


class LaggingAds(TwinAds):
    traits = AdsTraits(min_daily_budget=1_000_000, read_bound_s=3_600)


class Relieved(Client):
    """Knows that nothing happened where its vendor says when to come back."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        error = super().refusal(operation, reply)
        known = reply.status == 503 and "retry-after" in reply.headers
        return replace_unknown(error) if known else error


def replace_unknown(error: ProviderError) -> ProviderError:
    error.outcome_unknown = False
    return error


class RelievedAds(TwinAds, client=Relieved):
    pass


class OwnWords(Client):
    """Before a vendor that says ``{"fault": {"reason": "KEY_CONFLICT"}}``, or nothing but a status."""

    def refusal(self, operation: Operation, reply: HttpReply) -> ProviderError:
        fault = self.parsed(operation, reply)["fault"] if reply.body.startswith(b'{"fault"') else {}
        code = str(fault.get("reason") or "").lower() or None
        wait = self.wait(reply, {})
        return error_of_status(reply.status, "refused", effect=operation.effect, code=code, retry_after=wait)


class OwnWordsAds(TwinAds, client=OwnWords):
    pass


def own_words(status: int, code: str | None, message: str) -> Any:
    return {"fault": {"reason": code and str(code).upper(), "text": message}}


class Numbered(Client):
    """Before a vendor whose campaigns have numbers, and states of its own."""

    def ask(self, operation: Operation, endpoint: str, body: Json, headers: Headers) -> Any:
        answer = super().ask(operation, endpoint, _with_numbers(body), headers)
        if operation.name == "report" or not isinstance(answer, dict) or "state" not in answer:
            return _with_names(answer) if operation.name == "report" else answer
        status = {"RUNNING": "active", "STOPPED": "paused", "OVER": "ended"}[answer.pop("state")]
        return {**answer, "id": f"c{answer['id']}", "status": status}


def _with_numbers(body: Json) -> Json:
    if "campaign_id" in body:
        return {"campaign_id": _number(body["campaign_id"])}
    asked = body.get("query", {}).get("campaign_ids")
    return body if asked is None else {"query": {**body["query"], "campaign_ids": [_number(id) for id in asked]}}


def _with_names(answer: Any) -> Any:
    if not isinstance(answer, dict) or "rows" not in answer:
        return answer
    return {**answer, "rows": [{**row, "campaign_id": f"c{row['campaign_id']}"} for row in answer["rows"]]}


def _number(id: str) -> int:
    if not re.fullmatch("c[0-9]+", id):
        raise NonRetryableError("not_found", "it is no number")
    return int(id[1:])


class NumberedAds(TwinAds, client=Numbered):
    pass


def _id_of(request: Request) -> str:
    return f"cmp_{request.json['campaign_id']:032x}"


def _query(request: Request) -> Json:
    query = dict(request.json["query"])
    if query.get("campaign_ids") is not None:
        query["campaign_ids"] = [f"cmp_{id:032x}" for id in query["campaign_ids"]]
    return query


def _report(report: Json) -> Json:
    rows = [{**row, "campaign_id": int(row["campaign_id"].removeprefix("cmp_"), 16)} for row in report["rows"]]
    return {**report, "rows": rows}


def _numbered(live: Any) -> Json:
    rows = [row.plain() for row in live.mock.campaigns()]
    return {"campaigns": [{**row, "id": f"c{int(row['id'].removeprefix('cmp_'), 16)}"} for row in rows]}


_NUMBERED = {
    **{name: f"$/{name}" for name in ("name", "budget", "currency", "objective", "start", "end")},
    "id": lambda result: int(result["id"].removeprefix("cmp_"), 16),
    "state": "$/status|states",
}


class LocalFlags(TwinExperiments):
    """Fetches all flags, and answers from them for five seconds."""

    traits = TwinExperiments.traits.model_copy(update={"read_bound_s": 5})
    meets_wire: Mapping[str, str] = {"get_flag": "local"}

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self._now, self._flags, self._until = ctx.clock.now, {}, ctx.clock.now()

    def get_flag(self, key: str) -> Any:
        if self._now() >= self._until:
            self._refresh(self._of.operation("get_flag"))
        if key not in self._flags:
            raise NonRetryableError("not_found", f"no flag {key!r}")
        return self._flags[key]

    def _refresh(self, operation: Operation) -> None:
        self._client.begin()
        answer = self._client.ask(operation, "flags", {}, {})
        if not isinstance(answer, dict):
            raise self._client.malformed(operation, "these are no flags")
        self._flags = {key: self._client.output(operation, flag) for key, flag in answer.items()}
        self._until = self._now() + timedelta(seconds=5)


def _flags(request: Request, mock: Any, scratch: Json) -> Any:
    with mock._box as state:
        keys = list(state["flags"])
    return {key: mock.get_flag(key) for key in keys}


class PreviewsItself(TwinLifecycle):
    """Renders previews by itself."""

    meets_wire: Mapping[str, str] = {"preview": "pure"}

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self.preview = MockLifecycle(config, ctx).preview  # type: ignore[method-assign]


class Deferring(TwinLLMObservability):
    """Sends evaluations and links when it is flushed."""

    traits = LLMObservabilityTraits(unknown_trace="accepted")
    meets_wire: Mapping[str, str] = {"log_eval": "deferred", "link": "deferred"}

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self._queue: list[tuple[Operation, Mapping[str, Any]]] = []
        self._known: dict[str, Mapping[str, Any]] = {}

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        if operation.name not in self.meets_wire:
            return super()._call(operation, arguments)
        if operation.name == "link":
            self._queue.append((operation, arguments))
            return {"id": arguments["id"], "run_id": arguments["run_id"]}
        known = self._known.setdefault(arguments[KEY], arguments)
        if known != arguments:
            raise NonRetryableError("key_conflict", "the key was used with another payload")
        if known is arguments:
            self._queue.append((operation, arguments))
        return {"id": f"eval-{arguments[KEY]}"[:64]}

    def flush(self) -> None:
        while self._queue:
            try:
                super()._call(*self._queue[0])
            except ProviderError as error:
                lost = {"lost": len(self._queue)}
                raise NonRetryableError(error.code, "not all could be sent", details=lost) from error
            self._queue.pop(0)

    def close(self) -> None:
        self.flush()
        super().close()


class TakesAnyTrace(MockLLMObservability):
    """A vendor that answers what is said of traces it never saw, and forgets it."""

    def link(self, id: str, run_id: str) -> Json:
        known = super().link
        with self._box as state:
            return known(id, run_id) if id in state["traces"] else {"id": id, "run_id": run_id}

    def _evaluate(self, store: TraceStore, id: str, evaluation: Json) -> Json:
        return super()._evaluate(store, id, evaluation) if store.has(id) else {"id": f"eval-{self._ctx.ids.new()}"}


UNUSUAL: dict[str, tuple[Harness, str]] = {
    "async, with things of one loop": (replace(harness.ADS, cls=LivesOnOneLoop), ""),
    "a request before each write": (
        harness.twin(LooksFirstAds, *IDENTITY, read("POST /account", calls=lambda *_: {"account": "acc-1"})),
        ".create_campaign.",
    ),
    "two steps, and one back": (
        harness.twin(
            InTwoStepsAds,
            *IDENTITY,
            effect("POST /activate", calls=_activate, key="header:Idempotency-Key"),
            undo("POST /remove", calls=_remove),
        ),
        ".create_campaign.",
    ),
    "tokens": (TOKENS, ".pause."),
    "tokens, as a whole": (TOKENS, ".adapter."),
    "at most once, at a vendor without keys": (harness.twin(AtMostOnceAds, *KEYLESS), ".create_campaign."),
    "late reports": (replace(harness.ADS, cls=LaggingAds), ".report."),
    "a 503 that says when to come back": (replace(harness.ADS, cls=RelievedAds), ".pause."),
    "a vendor with words of its own": (
        Harness(
            OwnWordsAds,
            Vendor(
                IDENTITY,
                auth=harness.AUTH,
                error_body=own_words,
                faults={"hard_quota": json_reply(429, own_words(429, "quota_exhausted", "")), "status_402": None},
            ),
            config=harness._config,
        ),
        ".pause.",
    ),
    "a vendor with numbers for ids": (
        Harness(
            NumberedAds,
            Vendor(
                effect(
                    "POST /create_campaign",
                    calls="create_campaign",
                    key="header:Idempotency-Key",
                    request={"spec": "$/spec"},
                    reply=_NUMBERED,
                ),
                effect("POST /pause", calls="pause", request={"campaign_id": _id_of}, reply=_NUMBERED),
                read("POST /report", calls="report", request={"query": _query}, reply=_report),
                auth=harness.AUTH,
                maps={"states": {"active": "RUNNING", "paused": "STOPPED", "ended": "OVER"}},
            ),
            config=harness._config,
            observe=_numbered,
        ),
        "",
    ),
    "flags that are fetched, and answered from": (
        harness.twin(LocalFlags, *harness.identity(LocalFlags._of), read("POST /flags", calls=_flags)),
        ".get_flag.",
    ),
    "previews of its own, without a request": (replace(harness.LIFECYCLE, cls=PreviewsItself), ".preview."),
    "evaluations that are sent later": (
        Harness(
            Deferring,
            Vendor(harness.identity(Deferring._of), auth=harness.AUTH, mock=TakesAnyTrace),
            config=harness._config,
        ),
        "",
    ),
}
"""Each with the clauses that are judged, by a part of their ID."""
