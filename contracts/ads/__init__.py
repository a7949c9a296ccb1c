"""Campaigns that spend money: create, report, pause."""

from ...model.capability import Capability
from .protocol import AdsObserver, AdsProvider, AdsTraits

CAPABILITY = Capability(
    name="ads",
    version="1.0",
    package=__name__,
    protocol=AdsProvider,
    traits=AdsTraits,
    observe=AdsObserver,
    mock="pytest_pal.mocks.ads:MockAds",
    golden="pytest_pal.golden/ads",
)
