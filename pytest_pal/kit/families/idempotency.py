"""Idempotency: what a repeat means, for operations with a key and for natural ones. CONTRACTS, section 3."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...model.clause import Check, Clause, ClauseFailed, Unproven, holds, refused, same
from ...model.operation import Operation
from ...model.samples import Refusal
from ...model.subject import Call, Outcome, Subject
from ...model.versions import version
from ..bench import NUMBERS
from ..contract import Contract

HOUR_S, NEWER = 3_600, 100


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        stem = f"{contract.capability.name}.{operation.name}.idempotency"
        if operation.idempotency == "key":
            yield from _keyed(contract, operation, stem)
        elif operation.idempotency == "natural":
            yield Clause(
                f"{stem}.repeat",
                f"Repeating {operation.name} leaves the vendor in the same state.",
                _natural(operation),
            )


def _keyed(contract: Contract, operation: Operation, stem: str) -> Iterator[Clause]:
    name = operation.name
    table: tuple[tuple[str, str, Callable[[Operation], Check]], ...] = (
        ("repeat", f"A repeat of {name} under its key gives the stored result and has no effect.", _repeat),
        ("newer_writes", f"A repeat of {name} gives the stored result also after 100 newer writes.", _newer_writes),
        ("late_repeat", f"A known key of {name} is answered for nearly all of traits.key_ttl_s.", _late_repeat),
        ("conflict", f"Another payload under a known key of {name} is a key conflict and has no effect.", _conflict),
        ("distinct_keys", f"The same payload of {name} under two keys is two effects.", _distinct_keys),
        ("concurrent", f"Two calls of {name} at once under one key make one effect.", _concurrent),
        ("restart", f"A repeat of {name} after a restart makes no second effect.", _restart),
    )
    for check, sentence, make in table:
        yield Clause(f"{stem}.{check}", sentence, make(operation))
    yield Clause(
        f"{stem}.new_process",
        f"A repeat of {name} in another process, under another hash seed, makes no second effect.",
        _new_process(operation),
        new_process=True,
    )
    own = [refusal for refusal in contract.refusals if refusal.operation == name and not refusal.needs]
    if own:
        came = min((refusal.since for refusal in own), key=version)
        refusals = [refusal for refusal in own if refusal.since == came]  # a later one must not change the clause
        yield Clause(
            f"{stem}.refused_is_free",
            f"A request of {name} that was refused does not burn its key.",
            _refused_is_free(operation, refusals),
            since=came,
        )


def size(snapshot: Mapping[str, Any]) -> int:
    """How many things stand in a snapshot: objects, at any depth."""
    return sum(_objects(rows) for rows in snapshot.values())


def _objects(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_objects(item) for item in value.values())
    return sum(_objects(item) for item in value) if isinstance(value, list) else 0


def under_key(operation: Operation, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The arguments with the key where the operation takes it."""
    assert operation.key is not None
    return {**arguments, operation.key: key}


