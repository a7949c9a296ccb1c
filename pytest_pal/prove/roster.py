"""The rosters: the saboteurs and benign variants of a capability, found by its name."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TypeVar

from ..errors import PalError
from ..kit.contract import Contract
from ..kit.discovery import contract_of
from ..model.capability import Capability
from . import expected
from .derived import derived
from .saboteur import Benign, Saboteur, check

OURS = "pytest_pal.contracts."
Row = TypeVar("Row", Saboteur, Benign)


@dataclass(frozen=True)
class Roster:
    """Who proves the judge of one capability."""

    contract: Contract
    saboteurs: tuple[Saboteur, ...]
    benign: tuple[Benign, ...]

    @property
    def adapters(self) -> tuple[Saboteur | Benign, ...]:
        return (*self.saboteurs, *self.benign)

    @cached_property
    def by_name(self) -> dict[str, Saboteur | Benign]:
        return {each.name: each for each in self.adapters}

    @property
    def written(self) -> tuple[Saboteur | Benign, ...]:
        """Those that a person wrote."""
        return tuple(each for each in self.adapters if isinstance(each, Benign) or not each.derived)


@cache
def roster(capability: str) -> Roster:
    """The roster of an installed capability; it is empty where nobody wrote one. Raises PalError."""
    contract = contract_of(capability)
    saboteurs, benign = _written(contract.capability)
    saboteurs = expected.filled((*saboteurs, *derived(contract)), expected.read(contract))
    check(contract, saboteurs, benign)
    return Roster(contract, saboteurs, benign)


def _written(capability: Capability) -> tuple[tuple[Saboteur, ...], tuple[Benign, ...]]:
    """The module of ours by the capability's name, else ``saboteurs`` in the package of somebody else's."""
    ours = capability.package.startswith(OURS)
    name = f"{__package__}.{capability.name}" if ours else f"{capability.package}.saboteurs"
    if find_spec(name) is None:
        return (), ()
    module = import_module(name)
    return (
        _listed(name, "SABOTEURS", Saboteur, getattr(module, "SABOTEURS", ())),
        _listed(name, "BENIGN", Benign, getattr(module, "BENIGN", ())),
    )


def _listed(module: str, table: str, kind: type[Row], rows: Iterable[object]) -> tuple[Row, ...]:
    found: list[Row] = []
    for row in rows:
        if not isinstance(row, kind):
            raise PalError(f"{module}.{table} holds {row!r}; it lists {kind.__name__}(...)")
        found.append(row)
    return tuple(found)
