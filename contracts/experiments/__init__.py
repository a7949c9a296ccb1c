"""Flags and experiments: who sees what, and what came of it."""

from ...model.capability import Capability
from .protocol import ExperimentsObserver, ExperimentsProvider, ExperimentsTraits

CAPABILITY = Capability(
    name="experiments",
    version="1.0",
    package=__name__,
    protocol=ExperimentsProvider,
    traits=ExperimentsTraits,
    observe=ExperimentsObserver,
    mock="pytest_pal.mocks.experiments:MockExperiments",
    golden="pytest_pal.golden/experiments",
)
