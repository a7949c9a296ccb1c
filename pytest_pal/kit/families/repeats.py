"""Repeats: what the call path makes of an adapter's failures, seen at the vendor. Clauses of the family retry.

Three attempts are three requests only where the adapter makes one attempt of each, says rightly what may be
tried again, and sends the key that it was given. CONTRACTS, sections 3 and 4.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...faults.catalogue import BY_NAME, Fault
from ...model.clause import Check, Clause, ClauseFailed, holds, same
from ...model.operation import Operation
from ...model.subject import Outcome
from ..called import Called, called
from ..contract import Contract
from ..ledger import keys_of
from ..subject import LiveSubject
from ..trial import Trial
from .idempotency import size
from .meeting import NOT_EACH_TIME, meeting

ATTEMPTS = 3
TRANSIENT, FINAL = BY_NAME["status_429"], (BY_NAME["status_400"], BY_NAME["status_403"], BY_NAME["status_422"])


def clauses(contract: Contract) -> Iterator[Clause]:
    for operation in contract.capability.operations.values():
        for check, sentence, make in _TABLE:
            why_not = meeting(operation, "http", but=NOT_EACH_TIME)
            if check == "stable_key":
                why_not = _where_a_key_travels(operation, why_not)
            if operation.key == "idempotency_key" or check != "stable_key":
                id = f"{contract.capability.name}.{operation.name}.retry.{check}"
                yield Clause(id, sentence.format(operation.name), make(operation), why_not=why_not)


def _where_a_key_travels(operation: Operation, meets: Callable[..., str]) -> Callable[..., str]:
    def why_not(target: object) -> str:
        delivery = getattr(target, "traits").delivery  # noqa: B009
        return meets(target) or ("its vendor takes no keys" if delivery == "at_most_once" else "")

    return why_not


def _three_attempts(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        healthy = trial.healthy()
        with called(subject) as held:
            outcome = _under(trial, held, TRANSIENT)
        made = trial.seam.requests()
        holds(made == ATTEMPTS, f"requests of {ATTEMPTS} attempts, each of which failed at its first", seen=made)
        holds(outcome.error is not None, "the call must fail in the end", seen=outcome.brief())
        same(len(held.records[-1].attempts), ATTEMPTS, f"attempts, of {healthy} requests each when nothing fails")

    return check


def _not_again(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        trial.healthy()
        with called(subject) as held:
            for fault in FINAL:
                _under(trial, held, fault)
                same(trial.seam.requests(), 1, f"requests for what the vendor refuses for good ({fault.name})")

    return check


def _recovers(operation: Operation) -> Check:
    """The vendor fails once, after it acted; the second attempt finds it well."""

    def check(subject: LiveSubject) -> None:
        reference = subject.stranger()
        trial, healthy = Trial(subject, operation), Trial(reference, operation)
        lost = replace(BY_NAME["reset_after"], times=1)
        with called(subject) as held:
            outcome = _under(trial, held, lost)
        healthy.call(healthy.arguments()).unwrap()
        if outcome.error is not None and not _final_when_unknown(subject, operation):
            raise ClauseFailed("a second attempt must succeed") from outcome.error
        expected = size(reference.snapshot())
        same(size(subject.snapshot()), expected, "things at the vendor after an attempt that was lost and one more")

    return check


def _final_when_unknown(subject: LiveSubject, operation: Operation) -> bool:
    return subject.traits.delivery == "at_most_once" and operation.idempotency == "key"


def _stable_key(operation: Operation) -> Check:
    def check(subject: LiveSubject) -> None:
        trial = Trial(subject, operation)
        trial.healthy()
        arguments = trial.arguments()
        with called(subject) as held:
            keys = [_keys(trial, held, {**arguments, "idempotency_key": subject.key()}) for _ in range(2)]
            minted = _keys(trial, held, {k: v for k, v in arguments.items() if k != "idempotency_key"})
        for found in (*keys, minted):
            same(len(found), 1, "keys on the wire over all attempts of one call")
        holds(len({*keys[0], *keys[1], *minted}) == 3, "calls under different keys send different ones", seen=keys)

    return check


def _keys(trial: Trial, held: Called, arguments: dict[str, object]) -> list[str]:
    """What travels in a call whose request with the key fails at first, and goes well at the last attempt."""
    fault = replace(TRANSIENT, times=ATTEMPTS - 1)
    _under(trial, held, fault, arguments, at=trial.keyed)
    return list(keys_of(trial.seam.entries()))


def _under(
    trial: Trial, held: Called, fault: Fault, arguments: dict[str, object] | None = None, *, at: int = 1
) -> Outcome:
    given = trial.arguments() if arguments is None else arguments
    return trial.under(fault, at, lambda: held.attempt(trial.operation.name, given))


_TABLE: tuple[tuple[str, str, Callable[[Operation], Check]], ...] = (
    ("three_attempts", "Three attempts of {} at a vendor that throttles are three requests.", _three_attempts),
    ("not_again", "What the vendor refuses for good is not asked again by {}'s caller.", _not_again),
    ("recovers", "{} whose first answer was lost succeeds at the second attempt, with one effect.", _recovers),
    ("stable_key", "The key that {} sends is one over all attempts, and another for another call.", _stable_key),
)
