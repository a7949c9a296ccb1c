"""Sameness: which keys and which payloads count as the same. Clauses of the family idempotency."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

from pydantic import BaseModel, StringConstraints

from ...errors import NonRetryableError
from ...model.clause import Check, Clause, refused, same
from ...model.fields import FIRST, places, since
from ...model.operation import Operation
from ...model.payload import Payload
from ...model.subject import Subject
from ...model.values import KEY_PATTERN, instant_text
from ...model.versions import in_id, version
from ..contract import Contract
from .idempotency import under_key

LONG = "0" * 62
ALIKE_KEYS = (f"K{LONG}a", f"K{LONG}b", f"k{LONG}a", "p.q-r_s", "p-q-r-s", "p_q_r_s")
REFUSED = ("key_conflict", "invalid", "unsupported")  # a member may be wrong before it is another one
Place = tuple[str, str]
"""An argument and a member of it; the member is ``""`` where the argument is no payload."""


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        if operation.idempotency == "key":
            yield from _of(operation, f"{contract.capability.name}.{operation.name}.idempotency")


def _of(operation: Operation, stem: str) -> Iterator[Clause]:
    name = operation.name
    sentence = f"Keys of {name} are compared whole: the last of 64 characters, case and punctuation count."
    yield Clause(f"{stem}.whole_key", sentence, _whole_key(operation))
    applies = _detects(operation)
    for came in sorted({_came(operation, place) for place in _places(operation)} | {FIRST}, key=version):
        which = "any one member" if came == FIRST else f"any one member that is new in {came}"
        sentence = f"A known key of {name} with {which} of its payload changed is refused, whichever it is."
        id = f"{stem}.every_member{in_id(came)}"
        yield Clause(id, sentence, _every_member(operation, came), since=came, applies=applies)
    if maps := [place for place in _places(operation) if get_args(_field(operation, place).annotation) == (str, Any)]:
        sentence = f"Payloads of {name} are the same by value, in any order: 2020 is 2020.0, but true is not 1."
        check, came = _by_value(operation, maps[0]), _came(operation, maps[0])
        yield Clause(f"{stem}.by_value", sentence, check, since=came, applies=applies)


def _detects(operation: Operation) -> Callable[[Any], bool]:
    trait = operation.conflict_trait
    return lambda traits: trait is None or getattr(traits, trait) == "detect"


def _whole_key(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample = subject.prepare(operation.name)
        for n, key in enumerate(ALIKE_KEYS):
            subject.call(operation.name, **under_key(operation, sample(n), key))

    return check


def _every_member(operation: Operation, came: str) -> Check:
    def check(subject: Subject) -> None:
        arguments, key = subject.prepare(operation.name)(0), subject.key()
        first = subject.call(operation.name, **under_key(operation, arguments, key))
        before = subject.snapshot()
        for changed in _variants(subject, operation, arguments, came):
            refused(subject.attempt(operation.name, **under_key(operation, changed, key)), *REFUSED)
        again = subject.call(operation.name, **under_key(operation, arguments, key))
        same(again, first, "the result of a repeat after the conflicts")
        same(subject.snapshot(), before, "the vendor's state after the conflicts")

    return check


def _by_value(operation: Operation, place: Place) -> Check:
    def check(subject: Subject) -> None:
        arguments, key = subject.prepare(operation.name)(0), subject.key()

        def sent(**values: Any) -> dict[str, Any]:
            argument = arguments.get(place[0]) or {}
            own = (argument.get(place[1]) if place[1] else argument) or {}
            return under_key(operation, _put(arguments, place, {**own, **values}), key)

        first = subject.call(operation.name, **sent(year=2020, on=True))
        same(subject.call(operation.name, **sent(on=True, year=2020.0)), first, "the result of the repeat")
        refused(subject.attempt(operation.name, **sent(year=2020, on=1)), "key_conflict")

    return check


def _variants(
    subject: Subject, operation: Operation, arguments: Mapping[str, Any], came: str
) -> Iterator[dict[str, Any]]:
    """The arguments with one member changed, for each of one version that can be changed alone."""
    before = _checked(subject, operation, arguments)
    for place in (place for place in _places(operation) if _came(operation, place) == came):
        for value in _pool(operation, place, subject.now()):
            changed = _put(arguments, place, value)
            if _checked(subject, operation, changed) not in (None, before):
                yield changed
                break


def _checked(subject: Subject, operation: Operation, arguments: Mapping[str, Any]) -> Any:
    """The arguments as the contract's check has them, or None where it refuses them."""
    try:
        return subject.capability.check(operation.name, **under_key(operation, arguments, "a-key"))
    except NonRetryableError:
        return None


def _places(operation: Operation) -> Iterator[Place]:
    """Every argument, or member of a payload, that says what is to be done; ids and keys say to what."""
    for name, field in operation.arguments.model_fields.items():
        if name == operation.key:
            continue
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Payload):
            yield from ((name, inner.alias or member) for member, inner in _own(model) if member != operation.key)
        elif not _is_key(field):
            yield name, ""


def _came(operation: Operation, place: Place) -> str:
    """The version in which a member came in."""
    pointer = "".join(f"/{part}" for part in place if part)
    return since(*places(operation.arguments)[pointer][0])


def _own(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    return ((name, field) for name, field in model.model_fields.items() if not _is_key(field))


def _is_key(field: Any) -> bool:
    inner = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    marks = [*field.metadata, *inner]
    return any(isinstance(mark, StringConstraints) and mark.pattern == KEY_PATTERN for mark in marks)


def _field(operation: Operation, place: Place) -> Any:
    """The declared field of an argument, or of a payload's member."""
    field = operation.arguments.model_fields[place[0]]
    if not place[1]:
        return field
    members = field.annotation.model_fields.items()  # type: ignore[union-attr]
    return next(inner for name, inner in members if (inner.alias or name) == place[1])


def _put(arguments: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    argument, member = place
    return {**arguments, argument: {**arguments[argument], member: value} if member else value}


def _pool(operation: Operation, place: Place, now: datetime) -> Iterator[Any]:
    """Values of every kind, so that one of them is another value of this member; the literals of its type first."""
    yield from (value for value in get_args(_field(operation, place).annotation) if isinstance(value, str))
    yield from (True, False, 7, 7_000_000, 0.25, "other", "EUR", {"key": "other"}, [{"key": "other"}], ["other"])
    yield instant_text(now + timedelta(days=7))
