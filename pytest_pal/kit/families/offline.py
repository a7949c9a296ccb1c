"""Offline: no address but loopback, and none at all for an adapter that says it works in process."""

from collections.abc import Iterator

from ...model.clause import WHOLE, Clause
from ...model.subject import Subject
from ..contract import Contract


def clauses(contract: Contract) -> Iterator[Clause]:
    yield Clause(
        f"{contract.capability.name}.{WHOLE}.offline.guard",
        "No operation uses an address outside this machine, or any where the adapter works in process.",
        _every_operation,
    )


def _every_operation(subject: Subject) -> None:
    """The runner's guard watches every item; here each operation runs once under it."""
    for name in subject.capability.operations:
        if subject.offers(name):
            subject.call(name, **subject.prepare(name)(0))
