"""Wrong about parts: much is sent in several requests, and what became of a later one is not told."""

from collections.abc import Callable
from typing import Any

from ...errors import ProviderError
from ...model.operation import Operation
from .clients import _only
from .defect import Body, Defect

PART = 50
Failed = list[dict[str, Any]]


def in_parts_of(items: str, tell: Callable[[Failed, ProviderError], Failed]) -> Body:
    """A client that sends the list ``items`` of its arguments in parts, and ``tell`` s what it makes of failed ones."""

    def body(base: Any, operation: Operation) -> dict[str, Any]:
        def ask(self: Any, right: Any, asked: Operation, endpoint: str, body: Any, headers: Any) -> Any:
            stored, failed = 0, list[dict[str, Any]]()
            for part in [body[items][n : n + PART] for n in range(0, len(body[items]), PART)] or [[]]:
                try:
                    answer = self.output(asked, base.ask(self, asked, endpoint, {**body, items: part}, headers))
                    stored += answer.stored
                except ProviderError as error:
                    if not stored:
                        raise
                    failed += tell([{"id": item["id"], "code": error.code, "retryable": True} for item in part], error)
            return {"stored": stored, "failed": failed}

        return _only(operation, "ask", ask)

    return body


def named(failed: Failed, error: ProviderError) -> Failed:
    """As it should be."""
    return failed


def _raised(failed: Failed, error: ProviderError) -> Failed:
    raise error


def _stores(operation: Operation) -> bool:
    return "failed" in operation.output.model_fields


DEFECTS = (
    Defect(
        "hides_failed_parts",
        "what a later request could not store is not named",
        "fault.in_part",
        in_parts_of("records", lambda failed, error: []),
        _stores,
        on="twin",
    ),
    Defect(
        "raises_after_parts",
        "what earlier requests stored is forgotten where a later one fails",
        "fault.in_part",
        in_parts_of("records", _raised),
        _stores,
        on="twin",
    ),
)
