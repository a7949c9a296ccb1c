"""Wrong about secrets: what is exchanged for tokens, and kept for longer than it holds."""

from dataclasses import replace
from typing import Any

from ...kit.endpoint import auth
from ...kit.harness import Harness
from ...kit.twins.client import Client, Json
from ...model.operation import Operation
from ...primitives.http_call import HttpReply
from .clients import FOREVER_S
from .defect import Defect
from .paged import replace_endpoints


class WithTokens(Client):
    """Exchanges its secret for tokens, and once more where one is not taken any longer."""

    token = ""

    def authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def secret(self) -> str:
        return self.ctx.secret("token")

    def send(self, operation: Operation, endpoint: str, body: Json, headers: Any) -> HttpReply:
        if not self.token:
            self.sign_in(operation)
        reply = super().send(operation, endpoint, body, headers)
        if reply.status != 401:
            return reply
        self.sign_in(operation)
        return super().send(operation, endpoint, body, headers)

    def sign_in(self, operation: Operation) -> None:
        asking = replace(operation, effect="read")
        self.token, spent = self.secret(), self.token
        try:
            reply = super().send(asking, "token", {}, {})
            self.token = str(self.answer(asking, reply)["access_token"])
        except Exception:
            self.token = spent
            raise


def with_tokens(harness: Harness) -> Harness:
    """The harness with a vendor that gives tokens for its secret."""
    assert harness.vendor is not None
    endpoints = (*harness.vendor.endpoints, auth("POST /token"))
    return replace(harness, vendor=replace_endpoints(harness.vendor, endpoints))


def _keeps_its_secret(base: type, operation: Operation) -> dict[str, Any]:
    def secret(self: Any) -> str:
        kept: str = self.__dict__.setdefault("_first", self.ctx.secret("token"))
        return kept

    return {"secret": secret}


def _shares_its_secret(base: type, operation: Operation) -> dict[str, Any]:
    first: list[str] = []

    def authorization(self: Any) -> dict[str, str]:
        first[:] = first or [self._token]
        return {"authorization": f"Bearer {first[0]}"}

    return {"authorization": authorization}


def _waits_for_tokens(base: type, operation: Operation) -> dict[str, Any]:
    def sign_in(self: Any, operation: Operation) -> None:
        left, self.left = self.left, lambda: FOREVER_S
        try:
            WithTokens.sign_in(self, operation)
        finally:
            self.left = left

    return {"sign_in": sign_in}


DEFECTS = (
    Defect(
        "keeps_its_secret",
        "each token is asked for with the secret of the first",
        "adapter.secrets.rotated",
        _keeps_its_secret,
        on="token",
        whole=True,
    ),
    Defect(
        "waits_for_tokens",
        "a request for a token has no bound",
        "adapter.fault.token",
        _waits_for_tokens,
        on="token",
        whole=True,
    ),
    Defect(
        "shares_its_secret",
        "all instances show the secret of the first",
        "adapter.secrets.own",
        _shares_its_secret,
        on="twin",
        whole=True,
    ),
)
