"""A vendor behind gRPC: the same mapping, ledger and faults; a correct adapter passes, wrong ones fall."""

import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import grpc
import pytest

from pytest_pal.errors import PalError
from pytest_pal.faults.catalogue import CATALOGUE
from pytest_pal.faults.message import Codec, Delivery, Reply, Request
from pytest_pal.faults.rpc import RpcServer
from pytest_pal.kit.endpoint import effect, rpc
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.vendor import Vendor
from pytest_pal.model.verdict import Verdict
from pytest_pal.prove.derived.rpc import SERVICE, RpcClient

from ..judging import GREEN, fallen, judge
from .rpc_twin import RpcAds, harness


def test_a_correct_adapter_passes_every_clause() -> None:
    results = judge(harness())
    assert {id: result.text for id, result in results.items() if result.verdict not in GREEN} == {}
    assert fallen(harness(), only="new_process") == set()
    faults = {id.rpartition(".")[2] for id in results if id.startswith("ads.pause.fault.")}
    assert {"grpc_unavailable", "grpc_aborted", "hang", "malformed"} <= faults
    assert "status_503" not in faults


class AgainClient(RpcClient):
    def left(self) -> float:
        return super().left() / 2

    def invoke(self, endpoint: str, message: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            return super().invoke(endpoint, message, headers)
        except grpc.RpcError:
            return super().invoke(endpoint, message, headers)


class Again(TwinAds, client=AgainClient):
    """Tries once more by itself."""


class LeakingClient(RpcClient):
    def told(self, operation: Any, error: Any) -> Any:
        raise error


class Leaking(TwinAds, client=LeakingClient):
    """Lets the library's exceptions out."""


class UnboundClient(RpcClient):
    def left(self) -> float:
        return 60.0


class Unbound(TwinAds, client=UnboundClient):
    """Waits as long as it takes."""


class KnowingClient(RpcClient):
    def told(self, operation: Any, error: Any) -> Any:
        reply = super().told(operation, error)
        return type(reply)(429, {}, reply.body) if reply.status == 503 else reply


class Knowing(TwinAds, client=KnowingClient):
    """Takes a call whose outcome is unknown for one that was refused."""


ROWS = {f"ads.pause.fault.{fault.name}" for fault in CATALOGUE if fault.seams == ("grpc",)}
SABOTEURS = [
    (Again, "pause.retry", {"ads.pause.retry.one_attempt", "ads.pause.retry.slow_is_one_attempt"}),
    (Leaking, "pause.fault.grpc", ROWS),
    (Unbound, "pause.fault.hang", {"ads.pause.fault.hang"}),
    (Knowing, "pause.fault.grpc", {"ads.pause.fault.grpc_unavailable"}),
]


@pytest.mark.parametrize(("saboteur", "only", "clauses"), SABOTEURS)
def test_a_wrong_one_falls_where_it_is_wrong(saboteur: type, only: str, clauses: set[str]) -> None:
    assert fallen(harness(saboteur), only=only) == clauses


def test_a_method_that_nothing_is_mapped_to_proves_nothing() -> None:
    vendor = Vendor(rpc(f"{SERVICE}/pause", calls="pause"))
    other = Harness(RpcAds, vendor, config=harness().config)
    result = judge(other, only="ads.create_campaign.shape.output")["ads.create_campaign.shape.output"]
    assert result.verdict is Verdict.UNPROVEN
    assert "POST /pal.Vendor/create_campaign is mapped to nothing" in " ".join(result.text.split())


def test_a_vendor_speaks_one_protocol() -> None:
    with pytest.raises(PalError, match="served over gRPC or over HTTP"):
        Vendor(rpc("/a.B/c", calls="pause"), effect("POST /pause", calls="pause"))


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(PalError, match=r"pip install 'pytest-pal\[grpc\]'"):
        RpcServer(lambda request: Reply(), {})


def test_messages_are_read_and_written_by_their_codec() -> None:
    seen: list[Request] = []

    def respond(request: Request) -> Reply:
        seen.append(request)
        return Reply(body=b'{"name": "b"}')

    codec = Codec(decode=lambda raw: {"name": raw.decode()}, encode=lambda plain: plain["name"].encode())
    with RpcServer(respond, {"/a.B/c": codec}) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        assert channel.unary_unary("/a.B/c")(b"a", timeout=5, metadata=[("x-bin", b"\xff")]) == b"b"
    assert (seen[0].path, seen[0].json, seen[0].headers["x-bin"]) == ("/a.B/c", {"name": "a"}, "\xff")


@pytest.mark.parametrize("broken", ["decode", "respond", "encode", "delivery"])
def test_what_the_vendor_does_wrong_is_kept(broken: str) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("oh")

    codec = Codec(**({broken: fails} if broken.endswith("code") else {}))
    reply = Reply(delivery=Delivery.RESET) if broken == "delivery" else Reply()
    server = RpcServer(fails if broken == "respond" else lambda request: reply, {"/a.B/c": codec})
    with closing(server), grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/a.B/c")(b"{}", timeout=5)
        assert raised.value.code() is grpc.StatusCode.INTERNAL
        assert len(server.errors) == 1


def test_an_error_of_the_vendor_has_its_status_and_its_body_in_the_details() -> None:
    with (
        RpcServer(lambda request: Reply(404, body=b'{"code": "not_found"}'), {}) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/a.B/c")(b"{}", timeout=5)
        assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.NOT_FOUND, '{"code": "not_found"}')
