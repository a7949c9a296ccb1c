"""Witnesses: what LangChain's interface shows of a store, to prove that a defect that it lets through is in sight.

Each is a few calls of `VectorStore` methods over a new store. A defect is shown where a witness gives for the wrong
store something else than for the correct mock.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from peers_store import AdapterStore

from pytest_pal import Context, ProviderError
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.vectorstore import MockVectorStore

Vector = Sequence[float]
AT_ONCE = 8
ROUNDS = 12


class Plotted(Embeddings):
    """Texts at places of one's choice; all others at ``elsewhere``."""

    def __init__(self, places: Mapping[str, Vector], elsewhere: Vector) -> None:
        self._places, self._elsewhere = places, elsewhere

    def embed_query(self, text: str) -> list[float]:
        return list(self._places.get(text, self._elsewhere))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


@contextmanager
def store(harness: Harness, places: Mapping[str, Vector] | None = None, elsewhere: Vector = (1, 1)) -> Iterator[Any]:
    adapter: Any = harness.cls({"state": {}, **harness.config_for(None)}, Context())
    yield AdapterStore(adapter, Plotted(places or {}, elsewhere))
    getattr(adapter, "close", lambda: None)()


def told(documents: Iterable[Document]) -> list[Any]:
    """In the order of the answer."""
    return [(one.id, one.page_content, one.metadata) for one in documents]


def many(harness: Harness) -> Any:
    """As many as are asked for, of a hundred and one that were added in one call."""
    places = {str(n): (math.cos(n / 100), math.sin(n / 100)) for n in range(101)}
    with store(harness, places) as documents:
        documents.add_texts(list(places), ids=list(places))
        return [told(documents.similarity_search("0", k=k)) for k in (6, 50, 101)]


def replaced(harness: Harness) -> Any:
    """A document added again is the new one, in all its parts."""
    with store(harness, {"new": (1, 0), "old": (0, 1), "other": (1, 1)}) as documents:
        documents.add_texts(["old", "other"], [{"a": 1, "b": 2}, {}], ids=["1", "2"])
        changed = []
        for about in ({"b": 3}, {}):
            documents.add_texts(["new"], [about], ids=["1"])
            changed.append(told(documents.similarity_search("new", k=2)))
        return changed


def apart(harness: Harness) -> Any:
    """Ids that differ in case, or in the last of 64 characters."""
    ids = ["doc", "Doc", "d" * 63 + "a", "d" * 63 + "b"]
    with store(harness) as documents:
        return documents.add_texts(ids, ids=ids), sorted(told(documents.similarity_search("", k=9)))


def unchanged(harness: Harness) -> Any:
    """Metadata and texts come back as they were given."""
    about = {"no": False, "nought": 0, "empty": "", "Upper": "a", "f" * 64: 1}
    texts = ["", " padded\n", "x" * 10_000]
    with store(harness) as documents:
        documents.add_texts(texts, [about] * 3, ids=["1", "2", "3"])
        return sorted(told(documents.similarity_search("", k=3)))


def nested(harness: Harness) -> Any:
    """A document with nested metadata comes back as it was given, or is refused."""
    about = {"deep": {"a": 1}}
    with store(harness) as documents:
        with suppress(Exception):
            documents.add_texts(["a"], [about], ids=["1"])
            return told(documents.similarity_search("a", k=1)) == [("1", "a", about)]
        return True


def long_vectors(harness: Harness) -> Any:
    """The last of 1,024 components counts."""
    ones = [1.0] * 1023
    with store(harness, {"near": [*ones, 900.0], "far": [*ones, -1.0]}, [*ones, 0.5]) as documents:
        documents.add_texts(["far", "near"], ids=["1", "2"])
        return told(documents.similarity_search("near", k=2))


def magnitudes(harness: Harness) -> Any:
    """Small and large components point where they point."""
    places = {"large": (1e6, 1e5), "small": (1e-6, 0), "between": (1, 0.3)}
    with store(harness, places) as documents:
        documents.add_texts(list(places), ids=list(places))
        return [told(documents.similarity_search(text, k=3)) for text in places]


def asked_again(harness: Harness) -> Any:
    """The same question after a document was added."""
    with store(harness) as documents:
        before = told(documents.similarity_search("a", k=2))
        documents.add_texts(["a"], ids=["1"])
        return before, told(documents.similarity_search("a", k=2))


def at_once(harness: Harness) -> Any:
    """The same call from several threads: none is refused."""
    with store(harness) as documents, ThreadPoolExecutor(AT_ONCE) as pool:
        calls: list[Callable[[int], Any]] = [
            lambda n: documents.add_texts(["a"], ids=[str(n)]),
            lambda n: documents.similarity_search("a", k=1),
            lambda n: documents.delete([str(n)]),
        ]
        return [_errors(pool.map(_attempt(call), range(AT_ONCE))) for call in calls]


def while_written(harness: Harness) -> Any:
    """Searches while a document is replaced again and again see a whole one."""
    with store(harness) as documents:

        def write(n: int) -> None:
            documents.add_texts([f"version {n}"], [{"version": n}], ids=["1"])

        write(0)
        found = _meanwhile(documents, write)
        return all(one.page_content == f"version {one.metadata['version']}" for one in chain(*found))


def while_deleted(harness: Harness) -> Any:
    """Searches while two documents are deleted in one call see both or neither."""
    with store(harness) as documents:

        def write(n: int) -> None:
            documents.add_texts(["a", "b", "c"], ids=["1", "2", "3"])
            documents.delete(["1", "2"])

        write(0)
        found = _meanwhile(documents, write)
        return all(len({"1", "2"} & {one.id for one in hits}) != 1 for hits in found)


def _meanwhile(documents: Any, write: Callable[[int], None]) -> list[list[Document]]:
    """What searches found while ``write`` was called `ROUNDS` times; raises what they raise."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        writing = pool.submit(lambda: list(map(write, range(ROUNDS))))
        found: list[list[Document]] = []
        while not writing.done():
            found += list(pool.map(lambda n: documents.similarity_search("", k=3), range(AT_ONCE - 1)))
        writing.result()
        return found


def _attempt(call: Callable[[int], Any]) -> Callable[[int], str]:
    def attempted(n: int) -> str:
        try:
            call(n)
        except ProviderError as error:
            return str(error.code)
        return ""

    return attempted


def _errors(codes: Iterable[str]) -> list[str]:
    return sorted({code for code in codes if code})


WITNESSES = (
    *(many, replaced, apart, unchanged, nested, long_vectors, magnitudes, asked_again),
    *(at_once, while_written, while_deleted),
)


def shown(harness: Harness) -> tuple[str, ...]:
    """The names of the witnesses that tell a store from the correct mock."""
    return tuple(witness.__name__ for witness in WITNESSES if _outcome(witness, harness) != _right(witness))


@cache
def _right(witness: Callable[[Harness], Any]) -> str:
    return _outcome(witness, Harness(MockVectorStore))


def _outcome(witness: Callable[[Harness], Any], harness: Harness) -> str:
    """What a witness says, or how the store failed it."""
    try:
        return repr(witness(harness))
    except Exception as error:  # noqa: BLE001 - a wrong store may raise anything
        return type(error).__name__
