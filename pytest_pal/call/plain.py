"""A call of an adapter's plain function, in the thread of its caller."""

from collections.abc import Callable
from datetime import timedelta
from types import CoroutineType
from typing import Any

from ..model.payload import Output
from ..telemetry.spans import Span
from .binding import Binding
from .deadline import DEADLINE, seconds_until
from .loop_thread import LoopThread
from .terms import Failures


class PlainOperation:
    """Callable like the operation of the Protocol. ``loop`` awaits a coroutine that a plain function returned.

    The deadline is cooperative: the adapter can read what remains, and no attempt begins after it.
    """

    __slots__ = ("_binding", "_deadline", "_loop")

    def __init__(self, binding: Binding, loop: LoopThread) -> None:
        self._binding, self._loop = binding, loop
        self._deadline = timedelta(seconds=binding.terms.deadline_s)

    def __call__(self, *given: Any, **named: Any) -> Output:
        binding = self._binding
        with Span(binding.site) as span:
            checked = binding.arguments(given, named)
            by_position, by_keyword = binding.split(checked)
            token = DEADLINE.set(span.started + self._deadline)
            failures = None
            try:
                while True:
                    span.attempt()
                    try:
                        returned = binding.method(*by_position, **by_keyword)
                        if type(returned) is CoroutineType:
                            returned = self._loop.run(returned)
                        return binding.succeeded(span, returned)
                    except Exception as error:  # noqa: BLE001 - whatever is raised has a place in the taxonomy
                        failures = failures or Failures(checked)
                        wait = binding.failed(span, failures, error, self._left(span))
                    binding.clock.sleep(wait)
            finally:
                DEADLINE.reset(token)

    def _left(self, span: Span) -> Callable[[], float]:
        return lambda: seconds_until(span.started + self._deadline, self._binding.clock)