def _repeat(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = under_key(operation, subject.prepare(operation.name)(0), subject.key())
        first = subject.call(operation.name, **arguments)
        before = subject.snapshot()
        for _ in range(2):
            same(subject.call(operation.name, **arguments), first, "the result of the repeat")
        same(subject.snapshot(), before, "the vendor's state after the repeat")

    return check


def _newer_writes(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample = subject.prepare(operation.name)
        arguments = under_key(operation, sample(0), subject.key())
        first = subject.call(operation.name, **arguments)
        for _ in range(NEWER // NUMBERS):
            newer = subject.prepare(operation.name)
            for n in range(NUMBERS):
                subject.call(operation.name, **newer(n))
        before = subject.snapshot()
        same(subject.call(operation.name, **arguments), first, "the result of the repeat")
        same(subject.snapshot(), before, "the vendor's state after the repeat")

    return check


def _late_repeat(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = under_key(operation, subject.prepare(operation.name)(0), subject.key())
        first = subject.call(operation.name, **arguments)
        subject.advance(subject.traits.key_ttl_s - HOUR_S)
        before = subject.snapshot()
        same(subject.call(operation.name, **arguments), first, "the result of the repeat")
        same(subject.snapshot(), before, "the vendor's state after the repeat")

    return check


def _conflict(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample, key = subject.prepare(operation.name), subject.key()
        if sample(0) == sample(1):
            raise Unproven(f"the sample of {operation.name} gives one payload for every scene.n; build n into it")
        subject.call(operation.name, **under_key(operation, sample(0), key))
        before = subject.snapshot()
        outcome = subject.attempt(operation.name, **under_key(operation, sample(1), key))
        policy = getattr(subject.traits, operation.conflict_trait) if operation.conflict_trait else "detect"
        if policy == "detect":
            refused(outcome, "key_conflict")
        else:
            outcome.unwrap()
        if policy == "last_wins":
            same(size(subject.snapshot()), size(before), "things at the vendor after the conflict")
        else:
            same(subject.snapshot(), before, "the vendor's state after the conflict")

    return check


def _distinct_keys(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample = subject.prepare(operation.name)
        payloads = (sample(0), sample(1) if subject.traits.unique_names else sample(0))
        sizes = [size(subject.snapshot())]
        for payload in payloads:
            subject.call(operation.name, **under_key(operation, payload, subject.key()))
            sizes.append(size(subject.snapshot()))
        holds(sizes[1] > sizes[0], "the first call had no effect that can be observed", seen=sizes)
        same(sizes[2] - sizes[1], sizes[1] - sizes[0], "things that the second key added")

    return check


def _concurrent(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        sample = subject.prepare(operation.name)
        sizes = [size(subject.snapshot())]
        subject.call(operation.name, **sample(0))
        sizes.append(size(subject.snapshot()))
        for n, turns in ((1, False), (2, True)):
            twice = Call(operation.name, under_key(operation, sample(n), subject.key()))
            outcomes = subject.together([twice, twice], turns=turns)
            values = [outcome.value for outcome in outcomes if outcome.error is None]
            _only_in_progress(outcomes)
            same(values, values[:1] * len(values), "the results of both calls")
            sizes.append(size(subject.snapshot()))
            same(sizes[-1] - sizes[-2], sizes[1] - sizes[0], "things that both calls added")

    return check


def _only_in_progress(outcomes: list[Outcome]) -> None:
    errors = [outcome for outcome in outcomes if outcome.error is not None]
    for outcome in errors:
        error = outcome.error
        if not (isinstance(error, RetryableError) and error.code == "in_progress"):
            outcome.unwrap()
    holds(len(errors) < len(outcomes), "no call of the two succeeded", seen=[o.brief() for o in errors])


def _restart(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = under_key(operation, subject.prepare(operation.name)(0), subject.key())
        first = subject.call(operation.name, **arguments)
        before = subject.snapshot()
        subject.restart()
        repeated(subject, subject.attempt(operation.name, **arguments), first)
        same(subject.snapshot(), before, "the vendor's state after the repeat")

    return check


def _new_process(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = under_key(operation, subject.prepare(operation.name)(0), subject.key())
        nothing = size(subject.snapshot())
        first = subject.call(operation.name, **arguments)
        subject.close()  # what closing changes is no effect of the repeat
        before = subject.snapshot()
        holds(size(before) > nothing, "the first call had no effect that outlives its instance", seen=before)
        (outcome,) = subject.in_new_process([Call(operation.name, arguments)])
        repeated(subject, outcome, first)
        same(subject.snapshot(), before, "the vendor's state after the repeat")

    return check


def repeated(subject: Subject, outcome: Outcome, first: Any) -> None:
    """A repeat after a restart: the stored result; with at-most-once delivery an unknown outcome is right too."""
    error = outcome.error
    if subject.traits.delivery == "at_most_once" and error is not None:
        if not isinstance(error, ProviderError) or not error.outcome_unknown:
            raise ClauseFailed("a repeat after a restart must say outcome_unknown") from error
    else:
        same(outcome.unwrap(), first, "the result of the repeat")


def _refused_is_free(operation: Operation, refusals: list[Refusal]) -> Check:
    def check(subject: Subject) -> None:
        for refusal in (refusal for refusal in refusals if refusal.applies(subject.traits)):
            key = subject.key()
            wrong = under_key(operation, subject.prepare(refusal)(0), key)
            refused(subject.attempt(operation.name, **wrong), *refusal.codes)
            subject.call(operation.name, **under_key(operation, subject.prepare(operation.name)(0), key))

    return check


def _natural(operation: Operation) -> Check:
    def check(subject: Subject) -> None:
        arguments = subject.prepare(operation.name)(0)
        subject.call(operation.name, **arguments)
        before = subject.snapshot()
        for _ in range(2):
            subject.call(operation.name, **arguments)
        same(subject.snapshot(), before, "the vendor's state after the repeats")

    return check
