"""Determinism: the same calls on the same empty vendor give the same outputs, by field class."""

from collections.abc import Iterator

from ...compare.normal import comparable, renaming
from ...model.clause import Check, Clause, same
from ...model.operation import Operation
from ...model.subject import Subject
from ..contract import Contract


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        yield Clause(
            f"{contract.capability.name}.{operation.name}.determinism.same_calls",
            f"The same calls of {operation.name} on two empty vendors give the same outputs, ids renamed.",
            _check(operation),
        )


def _check(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        traces = []
        for run in (subject, subject.stranger()):
            arguments = run.prepare(operation.name)
            outputs = [run.call(operation.name, **arguments(n)) for n in range(2)]
            names = renaming(outputs)
            traces.append([comparable(output, ids=names) for output in outputs])
        same(traces[1], traces[0], "the outputs of the second run differ from the first's")

    return check
