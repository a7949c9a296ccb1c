"""How the PostHog adapter reaches its vendor: events through the SDK, all else by the REST API."""

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import requests
from posthog import Posthog
from posthog.capture_mode import CaptureMode
from posthog.request import US_APP_ENDPOINT, US_INGESTION_ENDPOINT, APIError, batch_post
from requests.adapters import BaseAdapter

from ..errors import ErrorCode, NonRetryableError, ProviderError
from ..model.context import Context
from ..primitives.http_call import Deadline, HttpReply, exchange
from ..primitives.http_errors import Effect, error_of, error_of_status, retry_after_s

Json = dict[str, Any]
PAGE = 1_000
LARGEST_EVENT = 900_000
"""Bytes; PostHog accepts and then discards an event above 1 MB."""
_SHOWN = 200

# The "code" of an error's body; what is not here is said well enough by the status.
_CODES: Mapping[str, ErrorCode] = {
    "authentication_failed": ErrorCode.UNAUTHENTICATED,
    "not_authenticated": ErrorCode.UNAUTHENTICATED,
    "invalid_api_key": ErrorCode.UNAUTHENTICATED,
    "permission_denied": ErrorCode.FORBIDDEN,
    "not_found": ErrorCode.NOT_FOUND,
    "throttled": ErrorCode.RATE_LIMITED,
    "quota_limit_exceeded": ErrorCode.QUOTA_EXHAUSTED,
}


class Link:
    """One account: its hosts, its project and its keys."""

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._config, self._ctx = config, ctx
        app_host = str(config.get("app_host", US_APP_ENDPOINT)).rstrip("/")
        self._api = f"{app_host}/api/projects/{config['project_id']}"
        self.sdk = _Sdk(self, config.get("host", US_INGESTION_ENDPOINT))

    def attempt(self) -> "Attempt":
        """The requests of one call; its time begins now."""
        return Attempt(self, self._api, Deadline(self._ctx.remaining()))

    def now(self) -> datetime:
        return self._ctx.clock.now()

    def key(self, name: str) -> str:
        """``project_key`` or ``personal_key``, as it is now."""
        return str(self._config.get(name) or self._ctx.secret(f"posthog_{name}"))

    def exchange(self, method: str, url: str, key: str, **rest: Any) -> HttpReply:
        """A vendor may echo the key that it was sent, and errors show what it said: so it is taken out."""
        reply = exchange(method, url, cafile=self._config.get("cafile"), **rest)
        return HttpReply(reply.status, reply.headers, reply.body.replace(key.encode(), b"[secret]"))

    def refusal(self, reply: HttpReply, effect: Effect) -> ProviderError:
        """The error for what the vendor said: by its code for it, else by the status."""
        told = _object(reply)
        said = f"PostHog answered {reply.status} {told.get('code', '')}: {told.get('detail', 'without a reason')}"
        return error_of_status(
            reply.status,
            said[:_SHOWN],
            effect=effect,
            code=_CODES.get(str(told.get("code"))),
            retry_after=retry_after_s(reply.headers.get("retry-after"), self.now()),
        )


class Attempt:
    """What one call asks of the vendor, each request once, within what is left of its time."""

    def __init__(self, link: Link, api: str, deadline: Deadline) -> None:
        self._link, self._api, self._deadline = link, api, deadline

    def get(self, path: str, **query: Any) -> Json:
        return self._ask("GET", f"{path}/?{urlencode(query)}", None, "read")

    def ask(self, path: str, body: Json) -> Json:
        """A question that is too long for a URL."""
        return self._ask("POST", f"{path}/", body, "read")

    def post(self, path: str, body: Json) -> Json:
        return self._ask("POST", f"{path}/", body, "write")

    def patch(self, path: str, body: Json) -> Json:
        return self._ask("PATCH", f"{path}/", body, "write")

    def rows(self, path: str, **query: Any) -> Iterator[Json]:
        """The results of all pages. Raises NonRetryableError(malformed_reply) for a page that comes again."""
        query = {"limit": PAGE, **query}
        seen: set[str] = set()
        while True:
            page = self.get(path, **query)
            yield from listed(page.get("results"))
            if page.get("next") is None:
                return
            # Only what the link asks for is taken from it: the key goes to no other host.
            further = urlsplit(str(page["next"])).query
            if further in seen or not further:
                raise NonRetryableError("malformed_reply", f"PostHog's pages of {path} go round in a circle")
            seen.add(further)
            query = dict(parse_qsl(further))

    def capture(self, event: str, distinct_id: str, properties: Json, at: datetime, uuid: UUID) -> None:
        """Has PostHog take one event, which it keeps once for each uuid, name, person and day."""
        if len(json.dumps(properties)) > LARGEST_EVENT:
            raise NonRetryableError("payload_too_large", f"PostHog takes events of {LARGEST_EVENT:,} bytes")
        # A clock that is wrong here must not move events: PostHog would correct them by when they were sent.
        kept = {**properties, "$ignore_sent_at": True}
        call = _Call(self._link.key("project_key"), self._deadline)
        try:
            self._link.sdk.send_now(call, event, distinct_id=distinct_id, properties=kept, timestamp=at, uuid=uuid)
        except (APIError, requests.RequestException) as error:
            if call.reply is None:
                raise NonRetryableError("not_configured", "config['host'] is no URL") from error
            raise self._link.refusal(call.reply, "write") from error.with_traceback(None)
        self._check(call.reply)

    def _check(self, reply: HttpReply | None) -> None:
        """The SDK takes any answer of status 200 for a success, and gives None where it sends nothing."""
        if reply is None:
            raise NonRetryableError("unsupported", "this version of the PostHog SDK sends nothing through the adapter")
        told = _object(reply)
        if told.get("quota_limited"):
            raise NonRetryableError("quota_exhausted", "PostHog dropped the event: the account's quota is used up")
        if told.get("status") not in (1, "Ok"):
            self._refuse_inside(reply, told, "write")

    def _ask(self, method: str, path: str, body: Json | None, effect: Effect) -> Json:
        key = self._link.key("personal_key")
        reply = self._link.exchange(
            method,
            f"{self._api}/{path}",
            key,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            body=b"" if body is None else json.dumps(body).encode(),
            seconds=self._deadline.left(),
            effect=effect,
        )
        if reply.status >= 300:
            raise self._link.refusal(reply, effect)
        told = _object(reply)
        if not told or {"code", "detail"} <= told.keys():
            self._refuse_inside(reply, told, effect)
        return told

    def _refuse_inside(self, reply: HttpReply, told: Json, effect: Effect) -> None:
        """An error inside a success, or what is no answer."""
        if told.get("code") in _CODES:
            raise self._link.refusal(reply, effect)
        raise error_of("malformed_reply", "PostHog's answer makes no sense", outcome_unknown=effect == "write")


