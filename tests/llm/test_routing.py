"""The decision: worked by hand, and held against its promises for whatever hypothesis draws."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pal.llm.catalogue import Catalogue, CatalogueEntry
from pytest_pal.llm.decision import Decision
from pytest_pal.llm.policy import Policy
from pytest_pal.llm.request import Request
from pytest_pal.llm.routing import decide, decision_digest
from pytest_pal.llm.rules import cost_limit, estimated_cost, rejects
from pytest_pal.llm.scoring import Scored

from .drawing import CATALOGUES, POLICIES, REQUESTS

ASKED = Request(input_tokens=1_000, max_output_tokens=1_000)
BASE = {
    "vendor": "ash",
    "prices": {"input": 1_000_000, "output": 9_000_000},
    "latency_us": 1_000_000,
    "quality_ppm": 600_000,
    "safety_ppm": 500_000,
}


def catalogue(*rows: dict[str, Any]) -> Catalogue:
    return Catalogue.model_validate({"models": [{**BASE, "id": f"m{n}", **row} for n, row in enumerate(rows)]})


def policy(**parts: Any) -> Policy:
    equal = {"cost": 0.25, "latency": 0.25, "quality": 0.25, "safety": 0.25}
    return Policy.model_validate({"weights": equal, "constraints": {}, **parts})


def test_a_score_worked_by_hand() -> None:
    """0.01 USD is the reference: 10^10 of 2 x 10^10 picodollars. 1 s of 2 s. (500,000 x 2 + 600,000 + 500,000) / 4."""
    (found,) = decide(policy(), catalogue({}), ASKED).candidates
    assert [(part.value, part.score_ppm) for part in found.parts] == [
        (10_000_000_000, 500_000),
        (1_000_000, 500_000),
        (600_000, 600_000),
        (500_000, 500_000),
    ]
    assert (found.score_ppm, found.cost) == (525_000, 10_000_000_000)


def test_a_request_without_a_limit_is_estimated_with_the_expected_output() -> None:
    unlimited = Request(input_tokens=10)
    (found,) = decide(policy(expected_output_tokens=7), catalogue({}), unlimited).candidates
    assert found.cost == 10 * 1_000_000 + 7 * 9_000_000


def test_a_free_model_beats_a_paid_one_and_one_whose_price_nobody_knows() -> None:
    free, unknown = {"prices": {"input": 0, "output": 0}}, {"prices": None}
    seen = decide(policy(), catalogue(unknown, {}, free), ASKED)
    assert [candidate.model for candidate in seen.candidates] == ["m2", "m1", "m0"]
    assert [candidate.parts[0].score_ppm for candidate in seen.candidates] == [1_000_000, 500_000, 0]


@pytest.mark.parametrize(
    ("first", "second", "decided_by"),
    [
        ({"quality_ppm": 600_004}, {}, "score"),
        ({"quality_ppm": 600_003}, {"prices": {"input": 1_000_001, "output": 9_000_000}}, "cost"),
        ({"prices": None, "latency_us": 3}, {"prices": None, "latency_us": 4}, "latency"),
        ({"latency_us": 0, "prices": None}, {"latency_us": None, "prices": None}, "latency"),
        ({"quality_ppm": 600_001}, {}, "quality"),
        ({"quality_ppm": 0}, {"quality_ppm": None}, "quality"),
        ({"vendor": "ash"}, {"vendor": "birch"}, "vendor"),
        ({"id": "a", "vendor": "ash"}, {"id": "b"}, "model"),
    ],
)
def test_ties_are_broken_in_order(first: dict[str, Any], second: dict[str, Any], decided_by: str) -> None:
    weights = {"safety": 1} if decided_by != "score" else {"quality": 1, "safety": 3}
    for rows in ((first, second), (second, first)):
        ids = ({"id": "a", **first}, {"id": "b", **second})
        seen = decide(policy(weights=weights), catalogue(*(ids if rows[0] is first else reversed(ids))), ASKED)
        assert (seen.chosen, seen.decided_by) == ("a", decided_by)


def test_one_candidate_and_none() -> None:
    alone = decide(policy(), catalogue({}), ASKED)
    assert (alone.chosen, alone.decided_by, alone.margin_ppm, alone.flips) == (
        "m0",
        "only_candidate",
        None,
        (),
    )
    nobody = decide(policy(), catalogue({"health": "down"}), ASKED)
    assert (nobody.chosen, nobody.decided_by, nobody.candidates) == (None, "nothing_eligible", ())
    assert nobody.summary == "no model is eligible; 1 rejected"


def test_the_summary_names_the_runner_up_and_what_is_not_known() -> None:
    seen = decide(policy(), catalogue({}, {"prices": None, "latency_us": None}, {"health": "down"}), ASKED)
    assert seen.summary == (
        "m0 of ash scores 525000 ppm, 250000 ahead of m1, decided by score; 1 rejected; not known: m1: cost, latency"
    )
    assert seen.margin_ppm == 250_000
    assert decide(policy(), catalogue({}), ASKED).summary == "m0 of ash scores 525000 ppm; 0 rejected"


def test_a_prompt_fits_where_its_tokens_and_the_limit_do() -> None:
    for limit, room, fits in ((None, 10, True), (None, 9, False), (5, 15, True), (5, 14, False)):
        asked = Request(input_tokens=10, max_output_tokens=limit)
        assert bool(decide(policy(), catalogue({"context_tokens": room}), asked).candidates) == fits


def test_an_unknown_figure_says_its_reason() -> None:
    fields = ("prices", "latency_us", "quality_ppm", "safety_ppm")
    unknown = {**dict.fromkeys(fields), "unknown": {field: f"no {field}" for field in fields}}
    (found,) = decide(policy(), catalogue(unknown), ASKED).candidates
    assert [part.reason for part in found.parts] == [f"no {field}" for field in fields]
    (found,) = decide(policy(), catalogue({"quality_ppm": None}), ASKED).candidates
    assert [part.reason for part in found.parts] == [None, None, "not known", None]


RULES: list[tuple[dict[str, Any], dict[str, Any], tuple[str, Any, Any, str]]] = [
    ({"max_cost_usd": 0.0099}, {}, ("max_cost_usd", 10_000_000_000, 9_900_000_000, "picodollars")),
    ({"max_latency_ms": 999.999}, {}, ("max_latency_ms", 1_000_000, 999_999, "us")),
    ({"min_quality": 0.600001}, {}, ("min_quality", 600_000, 600_001, "ppm")),
    ({"min_safety": 0.500001}, {}, ("min_safety", 500_000, 500_001, "ppm")),
    ({"allow_models": ["other"]}, {}, ("allow_models", "m0", ("other",), "")),
    ({"deny_models": ["m0"]}, {}, ("deny_models", "m0", ("m0",), "")),
    ({"allow_vendors": []}, {}, ("allow_vendors", "ash", (), "")),
    ({"deny_vendors": ["ash"]}, {}, ("deny_vendors", "ash", ("ash",), "")),
    ({"required_tags": ["a", "b"]}, {"tags": ["a"]}, ("required_tags", ("a",), ("a", "b"), "")),
    ({"regions": ["eu"]}, {"regions": ["eu", "us"]}, ("regions", ("eu", "us"), ("eu",), "")),
    ({"min_context_tokens": 9}, {"context_tokens": 2_001}, ("", None, None, "")),
    (
        {"min_context_tokens": 9_000},
        {"context_tokens": 8_999},
        ("min_context_tokens", 8_999, 9_000, "tokens"),
    ),
    ({"required_modalities": ["image"]}, {}, ("required_modalities", ("text",), ("image",), "")),
    ({"required_features": ["json"]}, {}, ("required_features", (), ("json",), "")),
    ({"max_retention_days": 7}, {"retention_days": 8}, ("max_retention_days", 8, 7, "days")),
    ({}, {"health": "cooldown"}, ("health", "cooldown", "up", "")),
    ({}, {"context_tokens": 1_999}, ("context_tokens", 1_999, 2_000, "tokens")),
    ({}, {"modalities": ["audio"]}, ("modalities", ("audio",), ("text",), "")),
]


@pytest.mark.parametrize(("constraints", "row", "expected"), RULES)
def test_every_rule_names_value_and_limit(
    constraints: dict[str, Any], row: dict[str, Any], expected: tuple[str, Any, Any, str]
) -> None:
    seen = decide(policy(constraints=constraints), catalogue(row), ASKED)
    found = [(fault.rule, fault.value, fault.limit, fault.unit) for fault in seen.rejected]
    assert found == ([expected] if expected[0] else [])


@pytest.mark.parametrize(
    ("constraints", "row"),
    [
        ({"max_cost_usd": 0.01}, {}),
        ({"max_latency_ms": 1_000}, {}),
        ({"min_quality": 0.6, "min_safety": 0.5}, {}),
        ({"allow_models": ["m0"], "allow_vendors": ["ash"], "deny_models": ["x"], "deny_vendors": []}, {}),
        (
            {"required_tags": ["a"], "required_features": ["json"]},
            {"tags": ["b", "a"], "features": ["json", "tools"]},
        ),
        ({"regions": ["eu", "us"], "max_retention_days": 7}, {"regions": ["eu"], "retention_days": 7}),
        ({"regions": ["eu"]}, {"regions": ["eu"]}),
        ({"min_context_tokens": 9_000, "required_modalities": ["text"]}, {"context_tokens": 9_000}),
        ({}, {"context_tokens": 2_000}),
        ({}, {"context_tokens": None}),
    ],
)
def test_a_value_at_the_limit_is_eligible(constraints: dict[str, Any], row: dict[str, Any]) -> None:
    assert decide(policy(constraints=constraints), catalogue(row), ASKED).rejected == ()


@pytest.mark.parametrize(
    ("constraint", "field"),
    [
        ({"max_cost_usd": 1}, "prices"),
        ({"max_latency_ms": 1e9}, "latency_us"),
        ({"min_quality": 0}, "quality_ppm"),
        ({"min_safety": 0}, "safety_ppm"),
        ({"regions": ["eu"]}, "regions"),
        ({"min_context_tokens": 0}, "context_tokens"),
        ({"max_retention_days": 99}, "retention_days"),
    ],
)
def test_an_unknown_figure_fails_a_constraint_unless_the_policy_accepts_it(
    constraint: dict[str, Any], field: str
) -> None:
    models = catalogue({field: None})
    (fault,) = decide(policy(constraints=constraint), models, ASKED).rejected
    assert (fault.rule, fault.value) == (next(iter(constraint)), None)
    assert decide(policy(constraints=constraint, on_missing="accept"), models, ASKED).chosen == "m0"


def test_tags_bring_other_weights_and_constraints() -> None:
    models = catalogue({"quality_ppm": 900_000}, {"prices": {"input": 0, "output": 0}, "quality_ppm": 0})
    overrides = [
        {"tag": "tier", "value": "gold", "weights": {"quality": 1}},
        {"tag": "cheap", "weights": {"cost": 1}, "constraints": {"deny_models": ["m0"]}},
        {"tag": "any", "constraints": {"allow_models": ["m0"]}},
    ]
    rules = policy(weights={"cost": 1}, tag_overrides=overrides)

    def chosen(**tags: str) -> str | None:
        return decide(rules, models, ASKED.model_copy(update={"tags": tags})).chosen

    assert (chosen(), chosen(tier="gold"), chosen(tier="silver")) == ("m1", "m0", "m1")
    assert (chosen(tier="gold", cheap=""), chosen(any="x"), chosen(any="", cheap="")) == ("m1", "m0", None)


def test_the_chain_is_the_remaining_ranking_up_to_its_bound() -> None:
    models = catalogue(*({"quality_ppm": 900_000 - n} for n in range(4)))
    assert decide(policy(weights={"quality": 1}), models, ASKED).fallback_chain == ("m1", "m2", "m3")
    assert decide(policy(weights={"quality": 1}, fallback={"max": 2}), models, ASKED).fallback_chain == (
        "m1",
        "m2",
    )


def test_flips_worked_by_hand() -> None:
    """A latency of 9 s scores 100,000; to reach 500,000 it must fall to 1 s, where the name still decides."""
    seen = decide(policy(weights={"latency": 1}), catalogue({}, {"latency_us": 9_000_000}), ASKED)
    assert [(flip.model, flip.factor, flip.value, flip.needed) for flip in seen.flips] == [
        ("m1", "latency", 9_000_000, 999_999)
    ]


# for whatever is drawn


FEW = settings(max_examples=40, deadline=None, database=None)


def drawn(check: Any) -> Any:
    return FEW(given(rules=POLICIES, models=CATALOGUES, asked=REQUESTS)(check))


def ranked(decision: Decision) -> list[str]:
    return [candidate.model for candidate in decision.candidates]


def without(models: Catalogue, id: str) -> Catalogue:
    return Catalogue(models=tuple(entry for entry in models.models if entry.id != id))


def changed(models: Catalogue, id: str, **figures: Any) -> Catalogue:
    rows = (entry.model_copy(update=figures) if entry.id == id else entry for entry in models.models)
    return Catalogue(models=tuple(rows))


@drawn
def test_a_loser_cannot_change_the_winner(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    for entry in models.models:
        if entry.id != seen.chosen:
            assert decide(rules, without(models, entry.id), asked).chosen == seen.chosen


@drawn
def test_taking_a_model_away_leaves_the_others_as_they_are(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    for gone in models.by_id:
        rest = decide(rules, without(models, gone), asked)
        assert rest.candidates == tuple(row for row in seen.candidates if row.model != gone)
        assert rest.rejected == tuple(row for row in seen.rejected if row.model != gone)


@FEW
@given(rules=POLICIES, models=CATALOGUES, asked=REQUESTS, source=st.randoms(use_true_random=False))
def test_the_order_of_the_catalogue_does_not_matter(
    rules: Policy, models: Catalogue, asked: Request, source: Any
) -> None:
    shuffled = list(models.models)
    source.shuffle(shuffled)
    assert decide(rules, Catalogue(models=tuple(shuffled)), asked) == decide(rules, models, asked)


@drawn
def test_every_model_is_ranked_or_rejected(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    rejected = {row.model for row in seen.rejected}
    assert sorted([*ranked(seen), *rejected]) == sorted(models.by_id)
    assert ([seen.chosen] if seen.chosen else []) == ranked(seen)[:1]
    assert seen.fallback_chain == tuple(ranked(seen)[1:])[: rules.fallback.max]


@drawn
def test_what_is_eligible_satisfies_the_constraints(rules: Policy, models: Catalogue, asked: Request) -> None:
    """And only that; written out once more, without the table of rules."""
    effective = rules.for_tags(asked.tags)
    eligible = ranked(decide(rules, models, asked))
    for model, entry in models.by_id.items():
        assert obeys(entry, effective, asked) == (model in eligible)


def obeys(entry: CatalogueEntry, rules: Policy, asked: Request) -> bool:
    wanted, limit = rules.constraints, cost_limit(rules)
    room = asked.input_tokens + (asked.max_output_tokens or 0)

    def within(value: Any, limit: Any, fits: Any) -> bool:
        return limit is None or (rules.on_missing == "accept" if value is None else bool(fits(value)))

    return all(
        (
            entry.health == "up",
            entry.context_tokens is None or entry.context_tokens >= room,
            within(estimated_cost(entry, rules, asked), limit, lambda cost: cost <= limit),
            within(entry.latency_us, wanted.max_latency_ms, lambda us: us <= wanted.max_latency_ms * 1_000),
            within(entry.quality_ppm, wanted.min_quality, lambda ppm: ppm >= wanted.min_quality * 1_000_000),
            within(entry.safety_ppm, wanted.min_safety, lambda ppm: ppm >= wanted.min_safety * 1_000_000),
            within(entry.context_tokens, wanted.min_context_tokens, lambda n: n >= wanted.min_context_tokens),
            within(entry.retention_days, wanted.max_retention_days, lambda n: n <= wanted.max_retention_days),
            within(entry.regions, wanted.regions, lambda regions: all(one in wanted.regions for one in regions)),
            wanted.allow_models is None or entry.id in wanted.allow_models,
            wanted.deny_models is None or entry.id not in wanted.deny_models,
            wanted.allow_vendors is None or entry.vendor in wanted.allow_vendors,
            wanted.deny_vendors is None or entry.vendor not in wanted.deny_vendors,
            all(tag in entry.tags for tag in wanted.required_tags or ()),
        )
    )


@drawn
def test_scores_are_exact(rules: Policy, models: Catalogue, asked: Request) -> None:
    effective = rules.for_tags(asked.tags)
    weights = {name: Fraction(str(value)) for name, value in effective.weights.model_dump().items()}
    for row in decide(rules, models, asked).candidates:
        mean = sum(weights[part.factor] * part.score_ppm for part in row.parts) / sum(weights.values())
        assert row.score_ppm == mean // 1
        assert all(part.score_ppm == 0 for part in row.parts if part.value is None)


@drawn
def test_the_ranking_is_by_score_then_cost_and_so_on(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    last = float("inf")

    def place(model: str) -> tuple[Any, ...]:
        entry, row = models.by_id[model], seen.candidate(model)
        assert row is not None
        cost, latency, quality = (part.value for part in row.parts[:3])
        return (
            -row.score_ppm,
            last if cost is None else cost,
            last if latency is None else latency,
            last if quality is None else -quality,
            entry.vendor,
            model,
        )

    assert ranked(seen) == sorted(ranked(seen), key=place)


@drawn
def test_a_decision_replays_byte_for_byte(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    stored = [part.model_dump_json(by_alias=True) for part in (rules, models, asked)]
    read = (
        Policy.model_validate_json(stored[0]),
        Catalogue.model_validate_json(stored[1]),
        Request.model_validate_json(stored[2]),
    )
    assert decide(*read).plain() == seen.plain()
    assert Decision.model_validate(seen.plain()) == seen
    assert seen.digests.decision == decision_digest(seen)


@drawn
def test_a_flip_is_exactly_what_is_needed(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = decide(rules, models, asked)
    if len(seen.candidates) < 2:
        assert seen.flips == ()
        return
    effective = rules.for_tags(asked.tags)
    first, second = (Scored.of(models.by_id[model], effective, asked) for model in ranked(seen)[:2])
    flips = {flip.factor: flip for flip in seen.flips}
    for factor, better in (("cost", -1), ("latency", -1), ("quality", 1), ("safety", 1)):
        if factor in flips:
            needed = flips[factor].needed
            assert second.with_figure(factor, needed).key < first.key
            if needed != (second.figures[factor] or 0):
                assert not second.with_figure(factor, max(0, needed - better)).key < first.key
        else:
            best = 0 if better < 0 else 1_000_000
            assert not second.with_figure(factor, best).key < first.key


@drawn
def test_a_flip_holds_in_the_catalogue_too(rules: Policy, models: Catalogue, asked: Request) -> None:
    fields = {"latency": "latency_us", "quality": "quality_ppm", "safety": "safety_ppm"}
    for flip in decide(rules, models, asked).flips:
        if flip.factor in fields and flip.value is not None:
            better = changed(models, flip.model, **{fields[flip.factor]: flip.needed})
            assert decide(rules, better, asked).chosen == flip.model


@drawn
def test_better_figures_never_cost_a_rank(rules: Policy, models: Catalogue, asked: Request) -> None:
    seen = ranked(decide(rules, models, asked))
    best = {"latency_us": 0, "quality_ppm": 1_000_000, "safety_ppm": 1_000_000, "prices": None}
    for place, model in enumerate(seen):
        figures = {**best, "prices": models.by_id[model].prices}
        assert ranked(decide(rules, changed(models, model, **figures), asked)).index(model) <= place


@drawn
def test_rejects_name_the_rule_that_a_model_breaks(rules: Policy, models: Catalogue, asked: Request) -> None:
    effective = rules.for_tags(asked.tags)
    for entry in models.models:
        faults = list(rejects(entry, effective, asked))
        assert len({fault.rule for fault in faults}) == len(faults)
        lifted = effective.model_copy(
            update={
                "constraints": effective.constraints.model_copy(
                    update=dict.fromkeys((fault.rule for fault in faults), None)
                )
            }
        )
        left = {fault.rule for fault in rejects(entry, lifted, asked)}
        assert left <= {"health", "modalities", "context_tokens"}
