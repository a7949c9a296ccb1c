"""A call that must be refused, and must leave the vendor as it was."""

from typing import Any

from ..model.clause import ClauseFailed, refused, same
from ..model.subject import Subject


def refuses(subject: Subject, operation: str, arguments: dict[str, Any], *codes: str) -> None:
    """Fails unless the call is refused with one of ``codes`` and leaves the vendor as it was."""
    try:
        subject.capability.check(operation, **{**_a_key(subject, operation), **arguments})
    except Exception as error:
        raise ClauseFailed("the sample must pass the contract's check, and does not") from error
    before = subject.snapshot() if subject.capability.observed else {}
    refused(subject.attempt(operation, **arguments), *codes)
    same(subject.snapshot() if before else {}, before, "the vendor's state after the refused call")


def _a_key(subject: Subject, operation: str) -> dict[str, str]:
    key = subject.capability.operation(operation).key
    return {key: "a-key"} if key else {}
