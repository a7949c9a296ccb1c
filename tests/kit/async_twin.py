"""A correct adapter that is unusual: asyncio streams, h11, and nothing of `exchange`."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import h11

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.errors import RetryableError
from pytest_pal.kit.twins.client import KEY, Client
from pytest_pal.mocks.ads import MockAds
from pytest_pal.model.context import Context
from pytest_pal.primitives.http_call import HttpReply


class AsyncTwinAds:
    """AdsProvider over the identity mapping, for callers with a loop."""

    capability = "ads"
    contract = "1.0"
    traits = MockAds.traits
    _of = CAPABILITY

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._client = Client(CAPABILITY, config, ctx)
        self._base = urlsplit(config["base_url"])
        self._trust = ssl.create_default_context(cafile=config["cafile"]) if self._base.scheme == "https" else None
        self._ctx = ctx

    async def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return await self._attempt("create_campaign", spec=spec, idempotency_key=idempotency_key)

    async def report(self, query: Any) -> Any:
        return await self._attempt("report", query=query)

    async def pause(self, campaign_id: str) -> Any:
        return await self._attempt("pause", campaign_id=campaign_id)

    async def _attempt(self, name: str, **arguments: Any) -> Any:
        operation = CAPABILITY.operation(name)
        checked = CAPABILITY.check(name, **arguments)
        body = operation.arguments.model_construct(**checked).plain()
        body.pop(KEY, None)
        headers = {**self._client.authorization(), **self._client.key_header(operation, checked)}
        unknown = False
        try:
            async with asyncio.timeout(self._ctx.remaining()):
                reader, writer = await asyncio.open_connection(self._base.hostname, self._base.port, ssl=self._trust)
                unknown = operation.effect == "write"
                try:
                    reply = await self._exchanged(reader, writer, f"/{name}", headers, json.dumps(body).encode())
                finally:
                    writer.close()
        except TimeoutError as error:
            raise RetryableError("timeout", name, outcome_unknown=unknown) from error
        except OSError as error:
            raise RetryableError("connection", name, outcome_unknown=unknown) from error
        except h11.RemoteProtocolError:
            raise self._client.malformed(operation, "its answer is no HTTP") from None
        return self._client.output(operation, self._client.answer(operation, reply))

    async def _exchanged(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> HttpReply:
        conn = h11.Connection(h11.CLIENT)
        sent = {**headers, "host": self._base.netloc, "content-length": str(len(body)), "connection": "close"}
        request = h11.Request(method="POST", target=target, headers=list(sent.items()))
        parts = [conn.send(part) for part in (request, h11.Data(data=body), h11.EndOfMessage())]
        writer.write(b"".join(part or b"" for part in parts))
        await writer.drain()
        head, content = await self._event(reader, conn), b""
        while isinstance(event := await self._event(reader, conn), h11.Data):
            content += event.data
        answered = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        return HttpReply(head.status_code, answered, content)

    async def _event(self, reader: asyncio.StreamReader, conn: h11.Connection) -> Any:
        data = None
        try:
            while (event := conn.next_event()) is h11.NEED_DATA:
                data = await reader.read(65536)
                conn.receive_data(data)
        except h11.RemoteProtocolError as error:
            if data == b"":
                raise ConnectionResetError("closed before the answer was whole") from error
            raise
        return event
