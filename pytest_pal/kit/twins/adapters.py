"""The reference client of each of the seven capabilities; the mocks' traits are theirs, since mocks answer them."""

from collections.abc import Mapping
from typing import Any

from ...contracts.ads import CAPABILITY as ADS
from ...contracts.cdp import CAPABILITY as CDP
from ...contracts.experiments import CAPABILITY as EXPERIMENTS
from ...contracts.lifecycle import CAPABILITY as LIFECYCLE
from ...contracts.llm_observability import CAPABILITY as LLM_OBSERVABILITY
from ...contracts.vectorstore import CAPABILITY as VECTORSTORE
from ...errors import NonRetryableError, ProviderError
from ...mocks.ads import MockAds
from ...mocks.cdp import MockCDP
from ...mocks.experiments import MockExperiments
from ...mocks.lifecycle import MockLifecycle
from ...mocks.llm_observability import MockLLMObservability
from ...mocks.vectorstore import MockVectorStore
from ...model.context import Context
from ...model.operation import Operation
from ...model.payload import Output
from .client import Twin


class TwinAds(Twin, of=ADS):
    """AdsProvider over the identity mapping."""

    traits = MockAds.traits


class TwinLifecycle(Twin, of=LIFECYCLE):
    """LifecycleProvider over the identity mapping."""

    traits = MockLifecycle.traits


class TwinExperiments(Twin, of=EXPERIMENTS):
    """ExperimentsProvider over the identity mapping."""

    traits = MockExperiments.traits


class TwinCDP(Twin, of=CDP):
    """CDPProvider over the identity mapping."""

    traits = MockCDP.traits


class TwinVectorStore(Twin, of=VECTORSTORE):
    """VectorStore over the identity mapping."""

    traits = MockVectorStore.traits


class TwinLLMObservability(Twin, of=LLM_OBSERVABILITY):
    """LLMObservabilityProvider over the identity mapping; whether content is stored is its vendor's setting."""

    traits = MockLLMObservability.traits

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(config, ctx)
        self._open: dict[str, None] = {}

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        output = super()._call(operation, arguments)
        if operation.name == "trace_start":
            self._open[output.plain()["id"]] = None
        elif operation.name == "trace_stop":
            self._open.pop(arguments["id"], None)
        return output

    def close(self) -> None:
        """Ends the open traces that this instance started, the newest first, as aborted.

        Raises NonRetryableError with ``lost`` in its details, how many could not be ended; a second close
        tries these again.
        """
        stop = self._of.operation("trace_stop")
        try:
            for id in reversed(list(self._open)):
                self._call(stop, {"id": id, "status": "aborted", "output": None})
        except ProviderError as error:
            lost = len(self._open)
            message = f"{lost} open traces could not be ended: {error.message}"
            raise NonRetryableError(error.code, message, details={"lost": lost}) from error
        finally:
            super().close()
