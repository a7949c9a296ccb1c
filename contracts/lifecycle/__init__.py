"""Messages to people: send now, schedule for later, preview."""

from ...model.capability import Capability
from .protocol import LifecycleObserver, LifecycleProvider, LifecycleTraits

CAPABILITY = Capability(
    name="lifecycle",
    version="1.0",
    package=__name__,
    protocol=LifecycleProvider,
    traits=LifecycleTraits,
    observe=LifecycleObserver,
    mock="pytest_pal.mocks.lifecycle:MockLifecycle",
    golden="pytest_pal.golden/lifecycle",
)
