"""An operation on trial: its healthy requests counted, then called while its vendor fails at each of them in turn."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import dropwhile
from typing import Any

from ..faults.catalogue import Fault
from ..model.clause import ClauseFailed, Unproven
from ..model.operation import Operation
from ..model.samples import Sample
from ..model.subject import Outcome
from .bench import NUMBERS
from .ledger import Entry
from .seam import Seam
from .subject import LiveSubject
from .watchdog import bounded

BOUNDS_S: tuple[float, ...] = (0.05, 0.25, 1.0)
"""``ctx.timeout`` of an adapter whose vendor is slow, in seconds of the machine: the first within which its request
leaves. A busy machine may need more than the first to get so far.
"""
GIVES_UP_WITHIN = 10
"""It must give up before its vendor lets go, at this many times its bound: judged by order, not by the clock."""
PATIENCE_S = 10.0
"""How long a call may take whose vendor fails at once."""
CALMS_DOWN = 3
"""How often a call may take longer than the small bound, on a busy machine, and be made again."""


class Hurried(Exception):
    """A busy machine left a call too little time: nothing is known of its adapter."""


class Trial:
    """One operation of a subject; `arguments` are new ones each time, with ``many`` those of a sample that holds much.

    ``tried`` healthy calls were made to count.
    """

    def __init__(self, subject: LiveSubject, operation: Operation, *, many: bool = False) -> None:
        self.subject, self.operation, self._many = subject, operation, many
        self.seam: Seam = subject.seam
        self.claim = subject.target.meets_wire(operation.name)
        self.tried = 0
        self._bounds = BOUNDS_S
        self._healthy: list[Entry] = []
        self._made = 0
        self._sample: Callable[[int], dict[str, Any]] | None = None
        self._number = 0

    def arguments(self) -> dict[str, Any]:
        """Arguments that nobody used before, with a key where the operation takes one.

        What it needs is made anew each time where that is put off too: it may end with its instance.
        """
        anew = self.subject.target.needs_deferred(self.operation.name)
        if self._sample is None or self._number == NUMBERS or anew:
            self._sample, self._number = self.subject.prepare(self._wanted()), 0
        given, self._number = self._sample(self._number), self._number + 1
        if self.operation.key and self.operation.key not in given:
            given[self.operation.key] = self.subject.key()
        return given

    def _wanted(self) -> str | Sample:
        sample = self.subject.target.contract.samples[self.operation.name]
        return replace(sample, arguments=sample.many) if self._many and sample.many else self.operation.name

    def call(self, arguments: dict[str, Any]) -> Outcome:
        """One call; of a deferred operation with its flush."""
        outcome = self.subject.attempt(self.operation.name, **arguments)
        return self._flushed(outcome) if self.claim == "deferred" and outcome.error is None else outcome

    def _flushed(self, outcome: Outcome) -> Outcome:
        """What a call that was put off came to: what it returned, or why it could not be sent."""
        flush = self.subject.flushed()
        return outcome if flush.error is None else flush

    def healthy(self) -> int:
        """How many requests a call makes when nothing fails; a first one may also warm the adapter up."""
        self._made = self._counted()
        if self._made > 1:
            self._made = self._counted()
        if self._made == 0:
            raise Unproven(
                f"{self.operation.name} made no request that counts, so no fault can meet it; where that is right, "
                f"say meets_wire = {{{self.operation.name!r}: 'pure'}}, else map its requests as effect or read"
            )
        return self._made

    def _counted(self) -> int:
        arguments, self.tried = self.arguments(), self.tried + 1
        self.mark()
        self.call(arguments).unwrap()
        self._healthy = [entry for entry in self.seam.entries() if entry.counted]
        return self.seam.requests()

    def mark(self) -> None:
        """Begins a window. A local operation fetches what it answers from in it; what it had put off is sent before."""
        if self.claim == "local":
            self.subject.close()
        self.seam.mark()

    def plays(self, fault: Fault) -> bool:
        """Whether the vendor can fail so."""
        vendor = self.subject.target.harness.vendor
        return self.subject.target.reach in fault.seams and (vendor is None or vendor.plays(fault))

    def decides(self, at: int) -> bool:
        """Whether what becomes of the request at this place becomes of the operation, as of its only effect."""
        return list(self._effects()) == [at] or (self._made == 1 and self.claim != "local")

    @property
    def last_part(self) -> int | None:
        """The place of the last of several healthy requests that do the same, each with a part; None: all in one."""
        routes = self._effects()
        asked = Counter(routes.values())
        return max((at for at, route in routes.items() if asked[route] > 1), default=None)

    def _effects(self) -> dict[int, str]:
        """The routes of the healthy requests that change something, by their places."""
        found = ((at, entry.endpoint) for at, entry in enumerate(self._healthy, 1))
        return {at: endpoint.route for at, endpoint in found if endpoint and endpoint.kind == "effect"}

    def asked_again(self, at: int) -> list[str]:
        """Requests of the window, from the ``at``-th on, that were made more often than when all is well."""
        healthy = Counter(_asked(entry) for entry in self._healthy)
        made = Counter(_asked(entry) for entry in self.seam.entries() if entry.number >= at)
        return [asked for asked, count in made.items() if count > max(1, healthy[asked])]

    def refreshes(self, at: int) -> int:
        """Requests for a token after the ``at``-th that counts; one before it may be the adapter's first."""
        later = dropwhile(lambda entry: entry.number != at, self.seam.entries())
        return sum(bool(entry.endpoint and entry.endpoint.kind == "auth") for entry in later)

    @property
    def keyed(self) -> int:
        """The place of the first healthy request that carries a key; the first one, where none does."""
        return next((n for n, entry in enumerate(self._healthy, 1) if entry.key is not None), 1)

    def positions(self) -> Iterator[int]:
        """The place of each healthy request, from 1."""
        yield from range(1, self.healthy() + 1)

    @property
    def bound(self) -> float:
        """``ctx.timeout`` of the next call whose vendor is slow."""
        return self._bounds[0]

    def patiently(self, fault: Fault, run: Callable[[], None]) -> None:
        """``run``, once more with a larger bound as often as a busy machine left it too little time."""
        while True:
            if fault.slow:
                self.subject.reopen(self.bound)
            try:
                return run()
            except Hurried:
                self._bounds = self._bounds[1:]

    def under(self, fault: Fault, at: int, call: Callable[[], Outcome]) -> Outcome:
        """What a call comes to while the vendor fails from its ``at``-th request on.

        Raises `Hurried` where a fault of a slow vendor did not fire and there is a larger bound.
        """
        if self.subject.unsent is not None:
            self.recovered({}).unwrap()
        bound = self.bound if fault.slow else None
        if bound is not None:
            self.subject.reopen(bound)
        outcome, fired = self._once_under(fault, at, call, bound)
        if not fired:
            if bound is not None:
                self.hurried()
            raise Unproven(f"the fault {fault.name} at request {at} of {self.operation.name} never fired")
        return outcome

    def _once_under(
        self, fault: Fault, at: int, call: Callable[[], Outcome], bound: float | None
    ) -> tuple[Outcome, bool]:
        limit = PATIENCE_S if bound is None else GIVES_UP_WITHIN * bound
        self.mark()
        with self.seam.failing(fault, at) as switch:
            outcome, in_time = bounded(call, limit, self.seam.release)
        if fault.slow:
            self.seam.release()
        if not in_time:
            if bound is not None and _ran_out_of_time(outcome):  # it gave up by itself, late as the machine is busy
                self.hurried()
            within = f", of ctx.timeout = {bound:g}" if bound else ""
            raise ClauseFailed(f"{self.operation.name} had not given up after {limit:g} s{within}")
        return outcome, switch.fired > 0

    def hurried(self) -> None:
        """Raises `Hurried` where there is a larger bound."""
        if len(self._bounds) > 1:
            raise Hurried

    def recovered(self, arguments: dict[str, Any]) -> Outcome:
        """The call after the fault was lifted, on the same instance; of what could not be sent, the next close.

        With a small bound it is made again, with other arguments, where it ran out of time. Raises `Hurried`.
        """
        bound = self.subject.bench.timeout if self.subject.bench.timeout in BOUNDS_S else None
        for _ in range(CALMS_DOWN):
            outcome = self.call(arguments) if self.subject.unsent is None else self.subject.flushed()
            if bound is None or not _ran_out_of_time(outcome):
                return outcome
            arguments = self.arguments()
        if bound is not None:
            self.hurried()
        return outcome


def _asked(entry: Entry) -> str:
    return " ".join(filter(None, (entry.request.method, entry.request.path, entry.part)))


def _ran_out_of_time(outcome: Outcome) -> bool:
    return getattr(outcome.error, "code", None) == "timeout"
