"""VectorStore for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/vectorstore/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.vectorstore.protocol import Dimension, Filter, Found, Indexed, K, Metric, Records, Swapped, Vector
from ...model.values import Name


class AsyncVectorStore(Protocol):
    """Keeps records with vectors in collections, and finds the nearest."""

    async def index(self, collection: Name, records: Records, metric: Metric, dimension: Dimension) -> Indexed:
        """Stores records, each replacing the one of its id; creates the collection, also with no records."""

    async def search(self, target: Name, vector: Vector, k: K, filter: Filter = ...) -> Found:
        """The ``k`` best records of a collection or alias, of those for which all conditions hold."""

    async def swap(self, alias: Name, collection: Name) -> Swapped:
        """Points an alias at another collection in one step; creates the alias at first."""


class VectorStoreCaller(Protocol):
    """Keeps records with vectors in collections, and finds the nearest."""

    def index(self, collection: Name, records: Records, metric: Metric, dimension: Dimension) -> Indexed:
        """Stores records, each replacing the one of its id; creates the collection, also with no records."""

    def search(self, target: Name, vector: Vector, k: K, filter: Filter = ...) -> Found:
        """The ``k`` best records of a collection or alias, of those for which all conditions hold."""

    def swap(self, alias: Name, collection: Name) -> Swapped:
        """Points an alias at another collection in one step; creates the alias at first."""

    def close(self) -> None: ...


class AsyncVectorStoreCaller(Protocol):
    """Keeps records with vectors in collections, and finds the nearest."""

    async def index(self, collection: Name, records: Records, metric: Metric, dimension: Dimension) -> Indexed:
        """Stores records, each replacing the one of its id; creates the collection, also with no records."""

    async def search(self, target: Name, vector: Vector, k: K, filter: Filter = ...) -> Found:
        """The ``k`` best records of a collection or alias, of those for which all conditions hold."""

    async def swap(self, alias: Name, collection: Name) -> Swapped:
        """Points an alias at another collection in one step; creates the alias at first."""

    async def aclose(self) -> None: ...
