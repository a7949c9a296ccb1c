"""Secrets: a canary that the adapter is configured with appears nowhere but on the wire. CONTRACTS, section 4."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import Any
from urllib.parse import quote

from ...faults.catalogue import BY_NAME, Fault
from ...model.clause import WHOLE, Check, Clause, holds
from ...model.operation import Operation
from ..contract import Contract
from ..subject import LiveSubject
from ..trial import Trial
from .meeting import meeting

TEMPTING = (
    *("refused", "reset_before", "reset_after", "truncated", "malformed", "empty", "redirected", "error_in_200"),
    *("status_400", "status_403", "status_404", "status_409", "status_429", "status_500", "status_503"),
    *("grpc_unavailable", "grpc_internal", "grpc_not_found"),
)
"""Faults that software tells of in as many ways: its exceptions name the request, its address or its headers."""
ECHOING = ("status_401", "status_400", "grpc_unauthenticated", "grpc_invalid_argument")
"""Faults whose answers repeat what the vendor was shown."""
DEEPEST, MOST = 6, 4_000
"""How deep, and how many values of, an exception are looked into."""


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        yield Clause(
            f"{contract.capability.name}.{operation.name}.secrets.hidden",
            f"No error, log line or result of {operation.name} shows the secret, also where the vendor repeats it.",
            _hidden(operation),
            why_not=meeting(operation, "http", "grpc"),
        )
    yield Clause(
        f"{contract.capability.name}.{WHOLE}.secrets.repr",
        "Neither repr nor str of an adapter shows the secret.",
        _repr,
        why_not=lambda target: "" if target.reach in ("http", "grpc") else f"its reach is {target.reach}",
    )


def _hidden(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        with _logged() as lines:
            trial = Trial(subject, operation)
            trial.healthy()
            result = trial.call(trial.arguments()).unwrap()
            _nowhere(subject, "the result", result.plain())
            for fault in filter(trial.plays, (*(BY_NAME[name] for name in TEMPTING), *_echoing(subject))):
                arguments = trial.arguments()
                outcome = trial.under(fault, 1, lambda arguments=arguments: trial.call(arguments))  # type: ignore[misc]
                _nowhere(subject, f"the error of {fault.name}", outcome.error)
        _nowhere(subject, "what it logged or printed", "\n".join(lines))

    return check


def _echoing(subject: LiveSubject) -> Iterator[Fault]:
    """A vendor that repeats the credentials it was shown."""
    vendor, secret = subject.target.harness.vendor, subject.bench.secret
    if vendor is None:
        return
    for fault in (BY_NAME[name] for name in ECHOING):
        yield replace(fault, body=vendor.error(fault.status, None, f"cannot use token {secret}").body)


def _repr(subject: LiveSubject) -> None:
    adapter = subject.open()
    _nowhere(subject, "repr of the adapter", repr(adapter))
    _nowhere(subject, "str of the adapter", str(adapter))


def _nowhere(subject: LiveSubject, where: str, value: Any) -> None:
    """Neither the canary, nor a token that the vendor gave for it."""
    secrets = [subject.bench.secret] if subject.bench.live is None else subject.bench.live.secrets
    forms = [form for secret in secrets for form in forms_of(secret)]
    shown = [place for place, text in _texts(value) if any(form in text for form in forms)]
    holds(not shown, f"{where} shows the secret", seen=shown[0] if shown else None)


def forms_of(secret: str) -> list[str]:
    """The secret as it is, percent-encoded, and inside base64 at each of the three places it can have there."""
    shifted = [
        base64.b64encode(b"_" * n + secret.encode())[4 if n else 0 :].decode().rstrip("=")[:-2] for n in range(3)
    ]
    return [secret, quote(secret, safe=""), *shifted]


def _texts(value: Any, place: str = "it", depth: int = 0, seen: set[int] | None = None) -> Iterator[tuple[str, str]]:
    """Every text inside a value, with its place: members, attributes, arguments, causes."""
    seen = set() if seen is None else seen
    if depth > DEEPEST or id(value) in seen or len(seen) > MOST:
        return
    seen.add(id(value))
    if isinstance(value, str | bytes):
        yield place, value if isinstance(value, str) else value.decode(errors="replace")
        return
    if isinstance(value, BaseException):
        yield f"str({place})", str(value)
        yield f"repr({place})", repr(value)
    for name, part in _parts(value):
        yield from _texts(part, f"{place}{name}", depth + 1, seen)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseException):
        yield ".args", value.args
        yield ".__cause__", value.__cause__
        yield ".__context__", value.__context__
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for pair in value.items() for key, part in ((pair[0], pair[0]), pair))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{n}]", part) for n, part in enumerate(value))
    elif not isinstance(value, type) and type(value).__module__ != "builtins":
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Whatever is logged meanwhile, at any level, as text with all that a record holds; at the end what is printed."""
    lines: list[str] = []
    printed, formatter = StringIO(), logging.Formatter()
    handler, root = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(f"{formatter.format(record)} {vars(record)}")  # type: ignore[method-assign]
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield lines
    finally:
        lines.append(printed.getvalue())
        root.setLevel(level)
        root.removeHandler(handler)
