"""LangChain's suite over the correct mock and every wrong store, one parameter each; peers.py runs it, in its venv."""

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests
from peers_store import AdapterStore
from peers_table import CONTROL, chosen

from pytest_pal import Context
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.vectorstore import MockVectorStore

STORES = {CONTROL: Harness(MockVectorStore), **{each.name: each.harness for each in chosen()}}


class TestStores(VectorStoreIntegrationTests):
    """Everything that their suite has is on: sync, async and ``get_by_ids``."""

    @pytest.fixture(params=STORES)
    def vectorstore(self, request: pytest.FixtureRequest) -> Iterator[VectorStore]:
        harness = STORES[request.param]
        adapter: Any = harness.cls({"state": {}, **harness.config_for(None)}, Context())
        yield AdapterStore(adapter, self.get_embeddings())
        getattr(adapter, "close", lambda: None)()
