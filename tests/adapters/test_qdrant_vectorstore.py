"""The Qdrant adapter: the contract on a folder, and what only a server or another client can do to it."""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("qdrant_client")

from qdrant_client import QdrantClient, models

from pytest_pal.adapters import qdrant_link, qdrant_vectorstore
from pytest_pal.adapters.qdrant_vectorstore import QdrantVectorStore
from pytest_pal.contracts.vectorstore.protocol import Condition, Record
from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.harnesses.qdrant_vectorstore import HARNESS, Eyes
from pytest_pal.kit.harness import Harness
from pytest_pal.model.context import Context

from ..judging import GREEN, fallen, judge
from .qdrant_server import Server

RECORD = Record(id="a", vector=(3.0, 4.0), metadata={"n": 1}, text="word")
UNIT = (0.6, 0.8)


def store(timeout: float = 5.0, **config: Any) -> QdrantVectorStore:
    return QdrantVectorStore(config, Context(timeout=timeout))


def fill(adapter: QdrantVectorStore) -> dict[str, Any]:
    return adapter.index("docs", [RECORD], "cosine", 2)


def look(adapter: QdrantVectorStore) -> list[str]:
    return [hit["id"] for hit in adapter.search("docs", UNIT, 5)["hits"]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    yield running
    running.close()


# the contract


def test_the_adapter_is_conformant_on_a_folder() -> None:
    results = judge(HARNESS)
    assert {id: result.text for id, result in results.items() if result.verdict not in GREEN} == {}
    assert len(results) > 70


@pytest.mark.parametrize("clauses", ["vectorstore.adapter.scenario", "bad_input.other", "swap.rule.atomic"])
def test_the_adapter_is_conformant_over_http(clauses: str) -> None:
    harness = Harness(
        QdrantVectorStore,
        reach="http",
        fresh=Server,
        config=lambda server: {"url": server.url},
        observe=Eyes,
    )
    assert fallen(harness, only=clauses) == set()


class KeepsTheSign(QdrantVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Any = ()) -> dict[str, Any]:
        hits = super().search(target, vector, k, filter)["hits"]
        return {"hits": [{**hit, "score": abs(hit["score"])} for hit in hits]}


class FollowsAliases(QdrantVectorStore):
    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> dict[str, Any]:
        with self._attempt() as client:
            found = qdrant_vectorstore._aliases(client)
        return super().index(found.get(collection, collection), records, metric, dimension)


class SwapsInTwoSteps(QdrantVectorStore):
    def swap(self, alias: str, collection: str) -> dict[str, Any]:
        with self._attempt() as client:
            delete = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            client.update_collection_aliases([delete])
        time.sleep(0.01)
        return super().swap(alias, collection)


@pytest.mark.parametrize(
    ("saboteur", "clause"),
    [
        (KeepsTheSign, "search.rule.score"),
        (FollowsAliases, "index.bad_input.name_of_alias"),
        (SwapsInTwoSteps, "swap.rule.atomic"),
    ],
)
def test_a_wrong_adapter_fails_its_clause(saboteur: type, clause: str) -> None:
    harness = Harness(saboteur, fresh=HARNESS.fresh, config=HARNESS.config, observe=HARNESS.observe)
    assert fallen(harness, only=clause) == {f"vectorstore.{clause}"}


class Certain(QdrantVectorStore):
    """Knows of every write that fails that nothing came of it."""

    def swap(self, alias: str, collection: str) -> Any:
        try:
            return super().swap(alias, collection)
        except ProviderError as error:
            error.outcome_unknown = False
            raise


def test_the_engine_is_made_to_fail_and_what_the_adapter_makes_of_it_is_judged() -> None:
    assert fallen(HARNESS, only=".fault.") == set()
    wrong = {"vectorstore.swap.fault.engine_commit_then_fail"}
    assert fallen(replace(HARNESS, cls=Certain), only="swap.fault.") == wrong


# folders


def test_adapters_of_one_folder_share_it_and_the_last_one_unlocks_it(tmp_path: Path) -> None:
    one, other = store(path=str(tmp_path)), store(path=tmp_path)
    fill(one)
    assert look(other) == ["a"]
    one.close()
    one.close()
    assert look(other) == ["a"]
    other.close()
    outside = QdrantClient(path=str(tmp_path))
    assert outside.count("docs").count == 1
    outside.close()


def test_an_adapter_that_is_dropped_unlocks_its_folder(tmp_path: Path) -> None:
    fill(store(path=str(tmp_path)))
    gc.collect()
    assert qdrant_link._FOLDERS == {}
    assert look(store(path=str(tmp_path))) == ["a"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_folder_that_somebody_else_holds_is_unavailable(tmp_path: Path) -> None:
    """Qdrant leaves its lock file open when it refuses a folder: that warning is not ours."""
    outside = QdrantClient(path=str(tmp_path))
    adapter = store(path=str(tmp_path))
    with pytest.raises(RetryableError, match="unavailable") as caught:
        fill(adapter)
    assert isinstance(caught.value.__cause__, RuntimeError)
    del caught
    gc.collect()
    outside.close()
    assert fill(adapter)["stored"] == 1
    adapter.close()


def test_a_busy_store_gives_up_in_time(tmp_path: Path) -> None:
    adapter = store(timeout=0.05, path=str(tmp_path))
    fill(adapter)
    link = qdrant_link.open_folder(str(tmp_path))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with link.attempt(1.0):
            held.set()
            done.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    with pytest.raises(RetryableError, match="timeout") as caught:
        fill(adapter)
    done.set()
    holder.join()
    link.release()
    adapter.close()
    assert not caught.value.outcome_unknown


def test_memory_is_private_to_an_adapter() -> None:
    one, other = store(path=":memory:"), store()
    fill(one)
    fill(one)
    assert look(one) == ["a"]
    with pytest.raises(NonRetryableError, match="not_found"):
        look(other)


def test_the_config_opens_nothing_before_the_first_call(tmp_path: Path) -> None:
    adapter = store(path=str(tmp_path / "later"))
    adapter.close()
    assert not (tmp_path / "later").exists()


def test_metadata_names_may_hold_what_qdrant_uses_for_paths(tmp_path: Path) -> None:
    adapter = store(path=str(tmp_path))
    names = ["a.b", "a[]", 'a"b', "", "é 夏", "a"]
    records = [Record(id=f"r-{n}", vector=(1.0, 2.0), metadata={name: n}) for n, name in enumerate(names)]
    adapter.index("docs", records, "dot", 2)
    for n, name in enumerate(names):
        for op in ("eq", "gte"):
            found = adapter.search("docs", UNIT, 9, [Condition(field=name, op=op, value=n)])["hits"]
            assert [hit["metadata"] for hit in found] == [{name: n}]
    adapter.close()


def test_a_collection_with_named_vectors_is_somebody_elses(tmp_path: Path) -> None:
    outside = QdrantClient(path=str(tmp_path))
    outside.create_collection("docs", {"one": models.VectorParams(size=2, distance=models.Distance.DOT)})
    outside.close()
    adapter = store(path=str(tmp_path))
    with pytest.raises(NonRetryableError, match="conflict: 'docs' has named vectors"):
        fill(adapter)
    adapter.close()


def test_points_of_somebody_else_are_a_malformed_reply(tmp_path: Path) -> None:
    adapter = store(path=str(tmp_path))
    fill(adapter)
    outside = qdrant_link.open_folder(str(tmp_path))
    outside.client.upsert("docs", [models.PointStruct(id=1, vector=[1.0, 0.0], payload={"foreign": True})])
    outside.release()
    with pytest.raises(NonRetryableError, match="malformed_reply"):
        look(adapter)
    adapter.close()


# servers

STATUSES = [
    (301, "malformed_reply"),
    (400, "invalid"),
    (401, "unauthenticated"),
    (402, "quota_exhausted"),
    (403, "forbidden"),
    (408, "timeout"),
    (409, "conflict"),
    (410, "not_found"),
    (413, "payload_too_large"),
    (422, "invalid"),
    (425, "unavailable"),
    (429, "rate_limited"),
    (500, "unavailable"),
    (503, "unavailable"),
    (504, "timeout"),
]


@pytest.mark.parametrize(("status", "code"), STATUSES)
def test_a_refused_write_is_classified_by_its_status(server: Server, status: int, code: str) -> None:
    adapter = store(url=server.url)
    server.answers["PUT /collections/docs/points"] = status, {"status": {"error": "no"}}, {}
    with pytest.raises(ProviderError) as caught:
        fill(adapter)
    assert (caught.value.code, caught.value.outcome_unknown) == (code, status in (408, 500, 503, 504))
    assert sum(what.endswith("/points") for what, _ in server.requests) == 1
    assert caught.value.__cause__ is not None
    server.answers.clear()
    assert fill(adapter)["stored"] == 1


def test_a_read_that_fails_has_no_unknown_outcome(server: Server) -> None:
    server.answers["GET /aliases"] = 503, {}, {"retry-after": "7"}
    with pytest.raises(RetryableError) as caught:
        fill(store(url=server.url))
    assert (caught.value.code, caught.value.outcome_unknown, caught.value.retry_after) == (
        "unavailable",
        False,
        7,
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("header", ["3", "Mon, 02 Mar 2099 09:00:00 GMT", "soon"])
def test_429_with_any_retry_after_is_rate_limited(server: Server, header: str) -> None:
    server.answers["GET /aliases"] = 429, {"status": {"error": "slow"}}, {"retry-after": header}
    with pytest.raises(RetryableError, match="rate_limited") as caught:
        look(store(url=server.url))
    assert caught.value.retry_after == 3 if header == "3" else caught.value.retry_after != 3


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"result": {"aliases": 1}}', b"[]"])
def test_an_answer_that_does_not_parse_is_a_malformed_reply(server: Server, body: bytes) -> None:
    server.answers["GET /aliases"] = 200, body, {}
    with pytest.raises(NonRetryableError, match="malformed_reply") as caught:
        look(store(url=server.url))
    assert not caught.value.outcome_unknown


def test_a_malformed_reply_to_a_write_leaves_the_outcome_unknown(server: Server) -> None:
    server.answers["PUT /collections/docs/points"] = 200, b"<html>", {}
    with pytest.raises(NonRetryableError, match="malformed_reply") as caught:
        fill(store(url=server.url))
    assert caught.value.outcome_unknown


def test_nobody_there_is_a_connection_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(RetryableError, match="connection") as caught:
            fill(store(url=url))
    assert not caught.value.outcome_unknown


def _hang_up(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_lost_connection_leaves_a_writes_outcome_unknown(server: Server) -> None:
    server.answers["PUT /collections/docs/points"] = _hang_up
    with pytest.raises(RetryableError, match="connection") as caught:
        fill(store(url=server.url))
    assert caught.value.outcome_unknown


def _drip(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "100000")
    handler.end_headers()
    try:
        for _ in range(300):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.01)
    except OSError:
        return


def _hang(handler: Any) -> None:
    time.sleep(0.3)


def _late(answer: Any, handler: Any) -> None:
    time.sleep(0.2)
    handler.reply(*answer)


@pytest.mark.parametrize("fault", [_hang, _drip])
def test_an_attempt_ends_in_time(server: Server, fault: Any) -> None:
    adapter = store(timeout=0.1, url=server.url)
    fill(store(url=server.url))
    server.answers["PUT /collections/docs/points"] = fault
    began = time.monotonic()
    with pytest.raises(RetryableError, match="timeout") as caught:
        fill(adapter)
    assert caught.value.outcome_unknown
    assert time.monotonic() - began < 1.0


def test_the_timeout_bounds_all_requests_of_an_attempt(server: Server) -> None:
    fill(store(url=server.url))
    for path in ("/aliases", "/collections/docs"):
        server.answers[f"GET {path}"] = partial(_late, server.answer("GET", path, {}))
    with pytest.raises(RetryableError, match="timeout") as caught:
        fill(store(timeout=0.3, url=server.url))
    assert not caught.value.outcome_unknown


def test_the_key_goes_on_the_wire_and_nowhere_else(server: Server) -> None:
    adapter = store(url=server.url, api_key="canary-key")
    fill(adapter)
    assert {headers.get("Api-Key") or headers.get("api-key") for _, headers in server.requests} == {"canary-key"}
    server.answers["PUT /collections/docs/points"] = _hang_up
    with pytest.raises(RetryableError) as caught:
        fill(adapter)
    source: Any = caught.value.__cause__.source  # type: ignore[union-attr]
    assert "canary" not in f"{caught.value!r} {source!r} {source.request.headers!r} {vars(source)!r}"


def test_a_collection_that_appears_meanwhile_is_used_where_it_fits(server: Server) -> None:
    """Between the look and the creation somebody else created it."""
    adapter, link = store(url=server.url), qdrant_link.open_folder(str(server.path))

    def raced(handler: Any) -> None:
        del server.answers["PUT /collections/docs"]
        link.client.create_collection("docs", models.VectorParams(size=2, distance=models.Distance.COSINE))
        handler.reply(409, {"status": {"error": "exists"}, "time": 0}, {})

    server.answers["PUT /collections/docs"] = raced
    assert fill(adapter)["stored"] == 1
    link.release()
