"""AdsProvider: its payloads, traits, operations and observer. Money is in micros of a currency."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from ...model.fields import FREE, ID, MEASURED, TIME
from ...model.money import Currency, Micros, check_whole
from ...model.operation import operation
from ...model.payload import Observed, Output, Payload, Traits
from ...model.values import Count, Day, Flag, Instant, JsonMap, Key, Number, Text

Objective = Literal["awareness", "traffic", "engagement", "leads", "app", "sales"]
Status = Literal["draft", "in_review", "active", "paused", "ended", "rejected", "unknown"]
OBJECTIVES: tuple[Objective, ...] = ("awareness", "traffic", "engagement", "leads", "app", "sales")


class AdsTraits(Traits):
    """``overdelivery``: a day's spend is at most budget x this. ``min_daily_budget`` is in micros."""

    objectives: tuple[Objective, ...] = Field(default=OBJECTIVES, min_length=1)
    overdelivery: float = Field(default=1.0, ge=1, le=2)
    min_daily_budget: Micros = 0
    read_bound_s: float = Field(default=0, ge=0, le=86_400)


class CampaignSpec(Payload):
    """``start`` left out, or at most 60 s ahead: at once. A lifetime budget needs ``end``."""

    name: Text = Field(min_length=1)
    objective: Objective
    budget: Micros = Field(gt=0)
    budget_type: Literal["daily", "lifetime"] = "daily"
    currency: Currency
    start: Instant | None = None
    end: Instant | None = None
    targeting: JsonMap = Field(default_factory=dict)
    creatives: tuple[JsonMap, ...] = ()
    paused: Flag = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_whole(self.budget, self.currency)
        if self.budget_type == "lifetime" and self.end is None:
            raise ValueError("a lifetime budget needs an end")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end must come after start")
        return self


class Campaign(Output):
    """``active`` and ``in_review`` count as one; the vendor's own word belongs in ``extensions``."""

    id: Annotated[Key, ID]
    name: Text
    budget: Micros
    currency: Currency
    objective: Objective
    start: Annotated[Instant | None, TIME] = None
    end: Annotated[Instant | None, TIME] = None
    status: Status


class ReportQuery(Payload):
    """Days in the account's time zone, half-open. ``campaign_ids``: None is all, empty is no rows."""

    campaign_ids: tuple[Key, ...] | None = None
    from_: Day = Field(alias="from")
    to: Day

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ > self.to:
            raise ValueError("from must not come after to")
        return self


class Counters(Payload):
    """``spend`` and ``revenue`` in micros; conversions may be fractional."""

    impressions: Annotated[Count, MEASURED]
    clicks: Annotated[Count, MEASURED]
    conversions: Annotated[Number, MEASURED] = Field(ge=0)
    spend: Annotated[Micros, MEASURED]
    revenue: Annotated[Micros, MEASURED]


class ReportRow(Counters):
    """One campaign on one day."""

    campaign_id: Annotated[Key, ID]
    day: Day


class ReportTotals(Counters):
    """Sums of the report's rows. ``roas`` is revenue / spend, None at spend 0."""

    roas: Annotated[Number | None, MEASURED] = None


class Report(Output):
    """One row per campaign and asked day, zero rows included."""

    timezone: Text
    currency: Currency
    as_of: Annotated[Instant, TIME]
    attribution: Annotated[Text, FREE]
    rows: tuple[ReportRow, ...]
    totals: ReportTotals


class AdsProvider(Protocol):
    """Buys advertising on one account."""

    @operation("write", "key", unit="account", entity="campaign", reads=("report",))
    def create_campaign(self, spec: CampaignSpec, *, idempotency_key: Key) -> Campaign:
        """Creates one campaign that can spend, or one that is paused."""

    @operation("read", "repeatable", unit="account", entity="campaign")
    def report(self, query: ReportQuery) -> Report:
        """What the campaigns delivered, day by day."""

    @operation("write", "natural", unit="account", entity="campaign", reads=("report",))
    def pause(self, campaign_id: Key) -> Campaign:
        """Stops the spending; of a paused or ended campaign: success, no change."""


class ObservedCampaign(Observed):
    """A campaign that can spend or is paused; never a draft."""

    id: str
    name: str
    status: Status | None = None


class AdsObserver(Protocol):
    """A second pair of eyes on the vendor's account."""

    def campaigns(self) -> Sequence[ObservedCampaign]: ...
