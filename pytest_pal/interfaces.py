"""The seven interfaces and the shared errors, under the names of the specification."""

from .contracts.ads.protocol import AdsProvider
from .contracts.cdp.protocol import CDPProvider
from .contracts.experiments.protocol import ExperimentsProvider
from .contracts.lifecycle.protocol import LifecycleProvider
from .contracts.llm_gateway.protocol import LLMGateway
from .contracts.llm_observability.protocol import LLMObservabilityProvider
from .contracts.vectorstore.protocol import VectorStore
from .errors import NonRetryableError, RetryableError

__all__ = [
    "AdsProvider",
    "CDPProvider",
    "ExperimentsProvider",
    "LLMGateway",
    "LLMObservabilityProvider",
    "LifecycleProvider",
    "NonRetryableError",
    "RetryableError",
    "VectorStore",
]
