"""Secrets that change, and the tokens that a vendor gives for them. CONTRACTS, sections 1 and 4."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ...faults.catalogue import BY_NAME, Fault
from ...faults.message import Request
from ...model.clause import WHOLE, Clause, holds
from ..contract import Contract
from ..endpoint import Endpoint
from ..live_vendor import TOKEN
from ..subject import LiveSubject
from ..trial import Trial
from .faults import fails_and_recovers
from .meeting import answered, unanswered
from .secrets import forms_of


def clauses(contract: Contract) -> Iterator[Clause]:
    stem = f"{contract.capability.name}.{WHOLE}"
    yield Clause(
        f"{stem}.secrets.own",
        "Two instances that were given two secrets show each its own.",
        partial(_own, contract),
        why_not=_without(contract, lambda vendor: bool(vendor.secret_places), "its vendor asks for no secret"),
    )
    yield Clause(
        f"{stem}.secrets.rotated",
        "A new token is asked for with the secret of that moment, not with one that was kept.",
        partial(_rotated, contract),
        why_not=_without(contract, _gives_tokens, "its vendor gives no tokens"),
    )
    yield Clause(
        f"{stem}.fault.token",
        "Where the request for a token fails, or is not answered in time, the call says so; afterwards it works again.",
        partial(_token, contract),
        why_not=_without(contract, _gives_tokens, "its vendor gives no tokens"),
    )


def _gives_tokens(vendor: Any) -> bool:
    return any(_is_for_a_token(endpoint) for endpoint in vendor.endpoints)


def _is_for_a_token(endpoint: Endpoint | None) -> bool:
    return endpoint is not None and endpoint.kind == "auth"


def _without(contract: Contract, has: Callable[[Any], bool], otherwise: str) -> Callable[[Any], str]:
    def why_not(target: Any) -> str:
        vendor = target.harness.vendor
        if vendor is None or not has(vendor):
            return otherwise
        return unanswered(contract, target)

    return why_not


def _trial(subject: LiveSubject, contract: Contract) -> Trial:
    return Trial(subject, answered(contract, subject.target)[0])


def _own(contract: Contract, subject: LiveSubject) -> None:
    """The other vendor takes the other secret alone."""
    trial = _trial(subject, contract)
    trial.call(trial.arguments()).unwrap()
    other = _trial(subject.rewired(secret="another-secret"), contract)
    other.call(other.arguments()).unwrap()


def _rotated(contract: Contract, subject: LiveSubject) -> None:
    """An adapter that is handed its secret otherwise than by ctx.secret cannot know of another one."""
    trial = _trial(subject, contract)
    trial.call(trial.arguments()).unwrap()
    old = subject.bench.secret
    if not subject.bench.secret_was_read:
        return
    arguments = trial.arguments()
    subject.rotate()
    trial.mark()
    outcome = trial.call(arguments)
    asked = [entry for entry in trial.seam.entries() if _is_for_a_token(entry.endpoint)]
    shown = [entry.brief() for entry in asked if _shows(entry.request, old)]
    holds(not shown, "requests for a token that show the secret from before", seen=shown)
    if getattr(outcome.error, "code", None) == "unauthenticated":
        outcome = trial.call(arguments)
    outcome.unwrap()


def _shows(request: Request, secret: str) -> bool:
    text = " ".join([*request.headers.values(), *request.query.values(), request.body.decode("latin-1")])
    return any(form in text for form in forms_of(secret))


def _token(contract: Contract, subject: LiveSubject) -> None:
    trial = _trial(subject, contract)
    for fault in (BY_NAME["status_503"], BY_NAME["hang"]):
        trial.patiently(fault, partial(_without_a_token, trial, fault))


def _without_a_token(trial: Trial, fault: Fault) -> None:
    """A new instance asks for a token first."""
    arguments = trial.arguments()
    trial.subject.close()
    outcome = trial.under(fault, TOKEN, lambda: trial.call(arguments))
    fails_and_recovers(trial, fault, arguments, outcome, several=True)
