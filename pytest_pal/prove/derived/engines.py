"""Wrong where the engine fails: hidden, tried again, told as something else, never over."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ...errors import NonRetryableError, ProviderError
from ...model.operation import Operation
from .calls import Call, Given, around, memory
from .defect import Body, Defect, reads, writes

ENGINE = ("unavailable", "quota_exhausted", "forbidden", "malformed_reply")


def _failing(instead: Callable[[Any, Call, ProviderError], Any]) -> Body:
    """What is made of an error that only an engine raises."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        def wrong(self: Any, call: Call, given: Given) -> Any:
            if "error" in memory(self, "_broken"):
                raise memory(self, "_broken")["error"]
            try:
                memory(self, "_last")["output"] = found = call()
            except ProviderError as error:
                if error.code not in ENGINE:
                    raise
                return instead(self, call, error)
            return found

        return around(base, operation, wrong)

    return body


def _again(self: Any, call: Call, error: ProviderError) -> Any:
    return call()


def _hidden(self: Any, call: Call, error: ProviderError) -> Any:
    return memory(self, "_last").get("output", {})


def _bare(self: Any, call: Call, error: ProviderError) -> Any:
    raise error.__cause__ or error from None


def _invalid(self: Any, call: Call, error: ProviderError) -> Any:
    raise NonRetryableError("invalid", error.message, outcome_unknown=error.outcome_unknown) from error


def _final(self: Any, call: Call, error: ProviderError) -> Any:
    raise NonRetryableError(error.code, error.message, outcome_unknown=error.outcome_unknown) from error


def _known(self: Any, call: Call, error: ProviderError) -> Any:
    error.outcome_unknown = False
    raise error


def _broken(self: Any, call: Call, error: ProviderError) -> Any:
    memory(self, "_broken")["error"] = error
    raise error


def _reads_write(base: type, operation: Operation) -> dict[str, Any]:
    """Counts how often it was asked, in the engine, and says that it could not as something else."""

    def wrong(self: Any, call: Call, given: Given) -> Any:
        try:
            with self._box as state:
                state["asked"] = state.get("asked", 0) + 1
                return call()
        except ProviderError as error:
            if error.code in ENGINE:
                raise NonRetryableError("invalid", error.message) from error
            raise

    return around(base, operation, wrong)


def _at_once(operation: Operation) -> bool:
    """Whether it is one thing; of many things each may ask the engine."""
    return "failed" not in operation.output.model_fields


_engine = partial(Defect, on="engine", read_back=True)
DEFECTS = (
    _engine("engine_asked_again", "a failing engine is asked again", "fault.engine_busy", _failing(_again), _at_once),
    _engine(
        "engine_hidden",
        "what the engine refused looks like the success before",
        "fault.engine_full",
        _failing(_hidden),
        writes,
    ),
    _engine("engine_bare", "the engine's own exception comes out", "fault.engine_busy", _failing(_bare)),
    _engine(
        "engine_invalid", "the engine's failure is the caller's", "fault.engine_read_only", _failing(_invalid), writes
    ),
    _engine(
        "engine_invalid", "the engine's failure is the caller's", "fault.engine_corrupt", _failing(_invalid), reads
    ),
    _engine("engine_final", "what is busy now is refused for good", "fault.engine_busy", _failing(_final)),
    _engine(
        "engine_known",
        "what may have happened is said not to have",
        "fault.engine_commit_then_fail",
        _failing(_known),
        writes,
    ),
    _engine(
        "engine_broken_for_good",
        "an instance whose engine failed once never works again",
        "fault.engine_corrupt",
        _failing(_broken),
    ),
    _engine(
        "engine_written_by_reads",
        "a read needs an engine that can be written",
        "fault.engine_full",
        _reads_write,
        reads,
        read_back=False,
    ),
)
