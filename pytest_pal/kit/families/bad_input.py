"""Bad input: what the contract refuses never reaches the adapter; what the vendor must refuse has no effect."""

import copy
from collections.abc import Iterator
from typing import Any

from ...model.clause import Check, Clause, refused, same
from ...model.operation import Operation
from ...model.samples import Refusal
from ...model.subject import Subject
from ...model.values import walk
from ..contract import Contract
from ..refusing import refuses

NEVER_VALID = (object(), float("nan"), "\ud800")
BAD_KEYS = ("", "-starts-with-a-dash", "has a blank", "x" * 65, "clé", "line\n", None, 5)


def clauses(contract: Contract) -> Iterator[Clause]:
    name = contract.capability.name
    for operation in contract.capability.operations.values():
        yield Clause(
            f"{name}.{operation.name}.bad_input.check",
            f"Arguments of {operation.name} outside the contract are invalid, and have no effect.",
            _check(operation),
        )
    for refusal in contract.refusals:
        yield Clause(
            f"{name}.{refusal.operation}.bad_input.{refusal.name}",
            refusal.sentence,
            _refusal(refusal),
            since=refusal.since,
            needs=refusal.needs,
            applies=refusal.applies,
        )


def spoiled(operation: Operation, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Arguments made wrong one at a time: a value at any place, a part left out, one too many, a bad key."""
    plain = operation.arguments.model_validate(arguments).plain()
    for pointer in [pointer for pointer, _ in walk(plain) if pointer]:
        for wrong in NEVER_VALID:
            yield _replaced(plain, pointer.split("/")[1:], wrong)
    for parameter in operation.parameters:
        if parameter.default is parameter.empty and parameter.name != operation.key:
            yield {name: value for name, value in plain.items() if name != parameter.name}
    yield {**plain, "no_such_argument": 1}
    if operation.key:
        yield from ({**plain, operation.key: key} for key in BAD_KEYS)


def _replaced(plain: Any, tokens: list[str], wrong: Any) -> Any:
    if not tokens:
        return wrong
    changed = copy.copy(plain)
    place: Any = int(tokens[0]) if isinstance(plain, list) else tokens[0].replace("~1", "/").replace("~0", "~")
    changed[place] = _replaced(plain[place], tokens[1:], wrong)
    return changed


def _check(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = subject.prepare(operation.name)(0)
        if operation.key:
            arguments.setdefault(operation.key, subject.key())
        before = subject.snapshot() if subject.capability.observed else {}
        for wrong in spoiled(operation, arguments):
            refused(subject.attempt(operation.name, **wrong), "invalid")
        same(subject.snapshot() if before else {}, before, "the vendor's state after refused calls")

    return check


def _refusal(refusal: Refusal) -> Check:
    def check(subject: Subject) -> None:
        refuses(subject, refusal.operation, subject.prepare(refusal)(0), *refusal.codes)

    return check
