"""Nearest records of a collection: index, search, swap."""

from ...model.capability import Capability
from .protocol import VectorStore, VectorStoreObserver, VectorStoreTraits

CAPABILITY = Capability(
    name="vectorstore",
    version="1.0",
    package=__name__,
    protocol=VectorStore,
    traits=VectorStoreTraits,
    observe=VectorStoreObserver,
    mock="pytest_pal.mocks.vectorstore:MockVectorStore",
    golden="pytest_pal.golden/vectorstore",
)
