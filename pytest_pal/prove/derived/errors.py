"""Wrong about errors: another class, another code, hidden, let out bare."""

from collections.abc import Callable
from typing import Any

from ...errors import ErrorCode, NonRetryableError, ProviderError, RetryableError
from ...model.operation import Operation
from .calls import Call, Given, around, memory
from .defect import REFUSAL, Body, Defect

OTHER = {ErrorCode.INVALID: "forbidden", ErrorCode.NOT_FOUND: "forbidden"}


def _caught(instead: Callable[[Any, Given, ProviderError], Any]) -> Body:
    """What is made of an error; whatever is not caught goes on as it is."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        def wrong(self: Any, call: Call, given: Given) -> Any:
            try:
                memory(self, "_last")["output"] = found = call()
            except ProviderError as error:
                return instead(self, given, error)
            return found

        return around(base, operation, wrong)

    return body


def _retryable(self: Any, given: Given, error: ProviderError) -> Any:
    raise RetryableError("unavailable", error.message) from error


def _other_code(self: Any, given: Given, error: ProviderError) -> Any:
    raise NonRetryableError(OTHER.get(error.code, "quota_exhausted"), error.message) from error


def _bare(self: Any, given: Given, error: ProviderError) -> Any:
    raise ValueError(error.message) from error


def _hidden(self: Any, given: Given, error: ProviderError) -> Any:
    return memory(self, "_last").get("output", {})


DEFECTS = (
    Defect("refused_as_retryable", "whatever is refused may be tried again", REFUSAL, _caught(_retryable)),
    Defect(
        "refused_with_another_code", "whatever is refused is refused for another reason", REFUSAL, _caught(_other_code)
    ),
    Defect("refused_bare", "whatever is refused leaves as a ValueError", REFUSAL, _caught(_bare)),
    Defect("refusal_hidden", "whatever is refused looks like the success before", REFUSAL, _caught(_hidden)),
)
