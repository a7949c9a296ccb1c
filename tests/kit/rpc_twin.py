"""An adapter over gRPC: the reference client with messages in JSON and another way of sending them."""

from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.harness import ADS
from pytest_pal.prove.derived.rpc import RpcClient, over_rpc
from pytest_pal.prove.saboteur import renamed


class RpcAds(TwinAds, client=RpcClient):
    """AdsProvider over gRPC."""


def harness(cls: type = RpcAds) -> Harness:
    return renamed(over_rpc(ADS), cls)
