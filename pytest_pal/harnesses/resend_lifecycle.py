"""Resend behind HTTP: POST /emails over the mock's outbox, in the vendor's own words."""

import json
from datetime import datetime
from typing import Any

from ..adapters.resend_lifecycle import METADATA, ResendLifecycle
from ..errors import NonRetryableError
from ..faults.message import Reply, Request
from ..kit.endpoint import effect
from ..kit.harness import Harness
from ..kit.live_vendor import LiveVendor
from ..kit.vendor import Vendor, json_reply

SENDER = "Kit <sender@example.com>"
# https://resend.com/docs/api-reference/errors
NAMES = {
    "unauthenticated": "missing_api_key",
    "key_conflict": "invalid_idempotent_request",
    "in_progress": "concurrent_idempotent_requests",
    "rate_limited": "rate_limit_exceeded",
    "quota_exhausted": "daily_quota_exceeded",
    "invalid": "validation_error",
}


def _emails(request: Request, mock: Any, scratch: dict[str, Any]) -> dict[str, str]:
    """Takes one email that is rendered, to be sent now or at its ``scheduled_at``."""
    email = request.json
    if email.get("from") != SENDER:
        raise NonRetryableError("invalid", "The `from` field is no address of a verified domain.")
    scratch["emails"] = scratch.get("emails", 0) + 1
    id = f"49a3999c-0ce1-4ea6-ab68-{scratch['emails']:012x}"
    due = datetime.fromisoformat(email["scheduled_at"]) if "scheduled_at" in email else None
    with mock.primitives() as outbox:
        outbox.post(id, _message(email), due)
    return {"id": id}


def _message(email: dict[str, Any]) -> dict[str, Any]:
    parts = {name: email.get(name) for name in ("to", "subject", "text", "html")}
    return {**parts, "channel": "email", "metadata": json.loads(email.get("headers", {}).get(METADATA, "{}"))}


def _error(status: int, code: str | None, message: str) -> dict[str, Any]:
    """The body of an error. A success that holds one says the status that it should have had."""
    told = 422 if status == 200 else status
    name = "application_error" if code is None else NAMES.get(code, "application_error")
    return {"statusCode": told, "name": name, "message": message}


def _told(status: int, code: str) -> Reply:
    return json_reply(status, _error(status, code, "as the fault says"))


def _config(live: LiveVendor) -> dict[str, Any]:
    # Nobody cuts the power during a test, so nothing waits for the disk.
    return {"base_url": live.url, "cafile": live.cafile, "sender": SENDER, "durable": False}


VENDOR = Vendor(
    effect("POST /emails", calls=_emails, key="header:Idempotency-Key"),
    auth="header:Authorization",
    statuses={"invalid": 422, "quota_exhausted": 429},
    error_body=_error,
    faults={
        "hard_quota": _told(429, "quota_exhausted"),
        "throttled_400": _told(400, "rate_limited"),
        "error_in_200": _told(200, "invalid"),
        "key_in_flight": _told(409, "in_progress"),
    },
    max_body=40_000_000,
)
HARNESS = Harness(ResendLifecycle, VENDOR, config=_config)
