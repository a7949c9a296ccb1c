"""docs/peers.md: the table, and what one must know to read it."""

from collections.abc import Iterator, Mapping, Sequence

from peers_table import RULE, Row, grouped, table, totals

HEAD = """\
# Peers beside us: langchain-tests

`langchain-tests` is LangChain's public conformance kit for its integrations. Here its `VectorStoreIntegrationTests`
judge the wrong vector stores that pytest-pal proves its own clauses with: those in process, whose engine and contract
are right, each behind one LangChain `VectorStore` ([the wrapper](../benchmarks/peers_store.py)). Everything in their
suite is on: sync, async and `get_by_ids`. The correct mock passes all {tests} of its tests. A wrong store is caught by
langchain-tests if it fails a test that the mock passes, and by pytest-pal if the clause that it was made for fails it.

```text
{table}
```

langchain-tests catches {theirs} of {stores}; of the {seen} that LangChain could see, {theirs_seen}.
pytest-pal catches {ours} and {ours_seen}.
{versions}.

## How to read this

The wrong stores were made for pytest-pal's clauses: that it catches them shows that its clauses work, and not that it
would catch whatever is wrong elsewhere. langchain-tests asks for what LangChain needs of a store, and means to ask for
no more; it is small on purpose, takes seconds and any store can run it. What it lets through is no fault of it.

{rule} This was decided for each defect by that rule, and not by who caught it. Each that is in sight and not caught by
langchain-tests is told from the correct mock by a few calls of those methods
([the witnesses](../benchmarks/peers_witness.py)); the run fails where one is not.

It runs with its own socket guard on (`--disable-socket`), as LangChain runs unit tests: this is what falls by it though
it is out of sight: {bonus}.
"""
MISSED = """
## In sight, and not caught by langchain-tests

By the family of the clause that they were made for:
"""
UNSEEN = """
## Out of sight

LangChain's interface cannot show these, because
"""
AGAIN = """
## Again

Type `python benchmarks/peers.py`. It makes a virtual environment of its own, installs langchain-tests and this checkout
there, and prints the table; `--write` writes this page, `--json FILE` every row with the tests that failed.
"""


def page(rows: Sequence[Row], versions: Mapping[str, str], tests: int) -> str:
    """The whole page, from the rows alone."""
    bonus = ", ".join(sorted(f"`{row.name}`" for row in rows if row.unseen and row.theirs)) or "nothing"
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    head = HEAD.format(table=table(rows), tests=tests, rule=RULE, bonus=bonus, versions=f"With {used}", **totals(rows))
    return "\n".join([head.rstrip("\n"), *_lists(rows), AGAIN.rstrip("\n"), ""])


def _lists(rows: Sequence[Row]) -> Iterator[str]:
    yield MISSED
    yield from grouped((row for row in rows if not row.unseen and not row.theirs), "kind")
    yield UNSEEN
    yield from grouped((row for row in rows if row.unseen), "unseen")
