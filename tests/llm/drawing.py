"""Policies, catalogues and requests as hypothesis draws them: small numbers, so that ties are common."""

from typing import Any

from hypothesis import strategies as st

from pytest_pal.llm.catalogue import Catalogue
from pytest_pal.llm.policy import Policy
from pytest_pal.llm.request import Request

VENDORS = ("ash", "birch", "cedar")
TAGS = ("fast", "careful")


def unknown_or(*values: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.sampled_from(values))


PRICES = unknown_or(*({"input": i, "output": o} for i in (0, 1, 400_000) for o in (0, 3, 2_000_000)))
ENTRY = st.fixed_dictionaries(
    {
        "vendor": st.sampled_from(VENDORS),
        "prices": PRICES,
        "latency_us": unknown_or(0, 1, 1_000_000, 5_000_000),
        "quality_ppm": unknown_or(0, 500_000, 500_001, 1_000_000),
        "safety_ppm": unknown_or(0, 500_000, 1_000_000),
        "context_tokens": unknown_or(50, 1_000),
        "regions": unknown_or((), ("eu",), ("eu", "us")),
        "retention_days": unknown_or(0, 30),
        "tags": st.sampled_from(((), ("fast",), TAGS)),
        "health": st.sampled_from(("up", "up", "up", "down")),
    }
)
CATALOGUES = st.lists(ENTRY, max_size=7).map(
    lambda rows: Catalogue.model_validate({"models": [{**row, "id": f"m{n}"} for n, row in enumerate(rows)]})
)
CONSTRAINTS = st.fixed_dictionaries(
    {},
    optional={
        "max_cost_usd": st.sampled_from((0, 0.0001, 1)),
        "max_latency_ms": st.sampled_from((0, 1_000, 1e6)),
        "min_quality": st.sampled_from((0, 0.5, 0.500001)),
        "min_safety": st.sampled_from((0, 0.5)),
        "allow_models": st.just(("m0", "m1", "m2", "m3")),
        "deny_models": st.just(("m1",)),
        "allow_vendors": st.just(("ash", "birch")),
        "deny_vendors": st.just(("birch",)),
        "required_tags": st.just(("fast",)),
        "regions": st.just(("eu",)),
        "min_context_tokens": st.just(100),
        "max_retention_days": st.just(10),
    },
)
SPARSE_CONSTRAINTS = st.one_of(st.just({}), st.just({}), CONSTRAINTS)
WEIGHT = st.sampled_from((0, 0.25, 1, 0.000001, 3))
WEIGHTS = st.fixed_dictionaries(dict.fromkeys(("cost", "latency", "quality", "safety"), WEIGHT)).filter(
    lambda weights: any(weights.values())
)
OVERRIDE = st.fixed_dictionaries(
    {"tag": st.sampled_from(TAGS), "weights": st.none() | WEIGHTS, "constraints": SPARSE_CONSTRAINTS},
    optional={"value": st.sampled_from(("", "x"))},
)
POLICIES = st.fixed_dictionaries(
    {"weights": WEIGHTS, "constraints": SPARSE_CONSTRAINTS},
    optional={
        "references": st.just({"cost_usd": 0.0004, "latency_ms": 1}),
        "on_missing": st.sampled_from(("reject", "accept")),
        "tag_overrides": st.lists(OVERRIDE, max_size=2),
        "fallback": st.fixed_dictionaries({"max": st.none() | st.integers(0, 3)}),
    },
).map(Policy.model_validate)
REQUESTS = st.builds(
    Request,
    input_tokens=st.sampled_from((0, 1, 60)),
    max_output_tokens=st.none() | st.sampled_from((1, 400)),
    tags=st.dictionaries(st.sampled_from(TAGS), st.sampled_from(("", "x"))),
)
