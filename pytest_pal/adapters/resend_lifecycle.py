"""lifecycle by Resend's API: email only, and the vendor keeps keys and schedule."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NoReturn

import resend
from resend.exceptions import ResendError, raise_for_code_and_type

from ..canonical import digest
from ..contracts.lifecycle.protocol import LifecycleTraits, Message
from ..errors import ErrorCode, NonRetryableError, ProviderError
from ..model.context import Context
from ..model.values import KEY_PATTERN, instant_text
from ..primitives.http_call import HttpReply, exchange
from ..primitives.http_errors import error_of_status, retry_after_s
from ..primitives.key_memo import KeyMemo
from ..primitives.render import render

Json = dict[str, Any]
API = "https://api.resend.com"
METADATA = "X-Metadata"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_NO_TEMPLATES = "Resend renders its stored templates by rules of its own, and shows no preview of them"
_SHOWN = 200

# https://resend.com/docs/api-reference/errors; what is not here is said well enough by its status.
_CODES: Mapping[str, ErrorCode] = {
    "missing_api_key": ErrorCode.UNAUTHENTICATED,
    "invalid_api_key": ErrorCode.UNAUTHENTICATED,
    "restricted_api_key": ErrorCode.FORBIDDEN,
    "invalid_idempotency_key": ErrorCode.INVALID,
    "invalid_idempotent_request": ErrorCode.KEY_CONFLICT,
    "concurrent_idempotent_requests": ErrorCode.IN_PROGRESS,
    "rate_limit_exceeded": ErrorCode.RATE_LIMITED,
    "daily_quota_exceeded": ErrorCode.QUOTA_EXHAUSTED,
    "monthly_quota_exceeded": ErrorCode.QUOTA_EXHAUSTED,
}


class ResendLifecycle:
    """LifecycleProvider for one sender at Resend. Email only.

    config: sender (an address of a verified domain, or ``Name <address>``); optional api_key (else the secret
    ``resend_api_key``), base_url (default https://api.resend.com), cafile (PEM, for a base_url of one's own),
    durable (false: what is remembered of schedules outlives the process, but not a loss of power).
    """

    capability = "lifecycle"
    contract = "1.0"
    traits = LifecycleTraits(
        channels=("email",),
        schedule_min_lead_s=60,
        schedule_max_ahead_s=30 * 86_400,
        schedule_slack_s=60,
        tells_suppressed=False,
    )
    unsupported: ClassVar = {"send.template": _NO_TEMPLATES, "preview.template": _NO_TEMPLATES}
    meets_wire: ClassVar = {"preview": "pure"}

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._config, self._ctx = config, ctx
        self._sender: str = config["sender"]
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, durable=config.get("durable", True), asks_again=True)

    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return self._post(self._email(message), f"send/{idempotency_key}", "accepted")

    def schedule(self, message: Message, send_at: datetime, *, idempotency_key: str) -> Json:
        """The memo answers a known key whose send_at has passed meanwhile: Resend gets no instant of the past."""
        email, at = self._email(message), instant_text(send_at)

        def attempt() -> Json:
            self._refuse(send_at)
            return self._post({**email, "scheduled_at": at}, f"schedule/{idempotency_key}", "scheduled")

        return self._memo.run("schedule", idempotency_key, {"message": message.plain(), "send_at": at}, attempt)

    def preview(self, message: Message) -> Json:
        email = self._email(message)
        shown = {name: email.get(name) for name in ("to", "subject", "text", "html")}
        return {**shown, "channel": message.channel, "missing": message.missing()}

    def close(self) -> None:
        """Each request has a connection of its own, so that there is none to close."""
        self._memo.close()

    def _email(self, message: Message) -> Json:
        """The body of POST /emails. Raises NonRetryableError for what Resend cannot take."""
        if message.template is not None:
            raise NonRetryableError("unsupported", _NO_TEMPLATES)
        if message.channel != "email":
            raise NonRetryableError("unsupported", f"Resend sends no {message.channel}")
        if not _ADDRESS.fullmatch(message.to):
            raise NonRetryableError("invalid", "an email goes to an address, name@domain")
        values = message.variables
        email: Json = {"from": self._sender, "to": message.to, "subject": render(message.subject or "", values)}
        if message.text is not None:
            email["text"] = render(message.text, values)
        if message.html is not None:
            email["html"] = render(message.html, values, html=True)
        # Resend compares the bodies that come with a key; two messages may look alike once they are rendered.
        email["tags"] = [{"name": "payload", "value": digest(message.plain()).removeprefix("sha256:")}]
        if message.metadata:
            # Not as tags: these take ASCII letters, digits, _ and - only.
            email["headers"] = {METADATA: json.dumps(dict(message.metadata))}
        return email

    def _refuse(self, send_at: datetime) -> None:
        lead = (send_at - self._ctx.clock.now()).total_seconds()
        least, most = self.traits.schedule_min_lead_s, self.traits.schedule_max_ahead_s
        if lead < least or (most is not None and lead > most):
            raise NonRetryableError("invalid", f"send_at must be {least:g} s to 30 days after now")

    def _post(self, email: Json, key: str, status: str) -> Json:
        secret = self._config.get("api_key") or self._ctx.secret("resend_api_key")
        request = _Request(email, key, secret, self._exchange)
        try:
            answer = request.perform_with_content()
        except ResendError as error:
            raise self._translated(error, request.status) from error.with_traceback(None)
        id = answer.get("id")
        if not isinstance(id, str) or not re.fullmatch(KEY_PATTERN, id):
            raise NonRetryableError("malformed_reply", "Resend's reply has no id of an email", outcome_unknown=True)
        return {"id": id, "status": status}

    def _exchange(self, path: str, headers: Mapping[str, str], body: bytes) -> HttpReply:
        return exchange(
            "POST",
            self._config.get("base_url", API).rstrip("/") + path,
            headers=headers,
            body=body,
            seconds=self._ctx.remaining(),
            cafile=self._config.get("cafile"),
        )

    def _translated(self, error: ResendError, status: int) -> ProviderError:
        """The error for what the vendor said: by its name for it, else by the status."""
        known = _CODES.get(str(error.error_type))
        return error_of_status(
            status,
            f"Resend answered {status} {error.error_type}: {error.message}"[:_SHOWN],
            effect="write",
            code=known,
            retry_after=retry_after_s(error.headers.get("retry-after"), self._ctx.clock.now()),
        )


class _Request(resend.Request[Json]):
    """The SDK's request, with key, URL and connection of its own.

    The SDK takes them from module globals, `resend.api_key`, `resend.api_url` and
    `resend.default_http_client`, which all adapters of a process would share.
    """

    def __init__(self, email: Json, key: str, secret: str, send: Any) -> None:
        super().__init__("/emails", email, "post", options={"idempotency_key": key})
        self._key, self._secret, self._send = key, secret, send
        self.status = 0

    def make_request(self, url: str) -> Json:
        """Raises ResendError for what the vendor refuses, ProviderError for all else that fails."""
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": self._key,
            "User-Agent": f"resend-python:{resend.get_version()}",
        }
        reply = self._send(self.path, headers, json.dumps(self.params).encode())
        # A vendor may echo what it was sent, and the SDK's errors show it.
        return self._read(reply, reply.body.replace(self._secret.encode(), b"[secret]"))

    def _read(self, reply: HttpReply, body: bytes) -> Json:
        told = _object(body)
        self.status = reply.status
        if reply.status >= 300:
            self._raise(told, {name: text.replace(self._secret, "[secret]") for name, text in reply.headers.items()})
        if "id" not in told and "name" in told:
            # An error inside a success: what its head says of waiting is not meant for it.
            inside = told.get("statusCode")
            self.status = inside if isinstance(inside, int) else reply.status
            self._raise(told, {})
        return told

    def _raise(self, told: Json, headers: dict[str, str]) -> NoReturn:
        name, message = str(told.get("name", "error")), str(told.get("message", "without a reason"))
        raise_for_code_and_type(self.status, name, message, headers)


def _object(body: bytes) -> Json:
    """The JSON object; an empty one where the body is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
