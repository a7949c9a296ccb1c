"""AdsProvider for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/ads/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.ads.protocol import Campaign, CampaignSpec, Report, ReportQuery
from ...model.values import Key


class AsyncAdsProvider(Protocol):
    """Buys advertising on one account."""

    async def create_campaign(self, spec: CampaignSpec, *, idempotency_key: Key) -> Campaign:
        """Creates one campaign that can spend, or one that is paused."""

    async def report(self, query: ReportQuery) -> Report:
        """What the campaigns delivered, day by day."""

    async def pause(self, campaign_id: Key) -> Campaign:
        """Stops the spending; of a paused or ended campaign: success, no change."""


class AdsCaller(Protocol):
    """Buys advertising on one account."""

    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: Key | None = ...) -> Campaign:
        """Creates one campaign that can spend, or one that is paused."""

    def report(self, query: ReportQuery) -> Report:
        """What the campaigns delivered, day by day."""

    def pause(self, campaign_id: Key) -> Campaign:
        """Stops the spending; of a paused or ended campaign: success, no change."""

    def close(self) -> None: ...


class AsyncAdsCaller(Protocol):
    """Buys advertising on one account."""

    async def create_campaign(self, spec: CampaignSpec, *, idempotency_key: Key | None = ...) -> Campaign:
        """Creates one campaign that can spend, or one that is paused."""

    async def report(self, query: ReportQuery) -> Report:
        """What the campaigns delivered, day by day."""

    async def pause(self, campaign_id: Key) -> Campaign:
        """Stops the spending; of a paused or ended campaign: success, no change."""

    async def aclose(self) -> None: ...
