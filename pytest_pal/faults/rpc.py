"""The loopback gRPC server: a call becomes the message that an HTTP server would hand over, a reply a status."""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from pytest_pal.errors import PalError
from pytest_pal.faults.listener import HOST
from pytest_pal.faults.message import Codec, Delivery, Reply, Request, to_json

if TYPE_CHECKING:
    import grpc

WORKERS = 16
STATUS = "grpc-status"
"""The header of a reply that names its status, ``UNAVAILABLE``; without one the HTTP status says it."""
_OF_HTTP = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""As google/rpc/code.proto maps its codes to HTTP, backwards: https://github.com/googleapis/googleapis."""


class RpcServer:
    """Serves unary calls on a free port of 127.0.0.1 until `close`, in plain text.

    ``respond`` gets each call as a POST to ``/pkg.Service/Method``, its metadata as headers and its message as JSON;
    one call at a time. The JSON body of an error is the status' details. Raises PalError without the extra `grpc`.
    """

    def __init__(self, respond: Callable[[Request], Reply], codecs: Mapping[str, Codec]) -> None:
        self._respond, self._codecs = respond, codecs
        self.errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._held: set[threading.Event] = set()
        self._grpc = _library()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pytest-pal-rpc")
        self._server = self._grpc.server(self._pool, handlers=[_handler(self._grpc, self._call)])
        self.port = self._server.add_insecure_port(f"{HOST}:0")
        self._server.start()

    @property
    def url(self) -> str:
        return f"grpc://{HOST}:{self.port}"

    def release(self) -> None:
        """Ends every call that is held."""
        for event in list(self._held):
            event.set()

    def close(self) -> None:
        """Ends every call and frees the port. Closing again does nothing."""
        self.release()
        self._server.stop(None).wait()
        self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    # On a worker's thread.

    def _call(self, method: str, message: bytes, context: "grpc.ServicerContext") -> bytes:
        codec = self._codecs.get(method, Codec())
        try:
            headers = {str(key): _text(value) for key, value in context.invocation_metadata()}
            request = Request("POST", method, {}, headers, to_json(codec.decode(message)))
            with self._lock:
                reply = self._respond(request)
            status, sent = self._told(codec, reply)
        except Exception as error:  # noqa: BLE001 - a mapping is somebody else's code; the kit will judge it
            self.errors.append(error)
            self._end(context, "INTERNAL", f"pytest-pal: {type(error).__name__}: {error}")
        if reply.delivery is Delivery.HANG:
            self._hold(context)
        if status != "OK":
            self._end(context, status, reply.body.decode(errors="replace"))
        return sent

    def _told(self, codec: Codec, reply: Reply) -> tuple[str, bytes]:
        """The status, and the message of a success; what is no JSON is sent as it is."""
        if reply.delivery not in (Delivery.WHOLE, Delivery.HANG):
            raise PalError(f"a call cannot be answered like this: {reply.delivery}")
        status = reply.headers.get(STATUS) or ("OK" if reply.status < 300 else _OF_HTTP.get(reply.status, "UNKNOWN"))
        if status != "OK":
            return status, b""
        try:
            plain = json.loads(reply.body) if reply.body else None
        except ValueError:
            return status, reply.body
        return status, codec.encode(plain)

    def _hold(self, context: "grpc.ServicerContext") -> NoReturn:
        """Answers nothing until the caller has gone, or the server lets go."""
        event = threading.Event()
        self._held.add(event)
        if context.add_callback(event.set):
            event.wait()
        self._held.discard(event)
        self._end(context, "UNAVAILABLE", "the server let go")

    def _end(self, context: "grpc.ServicerContext", status: str, details: str) -> NoReturn:
        context.abort(getattr(self._grpc.StatusCode, status), details)


def _library() -> Any:
    try:
        import grpc
    except ModuleNotFoundError as error:
        raise PalError(
            "a vendor behind gRPC is served by grpcio, which is not installed. Type: pip install 'pytest-pal[grpc]'"
        ) from error
    return grpc


def _handler(library: Any, call: Callable[[str, bytes, "grpc.ServicerContext"], bytes]) -> Any:
    """Takes every method, so that one which nothing is mapped to is seen too."""

    class Every(library.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return library.unary_unary_rpc_method_handler(
                lambda message, context: call(details.method, message, context)
            )

    return Every()


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
