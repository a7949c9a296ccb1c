"""Traces of calls to models: start, stop, evaluate, link to a run."""

from ...model.capability import Capability
from .protocol import LLMObservabilityObserver, LLMObservabilityProvider, LLMObservabilityTraits

CAPABILITY = Capability(
    name="llm_observability",
    version="1.0",
    package=__name__,
    protocol=LLMObservabilityProvider,
    traits=LLMObservabilityTraits,
    observe=LLMObservabilityObserver,
    mock="pytest_pal.mocks.llm_observability:MockLLMObservability",
    golden="pytest_pal.golden/llm_observability",
)
