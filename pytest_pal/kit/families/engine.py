"""Faults of an engine in process: the adapter tells them as they are, keeps none, and works again. Family fault.

An adapter may know less than the catalogue: a write that took no effect may leave with ``outcome_unknown``,
because its repeat makes exactly one effect all the same. It may never claim to know what is not so.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from ...compare.normal import NEVER_EQUAL, comparable, tolerances
from ...errors import RETRYABLE_CODES, NonRetryableError, ProviderError, RetryableError
from ...faults.engines import ENGINE_FAULTS, EngineFault
from ...model.clause import Check, Clause, ClauseFailed, Unproven, holds, same
from ...model.operation import Operation
from ...model.payload import Output
from ...model.subject import Outcome
from ..contract import Contract
from ..subject import LiveSubject
from ..trial import GIVES_UP_WITHIN, PATIENCE_S
from ..watchdog import bounded
from .idempotency import size, under_key

Snapshot = Mapping[str, Any]
Asked = Callable[[], int] | None
BOUND_S = 0.25
"""``ctx.timeout`` of an adapter whose engine may be busy: enough for one that is only slow."""


def clauses(contract: Contract) -> Iterator[Clause]:
    """None for a capability whose vendor keeps nothing that can be observed: no engine stands behind it."""
    for operation in contract.capability.operations.values() if contract.capability.observed else ():
        for fault in ENGINE_FAULTS.values():
            if operation.effect == "write" or not fault.commits:
                yield Clause(
                    f"{contract.capability.name}.{operation.name}.fault.{fault.name}",
                    _sentence(operation, fault),
                    (_write if operation.effect == "write" else _read)(operation, fault),
                    inject=fault.name,
                )


def _sentence(operation: Operation, fault: EngineFault) -> str:
    codes = " or ".join(fault.codes)
    if operation.effect == "read":
        return f"Where the engine {fault.is_}, {operation.name} answers rightly or raises {codes}, and works again."
    outcome = "says outcome_unknown" if fault.commits else "has no effect"
    repeat = "a repeat under its key" if operation.idempotency == "key" else "a repeat"
    return (
        f"Where the engine {fault.is_}, {operation.name} asks it once, raises {codes} and {outcome}; "
        f"afterwards {repeat} makes exactly one effect in all."
    )


def _read(operation: Operation, fault: EngineFault) -> Check:
    def check(subject: LiveSubject) -> None:
        _hurry(subject, fault)
        arguments = subject.prepare(operation.name)(0)
        healthy = subject.call(operation.name, **arguments)
        before = subject.snapshot()
        outcome, asked = _under(subject, operation, fault, arguments)
        _asked_once(operation, fault, asked)
        if outcome.error is None:
            _same_answer(subject, outcome.value, healthy, f"the answer while the engine {fault.is_}")
        else:
            _told(subject, outcome, fault)
        again = _works_again(subject.attempt(operation.name, **arguments), fault)
        _same_answer(subject, again, healthy, "the answer after the fault")
        same(subject.snapshot(), before, "the vendor's state after the fault")

    return check


def _hurry(subject: LiveSubject, fault: EngineFault) -> None:
    if fault.slow:
        subject.reopen(BOUND_S)


def _under(
    subject: LiveSubject, operation: Operation, fault: EngineFault, arguments: dict[str, Any]
) -> tuple[Outcome, Asked]:
    """What a call comes to under the fault, which is lifted early where the call waits longer than it may."""
    with ExitStack() as faulty:
        asked = faulty.enter_context(subject.injecting(fault.name))
        call = partial(subject.attempt, operation.name, **arguments)
        limit = GIVES_UP_WITHIN * BOUND_S if fault.slow else PATIENCE_S
        outcome, in_time = bounded(call, limit, faulty.close)
    if not in_time:
        raise ClauseFailed(
            f"{operation.name} had not given up after {limit:g} s, of ctx.timeout = {subject.bench.timeout:g}"
        )
    return outcome, asked


def _same_answer(subject: LiveSubject, answer: Output, healthy: Output, what: str) -> None:
    seen, expected = (comparable(output, drop=NEVER_EQUAL | {"time"}) for output in (answer, healthy))
    same(seen, expected, what, tolerances=tolerances(type(healthy), subject.traits))


def _write(operation: Operation, fault: EngineFault) -> Check:
    def check(subject: LiveSubject) -> None:
        one = _effect_of_one(subject.stranger(), operation)
        _hurry(subject, fault)
        subject.call(operation.name, **subject.prepare(operation.name)(0))
        arguments = subject.prepare(operation.name)(0)
        if operation.idempotency == "key":
            arguments = under_key(operation, arguments, subject.key())
        before = subject.snapshot()
        outcome, asked = _under(subject, operation, fault, arguments)
        after = subject.snapshot()
        if outcome.error is not None:
            _told(subject, outcome, fault)
            _as_told(outcome.error, fault, before, after)
        elif not _names_what_failed(outcome):
            what = f"{operation.name} reported success while the engine {fault.is_}"
            _one_effect(before, after, one, what)
            _hidden(operation, fault, asked)
        _fired(operation, fault, asked)
        _asked_once(operation, fault, asked)
        _repeated(subject, operation, fault, outcome, arguments, after)
        if not _is_lost(subject, operation, outcome):
            _one_effect(before, subject.snapshot(), one, "the effects of the call and its repeat")

    return check


def _effect_of_one(subject: LiveSubject, operation: Operation) -> int:
    """How many things the second call adds at another vendor, which is well.

    The second, because what the first one made is what a fault might take away.
    """
    subject.call(operation.name, **subject.prepare(operation.name)(0))
    arguments = subject.prepare(operation.name)(0)
    before = subject.snapshot()
    subject.call(operation.name, **arguments)
    after = subject.snapshot()
    holds(after != before, "a call had no effect that can be observed", seen=after)
    return size(after) - size(before)


def _one_effect(before: Snapshot, after: Snapshot, one: int, what: str) -> None:
    same(size(after) - size(before), one, f"{what}: things that were added")
    holds(after != before, f"{what}: none can be observed", seen=after)


def _told(subject: LiveSubject, outcome: Outcome, fault: EngineFault) -> None:
    """Fails unless the call left with what the catalogue says of the fault."""
    error, codes = outcome.error, " or ".join(fault.codes)
    if isinstance(error, ClauseFailed):
        raise error
    if not isinstance(error, ProviderError):
        what = f"{outcome.operation} let the engine's own exception out; raise {codes} ({fault.source})"
        raise ClauseFailed(what) from error
    if error.code not in fault.codes:
        what = f"an engine that {fault.is_} is {codes}, not {error.code}; see {fault.source}"
        raise ClauseFailed(what) from error
    # At most once, a call whose outcome is unknown must not be repeated, whatever its code.
    final = subject.traits.delivery == "at_most_once" and error.outcome_unknown
    kind = RetryableError if error.code in RETRYABLE_CODES else NonRetryableError
    if not isinstance(error, kind) and not (final and isinstance(error, NonRetryableError)):
        raise ClauseFailed(f"{error.code} is raised as {kind.__name__}, not as {type(error).__name__}") from error


def _as_told(error: BaseException | None, fault: EngineFault, before: Snapshot, after: Snapshot) -> None:
    """Fails where the vendor is not as a failed call said that it is."""
    assert isinstance(error, ProviderError)
    if not error.outcome_unknown:
        same(after, before, f"the vendor's state after a call that failed without outcome_unknown ({fault.name})")
    if fault.commits and after == before:
        raise Unproven(f"{fault.name}: the call failed and nothing was committed; let inject fail after the commit")


def _names_what_failed(outcome: Outcome) -> bool:
    """Whether a call that did a part of its work returned the rest as failed; a repeat finishes it."""
    return bool(getattr(outcome.value, "failed", ()))


def _hidden(operation: Operation, fault: EngineFault, asked: Asked) -> None:
    """Raises `Unproven` where a call succeeded, and nobody can tell whether the fault fired."""
    if asked is None:
        raise Unproven(
            f"{fault.name} did not stop {operation.name}, whose effect is there: let inject make the vendor fail in "
            "that way, or yield a function that says how often it did"
        )


def _fired(operation: Operation, fault: EngineFault, asked: Asked) -> None:
    if asked is not None and asked() == 0:
        raise Unproven(f"{fault.name} never fired: {operation.name} did not ask the engine while it failed")


def _asked_once(operation: Operation, fault: EngineFault, asked: Asked) -> None:
    """A reply that can list failed parts may have asked for each of them."""
    times = 0 if asked is None or "failed" in operation.output.model_fields else asked()
    holds(times <= 1, f"{operation.name} asked an engine that {fault.is_} {times} times: an adapter does not retry")


def _repeated(
    subject: LiveSubject,
    operation: Operation,
    fault: EngineFault,
    outcome: Outcome,
    arguments: dict[str, Any],
    after: Snapshot,
) -> None:
    """The same instance works again; at most once, what may have happened is not made to happen again."""
    repeat = subject.attempt(operation.name, **arguments)
    if not _is_lost(subject, operation, outcome) or repeat.error is None:
        value = _works_again(repeat, fault)
        if outcome.error is None and operation.idempotency == "key":
            same(value, outcome.value, "the result of the repeat")
        return
    if not isinstance(repeat.error, ProviderError) or not repeat.error.outcome_unknown:
        raise ClauseFailed("a repeat after an unknown outcome must say outcome_unknown") from repeat.error
    same(subject.snapshot(), after, "the vendor's state after the repeat")
    _works_again(subject.attempt(operation.name, **subject.prepare(operation.name)(0)), fault)


def _is_lost(subject: LiveSubject, operation: Operation, outcome: Outcome) -> bool:
    """Whether nobody may find out what came of the call: at-most-once delivery, and an unknown outcome."""
    unknown = isinstance(outcome.error, ProviderError) and outcome.error.outcome_unknown
    return unknown and operation.idempotency == "key" and subject.traits.delivery == "at_most_once"


def _works_again(outcome: Outcome, fault: EngineFault) -> Any:
    if outcome.error is not None and not isinstance(outcome.error, ClauseFailed):
        what = f"{outcome.operation} must work again once {fault.name} is lifted"
        raise ClauseFailed(what) from outcome.error
    return outcome.unwrap()
