"""The other side of `pytest_pal.kit.process`: opens an adapter and makes the calls it is sent."""

import importlib
import importlib.util
import os
import pickle
import random
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..clock import SimulatedClock
from ..errors import NonRetryableError, ProviderError, RetryableError
from ..model.context import Context, RandomIds
from ..model.payload import Payload
from ..model.subject import Outcome
from .process import Launch
from .waiting import Waiter


def main() -> None:
    """Answers until the other side closes the pipe. What adapters print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            launch: Launch = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_answer(launch), answers)
        answers.flush()


def _answer(launch: Launch) -> list[Outcome]:
    waiter = Waiter()
    source = random.Random(f"{launch.now}")
    context = Context(
        clock=SimulatedClock(launch.now),
        random=source,
        ids=RandomIds(source),
        timeout=5.0,
        state_dir=launch.state_dir,
        secrets=lambda name: launch.secret,
    )
    try:
        with _leading(launch.hosts):
            adapter = _load(launch)(launch.config, context)
            outcomes = [_call(waiter, adapter, operation, *arguments) for operation, arguments in launch.calls]
            waiter.close_instance(adapter)
        return outcomes
    except Exception as error:  # noqa: BLE001 - told to the parent as the outcome of every call
        return [Outcome(operation, error=_portable(error)) for operation, _ in launch.calls]
    finally:
        waiter.end()


def _leading(hosts: Mapping[str, int]) -> AbstractContextManager[None]:
    """While open, these hosts lead to the vendor that the parent serves."""
    if not hosts:
        return nullcontext()
    from ..faults.redirect import redirected
    from ..faults.tls import CAFILE

    return redirected(hosts, cafile=CAFILE)


def _call(waiter: Waiter, adapter: Any, operation: str, positional: list[Any], keyword: dict[str, Any]) -> Outcome:
    try:
        value = waiter.wait(getattr(adapter, operation)(*positional, **keyword))
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is an outcome
        return Outcome(operation, error=_portable(error))
    return Outcome(operation, value.model_dump(by_alias=True) if isinstance(value, Payload) else value)


def _portable(error: Exception) -> Exception:
    if not isinstance(error, ProviderError):
        return RuntimeError(f"{type(error).__name__}: {error}")
    kind = RetryableError if isinstance(error, RetryableError) else NonRetryableError
    return kind(error.code, error.message, outcome_unknown=error.outcome_unknown)


def _load(launch: Launch) -> type:
    module = sys.modules.get(launch.module) or _module(launch)
    found: Any = module
    for name in launch.qualname.split("."):
        found = getattr(found, name)
    cls: type = found
    return cls


def _module(launch: Launch) -> Any:
    try:
        return importlib.import_module(launch.module)
    except ImportError:
        if launch.file is None:
            raise
    spec = importlib.util.spec_from_file_location(launch.module, launch.file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[launch.module] = module
    spec.loader.exec_module(module)
    return module
