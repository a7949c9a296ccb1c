"""A call of an adapter from an event loop, which it never blocks."""

import asyncio
import inspect
from contextlib import suppress
from contextvars import Token
from datetime import datetime, timedelta
from typing import Any

from ..model.payload import Output
from ..telemetry.spans import Span
from .binding import Binding
from .deadline import DEADLINE, seconds_until
from .terms import Arguments, Failures
from .threads import Threads


class AwaitedOperation:
    """Callable like the operation of the Protocol, to be awaited. Plain functions of the adapter run in ``threads``.

    At the deadline the attempt that is under way is cancelled.
    """

    __slots__ = ("_binding", "_deadline", "_in_thread", "_threads")

    def __init__(self, binding: Binding, threads: Threads) -> None:
        self._binding, self._threads = binding, threads
        self._deadline = timedelta(seconds=binding.terms.deadline_s)
        self._in_thread = not inspect.iscoroutinefunction(binding.method)

    async def __call__(self, *given: Any, **named: Any) -> Output:
        binding = self._binding
        with Span(binding.site) as span:
            failures = Failures(binding.arguments(given, named))
            token = DEADLINE.set(span.started + self._deadline)
            try:
                return await self._within_the_deadline(span, failures)
            finally:
                _restore(token)

    async def _within_the_deadline(self, span: Span, failures: Failures) -> Output:
        terms = self._binding.terms
        with suppress(TimeoutError):
            async with asyncio.timeout(terms.deadline_s) as bound:
                return await self._attempts(span, failures, bound)
        raise terms.timed_out(failures.errors, under_way=span.under_way)

    async def _attempts(self, span: Span, failures: Failures, bound: asyncio.Timeout) -> Output:
        binding, end, given_up = self._binding, span.started + self._deadline, _cancellations()
        by_position, by_keyword = binding.split(failures.arguments)
        while True:
            span.attempt()
            try:
                returned = await self._returned(by_position, by_keyword)
                return binding.succeeded(span, returned)
            except Exception as error:
                if _cancellations() > given_up and not bound.expired():
                    # The adapter made an error of its caller's cancellation.
                    raise asyncio.CancelledError from error
                left = lambda: 0.0 if bound.expired() else seconds_until(end, binding.clock)  # noqa: E731
                wait = binding.failed(span, failures, error, left)
            await binding.clock.asleep(wait)

    async def _returned(self, by_position: tuple[Any, ...], by_keyword: Arguments) -> Any:
        method = self._binding.method
        if not self._in_thread:
            return await method(*by_position, **by_keyword)
        returned = await self._threads.run(method, *by_position, **by_keyword)
        return await returned if inspect.isawaitable(returned) else returned


def _cancellations() -> int:
    """How often the current task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _restore(token: Token[datetime | None]) -> None:
    """A coroutine that its owner gives up may be closed in another context, which has no such token."""
    with suppress(ValueError):
        DEADLINE.reset(token)
