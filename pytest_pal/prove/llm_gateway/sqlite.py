"""A correct gateway with a ledger in SQLite, which shares nothing with the mock but the published rules."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ...contracts.llm_gateway.protocol import LLMGatewayTraits
from ...errors import NonRetryableError, ProviderError
from ...kit.harness import Harness
from ...llm.catalogue import Catalogue, cost_of
from ...llm.decision import Decision
from ...llm.fallback import Attempt, first_model, model_meant, next_model, served_model
from ...llm.offline import CATALOGUE
from ...llm.policy import Policy
from ...llm.request import Message, messages_of, request_of
from ...llm.routing import decide
from ...model.context import Context
from .words import Completed, complete

SCHEMA = """
PRAGMA synchronous = OFF;
CREATE TABLE account (model TEXT PRIMARY KEY);
CREATE TABLE asked (n INTEGER PRIMARY KEY, model TEXT, digest TEXT, cost INTEGER, error TEXT);
"""
LACKS = "orion-auto"


class LedgerGateway:
    """LLMGateway that writes each request down. config: policy, catalogue, ledger (a path)."""

    capability = "llm_gateway"
    contract = "1.0"
    traits = LLMGatewayTraits(vendor_script=True)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._policy = Policy.model_validate(config["policy"])
        self._catalogue = Catalogue.model_validate(config["catalogue"])
        self._ledger = config["ledger"]

    def models(self) -> dict[str, Any]:
        offered = {model for (model,) in self._rows("SELECT model FROM account")}
        return {"models": [entry.plain() for entry in self._catalogue.models if entry.id in offered]}

    def route(self, prompt: Any, tags: Mapping[str, str], *, max_output_tokens: int | None = None) -> dict[str, Any]:
        request = request_of(prompt, tags, max_output_tokens)
        decision = decide(self._policy, self._catalogue, request)
        model: str | None = first_model(decision)
        tried: list[Attempt] = []
        failure: ProviderError | None = None
        while model is not None:
            attempt, completed, failure = self._ask(decision, model, messages_of(prompt), max_output_tokens)
            tried.append(attempt)
            row = (model, decision.digests.request, attempt.cost, attempt.error)
            self._rows("INSERT INTO asked (model, digest, cost, error) VALUES (?, ?, ?, ?)", *row)
            if completed is not None:
                return self._result(decision, completed, tried)
            model = next_model(self._policy, self._catalogue, request, decision, tried)
        assert failure is not None
        failure.details.update(attempts=[each.plain() for each in tried], cost=tried[-1].cost)
        raise failure

    def _ask(
        self, decision: Decision, model: str, messages: tuple[Message, ...], limit: int | None
    ) -> tuple[Attempt, Completed | None, ProviderError | None]:
        completed, about = None, dict[str, Any]()
        try:
            if not self._rows("SELECT 1 FROM account WHERE model = ?", model):
                raise NonRetryableError("not_found", f"the account has no {model}")
            completed = complete(model, messages, limit)
            about = {"cost": self._cost(model, completed), "finish_reason": completed.finish}
            served_model(decision, model, completed.name)
            _must_answer(completed)
        except ProviderError as error:
            unknown = error.outcome_unknown
            return Attempt(model=model, error=error.code, outcome_unknown=unknown, **about), None, error
        return Attempt(model=model, usage=completed.usage, latency_us=1, **about), completed, None

    def _cost(self, model: str, completed: Completed) -> int | None:
        meant = model_meant(self._catalogue.by_id, model, completed.name or model)
        return cost_of(self._catalogue.by_id[meant].prices, completed.usage) if meant else None

    def _result(self, decision: Decision, completed: Completed, tried: list[Attempt]) -> dict[str, Any]:
        last = tried[-1]
        return {
            "text": completed.text,
            "requested_model": decision.chosen,
            "served_model": served_model(decision, last.model, completed.name),
            "finish_reason": completed.finish,
            "usage": completed.usage,
            "cost": last.cost,
            "cost_source": None if last.cost is None else "usage",
            "latency_us": 1,
            "attempts": [each.plain() for each in tried],
            "rationale": decision.plain(),
            "digests": decision.digests.plain(),
            "extensions": {"ledger": len(tried)},
        }

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self._ledger)) as db, db:
            db.execute("PRAGMA synchronous = OFF")
            return db.execute(statement, values).fetchall()


def _must_answer(completed: Completed) -> None:
    if completed.finish == "refused":
        raise NonRetryableError("content_refused", "the model refused")
    if not completed.text:
        raise NonRetryableError("malformed_reply", "the model said nothing", outcome_unknown=True)


def _fresh(directory: Path) -> Path:
    path = directory / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCHEMA)
        offered = [(row["id"],) for row in CATALOGUE["models"] if row["id"] != LACKS]
        db.executemany("INSERT INTO account VALUES (?)", offered)
    return path


SQLITE = Harness(LedgerGateway, fresh=_fresh, config=lambda path: {"ledger": str(path)})
