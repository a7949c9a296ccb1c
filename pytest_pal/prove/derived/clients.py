"""Wrong on the wire: keys, attempts, time, errors, replies, secrets, as a client gets them wrong."""

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ...errors import NonRetryableError, ProviderError, RetryableError
from ...kit.twins.client import KEY, Client
from ...model.operation import Operation
from ...primitives.http_call import HttpClient, HttpReply
from ...primitives.http_errors import error_of
from .calls import fresh, memory
from .defect import Body, Defect, writes

FOREVER_S = 3_600.0
WAIT_S = 2.0
"""A bound of each wait, in seconds, where it must be one of all of them together."""
OLD = timedelta(hours=12)


def _only(operation: Operation, method: str, wrong: Callable[..., Any]) -> dict[str, Any]:
    """The method of the client, wrong where it is asked for this operation, which is its first argument."""
    right = getattr(Client, method)

    def call(self: Any, asked: Operation, *rest: Any) -> Any:
        if asked.name != operation.name:
            return right(self, asked, *rest)
        return wrong(self, partial(right, self, asked, *rest), asked, *rest)

    return {method: call}


def _wrong(method: str, wrong: Callable[..., Any]) -> Body:
    return lambda base, operation: _only(operation, method, wrong)


# keys and attempts


def _no_key(self: Any, right: Any, operation: Operation, arguments: Any) -> Any:
    return {}


def _new_key(self: Any, right: Any, operation: Operation, arguments: Any) -> Any:
    return {"idempotency-key": fresh()}


def _one_key(self: Any, right: Any, operation: Operation, arguments: Any) -> Any:
    return {"idempotency-key": "the-key"}


def _twice(self: Any, right: Any, *rest: Any) -> Any:
    right()
    return right()


def _again_on_status(self: Any, right: Any, *rest: Any) -> Any:
    reply = right()
    return right() if reply.status == 429 or reply.status >= 500 else reply


def _again_on(code: str) -> Callable[..., Any]:
    def wrong(self: Any, right: Any, *rest: Any) -> Any:
        try:
            return right()
        except RetryableError as error:
            if error.code != code:
                raise
            self.begin()
            return right()

    return wrong


# time


def _unbounded(self: Any, right: Any, *rest: Any) -> Any:
    self._running.deadline = type(self._running.deadline)(FOREVER_S)
    return right()


def _standard(context: Callable[[str | None], ssl.SSLContext]) -> Callable[..., Any]:
    """Sends by the standard library, whose timeout is that of one wait."""

    def wrong(self: Any, right: Any, operation: Operation, endpoint: str, body: Any, headers: Any) -> HttpReply:
        parts = urlsplit(self._base_url)
        kind: Any = http.client.HTTPConnection
        if parts.scheme == "https":
            kind = partial(http.client.HTTPSConnection, context=context(self._cafile))
        with _translated(operation):
            return _exchanged(
                kind(parts.hostname, parts.port, timeout=max(self.left(), WAIT_S)), self, endpoint, body, headers
            )

    return wrong


def _exchanged(wire: http.client.HTTPConnection, client: Any, endpoint: str, body: Any, headers: Any) -> HttpReply:
    sent = {"content-type": "application/json", **client.authorization(), **headers}
    try:
        wire.request("POST", f"/{endpoint}", json.dumps(body).encode(), sent)
        reply = wire.getresponse()
        return HttpReply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        wire.close()


class _translated:
    """What the standard library raises, in the shared taxonomy."""

    def __init__(self, operation: Operation) -> None:
        self._unknown = operation.effect == "write"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, TimeoutError):
            raise RetryableError("timeout", outcome_unknown=self._unknown) from error
        known = isinstance(error, ConnectionRefusedError | ssl.SSLError | socket.gaierror)
        if isinstance(error, OSError | http.client.HTTPException):
            raise RetryableError("connection", outcome_unknown=self._unknown and not known) from error


def _trusting(cafile: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=cafile)


