"""The harness of the Qdrant adapter: a folder for each item, and eyes that scroll through it."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from qdrant_client import QdrantClient, models

from ..adapters.qdrant_link import open_folder
from ..adapters.qdrant_vectorstore import QdrantVectorStore
from ..contracts.vectorstore.protocol import ObservedAlias, ObservedCollection, ObservedRecord
from ..kit.harness import Harness

METRICS = {"Cosine": "cosine", "Dot": "dot", "Euclid": "euclidean"}
WRITES = ("create_collection", "upsert", "update_collection_aliases")
MEMORY_DISK = Path("/dev/shm")


class Folder:
    """An empty store on a disk in memory where there is one: each point is synced, 10 ms on a real disk."""

    def __init__(self, directory: Path) -> None:
        within = MEMORY_DISK if MEMORY_DISK.is_dir() else directory
        self.path = Path(tempfile.mkdtemp(prefix="pal-qdrant-", dir=within))

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Eyes:
    """Reads what the store keeps, point by point; no search, and nothing of the adapter's but its client."""

    def __init__(self, folder: Folder) -> None:
        self._path = str(folder.path)

    def collections(self) -> list[ObservedCollection]:
        with self._client() as client:
            return [_collection(client, name) for name in _names(client)]

    def records(self) -> list[ObservedRecord]:
        with self._client() as client:
            return [_record(name, point) for name in _names(client) for point in _points(client, name)]

    def aliases(self) -> list[ObservedAlias]:
        with self._client() as client:
            found = {row.alias_name: row.collection_name for row in client.get_aliases().aliases}
        return [ObservedAlias(alias=alias, collection=found[alias]) for alias in sorted(found)]

    @contextmanager
    def _client(self) -> Iterator[QdrantClient]:
        """A folder has one client in a process: the adapter's where it is open."""
        link = open_folder(self._path)
        try:
            with link.attempt(5.0):
                yield link.client
        finally:
            link.release()


def _names(client: QdrantClient) -> list[str]:
    return sorted(row.name for row in client.get_collections().collections)


def _collection(client: QdrantClient, name: str) -> ObservedCollection:
    vectors = client.get_collection(name).config.params.vectors
    if not isinstance(vectors, models.VectorParams):
        return ObservedCollection(name=name)
    return ObservedCollection(name=name, metric=METRICS[vectors.distance.value], dimension=vectors.size)


def _points(client: QdrantClient, name: str) -> Iterator[models.Record]:
    offset = None
    while True:
        page, offset = client.scroll(name, limit=256, offset=offset, with_payload=True, with_vectors=True)
        yield from page
        if offset is None:
            return


def _record(collection: str, point: models.Record) -> ObservedRecord:
    payload = point.payload or {}
    return ObservedRecord(
        collection=collection,
        id=payload["id"],
        vector=point.vector,
        metadata=payload["metadata"],
        text=payload["text"],
    )


@contextmanager
def busy(folder: Folder) -> Iterator[None]:
    """Somebody else in this process is at work in the folder, in a thread of its own: its lock is one for threads."""
    link, held, done = open_folder(str(folder.path)), Event(), Event()

    def work() -> None:
        with link.attempt(5.0):
            held.set()
            done.wait()

    worker = Thread(target=work, daemon=True)
    worker.start()
    try:
        if not held.wait(5.0):
            raise TimeoutError("the adapter did not let go of the folder's lock")
        yield
    finally:
        done.set()
        worker.join()
        link.release()


@contextmanager
def commit_then_fail(folder: Folder) -> Iterator[Callable[[], int]]:
    """What the adapter's client writes is written, and then the disk fails."""
    link, failed = open_folder(str(folder.path)), []

    def failing(write: Callable[..., Any]) -> Callable[..., Any]:
        def call(*positional: Any, **named: Any) -> Any:
            write(*positional, **named)
            failed.append(write)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        return call

    for name in WRITES:
        setattr(link.client, name, failing(getattr(link.client, name)))
    try:
        yield lambda: len(failed)
    finally:
        for name in WRITES:
            delattr(link.client, name)
        link.release()


HARNESS = Harness(
    QdrantVectorStore,
    reach="in_process",
    fresh=Folder,
    config=lambda folder: {"path": str(folder.path)},
    observe=Eyes,
    inject={"engine_busy": busy, "engine_commit_then_fail": commit_then_fail},
)
