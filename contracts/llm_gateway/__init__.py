"""Language models behind one door: list them, and route a prompt to the one that a policy chooses."""

from ...model.capability import Capability
from .protocol import LLMGateway, LLMGatewayTraits

CAPABILITY = Capability(
    name="llm_gateway",
    version="1.0",
    package=__name__,
    protocol=LLMGateway,
    traits=LLMGatewayTraits,
    mock="pytest_pal.mocks.llm_gateway:MockLLMGateway",
    golden="pytest_pal.golden/llm_gateway",
)
