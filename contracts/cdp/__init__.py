"""Customer data: profiles, their events, and audiences of them."""

from ...model.capability import Capability
from .protocol import CDPObserver, CDPProvider, CDPTraits

CAPABILITY = Capability(
    name="cdp",
    version="1.0",
    package=__name__,
    protocol=CDPProvider,
    traits=CDPTraits,
    observe=CDPObserver,
    mock="pytest_pal.mocks.cdp:MockCDP",
    golden="pytest_pal.golden/cdp",
)
