"""The identity mapping on a small threaded server: a mock answers ``POST /<operation>``."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from types import TracebackType
from typing import Any, ClassVar

from pytest_pal.errors import ErrorCode, ProviderError
from pytest_pal.llm.request import Message
from pytest_pal.model.capability import Capability
from pytest_pal.model.context import Context

STATUS = {ErrorCode.NOT_FOUND: 404, ErrorCode.CONFLICT: 409, ErrorCode.RATE_LIMITED: 429, ErrorCode.UNAVAILABLE: 503}


class IdentityVendor:
    """``open`` (with an adapter's configuration and context) makes the mock; ``requests`` are what came, in order.

    ``scripted``: answers (status, headers, body) to give first, instead of the mock's.
    """

    secret = "canary-7f3a91"
    live: ClassVar[dict[str, "IdentityVendor"]] = {}

    def __init__(self, capability: Capability) -> None:
        self._capability = capability
        self._state: dict[str, Any] = {}
        self._mock: Any = None
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.scripted: list[tuple[int, Mapping[str, str], bytes]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.live[self.url] = self

    def __enter__(self) -> "IdentityVendor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        del self.live[self.url]
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def config(self) -> dict[str, Any]:
        return {"base_url": self.url, "token": self.secret}

    def open(self, config: Mapping[str, Any], ctx: Context) -> None:
        module, _, name = str(self._capability.mock).partition(":")
        self._mock = getattr(import_module(module), name)({**config, "state": self._state}, ctx)

    def observe(self) -> Any:
        return self._mock.observe()

    def answer(self, operation: str, headers: dict[str, str], body: Any) -> tuple[int, Mapping[str, str], bytes]:
        self.requests.append((operation, headers, body))
        if self.scripted:
            return self.scripted.pop(0)
        try:
            return 200, {}, json.dumps(self._played(operation, headers, dict(body))).encode()
        except ProviderError as error:
            told = {"code": error.code, "outcome_unknown": error.outcome_unknown, "details": error.details}
            return STATUS.get(error.code, 400), {}, json.dumps({"error": told}).encode()

    def _played(self, operation: str, headers: Mapping[str, str], arguments: dict[str, Any]) -> Any:
        if operation == "complete":
            messages = tuple(Message.model_validate(message) for message in arguments["messages"])
            return self._mock._vendor.complete(arguments["model"], messages, arguments["limit"])
        if "idempotency-key" in headers:
            arguments["idempotency_key"] = headers["idempotency-key"]
        returned = getattr(self._mock, operation)(**self._capability.check(operation, **arguments))
        return self._capability.accept(operation, returned).plain()


def _handler(vendor: IdentityVendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # one segment for head and body

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(self.rfile.read(int(headers["content-length"])))
            status, more, content = vendor.answer(self.path.removeprefix("/"), headers, body)
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
