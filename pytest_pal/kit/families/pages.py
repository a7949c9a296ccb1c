"""Pages: lists are complete, and a cursor that repeats is refused. Clauses of the family wire. CONTRACTS, section 2."""

from collections.abc import Callable, Iterator
from typing import Any

from ...faults.catalogue import REPEATING
from ...model.clause import Check, Clause, ClauseFailed, Unproven
from ...model.operation import Operation
from ..contract import Contract
from ..endpoint import Endpoint
from ..expectation import expected, judge
from ..sending import Pages
from ..subject import LiveSubject
from ..trial import Trial
from .meeting import meeting


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        if operation.effect == "read":
            yield Clause(
                f"{contract.capability.name}.{operation.name}.wire.repeating_cursor",
                f"{operation.name} asks for every page, and raises malformed_reply where a page points to itself.",
                _repeating(operation),
                why_not=_pageless(operation),
            )


def _pageless(operation: Operation) -> Callable[[Any], str]:
    meets = meeting(operation, "http")

    def why_not(target: Any) -> str:
        vendor = target.harness.vendor
        found = () if vendor is None else vendor.endpoints
        paged = any(endpoint.calls == operation.name and _turning(endpoint) for endpoint in found)
        return meets(target) or ("" if paged else f"its vendor gives {operation.name} in no pages with a cursor")

    return why_not


def _turning(endpoint: Endpoint | None) -> Pages | None:
    """The pages of an endpoint that says itself where the next one is."""
    sent = None if endpoint is None else endpoint.sent
    return sent if isinstance(sent, Pages) and sent.can_repeat else None


def _repeating(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        arguments = trial.arguments()
        trial.mark()
        trial.call(arguments).unwrap()
        _all_pages(trial)
        outcome = trial.under(REPEATING, 1, lambda: trial.call(arguments))
        judge(outcome, expected(REPEATING, operation, subject.traits.delivery, several=True))
        again = trial.recovered(arguments)
        if again.error is not None:
            raise ClauseFailed("after the fault was lifted, the same call must succeed") from again.error

    return check


def _all_pages(trial: Trial) -> None:
    """A healthy call asks until no page points to another; one page alone shows nothing."""
    turned = [(entry, sent) for entry in trial.seam.entries() if (sent := _turning(entry.endpoint))]
    more = [sent.more(entry.reply) for entry, sent in turned]
    if more and more[-1]:
        raise ClauseFailed(f"{trial.operation.name} left pages that the vendor had pointed to")
    if not any(more):
        raise Unproven(f"all that {trial.operation.name} gives is on one page: say pages(1), so that there are more")
