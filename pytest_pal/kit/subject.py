"""The live subject: an adapter on a bench, called through the contract's check."""

import asyncio
import gc
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

from pydantic import ValidationError

from ..errors import NonRetryableError, ProviderError, RetryableError
from ..model.capability import faults
from ..model.clause import ClauseFailed, Unproven
from ..model.operation import Operation
from ..model.payload import Output
from ..model.samples import Given, Part, Refusal, Sample, Scene
from ..model.subject import Call, Outcome
from .bench import Bench, Step
from .harness import Asked
from .interleaving import giving_way
from .observers import rows
from .process import Launch, Unportable, run_elsewhere
from .seam import Seam, seam_of
from .tape import INJECTING, Tape, TapedSeam
from .target import Target
from .waiting import Waiter
from .watchdog import Hung

CLOSE = "close"
SERVED_S = 0.001
"""What one operation in process takes on the simulated clock, in seconds."""
LONGEST_LOOK_S = 60.0
"""A longer read bound is that of a report; what the vendor keeps is seen at once."""

ENDS_WITHIN_S = 1.0
"""How long a task may go on that was cancelled; in seconds of the machine."""
GATHER_S = 5.0
"""How long calls that are made at once wait for each other."""

ASKED_AGAIN = 10
"""How often a read may say that its job is in progress, with retry_after; a query that joins no job never ends."""


