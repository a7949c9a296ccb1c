"""Adapters by name for people's own tests: each on a fresh vendor, called as the contract says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ..errors import PalError
from .bench import Bench
from .discovery import Selection, discover
from .local import local_adapters
from .plan import Case, target_of
from .subject import LiveSubject


class Caller:
    """One adapter: its operations are methods. ``subject`` advances its clock, restarts and observes it."""

    def __init__(self, subject: LiveSubject) -> None:
        self.subject = subject

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation not in self.subject.capability.operations:
            known = ", ".join(self.subject.capability.operations)
            raise AttributeError(f"{self.subject.capability.name} has no operation {operation!r}; it has {known}")
        names = list(self.subject.capability.operation(operation).arguments.model_fields)

        def call(*positional: Any, **arguments: Any) -> Any:
            return self.subject.call(operation, **dict(zip(names, positional, strict=False)), **arguments)

        return call


class Callers:
    """The project's adapters by name; others that are installed can be named too. Closes them all at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._open: dict[str, Caller] = {}

    def __enter__(self) -> "Callers":
        return self

    def __exit__(self, *_: object) -> None:
        for caller in self._open.values():
            caller.subject.__exit__()

    def __iter__(self) -> Iterator[str]:
        return iter(case.adapter for case in self._cases())

    def __getitem__(self, name: str) -> Caller:
        """Raises PalError for a name that is not there, or an adapter that cannot be opened."""
        if name not in self._open:
            self._open[name] = Caller(LiveSubject(Bench(target_of(self._case(name)))))
        return self._open[name]

    def _cases(self, *names: str) -> tuple[Case, ...]:
        local = local_adapters(self._config)
        return discover(Selection(root=self._config.rootpath, adapters=names, local=local)).cases

    def _case(self, name: str) -> Case:
        found = self._cases(name)
        if not found:
            known = discover(Selection(root=self._config.rootpath, local=local_adapters(self._config))).known
            raise PalError(f"no adapter {name!r}; there are {', '.join(known)}")
        return found[0]
