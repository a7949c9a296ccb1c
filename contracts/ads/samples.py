"""Valid and refusable calls of the ads contract."""

from datetime import timedelta
from typing import Any

from ...model.money import MICROS
from ...model.samples import Given, Part, Refusal, Sample, Scene

CENT = 10_000
"""A cent in micros: budgets are whole in their currency's smallest unit."""

CONFIG = {"timezone": "UTC", "currency": "USD"}
"""The account of every adapter that works in process; one that has a vendor asks the vendor."""


def variables(scene: Scene) -> dict[str, Any]:
    """What scenarios name as ``${...}``: a budget and an objective that the adapter offers."""
    whole = -(-scene.traits.min_daily_budget // MICROS) * MICROS
    return {"budget": max(10 * MICROS, whole), "objective": scene.traits.objectives[0]}


def spec(scene: Scene, **changes: Any) -> dict[str, Any]:
    """A campaign of the account's currency that starts at once."""
    return {
        "spec": {
            "name": f"Campaign {scene.n}",
            "currency": "USD",
            **variables(scene),
            **changes,
        }
    }


def _lifetime(scene: Scene) -> dict[str, Any]:
    budget = 7 * variables(scene)["budget"]
    return spec(scene, budget_type="lifetime", budget=budget, end=scene.now + timedelta(days=7))


def _days(scene: Scene, **changes: Any) -> dict[str, Any]:
    today = scene.now.date()
    return {"query": {"from": today, "to": today + timedelta(days=1 + scene.n), **changes}}


CAMPAIGN = Given("campaign", "create_campaign")

SAMPLES = {
    "create_campaign": Sample(spec),
    "report": Sample(_days, given=(CAMPAIGN,)),
    "pause": Sample(lambda scene: {"campaign_id": scene.given["campaign"].id}, given=(CAMPAIGN,)),
}

PARTS = (Part("create_campaign.lifetime", "A budget for the whole life of the campaign.", _lifetime),)

REFUSALS = (
    Refusal(
        "create_campaign",
        "foreign_currency",
        "A budget in a currency that the account does not have is invalid.",
        ("invalid",),
        lambda scene: spec(scene, currency="JPY", budget=1_000 * variables(scene)["budget"]),
    ),
    Refusal(
        "create_campaign",
        "low_budget",
        "A daily budget below traits.min_daily_budget is invalid.",
        ("invalid",),
        lambda scene: spec(scene, budget=(scene.traits.min_daily_budget - 1) // CENT * CENT),
        applies=lambda traits: traits.min_daily_budget > CENT,
    ),
    Refusal(
        "create_campaign",
        "stale_start",
        "A start before yesterday is invalid.",
        ("invalid",),
        lambda scene: spec(scene, start=scene.now - timedelta(days=2)),
    ),
    Refusal(
        "create_campaign",
        "foreign_objective",
        "An objective that the traits do not list is invalid.",
        ("invalid",),
        lambda scene: spec(scene, objective=_not_offered(scene.traits)),
        applies=lambda traits: len(traits.objectives) < 6,
    ),
    Refusal(
        "pause",
        "unknown_campaign",
        "Pausing a campaign that does not exist is not_found.",
        ("not_found",),
        lambda scene: {"campaign_id": "no-such-campaign"},
    ),
    Refusal(
        "report",
        "unknown_campaign",
        "A report on a campaign that does not exist is not_found, also in a list with known ones.",
        ("not_found",),
        lambda scene: _days(scene, campaign_ids=[scene.given["campaign"].id, "no-such-campaign"]),
        given=(CAMPAIGN,),
    ),
)


def _not_offered(traits: Any) -> str:
    from .protocol import OBJECTIVES

    return next(objective for objective in OBJECTIVES if objective not in traits.objectives)
