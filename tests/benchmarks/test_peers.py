"""The table of langchain-tests beside ours; the wrapper needs LangChain, and is judged by its suite in peers.py."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import peers_table

    yield peers_table
    for name in ("peers_table", "peers_page"):
        sys.modules.pop(name, None)


def rows(peers: ModuleType) -> list[object]:
    return [
        peers.Row("merges", "vectorstore.index.rule.upsert", "", (), True, ("replaced",)),
        peers.Row("forgets", "vectorstore.index.rule.effect", "", ("test_add_documents",), True),
        peers.Row("dangling", "vectorstore.swap.bad_input.missing_collection", "it has no aliases", (), False),
    ]


def test_the_table_counts_all_wrong_stores_and_those_in_sight(peers: ModuleType) -> None:
    lines = peers.table(rows(peers)).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["kind", "of", "defect", *("stores", "langchain", "pytest-pal") * 2],
        ["rule", "of", "index", *"212212"],
        ["bad_input", *"100000"],
        ["all", *"312212"],
    ]
    assert max(map(len, lines)) <= 80


def test_the_page_lists_what_they_miss_and_what_nobody_could_see(peers: ModuleType) -> None:
    from peers_page import page

    text = page(rows(peers), {"langchain-tests": "1.1.9"}, 25)
    assert peers.table(rows(peers)) in text
    assert "- rule of index (1): merges\n" in text
    assert "- it has no aliases (1): dangling\n" in text
    assert "passes all 25 of its tests" in text
    assert "With langchain-tests 1.1.9." in text


def test_each_glob_of_what_is_out_of_sight_matches_a_wrong_store(peers: ModuleType) -> None:
    known = [word for saboteur in peers.chosen() for word in (saboteur.name, saboteur.breaks)]
    globs = [glob for globs in peers.OUT_OF_SIGHT.values() for glob in globs]
    assert [glob for glob in globs if not any(peers.fnmatchcase(word, glob) for word in known)] == []


def test_only_wrong_stores_in_process_are_judged(peers: ModuleType) -> None:
    names, known = {saboteur.name for saboteur in peers.chosen()}, peers.roster("vectorstore").by_name
    out = {"index.engine_hidden", "index.check_refuses_nothing"}
    assert known.keys() >= {*out, "merges", "index.swallowed"}
    assert names >= {"merges", "index.swallowed"}
    assert not names & out
