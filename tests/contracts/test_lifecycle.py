"""The saboteurs and benign variants of a capability; `pal prove` holds their exact sets."""

from typing import Any

import pytest

from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.errors import NonRetryableError
from pytest_pal.mocks.lifecycle import MockLifecycle
from pytest_pal.model.values import instant_text
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.matrix import judge as row_of
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Benign, Saboteur

from ..judging import by_hand, fallen, judge, unproven_by_hand

Json = dict[str, Any]
ROSTER = roster("lifecycle")


def test_the_mock_is_conformant() -> None:
    assert fallen(MockLifecycle) == set()
    assert len(judge(MockLifecycle)) > 65


@pytest.mark.parametrize("saboteur", by_hand(ROSTER), ids=lambda saboteur: saboteur.name)
def test_a_saboteur_falls_by_the_clause_it_is_made_for(saboteur: Saboteur) -> None:
    assert caught(saboteur, ROSTER.contract)


@pytest.mark.slow
@pytest.mark.parametrize("variant", ROSTER.benign, ids=lambda variant: variant.name)
def test_a_benign_variant_passes_every_clause(variant: Benign) -> None:
    assert row_of(variant, ROSTER.contract).unexpected == []


def test_every_own_clause_refusal_and_scenario_has_a_saboteur() -> None:
    assert unproven_by_hand("lifecycle") == set()


def test_three_variants_share_nothing_with_the_mock() -> None:
    assert sum(variant.alone for variant in ROSTER.benign) >= 3


MESSAGE: Json = {"to": "a@example.com", "channel": "email", "subject": "s", "text": "t"}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"to": "+15550100", "channel": "sms"},
        {"to": "token", "channel": "push"},
        {"html": "<p>"},
        {"text": None, "html": "<p>"},
        {"to": "x" * 4_096, "variables": {"1": 1}, "metadata": {"k": "\ttab"}},
    ],
)
def test_the_contract_accepts(message: Json) -> None:
    other = {"subject": None} if message.get("channel", "email") != "email" else {}
    CAPABILITY.check("send", message={**MESSAGE, **other, **message}, idempotency_key="k")


@pytest.mark.parametrize(
    "message",
    [
        {"to": ""},
        {"to": "a@example.com,b@example.com"},
        {"to": "<a@example.com>"},
        {"to": "a b"},
        {"to": "a\u00a0b"},
        {"to": "a\tb"},
        {"to": "a\x7fb"},
        {"to": ["a@example.com"]},
        {"to": None},
        {"channel": "fax"},
        {"channel": "sms"},
        {"channel": "push", "subject": None, "html": "<p>"},
        {"channel": "sms", "subject": None, "text": None},
        {"subject": None},
        {"subject": ""},
        {"subject": "a\nb"},
        {"subject": "a\tb"},
        {"subject": "{{x}}", "variables": {"x": "a\rb"}},
        {"text": None},
        {"text": "{{x}}"},
        {"html": "{{x}}"},
        {"template": "t"},
        {"template": "t", "subject": None},
        {"template": "", "subject": None, "text": None},
        {"variables": {"x": {}}},
        {"variables": {"x": []}},
        {"variables": {"x": float("nan")}},
        {"variables": {"x": 2**53}},
        {"variables": []},
        {"metadata": {"": "v"}},
        {"metadata": {"a\nb": "v"}},
        {"metadata": {"k": "a\nb"}},
        {"metadata": {"k": "a\0b"}},
        {"metadata": {"k": 1}},
        {"metadata": {"k": None}},
        {"cc": "b@example.com"},
    ],
)
def test_the_contract_refuses(message: Json) -> None:
    with pytest.raises(NonRetryableError) as caught:
        CAPABILITY.check("send", message={**MESSAGE, **message}, idempotency_key="k")
    assert caught.value.code == "invalid"


def test_a_preview_may_lack_variables_and_a_message_by_template_has_no_parts() -> None:
    CAPABILITY.check("preview", message={**MESSAGE, "text": "{{x}}"})
    template = {**MESSAGE, "subject": None, "text": None, "template": "t"}
    CAPABILITY.check("send", message=template, idempotency_key="k")


def test_send_at_is_rounded_up_to_milliseconds_and_must_say_its_offset() -> None:
    at = "2026-03-02T10:00:00.000001+01:00"
    seen = CAPABILITY.check("schedule", message=MESSAGE, send_at=at, idempotency_key="k")["send_at"]
    assert instant_text(seen) == "2026-03-02T09:00:00.001Z"
    with pytest.raises(NonRetryableError):
        CAPABILITY.check("schedule", message=MESSAGE, send_at=at[:-6], idempotency_key="k")
