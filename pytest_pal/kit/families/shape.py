"""Shape: what an operation returns is what its contract says, and is the caller's own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...canonical import escape
from ...compare.normal import NEVER_EQUAL, comparable
from ...model.clause import Check, Clause, ClauseFailed, Unproven, same
from ...model.differences import MISSING, Difference, Words
from ...model.fields import FIRST, places, since
from ...model.operation import Operation
from ...model.payload import Payload
from ...model.subject import Subject
from ...model.versions import in_id, version
from ..contract import Contract


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        stem = f"{contract.capability.name}.{operation.name}.shape"
        yield Clause(
            f"{stem}.output",
            f"{operation.name} returns a valid {operation.output.__name__}, and the same after a trip through JSON.",
            _output(operation),
        )
        yield Clause(
            f"{stem}.no_alias",
            f"Changing what {operation.name} returned changes nothing that is stored or returned later.",
            _no_alias(operation),
        )
        for came in sorted(_later(operation), key=version):
            yield Clause(
                f"{stem}.fields{in_id(came)}",
                f"{operation.name} gives the fields that are new in {came}, even where they are empty.",
                _fields(operation, came),
                since=came,
            )


def _later(operation: Operation) -> set[str]:
    """The versions in which fields of an output came in, but for the first."""
    return {since(*place) for found in places(operation.output).values() for place in found} - {FIRST}


def _fields(operation: Operation, came: str) -> Check:
    def check(subject: Subject) -> None:
        seen = subject.call(operation.name, **subject.prepare(operation.name)(0))
        given = {
            f"{pointer}/{escape(field.alias or name)}": name in holder.model_fields_set
            for pointer, holder in _payloads(seen)
            for name, field in type(holder).model_fields.items()
            if since(type(holder), name) == came
        }
        if not given:
            raise Unproven(f"the sample of {operation.name} leads to no payload with a field that is new in {came}")
        missing = [
            Difference(pointer, Words("a value, or null"), MISSING) for pointer, there in given.items() if not there
        ]
        if missing:
            raise ClauseFailed(f"what {operation.name} returned lacks what is new in {came}", missing)

    return check


def _payloads(value: Any, pointer: str = "") -> Iterator[tuple[str, Payload]]:
    """Every payload inside an output, with its RFC 6901 pointer."""
    if isinstance(value, Payload):
        yield pointer, value
        value = {field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()}
    if isinstance(value, Mapping | tuple):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _payloads(item, f"{pointer}/{escape(str(key))}")


def _output(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        seen = subject.call(operation.name, **subject.prepare(operation.name)(0))
        again = operation.output.model_validate_json(seen.model_dump_json(by_alias=True))
        same(again, seen, "the output after a trip through JSON")

    return check


def _no_alias(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = subject.prepare(operation.name)(0)
        if operation.key:
            arguments.setdefault(operation.key, subject.key())
        returned = subject.raw(operation.name, **arguments)
        before = subject.capability.accept(operation.name, returned)
        stored = subject.snapshot() if subject.capability.observed else None
        with _spoiled(returned):
            if stored is not None:
                same(subject.snapshot(), stored, "the vendor's state after the output was changed")
            if operation.idempotency != "natural":
                _unchanged(subject, operation, arguments, before)

    return check


def _unchanged(subject: Subject, operation: Operation, arguments: dict[str, Any], before: Any) -> None:
    """The same call gives the same, also after what a repeat returned was changed as well."""
    with _spoiled(subject.raw(operation.name, **arguments)):
        outcome = subject.attempt(operation.name, **arguments)
    if outcome.error is not None:
        raise ClauseFailed("after the caller emptied what was returned, the same call failed") from outcome.error
    drop = NEVER_EQUAL | {"time"}
    same(comparable(outcome.value, drop=drop), comparable(before, drop=drop), "the same call after that")


@contextmanager
def _spoiled(value: Any) -> Iterator[None]:
    """Empties every mutable container inside, and fills them again at the end."""
    containers = list(_containers(value))
    contents = [container.copy() for container in containers]
    for container in containers:
        container.clear()
    try:
        yield
    finally:
        for container, content in zip(containers, contents, strict=True):
            container.extend(content) if isinstance(container, list) else container.update(content)


def _containers(value: Any) -> Iterator[Any]:
    if type(value) in (dict, list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)