class LiveSubject:
    """Implements `pytest_pal.model.subject.Subject` over one bench. Use as a context manager."""

    def __init__(self, bench: Bench, *, owns_bench: bool = True, tape: Tape | None = None) -> None:
        self.bench = bench
        self._owns_bench = owns_bench
        self.target: Target = bench.target
        self.capability = bench.target.capability
        self.traits: Any = bench.target.traits
        self._adapter: Any = None
        self.waiter = Waiter()
        self.unsent: Any = None
        self.tape = Tape() if tape is None else tape
        self.name = self.tape.enrol()
        self._others: list[LiveSubject] = []

    def __enter__(self) -> "LiveSubject":
        return self

    def __exit__(self, _kind: object = None, error: object = None, _trace: object = None) -> None:
        """Closes everything; an adapter whose call never came back is left as it is."""
        try:
            for other in self._others:
                other.__exit__(None, error)
            if not isinstance(error, Hung):
                self._close()
                self.waiter.end()
        finally:
            if self._owns_bench:
                self.bench.close()

    # what a clause asks about

    @property
    def provided(self) -> Mapping[str, Any]:
        return self.bench.provided

    def now(self) -> datetime:
        return self.bench.clock.now()

    def offers(self, part: str) -> bool:
        return part not in self.target.unsupported

    def key(self) -> str:
        return f"key-{self.bench.keys.new()}"

    def observe(self, what: str) -> list[dict[str, Any]]:
        with self._doing("observe", what):
            found = self._observed([what])[what]
        self.note(Step("observe", {what: found}))
        return found

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        with self._doing("snapshot"):
            if self.traits.read_bound_s <= LONGEST_LOOK_S:
                self.settle()
            found = self._observed(self.capability.observed) if self.capability.observed else {}
        return {name: sorted(listed, key=_text) for name, listed in found.items()}

    # what a clause does

    def call(self, operation: str, /, **arguments: Any) -> Any:
        return self.attempt(operation, **arguments).unwrap()

    def attempt(self, operation: str, /, **arguments: Any) -> Outcome:
        arguments = self._keyed(operation, arguments)
        with self._doing("attempt", operation, **arguments):
            declared = self._ready(operation)
            started = self.now()
            outcome = self._awaiting_the_job(declared, lambda: self._once(declared, arguments))
            self.note(Step(operation, arguments, outcome, (self.now() - started).total_seconds()))
        return outcome

    def raw(self, operation: str, /, **arguments: Any) -> Any:
        arguments = self._keyed(operation, arguments)
        with self._doing("raw", operation, **arguments):
            declared = self._ready(operation)
            self.note(Step(operation, arguments))
            return self._awaiting_the_job(declared, lambda: self._raw(declared, arguments)).unwrap()

    def together(self, calls: Iterable[Call], *, turns: bool = False) -> list[Outcome]:
        keyed = [Call(call.operation, self._keyed(call.operation, call.arguments)) for call in calls]
        with self._doing("together", keyed, turns=turns):
            return self._together(keyed, turns)

    def _together(self, calls: Iterable[Call], turns: bool) -> list[Outcome]:
        ready = [(self._ready(call.operation), dict(call.arguments)) for call in calls]
        if any(inspect.iscoroutinefunction(getattr(self.adapter, found.name)) for found, _ in ready):
            outcomes = self._as_tasks(ready)
        else:
            outcomes = self._as_threads(ready, giving_way if turns else nullcontext)
        outcomes = [self._joined(*call, outcome) for call, outcome in zip(ready, outcomes, strict=True)]
        self.bench.unread = self.bench.unread or any(found.effect == "write" for found, _ in ready)
        for (found, arguments), outcome in zip(ready, outcomes, strict=True):
            self.note(Step(f"at once: {found.name}", arguments, outcome))
        return outcomes

    def beside(self, operation: str, arguments: Mapping[str, Any], other: Callable[[], Awaitable[None]]) -> Outcome:
        """An async operation, and something else as a task on the same loop, which ends with the operation."""
        ready = self._keyed(operation, arguments)
        declared = self._ready(operation)

        async def both() -> Outcome:
            task = asyncio.ensure_future(other())
            try:
                return Outcome(operation, await self._invoke(declared, ready))
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an outcome
                return Outcome(operation, error=error)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        with self._doing("attempt", operation, **ready):
            outcome: Outcome = self.waiter.wait(both())
        return outcome

    def cancelled(self, operation: str, arguments: Mapping[str, Any], when: Callable[[], bool]) -> Outcome:
        """What an async operation comes to whose task is cancelled as soon as ``when`` says so."""
        ready = self._keyed(operation, arguments)
        declared = self._ready(operation)

        async def run() -> Outcome:
            task = asyncio.ensure_future(self._invoke(declared, ready))
            while not task.done() and not when():  # noqa: ASYNC110 - the vendor has a thread of its own
                await asyncio.sleep(0.001)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=ENDS_WITHIN_S)
            if not done:
                return Outcome(operation, error=TimeoutError(f"it went on for {ENDS_WITHIN_S:g} s"))
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            return Outcome(operation, None if error else task.result(), error)

        with self._doing("attempt", operation, **ready):
            outcome: Outcome = self.waiter.wait(run())
        return outcome

    def prepare(self, sample: str | Sample | Refusal | Part) -> Callable[[int], dict[str, Any]]:
        if isinstance(sample, str):
            sample = self.target.contract.samples[sample]
        arguments, given = sample.arguments, self._given(sample.given)
        first = self.bench.fresh_numbers()
        return lambda n: dict(arguments(self.scene(first + n, given)))

    def scene(self, n: int = 0, given: Mapping[str, Any] | None = None) -> Scene:
        return Scene(self.traits, self.now(), n, given or {}, self.provided)

    def advance(self, seconds: float) -> None:
        with self._doing("advance", seconds):
            self.bench.clock.advance(seconds)
            self.note(Step(f"advance the clock by {seconds:.10g} s"))
            if hasattr(self.adapter, "run_due"):
                self.waiter.wait(self.adapter.run_due())

    @contextmanager
    def injecting(self, fault: str) -> Iterator[Asked | None]:
        self.open()
        with self.tape.block(self.name, INJECTING, fault), self.bench.injected(fault) as asked:
            self.note(Step(f"inject {fault}"))
            yield asked
        self.note(Step(f"lift {fault}"))

    def restart(self) -> None:
        with self._doing("restart"):
            self._adapter = None
            gc.collect()
            self.bench.restarted()
            self.note(Step("restart the adapter"))
            self.open()

    def open(self) -> Any:
        """The instance, made where there is none."""
        if self._adapter is None:
            self._adapter = self.target.cls(self.bench.config, self.bench.context())
        return self._adapter

    def close(self) -> None:
        with self._doing("close"):
            self._close()

    def _close(self) -> None:
        self.end(self.let_go())

    def end(self, adapter: Any) -> None:
        """Closes an instance, which may send what it put off."""
        self._face_vendor()
        self.waiter.close_instance(adapter)

    def flushed(self) -> Outcome:
        """Closes the instance, which sends what was put off; one that could not send is kept, to be closed again."""
        adapter = self.let_go() if self.unsent is None else self.unsent
        with self._doing("flushed"):
            try:
                self.end(adapter)
                outcome, self.unsent = Outcome(CLOSE), None
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an outcome
                outcome, self.unsent = Outcome(CLOSE, error=error), adapter
            self.note(Step(CLOSE, {}, outcome))
        return outcome

    def let_go(self) -> Any:
        """The instance, which somebody else closes."""
        adapter, self._adapter = self._adapter, None
        return adapter

    def sibling(self) -> "LiveSubject":
        with self._doing("sibling"):
            return self._other(self.bench, owns_bench=False)

    def stranger(self, **config: Any) -> "LiveSubject":
        with self._doing("stranger", **config):
            return self._other(Bench(self.target, settings=config))

    def settle(self) -> None:
        """Waits until what was written may be expected to be seen."""
        if self.bench.unread and self.traits.read_bound_s:
            with self._doing("settle"):
                self.advance(self.traits.read_bound_s)
        self.bench.unread = False

    @property
    def seam(self) -> Seam:
        """Where the vendor can be made to fail. Raises `Unproven` where nobody can."""
        return TapedSeam(seam_of(self.target, self.bench.vendor), self.tape, self.name)

    def progress(self) -> int:
        """How many steps were taken so far, those of other instances included."""
        return len(self.bench.steps) + sum(other.progress() for other in self._others)

    def release(self) -> None:
        """Lets go whoever waits for the vendor, where the kit can do that."""
        if "vendor" in self.bench.__dict__:
            with suppress(Unproven):
                self.seam.release()

    def reopen(self, timeout_s: float) -> None:
        """A new instance, each of whose attempts is bounded by ``timeout_s`` seconds."""
        if timeout_s != self.bench.timeout:
            with self._doing("reopen", timeout_s):
                self._close()
                self.bench.timeout = timeout_s

    def rewired(self, **wiring: Any) -> "LiveSubject":
        """An instance over another empty vendor that the kit serves in another way; see `Wiring`."""
        with self._doing("rewired", **wiring):
            return self._other(Bench(self.target, wiring=wiring))

    def rotate(self) -> None:
        """Changes the secret that the adapter is given by ``ctx.secret``, and that its vendor takes."""
        with self._doing("rotate"):
            self.bench.rotate()

    @property
    def problems(self) -> list[str]:
        """What went wrong at a vendor that the kit serves, this one's and those of other instances."""
        return [*self.bench.problems, *(text for other in self._others for text in other.problems)]

    def in_new_process(self, calls: Sequence[Call]) -> list[Outcome]:
        keyed = [Call(call.operation, self._keyed(call.operation, call.arguments)) for call in calls]
        with self._doing("in_new_process", keyed):
            return self._in_new_process(keyed)

    def _in_new_process(self, calls: Sequence[Call]) -> list[Outcome]:
        self._close()
        ready = [(self._ready(call.operation), dict(call.arguments)) for call in calls]
        launch = Launch.of(self.bench, [(found.name, self._checked(found, arguments)) for found, arguments in ready])
        self.note(Step("in a new process, under another hash seed:"))
        try:
            outcomes = [self._accepted(outcome) for outcome in run_elsewhere(launch)]
        except Unportable:
            # The vendor lives and dies with this process, and so does every adapter of it.
            self.restart()
            return [self.attempt(call.operation, **call.arguments) for call in calls]
        for call, outcome in zip(calls, outcomes, strict=True):
            self.note(Step(call.operation, call.arguments, outcome))
        return outcomes

    def note(self, step: Step) -> None:
        """Keeps a step that was taken, with the requests that it made."""
        live = self.bench.live
        wire = () if live is None else tuple(live.ledger.unshown())
        self.bench.steps.append(replace(step, wire=wire) if wire else step)

    def wired(self) -> list[dict[str, Any]]:
        """The requests of the step that was taken last, as golden files have them."""
        live = self.bench.live
        return [] if live is None else [entry.plain(live.unstable) for entry in self.bench.steps[-1].wire]

    # how it is done

    @property
    def adapter(self) -> Any:
        return self.open()

    def _doing(self, method: str, *arguments: Any, **named: Any) -> AbstractContextManager[None]:
        return self.tape.doing(self.name, method, *arguments, **named)

    def _keyed(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        key = self.capability.operation(operation).key
        return {**arguments, key: self.key()} if key and key not in arguments else dict(arguments)

    def _ready(self, operation: str) -> Operation:
        declared = self.capability.operation(operation)
        self._face_vendor()
        if declared.effect == "write":
            self.bench.unread = True
        else:
            self.settle()
        return declared

    def _face_vendor(self) -> None:
        """Has hosts that an SDK has built in lead to this subject's vendor, and not to another one's."""
        if self.bench.live is not None:
            self.bench.live.answer()

    def _once(self, declared: Operation, arguments: Mapping[str, Any]) -> Outcome:
        self._pass_time()
        return self._finish(declared.name, lambda: self.waiter.wait(self._invoke(declared, arguments)))

    def _raw(self, declared: Operation, arguments: Mapping[str, Any]) -> Outcome:
        self._pass_time()
        try:
            return Outcome(declared.name, self.waiter.wait(self._invoke(declared, arguments)))
        except ProviderError as error:
            return Outcome(declared.name, error=error)

    def _pass_time(self) -> None:
        """A vendor that the kit serves moves the clock by itself, request by request."""
        if self.bench.live is None:
            self.bench.clock.advance(SERVED_S)

    def _joined(self, declared: Operation, arguments: Mapping[str, Any], outcome: Outcome) -> Outcome:
        """A read of several at once, with the job that it started."""
        first = iter([outcome])
        return self._awaiting_the_job(declared, lambda: next(first, None) or self._once(declared, arguments))

    def _awaiting_the_job(self, declared: Operation, call: Callable[[], Outcome]) -> Outcome:
        """What a call comes to; a read that is in progress is asked for again when it said. CONTRACTS, section 7."""
        outcome = call()
        for _ in range(ASKED_AGAIN):
            error = outcome.error
            if declared.effect != "read" or not isinstance(error, RetryableError):
                break
            if error.code != "in_progress" or error.retry_after is None:
                break
            self.advance(error.retry_after)
            outcome = call()
        return outcome

    def _invoke(self, declared: Operation, arguments: Mapping[str, Any]) -> Any:
        positional, keyword = self._checked(declared, arguments)
        if not callable(getattr(self.adapter, declared.name, None)) and not self.offers(declared.name):
            raise NonRetryableError("unsupported", self.target.unsupported[declared.name])
        return getattr(self.adapter, declared.name)(*positional, **keyword)

    def _checked(self, declared: Operation, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        checked = self.capability.check(declared.name, **arguments)
        positional = [value for name, value in checked.items() if name not in declared.by_keyword]
        return positional, {name: value for name, value in checked.items() if name in declared.by_keyword}

    def _finish(self, operation: str, run: Callable[[], Any]) -> Outcome:
        try:
            return Outcome(operation, self._accept(operation, run()))
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an outcome
            return Outcome(operation, error=error)

    def _accept(self, operation: str, returned: Any) -> Output:
        try:
            return self.capability.accept(operation, returned)
        except ValidationError as error:
            raise ClauseFailed(f"{operation} returned what the contract does not allow: {faults(error)}") from None

    def _accepted(self, outcome: Outcome) -> Outcome:
        if outcome.error is not None:
            return outcome
        return self._finish(outcome.operation, lambda: outcome.value)

    def _as_threads(
        self, ready: list[tuple[Operation, dict[str, Any]]], around: Callable[[], AbstractContextManager[None]]
    ) -> list[Outcome]:
        self.open()
        start = Barrier(len(ready))
        outcomes: dict[int, Outcome] = {}

        def one(number: int, found: Operation, arguments: dict[str, Any]) -> None:
            with suppress(BrokenBarrierError):
                start.wait(GATHER_S)
            self._pass_time()
            with around():
                outcomes[number] = self._finish(found.name, lambda: self._invoke(found, arguments))

        # Daemons, unlike the threads of a pool: one that hangs does not keep the interpreter from its end.
        threads = [Thread(target=one, args=(number, *pair), daemon=True) for number, pair in enumerate(ready)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [outcomes[number] for number in range(len(ready))]

    def _as_tasks(self, ready: list[tuple[Operation, dict[str, Any]]]) -> list[Outcome]:
        async def one(found: Operation, arguments: dict[str, Any]) -> Outcome:
            self._pass_time()
            try:
                returned = self._invoke(found, arguments)
                value = await returned if inspect.isawaitable(returned) else returned
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an outcome
                return Outcome(found.name, error=error)
            return self._finish(found.name, lambda: value)

        async def all_of_them() -> list[Outcome]:
            return list(await asyncio.gather(*(one(*pair) for pair in ready)))

        outcomes: list[Outcome] = self.waiter.wait(all_of_them())
        return outcomes

    def _given(self, steps: tuple[Given, ...]) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for step in steps:
            sample = self.target.contract.samples[step.operation]
            if step.arguments is not None:
                sample = Sample(step.arguments)
            number = self.bench.fresh_numbers() + step.n
            scene = self.scene(number, {**self._given(sample.given), **given})
            given[step.name] = self.call(step.operation, **sample.arguments(scene))
        if steps:
            self.settle()
        return given

    def _flush(self) -> None:
        """Has an adapter that puts calls off send them: by its ``flush()`` where it has one, else by closing it."""
        if self._adapter is None or not self.target.defers:
            return
        if hasattr(self._adapter, "flush"):
            self._face_vendor()
            self.waiter.wait(self._adapter.flush())
        else:
            self._close()

    def _observed(self, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        self._flush()
        observer = self.bench.observer(self.adapter)
        return {name: rows(self.capability, name, self.waiter.wait(_list(observer, name))) for name in names}

    def _other(self, bench: Bench, *, owns_bench: bool = True) -> "LiveSubject":
        other = type(self)(bench, owns_bench=owns_bench, tape=self.tape)
        self._others.append(other)
        return other


def _text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def _list(observer: Any, name: str) -> Any:
    found = observer[name] if isinstance(observer, Mapping) else getattr(observer, name)
    return found() if callable(found) else found
