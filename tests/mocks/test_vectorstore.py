"""What no clause can see of the vector store mock: its state as a file, and its cost."""

from pathlib import Path
from typing import Any

from pytest_pal.contracts.vectorstore.protocol import Record
from pytest_pal.mocks.vectorstore import MockVectorStore
from pytest_pal.model.context import Context


def _life(store: MockVectorStore) -> list[Any]:
    records = [Record(id=id, vector=vector, metadata={"n": 1}) for id, vector in (("a", (1.0, 0)), ("b", (0, 1.0)))]
    return [
        store.index("docs", records, "cosine", 2),
        store.swap("live", "docs"),
        store.search("live", (3.0, 4.0), 2),
    ]


def test_the_state_is_a_file_or_a_dict(tmp_path: Path) -> None:
    state: dict[str, Any] = {}
    path = tmp_path / "state.json"
    lives = [_life(MockVectorStore({"state": where}, Context())) for where in (state, path, str(path) + ".other")]
    assert lives == [lives[0]] * 3
    again = MockVectorStore({"state": path}, Context())
    assert again.search("live", (3.0, 4.0), 2) == lives[0][2]
    assert [row.collection for row in again.records()] == ["docs", "docs"]
    assert state["aliases"] == {"live": "docs"}


def test_without_a_state_nothing_is_shared() -> None:
    one, other = MockVectorStore({}, Context()), MockVectorStore({}, Context())
    _life(one)
    assert (len(one.collections()), len(other.collections())) == (1, 0)