def listed(value: Any) -> list[Json]:
    """A list of objects. Raises NonRetryableError(malformed_reply) for anything else."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise NonRetryableError("malformed_reply", "PostHog's answer has no list of results")


def _object(reply: HttpReply) -> Json:
    """The JSON object of a body; an empty one where it is none."""
    try:
        data = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


@dataclass
class _Call:
    """One event on its way through the SDK."""

    key: str = field(repr=False)
    deadline: Deadline
    reply: HttpReply | None = None


class _Sdk(Posthog):
    """The SDK in its synchronous mode, with a session of the adapter's own.

    The connections that the SDK makes are shared by all its clients in a process, bound each read but not the
    whole answer, are tried three times, and follow redirects.
    """

    def __init__(self, link: Link, host: str) -> None:
        super().__init__(
            "the key is read at each call",
            host=host,
            sync_mode=True,
            max_retries=0,
            enable_local_evaluation=False,
            capture_mode=CaptureMode.V0,
            before_send=_without_the_machine,
        )
        self.debug = True  # else what fails is logged and dropped; as an argument it would set up logging, too
        self._calls = threading.local()
        self._exchanges = _Session(link, self._current)

    def send_now(self, call: _Call, event: str, **arguments: Any) -> None:
        """Sends one event, without what the caller's own use of the SDK would add to it."""
        self._calls.current = call
        try:
            with self.new_context(fresh=True, capture_exceptions=False):
                self.capture(event, **arguments)
        finally:
            del self._calls.current

    def _current(self) -> _Call:
        call: _Call = self._calls.current
        return call

    def _send_sync(self, msg: Json, lane: Any) -> None:
        batch_post(self._current().key, self.host, batch=[msg], path=lane.endpoint, session=self._exchanges)


def _without_the_machine(event: Json) -> Json:
    """An event is what the caller said: not on which machine."""
    kept = {name: value for name, value in event["properties"].items() if name not in _MACHINE}
    return {**event, "properties": kept}


_MACHINE = frozenset({"$os", "$os_version", "$os_distro", "$python_runtime", "$python_version", "$context_tags"})


class _Session(requests.Session):
    """A session whose requests are single exchanges, bounded as a whole."""

    def __init__(self, link: Link, current: Callable[[], _Call]) -> None:
        super().__init__()
        self.trust_env = False  # no login from a .netrc
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Exchanges(link, current))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _Exchanges(BaseAdapter):
    def __init__(self, link: Link, current: Callable[[], _Call]) -> None:
        super().__init__()
        self._link, self._current = link, current

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        call = self._current()
        call.reply = self._link.exchange(
            str(request.method),
            str(request.url),
            call.key,
            headers={name: value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS},
            body=request.body.encode() if isinstance(request.body, str) else request.body or b"",
            seconds=call.deadline.left(),
        )
        return _response(request, call.reply)

    def close(self) -> None:
        """There is nothing open between two requests."""


_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length"})


def _response(request: requests.PreparedRequest, reply: HttpReply) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = reply.status, request, str(request.url)
    response.headers.update(reply.headers)
    response.raw = io.BytesIO(reply.body)
    return response
