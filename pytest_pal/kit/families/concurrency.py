"""Concurrency: one instance serves many threads, or the tasks of one loop."""

from collections.abc import Iterator

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
                f"{AT_ONCE} different calls of {operation.name} at once all succeed, each with its own effect.",
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
        sample = subject.prepare(operation.name)
        sizes = [size(subject.snapshot())]
        subject.call(operation.name, **sample(0))
        sizes.append(size(subject.snapshot()))
        outcomes = subject.together(Call(operation.name, sample(n)) for n in range(1, AT_ONCE + 1))
        for outcome in outcomes:
            outcome.unwrap()
        added = size(subject.snapshot()) - sizes[1]
        same(added, AT_ONCE * (sizes[1] - sizes[0]), "things that the calls added")

    return check


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
