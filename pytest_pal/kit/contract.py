"""A contract as the kit uses it: the capability with its samples, scenarios and clauses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from ..model.capability import Capability
from ..model.clause import Clause
from ..model.fields import FIRST, places, since
from ..model.samples import Part, Refusal, Sample, Scene
from ..model.versions import version


@dataclass(frozen=True)
class ScenarioStep:
    """One step of a scenario: ``kind`` is call, observe, advance or restart; ``line`` its place in the file."""

    kind: str
    line: int
    value: Any
    arguments: Mapping[str, Any]
    expect: Any = None
    expects: bool = False
    error: tuple[str, ...] = ()
    save: Mapping[str, str] | None = None
    part: str | None = None
    needs: tuple[str, ...] = ()
    exactly_once: bool = False


@dataclass(frozen=True)
class Scenario:
    """A life of one adapter, with the expectations that a person wrote."""

    name: str
    title: str
    line: int
    since: str
    config: Mapping[str, Any]
    steps: tuple[ScenarioStep, ...]


@dataclass(frozen=True)
class Contract:
    """``config`` is the in-process configuration every adapter gets, ``provided`` what samples may use.

    ``goldens`` is the folder of the mock's recorded traces. ``shaped_by`` names the traits, and the optional
    operations, that decide what outputs say: with others than the mock's its traces say nothing about an adapter.
    """

    capability: Capability
    samples: Mapping[str, Sample]
    refusals: tuple[Refusal, ...]
    parts: Mapping[str, Part]
    variables: Callable[[Scene], Mapping[str, Any]]
    config: Mapping[str, Any]
    provided: Mapping[str, Any]
    scenarios: tuple[Scenario, ...]
    clauses: tuple[Clause, ...] = ()
    goldens: Path | None = None
    shaped_by: tuple[str, ...] = ()

    def as_the_mock(self, traits: Any) -> bool:
        """Whether an adapter with such traits must give the outputs that the mock gives."""
        names = [name for name in self.shaped_by if name not in self.optional]
        return all(getattr(traits, name) == getattr(self._mock_traits, name) for name in names)

    @cached_property
    def _mock_traits(self) -> Any:
        module, _, name = (self.capability.mock or "").partition(":")
        mock = getattr(import_module(module), name) if module else None
        return self.capability.traits.of(getattr(mock, "traits", None))

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Every version that there is, the oldest first."""
        models = (model for found in self.capability.operations.values() for model in (found.arguments, found.output))
        fields = {since(*place) for model in models for found in places(model).values() for place in found}
        came = {clause.since for clause in self.clauses} | fields | {FIRST, self.capability.version}
        return tuple(sorted(came, key=version))

    @property
    def optional(self) -> tuple[str, ...]:
        """The operations and parts that an adapter may declare unsupported."""
        operations = (name for name, found in self.capability.operations.items() if found.optional)
        return (*operations, *self.parts)
