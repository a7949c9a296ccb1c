"""Valid and refusable calls of the lifecycle contract."""

from datetime import datetime, timedelta
from typing import Any

from ...model.samples import Part, Refusal, Sample, Scene
from ...model.values import instant_text
from .protocol import CHANNELS

CALL_S = 0.001
"""What a call takes on the kit's clock: an adapter is asked at exactly this instant."""

RECIPIENTS = {"email": "reader{}@example.com", "sms": "+1555010{:04}", "push": "device-token-{}"}

CONFIG = {
    "sender": "sender@example.com",
    "suppressed": "opted-out@example.com",
    "templates": {
        "pal_welcome": {
            "subject": "Welcome, {{name}}",
            "text": "Dear {{name}}, your code is {{code}}.",
            "html": "<p>Dear {{name}}, your code is <b>{{code}}</b>.</p>",
        }
    },
}

PROVIDED = {
    "suppressed": "opted-out@example.com",
    "template": "pal_welcome",
    "template_variables": {"name": "Ann", "code": "1234"},
}
"""What a harness offers: a recipient who opted out; a vendor-stored template with all its variables, at least one."""


def usual_channel(traits: Any) -> str:
    """Email where it is offered, else the first channel that is."""
    return next(channel for channel in CHANNELS if channel in traits.channels)


def recipient(channel: str, n: int = 0) -> str:
    """The n-th recipient whom a channel reaches."""
    return RECIPIENTS[channel].format(n)


def content(channel: str, n: int = 0, **changes: Any) -> dict[str, Any]:
    """A valid message by a channel; another ``n`` is another recipient and another text."""
    message = {
        "to": recipient(channel, n),
        "channel": channel,
        "text": "Dear {{name}}, this is number {{n}}.",
        "variables": {"name": "Ann", "n": n},
        "metadata": {"campaign": f"spring-{n}"},
    }
    if channel == "email":
        message |= {"subject": "Number {{n}}", "html": "<p>Dear <b>{{name}}</b>, this is number {{n}}.</p>"}
    return {**message, **changes}


def templated(scene: Scene, **changes: Any) -> dict[str, Any]:
    """A message whose content is a template that the vendor stores."""
    channel = usual_channel(scene.traits)
    return {
        "to": recipient(channel, scene.n),
        "channel": channel,
        "template": scene.provided["template"],
        "variables": scene.provided["template_variables"],
        **changes,
    }


def soon(traits: Any, now: datetime, n: int = 0) -> datetime:
    """An instant inside any schedule window, at least an hour ahead."""
    return now + timedelta(seconds=max(3_600.0, traits.schedule_min_lead_s + 60), minutes=n)


def variables(scene: Scene) -> dict[str, Any]:
    """What scenarios name as ``${...}``; subject and html, and what they come to, are none but for email."""
    channel = usual_channel(scene.traits)
    email = channel == "email"
    names = ("ann", "bob", "eve")
    return {
        "channel": channel,
        **{name: recipient(channel, n) for n, name in enumerate(names)},
        "subject": "Order {{order}}" if email else None,
        "subject_shown": "Order 17" if email else None,
        "html": "<p>Order <b>{{order}}</b></p>" if email else None,
        "html_shown": "<p>Order <b>17</b></p>" if email else None,
        **{f"soon_{n}": instant_text(soon(scene.traits, scene.now, n)) for n in range(len(names))},
    }


def _message(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {"message": content(usual_channel(scene.traits), scene.n, **changes)}


def _schedule(scene: Scene, send_at: datetime | None = None) -> dict[str, Any]:
    return {**_message(scene), "send_at": send_at or soon(scene.traits, scene.now, scene.n)}


def _not_offered(scene: Scene) -> dict[str, Any]:
    channel = next(channel for channel in CHANNELS if channel not in scene.traits.channels)
    return {"message": content(channel, scene.n)}


def _after(scene: Scene, seconds: float) -> dict[str, Any]:
    return _schedule(scene, scene.now + timedelta(seconds=seconds))


SAMPLES = {
    "send": Sample(_message),
    "schedule": Sample(_schedule),
    "preview": Sample(_message),
}

PARTS = (
    Part(
        "send.template",
        "A message by a template that the vendor stores.",
        lambda scene: {"message": templated(scene)},
    ),
    Part(
        "preview.template",
        "The preview of a template that the vendor stores.",
        lambda scene: {"message": templated(scene)},
    ),
)


def _unknown_template(operation: str) -> Refusal:
    return Refusal(
        operation,
        "unknown_template",
        "A template that the vendor does not have is not_found.",
        ("not_found",),
        lambda scene: {"message": templated(scene, template="pal-no-such-template")},
        needs=(f"{operation}.template",),
    )


def _foreign_channel(operation: str) -> Refusal:
    return Refusal(
        operation,
        "foreign_channel",
        "A channel that the traits do not list is unsupported.",
        ("unsupported", "invalid"),
        lambda scene: {**(_schedule(scene) if operation == "schedule" else {}), **_not_offered(scene)},
        applies=lambda traits: len(traits.channels) < len(CHANNELS),
    )


REFUSALS = (
    *(_foreign_channel(operation) for operation in ("send", "schedule", "preview")),
    *(_unknown_template(operation) for operation in ("send", "preview")),
    Refusal(
        "send",
        "missing_template_variable",
        "A variable that a stored template needs and that is missing is invalid, where the adapter knows them.",
        ("invalid",),
        lambda scene: {"message": templated(scene, variables={})},
        needs=("send.template",),
        applies=lambda traits: traits.template_variables == "known",
    ),
    Refusal(
        "schedule",
        "past",
        "A send_at in the past is invalid.",
        ("invalid",),
        lambda scene: _after(scene, -60),
    ),
    Refusal(
        "schedule",
        "now",
        "A send_at that is not after now is invalid.",
        ("invalid",),
        lambda scene: _after(scene, CALL_S),
    ),
    Refusal(
        "schedule",
        "too_soon",
        "A send_at nearer than traits.schedule_min_lead_s is invalid.",
        ("invalid",),
        lambda scene: _after(scene, scene.traits.schedule_min_lead_s - 1),
        applies=lambda traits: traits.schedule_min_lead_s >= 2,
    ),
    Refusal(
        "schedule",
        "too_far",
        "A send_at farther than traits.schedule_max_ahead_s is invalid, not clipped.",
        ("invalid",),
        lambda scene: _after(scene, scene.traits.schedule_max_ahead_s + 60),
        applies=lambda traits: traits.schedule_max_ahead_s is not None,
    ),
)
