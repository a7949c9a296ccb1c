"""A LangChain `VectorStore` over any vectorstore adapter of pytest-pal. Needs langchain-core; see peers.py.

What the Protocol has no operation for is done with those that it has, so that every answer is the adapter's own and
the wrapper remembers of documents nothing, and of the adapter the name of its collection:

* ``get_by_ids`` is a search for all that is there, of which the hits of those ids are picked out.
* ``delete`` indexes what remains into a new collection and swaps the alias, by which all searches go, over to it.

So the suite's tests of deletion judge search, index and swap of the adapter together, those of ``get_by_ids`` search.
Some of their tests judge this wrapper and no adapter: that missing ids are no error (``delete_missing_content``,
``get_by_ids_missing``), that ids are made where none are given and that the caller's documents stay as they are. The
async tests run the same methods in a thread, as the base class does for stores without a client on a loop.

The adapter is called without pytest-pal's `handle`, which would check what the suite is there to check. A store holds
at most `MOST` documents: the contract promises a ``k`` of that many.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from random import Random
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from pytest_pal.contracts.vectorstore.protocol import Record
from pytest_pal.model.context import RandomIds
from pytest_pal.model.payload import Payload

ALIAS = "documents"
METRIC = "cosine"
MOST = 100
Json = Mapping[str, Any]


class AdapterStore(VectorStore):
    """Documents in one collection of an adapter, under an alias; both are made here, and must not be there before.

    Methods raise what the adapter raises; `add_texts` returns the ids that the adapter does not say it failed to store.
    """

    def __init__(self, adapter: Any, embedding: Embeddings) -> None:
        self._adapter, self._embedding = adapter, embedding
        self._dimension = len(embedding.embed_query(""))
        self._numbers, self._ids = count(1), RandomIds(Random(0))  # the same ids in every run
        self._move([])

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        listed = list(texts)
        named = [id or self._ids.new() for id in ids or [None] * len(listed)]
        about = metadatas or [{}] * len(listed)
        return self._index(self._collection, self._records(named, listed, about))

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [_document(hit) for hit in self._search(query, k)]

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return [_document(hit) for hit in self._everything() if hit["id"] in ids]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Without ids all documents go."""
        self._move([hit for hit in self._everything() if ids is not None and hit["id"] not in ids])
        return True

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> "AdapterStore":
        """``adapter`` stands among ``kwargs``."""
        store = cls(kwargs["adapter"], embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _everything(self) -> Sequence[Json]:
        return self._search("", MOST)

    def _search(self, query: str, k: int) -> Sequence[Json]:
        found = _plain(self._adapter.search(ALIAS, tuple(self._embedding.embed_query(query)), k))
        hits: Sequence[Json] = found["hits"]
        return hits

    def _move(self, hits: Sequence[Json]) -> None:
        """To a new collection that holds just these hits."""
        collection = f"{ALIAS}_{next(self._numbers)}"
        self._index(collection, self._records(*([hit[name] for hit in hits] for name in ("id", "text", "metadata"))))
        self._adapter.swap(ALIAS, collection)
        self._collection = collection

    def _records(self, ids: Sequence[str], texts: Sequence[str], metadatas: Sequence[Json]) -> tuple[Record, ...]:
        vectors = self._embedding.embed_documents(list(texts))
        rows = zip(ids, vectors, metadatas, texts, strict=True)
        return tuple(Record(id=id, vector=tuple(v), metadata=about, text=text) for id, v, about, text in rows)

    def _index(self, collection: str, records: Sequence[Record]) -> list[str]:
        answer = _plain(self._adapter.index(collection, records, METRIC, self._dimension))
        failed = {each["id"] for each in answer.get("failed", ())}
        return [record.id for record in records if record.id not in failed]


def _plain(answer: Any) -> Json:
    """An adapter answers with a mapping or with the contract's model."""
    plain: Json = answer.plain() if isinstance(answer, Payload) else answer
    return plain


def _document(hit: Json) -> Document:
    return Document(id=hit["id"], page_content=hit["text"], metadata=dict(hit["metadata"]))
