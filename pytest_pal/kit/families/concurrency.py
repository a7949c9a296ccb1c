"""Concurrency: one instance serves many threads, or the tasks of one loop."""

from collections.abc import Callable, Iterator
from typing import Any

from ...compare.normal import NEVER_EQUAL, comparable
from ...model.clause import Check, Clause, same
from ...model.operation import Operation
from ...model.subject import Call, Subject
from ..contract import Contract
from .idempotency import size

AT_ONCE = 6


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        stem = f"{contract.capability.name}.{operation.name}.concurrency"
        if operation.idempotency == "key":
            yield Clause(
                f"{stem}.all_effects",
                f"{AT_ONCE} different calls of {operation.name} at once succeed, each with its own effect and result.",
                _all_effects(operation),
            )
        else:
            yield Clause(
                f"{stem}.same_calls",
                f"{AT_ONCE} equal calls of {operation.name} at once all succeed and leave what one leaves.",
                _same_calls(operation),
            )


def _all_effects(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample, keys = subject.prepare(operation.name), [subject.key() for _ in range(AT_ONCE)]
        sizes = [size(subject.snapshot())]
        subject.call(operation.name, **sample(0))
        sizes.append(size(subject.snapshot()))
        values = [outcome.unwrap() for outcome in subject.together(_different(operation, sample, keys))]
        added = size(subject.snapshot()) - sizes[1]
        same(added, AT_ONCE * (sizes[1] - sizes[0]), "things that the calls added")
        stranger = subject.stranger()
        others = _different(operation, stranger.prepare(operation.name), keys)
        alone = [stranger.call(call.operation, **call.arguments) for call in others]
        same([_own(value) for value in values], [_own(value) for value in alone], "the results, at once and in turn")

    return check


def _different(operation: Operation, sample: Callable[[int], dict[str, Any]], keys: list[str]) -> list[Call]:
    return [Call(operation.name, {**sample(n), str(operation.key): key}) for n, key in enumerate(keys, 1)]


def _own(value: Any) -> Any:
    """What an output owes to its call alone."""
    return comparable(value, drop=NEVER_EQUAL | {"time", "id"})


def _same_calls(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = subject.prepare(operation.name)(0)
        first = subject.call(operation.name, **arguments)
        seen = operation.effect == "write" and subject.capability.observed
        before = subject.snapshot() if seen else None
        outcomes = subject.together([Call(operation.name, arguments)] * AT_ONCE)
        values = [outcome.unwrap() for outcome in outcomes]
        if before is not None:
            same(subject.snapshot(), before, "the vendor's state after the calls")
        else:
            drop = NEVER_EQUAL | {"time"}
            expected = [comparable(first, drop=drop)] * AT_ONCE
            same([comparable(value, drop=drop) for value in values], expected, "the results")

    return check
