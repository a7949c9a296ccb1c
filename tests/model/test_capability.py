"""The check that every call passes first, proven with cases drawn by hypothesis."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.contracts.ads.protocol import CampaignSpec, Report
from pytest_pal.errors import NonRetryableError, PalError
from pytest_pal.model.fields import EXACT, ID, MEASURED, TIME, field_class

SPEC = {"name": "n", "objective": "sales", "budget": 10_000_000, "currency": "USD"}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(object())
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


@given(ANYTHING, st.sampled_from(["spec", "idempotency_key", "nothing"]))
def test_whatever_comes_is_checked_or_invalid(value: Any, name: str) -> None:
    arguments = {"spec": SPEC, "idempotency_key": "k", name: value}
    try:
        checked = CAPABILITY.check("create_campaign", **arguments)
    except NonRetryableError as error:
        assert error.code == "invalid"
    else:
        assert isinstance(checked["spec"], CampaignSpec)


@given(st.sampled_from(sorted(SPEC)), ANYTHING)
@settings(max_examples=200)
def test_any_member_may_be_anything(member: str, value: Any) -> None:
    try:
        spec = CAPABILITY.check("create_campaign", spec={**SPEC, member: value}, idempotency_key="k")["spec"]
    except NonRetryableError as error:
        assert error.code == "invalid"
        assert member in error.message or "whole" in error.message or "budget" in error.message
    else:
        assert spec.plain()[member] == value


def test_faults_are_named_by_pointer_and_never_show_values() -> None:
    with pytest.raises(NonRetryableError) as caught:
        CAPABILITY.check("create_campaign", spec={**SPEC, "name": 5, "budget": "s3cret"}, idempotency_key="k")
    assert "/spec/name: Input should be a valid string" in caught.value.message
    assert "/spec/budget: " in caught.value.message
    assert "s3cret" not in str(caught.value)


def test_arguments_are_frozen_all_the_way_down() -> None:
    spec = {**SPEC, "targeting": {"a": [{"b": 1}]}, "creatives": [{"c": 1}]}
    checked = CAPABILITY.check("create_campaign", spec=spec, idempotency_key="k")["spec"]
    spec["targeting"]["a"][0]["b"] = 2  # type: ignore[index]
    assert checked.targeting["a"][0]["b"] == 1
    for change in (
        lambda: setattr(checked, "name", "x"),
        lambda: checked.targeting.update(x=1),
        lambda: checked.targeting["a"][0].update(b=3),
        lambda: checked.creatives[0].update(c=2),
    ):
        with pytest.raises((TypeError, ValidationError)):
            change()
    hash(checked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": 10_000_001},
        {"budget": 0},
        {"budget": True},
        {"budget_type": "lifetime"},
        {"start": datetime(2026, 3, 3, tzinfo=UTC), "end": datetime(2026, 3, 3, tzinfo=UTC)},
        {"start": datetime(2026, 3, 3)},
        {"objective": "fame"},
        {"surprise": 1},
        {"targeting": {"deep": float("nan")}},
    ],
)
def test_what_the_contract_alone_can_refuse_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NonRetryableError) as caught:
        CAPABILITY.check("create_campaign", spec={**SPEC, **wrong}, idempotency_key="k")
    assert caught.value.code == "invalid"


def test_wire_names_and_python_names_both_do() -> None:
    for name in ("from", "from_"):
        query = CAPABILITY.check("report", query={name: date(2026, 3, 2), "to": "2026-03-03"})["query"]
        assert query.plain() == {"campaign_ids": None, "from": "2026-03-02", "to": "2026-03-03"}


def test_an_unknown_operation_is_named_with_those_there_are() -> None:
    with pytest.raises(PalError, match="ads has no operation 'resume'; it has create_campaign, report, pause"):
        CAPABILITY.check("resume")


def test_operations_are_read_from_the_protocol() -> None:
    create, report, pause = CAPABILITY.operations.values()
    assert (create.effect, create.idempotency, create.key) == ("write", "key", "idempotency_key")
    assert (report.effect, report.idempotency, report.key) == ("read", "repeatable", None)
    assert (pause.idempotency, pause.reads, pause.entity) == ("natural", ("report",), "campaign")
    assert create.by_keyword == {"idempotency_key"}
    assert report.output is Report
    assert CAPABILITY.observed == ("campaigns",)


def test_field_classes_are_read_from_annotations() -> None:
    from pytest_pal.contracts.ads.protocol import Campaign, ReportRow

    assert field_class(Campaign, "id") is ID
    assert field_class(Campaign, "start") is TIME
    assert field_class(Campaign, "name") is EXACT
    assert field_class(ReportRow, "spend") is MEASURED
