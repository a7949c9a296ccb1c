"""An adapter over gRPC: the reference client with messages in JSON and another way of sending them."""

import json
from collections.abc import Mapping
from typing import Any

import grpc

from pytest_pal.errors import RetryableError
from pytest_pal.kit.endpoint import rpc
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.client import Client
from pytest_pal.kit.vendor import Vendor
from pytest_pal.model.operation import Operation
from pytest_pal.primitives.http_call import HttpReply

SERVICE = "/pal.Ads"
HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
}


class RpcClient(Client):
    """What a status means is what its HTTP status means."""

    _channel: grpc.Channel | None = None

    def send(self, operation: Operation, endpoint: str, body: Any, headers: Mapping[str, str]) -> HttpReply:
        try:
            return HttpReply(200, {}, self.invoke(endpoint, json.dumps(body).encode(), headers))
        except grpc.RpcError as error:
            return self.told(operation, error)

    def invoke(self, endpoint: str, message: bytes, headers: Mapping[str, str]) -> bytes:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self._base_url, options=[("grpc.enable_retries", 0)])
        metadata = list({**self.authorization(), **headers}.items())
        call = self._channel.unary_unary(f"{SERVICE}/{endpoint}")
        answer: bytes = call(message, timeout=self.left(), metadata=metadata)
        return answer

    def told(self, operation: Operation, error: Any) -> HttpReply:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            unknown = operation.effect == "write"
            raise RetryableError("timeout", operation.name, outcome_unknown=unknown) from error
        return HttpReply(HTTP.get(error.code(), 500), {}, (error.details() or "").encode())

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        super().close()


class RpcAds(TwinAds, client=RpcClient):
    """AdsProvider over gRPC."""


def harness(cls: type = RpcAds) -> Harness:
    vendor = Vendor(
        rpc(f"{SERVICE}/create_campaign", calls="create_campaign", key="header:idempotency-key"),
        rpc(f"{SERVICE}/pause", calls="pause"),
        rpc(f"{SERVICE}/report", calls="report", kind="read"),
        auth="header:authorization",
    )
    return Harness(cls, vendor, config=lambda v: {"base_url": f"127.0.0.1:{v.port}", "token": v.secret})
