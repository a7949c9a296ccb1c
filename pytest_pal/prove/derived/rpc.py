"""Wrong over gRPC: the reference client of any capability with another way of sending. Needs the extra ``grpc``."""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from ...errors import RetryableError
from ...kit.endpoint import Endpoint, rpc
from ...kit.harness import Harness
from ...kit.twins.client import Client
from ...kit.vendor import Vendor
from ...model.operation import Operation
from ...primitives.http_call import HttpReply
from .defect import Defect

SERVICE = "/pal.Vendor"
STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
"""What a status means is what this status means in HTTP; all others are 500."""


def is_installed() -> bool:
    return find_spec("grpc") is not None


class RpcClient(Client):
    """Messages are JSON. A channel is opened by the first call."""

    _channel: Any = None

    def send(self, operation: Operation, endpoint: str, body: Any, headers: Mapping[str, str]) -> HttpReply:
        from grpc import RpcError

        try:
            return HttpReply(200, {}, self.invoke(endpoint, json.dumps(body).encode(), headers))
        except RpcError as error:
            return self.told(operation, error)

    def invoke(self, endpoint: str, message: bytes, headers: Mapping[str, str]) -> bytes:
        if self._channel is None:
            from grpc import insecure_channel

            self._channel = insecure_channel(self._base_url, options=[("grpc.enable_retries", 0)])
        metadata = list({**self.authorization(), **headers}.items())
        call = self._channel.unary_unary(f"{SERVICE}/{endpoint}")
        answer: bytes = call(message, timeout=self.left(), metadata=metadata)
        return answer

    def told(self, operation: Operation, error: Any) -> HttpReply:
        if error.code().name == "DEADLINE_EXCEEDED":
            unknown = operation.effect == "write"
            raise RetryableError("timeout", operation.name, outcome_unknown=unknown) from error
        return HttpReply(STATUSES.get(error.code().name, 500), {}, (error.details() or "").encode())

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        super().close()


def over_rpc(harness: Harness) -> Harness:
    """The harness of a reference client for one that speaks gRPC."""
    assert harness.vendor is not None
    endpoints = map(_as_rpc, harness.vendor.endpoints)
    vendor = Vendor(*endpoints, auth="header:authorization", config=harness.vendor.config)
    return replace(harness, vendor=vendor, config=_config, reach="grpc")


def _config(vendor: Any) -> dict[str, Any]:
    return {"base_url": f"127.0.0.1:{vendor.port}", "token": vendor.secret}


def _as_rpc(endpoint: Endpoint) -> Endpoint:
    name = endpoint.route.rpartition("/")[2]
    made = rpc(f"{SERVICE}/{name}", calls=endpoint.calls, kind="read" if endpoint.kind == "read" else "effect")
    return replace(made, key=endpoint.key, request=endpoint.request, reply=endpoint.reply, per=endpoint.per)


def _lets_out(base: type, operation: Operation) -> dict[str, Any]:
    def told(self: Any, asked: Operation, error: Any) -> HttpReply:
        if asked.name == operation.name:
            raise error
        return RpcClient.told(self, asked, error)

    return {"told": told}


DEFECTS = (Defect("lets_rpc_errors_out", "the errors of gRPC come out", "fault.grpc_unavailable", _lets_out, on="rpc"),)
