"""One child process, under another PYTHONHASHSEED, in which adapters are opened again."""

import atexit
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.clause import Unproven
from ..model.subject import Outcome
from .guard import GUARD

if TYPE_CHECKING:
    from .bench import Bench

ANSWER_WITHIN_S, END_WITHIN_S = 30.0, 2.0
Arguments = tuple[list[Any], dict[str, Any]]


@dataclass(frozen=True)
class Launch:
    """What the child needs to open the adapter: its class by name, its configuration, the instant.

    ``secret`` is the value of every secret; None: there are none. ``hosts`` lead to ports on loopback.
    """

    module: str
    qualname: str
    file: str | None
    config: Mapping[str, Any]
    now: datetime
    state_dir: Path | None
    calls: Sequence[tuple[str, Arguments]]
    secret: str | None = None
    hosts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, bench: "Bench", calls: Sequence[tuple[str, Arguments]]) -> "Launch":
        adapter = bench.target.cls
        if not importable(adapter):
            raise Unproven(
                f"a new process cannot import {adapter.__qualname__} from {adapter.__module__}: "
                "let the class have its name at the top level of that module"
            )
        return cls(
            module=adapter.__module__,
            qualname=adapter.__qualname__,
            file=getattr(sys.modules.get(adapter.__module__), "__file__", None),
            config=bench.config,
            now=bench.clock.now(),
            state_dir=bench.context().state_dir,
            calls=calls,
            secret=None if bench.live is None else bench.secret,
            hosts={} if bench.live is None else bench.live.hosts,
        )


def importable(cls: type) -> bool:
    """Whether the class's module holds it under its name, as it does not where it was made in a function."""
    try:
        return attrgetter(cls.__qualname__)(sys.modules[cls.__module__]) is cls
    except (AttributeError, KeyError):
        return False


class Unportable(Exception):
    """The configuration holds what lives in this process only, such as an engine in memory."""


def _pickled(launch: Launch) -> bytes:
    try:
        return pickle.dumps(launch)
    except (TypeError, AttributeError, pickle.PickleError) as error:
        raise Unportable(str(error)) from error


class Child:
    """A started interpreter that answers launches one after another."""

    def __init__(self) -> None:
        seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
        code = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from pytest_pal.kit import child; child.main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        self._lock = threading.Lock()

    def ask(self, launch: Launch) -> list[Outcome]:
        """Raises `Unproven` where the child dies or does not answer within 30 s, `Unportable` as it says."""
        question = _pickled(launch)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        overdue = threading.Timer(ANSWER_WITHIN_S, self._process.kill)
        with self._lock:
            overdue.start()
            try:
                self._process.stdin.write(question)
                self._process.stdin.flush()
                outcomes: list[Outcome] = pickle.load(self._process.stdout)
            except (OSError, EOFError, pickle.PickleError) as error:
                self._process.kill()
                self._process.wait()
                raise Unproven(f"the new process ended or did not answer within {ANSWER_WITHIN_S:g} s") from error
            finally:
                overdue.cancel()
        return outcomes

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Closes its input, which ends it; kills it where that does not help."""
        try:
            self._process.communicate(timeout=END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class _Shared:
    child: Child | None = None


def start() -> Child:
    """The shared child of this process, started where there is none that lives."""
    if _Shared.child is not None and not _Shared.child.alive:
        stop()
    if _Shared.child is None:
        atexit.register(stop)
        with GUARD.paused():
            _Shared.child = Child()
    return _Shared.child


def stop() -> None:
    """Ends the shared child."""
    if _Shared.child is not None:
        _Shared.child.end()
        _Shared.child = None


def run_elsewhere(launch: Launch) -> list[Outcome]:
    """The outcomes of a launch's calls; values as plain data, errors rebuilt from the taxonomy."""
    return start().ask(launch)