def _blind(cafile: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _by_the_library(context: Callable[[str | None], ssl.SSLContext]) -> Body:
    def body(base: type, operation: Operation) -> dict[str, Any]:
        def __init__(self: Any, capability: Any, config: Mapping[str, Any], ctx: Any) -> None:
            Client.__init__(self, capability, config, ctx)
            self._cafile = config.get("cafile")

        return {"__init__": __init__, **_only(operation, "send", _standard(context))}

    return body


# errors


def _refused(make: Callable[[ProviderError], ProviderError]) -> Body:
    """An answer that is no success means something else."""
    return _wrong("refusal", lambda self, right, *rest: make(right()))


def _rebuilt(kind: Any, error: ProviderError) -> ProviderError:
    made: ProviderError = kind(error.code, error.message, outcome_unknown=error.outcome_unknown)
    return made


def _coded(code: str) -> Callable[[ProviderError], ProviderError]:
    return lambda error: error_of(code, error.message, outcome_unknown=error.outcome_unknown)


def _raised(make: Callable[[Any, Operation, ProviderError], Any]) -> Body:
    """Whatever leaves one request of the operation is made something else: raised, or returned."""

    def wrong(self: Any, right: Any, operation: Operation, *rest: Any) -> Any:
        try:
            memory(self)[operation.name] = found = right()
        except ProviderError as error:
            made = make(self, operation, error)
            if isinstance(made, BaseException):
                raise made from error
            return made
        return found

    return _wrong("ask", wrong)


def _last(self: Any, operation: Operation, error: ProviderError) -> Any:
    return memory(self).get(operation.name, {})


def _with_unknown(value: bool) -> Callable[[Any, Operation, ProviderError], Any]:
    def make(self: Any, operation: Operation, error: ProviderError) -> Any:
        error.outcome_unknown = value
        return error

    return make


def _bare(self: Any, operation: Operation, error: ProviderError) -> Any:
    return error.__cause__ or RuntimeError(error.message)


def _final(self: Any, operation: Operation, error: ProviderError) -> Any:
    return _rebuilt(NonRetryableError, error)


def _always_again(self: Any, operation: Operation, error: ProviderError) -> Any:
    return _rebuilt(RetryableError, error)


def _telling(self: Any, operation: Operation, error: ProviderError) -> Any:
    error.message = f"{error.message} for {self.authorization()}"
    error.args = (error.message,)
    return error


def _gives_up(self: Any, right: Any, operation: Operation, *rest: Any) -> Any:
    """After its first failure it never asks again."""
    broken = memory(self, "_broken")
    if operation.name in broken:
        raise broken[operation.name]
    try:
        return right()
    except ProviderError as error:
        broken[operation.name] = error
        raise


# replies


def _retry_after(change: Callable[[float], float | None]) -> Body:
    def make(error: ProviderError) -> ProviderError:
        if isinstance(error, RetryableError) and error.retry_after is not None:
            error.retry_after = change(error.retry_after)
        return error

    return _refused(make)


def _believed(statuses: Callable[[HttpReply], bool]) -> Body:
    """Such an answer is taken for the one before, which was well."""

    def wrong(self: Any, right: Any, operation: Operation, reply: HttpReply) -> Any:
        if statuses(reply) and operation.name in memory(self):
            return memory(self)[operation.name]
        memory(self)[operation.name] = found = right()
        return found

    return _wrong("answer", wrong)


def _misses(self: Any, right: Any, operation: Operation, answer: Any) -> Any:
    if not answer:
        raise KeyError("id")
    return right()


def _followed(self: Any, right: Any, operation: Operation, endpoint: str, body: Any, headers: Any) -> Any:
    reply = right()
    if reply.status // 100 != 3:
        return reply
    sent = {"content-type": "application/json", **self.authorization(), **headers}
    return self._http.exchange(
        "POST", reply.headers["location"], headers=sent, body=b"{}", seconds=self.left(), effect=operation.effect
    )


def _by_its_clock(self: Any, right: Any, operation: Operation, reply: HttpReply) -> Any:
    """Takes an answer for old whose Date is not the adapter's own day."""
    told = reply.headers.get("date")
    if told and self.ctx.clock.now() - parsedate_to_datetime(told) > OLD:
        raise self.malformed(operation, "its answer is from another day")
    return right()


def _logged(self: Any, right: Any, operation: Operation, reply: HttpReply) -> Any:
    self.ctx.logger.info("%s: sent %s", operation.name, self.authorization())


def _leaks(base: type, operation: Operation) -> dict[str, Any]:
    """Closing closes nothing."""
    held: list[HttpClient] = []

    def close(self: Any) -> None:
        held.append(self._http)

    def let_go(cls: type) -> None:
        while held:
            held.pop().close()

    return {"close": close, "_class": {"let_go": classmethod(let_go)}}


# the class itself


def _claims_pure(base: type, operation: Operation) -> dict[str, Any]:
    return {"_class": {"meets_wire": {operation.name: "pure"}}}


def _shows_itself(base: type, operation: Operation) -> dict[str, Any]:
    return {"_class": {"__repr__": lambda self: f"Twin({self._client._token})"}}


def _answers(operation: Operation) -> bool:
    """Whether the client hands out what the vendor said; of a repeatable one, such as route, it makes something."""
    return operation.effect == "read" or operation.idempotency != "repeatable"


def _bare_header(operation: Operation) -> bool:
    return operation.key == KEY


_twin = partial(Defect, on="twin")
_alike = partial(_twin, everywhere=False)
DEFECTS = (
    _twin(
        "key_not_sent",
        "no key is sent, so that each attempt is another call",
        "idempotency.repeat",
        _wrong("key_header", _no_key),
        _bare_header,
    ),
    _twin(
        "key_renewed",
        "each attempt sends a key of its own",
        "retry.stable_key",
        _wrong("key_header", _new_key),
        _bare_header,
    ),
    _alike(
        "key_always_the_same",
        "all calls send one key",
        "retry.stable_key",
        _wrong("key_header", _one_key),
        _bare_header,
    ),
    _twin("sends_twice", "each request is sent twice", "retry.three_attempts", _wrong("send", _twice)),
    _alike(
        "again_on_status",
        "what a vendor refuses for now is sent again at once",
        "retry.one_attempt",
        _wrong("send", _again_on_status),
    ),
    _twin("again_on_reset", "what was lost is sent again", "retry.no_replay", _wrong("send", _again_on("connection"))),
    _twin(
        "again_on_timeout",
        "what took too long is sent again",
        "retry.slow_is_one_attempt",
        _wrong("send", _again_on("timeout")),
    ),
    _twin("unbounded", "no request is bounded", "fault.hang", _wrong("send", _unbounded)),
    _twin("never_late", "an answer is waited for as long as it takes", "fault.late", _wrong("send", _unbounded)),
    _twin("bounded_by_wait", "each wait has two seconds", "fault.drip_head", _by_the_library(_trusting)),
    _twin("bounded_by_byte", "each byte of an answer has two seconds", "fault.drip", _by_the_library(_trusting)),
    _twin("reads_to_the_end", "an answer is read for as long as it comes", "fault.endless", _by_the_library(_trusting)),
    _twin(
        "trusts_anybody",
        "no certificate is looked at, and each wait has two seconds",
        "fault.tls",
        _by_the_library(_blind),
    ),
    _twin("all_final", "nothing may be tried again", "fault.reset_before", _raised(_final)),
    _alike("all_retryable", "everything may be tried again", "fault.status_400", _raised(_always_again)),
    _twin("code_unavailable", "each refusal is unavailable", "retry.not_again", _refused(_coded("unavailable"))),
    _alike("code_invalid", "each refusal is invalid", "fault.status_503", _refused(_coded("invalid"))),
    _alike("hidden", "each failure looks like the success before", "fault.status_500", _raised(_last)),
    _alike("never_unknown", "no outcome is unknown", "fault.reset_after", _raised(_with_unknown(False)), writes),
    _alike("always_unknown", "every outcome is unknown", "fault.status_400", _raised(_with_unknown(True)), writes),
    _twin("bare", "the errors of the library come out", "fault.refused", _raised(_bare)),
    _twin("gives_up", "after one failure it never asks again", "fault.closed", _wrong("ask", _gives_up)),
    _twin("retry_after_ignored", "it never says when to come back", "retry.retry_after", _retry_after(lambda s: None)),
    _alike(
        "retry_after_in_ms", "seconds are read as milliseconds", "retry.retry_after", _retry_after(lambda s: s / 1000)
    ),
    _alike("believes_empty", "an empty answer is a success", "fault.empty", _believed(lambda reply: not reply.body)),
    _twin("misses_members", "what is missing is a KeyError", "fault.hollow", _wrong("output", _misses), _answers),
    _twin(
        "believes_anything",
        "an answer that cannot be read is a success",
        "fault.malformed",
        _believed(lambda reply: reply.body[:1] in (b"<", b"[")),
    ),
    _alike(
        "believes_200",
        "whatever came with 200 is a success",
        "fault.error_in_200",
        _believed(lambda reply: b'"error"' in reply.body and reply.status == 200),
    ),
    _alike(
        "follows_redirects", "a redirect is followed, secret and all", "fault.redirected", _wrong("send", _followed)
    ),
    _twin(
        "trusts_its_clock",
        "an answer is refused whose date is another",
        "fault.clock_skew",
        _wrong("answer", _by_its_clock),
    ),
    _twin("secret_logged", "the secret is logged", "secrets.hidden", _wrong("log", _logged)),
    _alike("secret_told", "errors tell the secret", "secrets.hidden", _raised(_telling)),
    _twin("leaks_connections", "no connection is ever closed", "adapter.life_cycle.no_leak", _leaks, whole=True),
    _twin("claims_pure", "it says that it makes no requests", "wire.claim", _claims_pure),
    _twin("secret_in_repr", "its repr shows the secret", "adapter.secrets.repr", _shows_itself, whole=True),
    _twin("error_hidden", "no failure is counted", "adapter.telemetry.error_rate", _raised(_last), whole=True),
)
