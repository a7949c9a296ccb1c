"""What makes a model eligible: one row per rule, each with the value it looks at and the limit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .catalogue import CatalogueEntry
from .decision import Reject, Unit
from .policy import Policy
from .request import Request
from .units import MICROSECONDS_PER_MS, PICODOLLARS, PPM, capped, scaled

Fits = Callable[[Any, Any], bool]
_SCALES: dict[Unit, int] = {"picodollars": PICODOLLARS, "us": MICROSECONDS_PER_MS, "ppm": PPM}


@dataclass(frozen=True)
class Rule:
    """``limit`` and ``value`` are None where there is no constraint, or the figure is not known."""

    name: str
    limit: Callable[[Policy, Request], Any]
    value: Callable[[CatalogueEntry, Policy, Request], Any]
    fits: Fits
    unit: Unit = ""
    needs_figure: bool = True


def estimated_cost(entry: CatalogueEntry, policy: Policy, request: Request) -> int | None:
    """Picodollars of the request, with the output as long as it may be or, without a limit, as expected."""
    if entry.prices is None:
        return None
    output = request.max_output_tokens or policy.expected_output_tokens
    return capped(entry.prices.input * request.input_tokens + entry.prices.output * output)


def cost_limit(policy: Policy) -> int | None:
    """The most that one request may cost, in picodollars."""
    limit = policy.constraints.max_cost_usd
    return None if limit is None else scaled(limit, PICODOLLARS)


def rejects(entry: CatalogueEntry, policy: Policy, request: Request) -> Iterator[Reject]:
    """A row for every rule that the model does not fulfil; ``policy`` is the one for the request's tags."""
    for rule in RULES:
        limit = rule.limit(policy, request)
        if limit is None:
            continue
        value = rule.value(entry, policy, request)
        if _fails(rule, value, limit, policy):
            yield Reject(model=entry.id, vendor=entry.vendor, rule=rule.name, value=value, limit=limit, unit=rule.unit)


def _fails(rule: Rule, value: Any, limit: Any, policy: Policy) -> bool:
    if value is None:
        return rule.needs_figure and policy.on_missing == "reject"
    return not rule.fits(value, limit)


def _constraint(
    name: str,
    value: Callable[[CatalogueEntry, Policy, Request], Any],
    fits: Fits,
    unit: Unit = "",
) -> Rule:
    def limit(policy: Policy, request: Request) -> Any:
        found = getattr(policy.constraints, name)
        return found if found is None or unit not in _SCALES else scaled(found, _SCALES[unit])

    return Rule(name, limit, value, fits, unit)


def _field(name: str) -> Callable[[CatalogueEntry, Policy, Request], Any]:
    return lambda entry, policy, request: getattr(entry, name)


def _at_most(value: Any, limit: Any) -> bool:
    return bool(value <= limit)


def _at_least(value: Any, limit: Any) -> bool:
    return bool(value >= limit)


def _among(value: Any, limit: Any) -> bool:
    return value in limit


def _not_among(value: Any, limit: Any) -> bool:
    return value not in limit


def _has_all(value: Any, limit: Any) -> bool:
    return set(value) >= set(limit)


def _only(value: Any, limit: Any) -> bool:
    return set(value) <= set(limit)


RULES: tuple[Rule, ...] = (
    Rule("health", lambda policy, request: "up", _field("health"), lambda value, limit: bool(value == limit)),
    Rule("modalities", lambda policy, request: request.modalities, _field("modalities"), _has_all),
    Rule(
        "context_tokens",
        lambda policy, request: request.input_tokens + (request.max_output_tokens or 0),
        _field("context_tokens"),
        _at_least,
        "tokens",
        needs_figure=False,
    ),
    _constraint("max_cost_usd", estimated_cost, _at_most, "picodollars"),
    _constraint("max_latency_ms", _field("latency_us"), _at_most, "us"),
    _constraint("min_quality", _field("quality_ppm"), _at_least, "ppm"),
    _constraint("min_safety", _field("safety_ppm"), _at_least, "ppm"),
    _constraint("allow_models", _field("id"), _among),
    _constraint("deny_models", _field("id"), _not_among),
    _constraint("allow_vendors", _field("vendor"), _among),
    _constraint("deny_vendors", _field("vendor"), _not_among),
    _constraint("required_tags", _field("tags"), _has_all),
    _constraint("regions", _field("regions"), _only),
    _constraint("min_context_tokens", _field("context_tokens"), _at_least, "tokens"),
    _constraint("required_modalities", _field("modalities"), _has_all),
    _constraint("required_features", _field("features"), _has_all),
    _constraint("max_retention_days", _field("retention_days"), _at_most, "days"),
)
