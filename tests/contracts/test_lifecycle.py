"""What lifecycle takes and refuses before any adapter sees it."""

from typing import Any

import pytest

from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.errors import NonRetryableError
from pytest_pal.model.values import instant_text

Json = dict[str, Any]


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
