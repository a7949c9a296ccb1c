"""A loopback server with as much of Qdrant's REST API as the adapter uses, over the client's local engine."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models

from pytest_pal.adapters.qdrant_link import open_folder

Json = dict[str, Any]
Answer = tuple[int, Any, Json]


class Server:
    """``answers`` maps the start of "METHOD /path" to what is answered instead of the engine's result."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.requests: list[tuple[str, Json]] = []
        self.answers: dict[str, Callable[[Any], None] | Answer] = {}
        self._link = open_folder(str(directory))
        self._lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._link.release()

    def answer(self, method: str, path: str, body: Json) -> Answer:
        with self._lock, self._link.attempt(5.0):
            try:
                return 200, _ask(self._link.client, method, path.strip("/").split("/"), body), {}
            except ValueError as error:
                status = 404 if "not found" in str(error) else 409
                return status, {"status": {"error": str(error)}, "time": 0}, {}


def _ask(client: QdrantClient, method: str, path: list[str], body: Json) -> Json:
    return {"result": _result(client, method, path, body), "status": "ok", "time": 0.0}


def _result(client: QdrantClient, method: str, path: list[str], body: Json) -> Any:
    if path == ["aliases"]:
        return client.get_aliases().model_dump()
    if path == ["collections"]:
        return client.get_collections().model_dump()
    if path == ["collections", "aliases"]:
        changes = models.ChangeAliasesOperation.model_validate(body)
        return client.update_collection_aliases(changes.actions)
    name, *rest = path[1:]
    if method == "GET":
        return client.get_collection(name).model_dump(mode="json")
    if not rest:
        return client.create_collection(name, models.VectorParams.model_validate(body["vectors"]))
    if rest == ["points"]:
        points = [models.PointStruct.model_validate(point) for point in body["points"]]
        return client.upsert(name, points).model_dump(mode="json")
    asked = models.QueryRequest.model_validate(body)
    found = client.query_points(
        name, query=asked.query, query_filter=asked.filter, limit=asked.limit or 10, with_payload=True
    )
    return found.model_dump(mode="json")


class _Listener(ThreadingHTTPServer):
    """With room for a burst: a full queue costs a second's wait for the connection to be tried again."""

    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    owner: Server

    def _serve(self) -> None:
        size = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(size)) if size else {}
        path = self.path.split("?")[0]
        self.owner.requests.append((f"{self.command} {path}", dict(self.headers)))
        planned = [given for start, given in self.owner.answers.items() if f"{self.command} {path}".startswith(start)]
        if planned and callable(planned[0]):
            planned[0](self)
        else:
            self.reply(*(planned[0] if planned else self.owner.answer(self.command, path, body)))

    def reply(self, status: int, body: Any, headers: Json) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            **headers,
            "content-type": "application/json",
            "content-length": len(data),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = _serve

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on the terminal."""
