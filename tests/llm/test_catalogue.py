"""The catalogue and the request: costs to the picodollar, digests, estimates."""

from typing import Any

import pytest
from pydantic import ValidationError

from pytest_pal.llm.catalogue import Catalogue, Prices, Usage, cost_of
from pytest_pal.llm.offline import CATALOGUE, POLICY
from pytest_pal.llm.policy import Policy
from pytest_pal.llm.request import Message, Request, request_of
from pytest_pal.llm.routing import decide
from pytest_pal.llm.rules import estimated_cost
from pytest_pal.llm.units import LARGEST

FULL = Prices(input=1_000, output=2_000, cached_input=100, cache_write=1_250)


@pytest.mark.parametrize(
    ("prices", "usage", "expected"),
    [
        (FULL, Usage(input=5, output=7), 19_000),
        (FULL, Usage(input=5, output=7, cached_input=3, cache_write=2), 21_800),
        (FULL, Usage(input=0, output=0), 0),
        (FULL, None, None),
        (None, Usage(input=5, output=7), None),
        (FULL, Usage(input=None, output=7), None),
        (FULL, Usage(input=5, output=7, cached_input=None), None),
        (Prices(input=1, output=1), Usage(input=5, output=7), 12),
        (Prices(input=1, output=1), Usage(input=5, output=7, cached_input=1), None),
        (Prices(input=1, output=1), Usage(input=5, output=7, cache_write=1), None),
        (Prices(input=0, output=0), Usage(input=5, output=7), 0),
    ],
)
def test_cost_is_exact_or_not_known(prices: Prices | None, usage: Usage | None, expected: int | None) -> None:
    assert cost_of(prices, usage) == expected


def test_the_digest_is_the_same_in_every_order() -> None:
    models = CATALOGUE["models"]
    first, last = Catalogue(models=models), Catalogue(models=models[::-1])
    assert first.digest == last.digest
    assert first.digest != Catalogue(models=models[1:]).digest


@pytest.mark.parametrize(
    "models",
    [
        [{"id": "a", "vendor": "x"}, {"id": "a", "vendor": "y"}],
        [{"id": "a b", "vendor": "x"}],
        [{"id": "a"}],
        [{"id": "a", "vendor": "x", "quality_ppm": 0.9}],
        [{"id": "a", "vendor": "x", "quality_ppm": 1_000_001}],
        [{"id": "a", "vendor": "x", "prices": {"input": 1}}],
        [{"id": "a", "vendor": "x", "price": 1}],
    ],
)
def test_a_wrong_catalogue_is_refused(models: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        Catalogue.model_validate({"models": models})


def test_what_a_catalogue_does_not_say_is_not_known() -> None:
    (entry,) = Catalogue.model_validate({"models": [{"id": "a", "vendor": "x"}]}).models
    known = {name for name, value in entry.plain().items() if value is not None}
    assert known == {"id", "vendor", "modalities", "features", "tags", "health", "unknown"}


def test_the_offline_models_are_four_or_more_of_three_vendors_with_one_unknown() -> None:
    models = Catalogue.model_validate(CATALOGUE).models
    assert len(models) >= 4
    assert len({entry.vendor for entry in models}) == 3
    figures = ("prices", "latency_us", "quality_ppm", "safety_ppm")
    unknown = [entry for entry in models if all(getattr(entry, name) is None for name in figures)]
    assert [set(entry.unknown) for entry in unknown] == [set(figures)]
    seen = decide(Policy.model_validate(POLICY), Catalogue.model_validate(CATALOGUE), request_of("Hello", {}))
    assert seen.rejected == ()
    assert seen.candidates[-1].score_ppm == 0


def test_tokens_are_estimated_from_bytes_part_by_part() -> None:
    assert request_of("12345", {}).input_tokens == 2
    assert request_of("äöü", {}).input_tokens == 2
    parts = {"role": "user", "content": [{"type": "text", "text": "1"}, {"type": "image", "data": "data:,x"}]}
    messages = (Message.model_validate(parts), Message(role="system", content="12345678"))
    seen = request_of(messages, {"a": "b"}, 9)
    assert seen == Request(
        input_tokens=1 + 1_024 + 2, max_output_tokens=9, modalities=("image", "text"), tags={"a": "b"}
    )


def test_a_list_of_tags_is_a_mapping_to_empty_text() -> None:
    assert Request(input_tokens=1, tags=["b", "a", "b"]) == Request(input_tokens=1, tags={"a": "", "b": ""})
    for wrong in ("abc", [1], ["a", ["b"]], {"a": 1}, {1: "a"}):
        with pytest.raises(ValidationError):
            Request(input_tokens=1, tags=wrong)


def test_an_estimate_beyond_exact_integers_is_the_largest_one() -> None:
    entry = Catalogue.model_validate(
        {"models": [{"id": "a", "vendor": "x", "prices": {"input": 10**12, "output": 0}}]}
    ).models[0]
    assert estimated_cost(entry, Policy(), Request(input_tokens=10**5)) == LARGEST
