"""The proof of the judge: every row of the kill matrix, and what follows from them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..kit.contract import Contract
from .matrix import Judged


@dataclass(frozen=True)
class Proof:
    """``contracts`` are those whose adapters were judged; ``rows`` are sorted by capability, kind and name."""

    contracts: tuple[Contract, ...]
    rows: tuple[Judged, ...]

    @cached_property
    def saboteurs(self) -> tuple[Judged, ...]:
        return tuple(row for row in self.rows if row.kind == "saboteur")

    @cached_property
    def benign(self) -> tuple[Judged, ...]:
        return tuple(row for row in self.rows if row.kind == "benign")

    @property
    def survivors(self) -> list[Judged]:
        """Saboteurs that the clause they were made for did not fail."""
        return [row for row in self.saboteurs if row.survived]

    @property
    def false_alarms(self) -> list[Judged]:
        """Correct adapters that fell."""
        return [row for row in self.benign if not row.as_it_must]

    @property
    def unexpected(self) -> list[Judged]:
        """Saboteurs that were caught, and broke other clauses than was said of them."""
        return [row for row in self.saboteurs if not row.survived and not row.as_it_must]

    @cached_property
    def matrix(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the saboteurs that each clause fails, by its ID."""
        fallen: dict[str, list[str]] = {clause.id: [] for contract in self.contracts for clause in contract.clauses}
        for row in self.saboteurs:
            for id in row.fell:
                fallen[id].append(row.name)
        return {id: tuple(names) for id, names in sorted(fallen.items())}

    @property
    def unproven(self) -> list[str]:
        """Clauses that no saboteur falls by."""
        return [id for id, names in self.matrix.items() if not names]

    @property
    def unneeded(self) -> list[str]:
        """Clauses without which every saboteur would fall all the same."""
        needed = {id for row in self.saboteurs if len(row.fell) == 1 for id in row.fell}
        return [id for id, names in self.matrix.items() if names and id not in needed]

    @property
    def together(self) -> list[list[str]]:
        """Clauses that are failed by just the same saboteurs, at least two of them."""
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for id, names in self.matrix.items():
            if len(names) > 1:
                groups[id.split(".")[0], *names].append(id)
        return sorted(ids for ids in groups.values() if len(ids) > 1)

    @property
    def holds(self) -> bool:
        return not (self.survivors or self.false_alarms or self.unexpected or self.unproven)

    def of(self, capability: str) -> "Proof":
        """The part that speaks of one capability."""
        contracts = tuple(found for found in self.contracts if found.capability.name == capability)
        return Proof(contracts, tuple(row for row in self.rows if row.capability == capability))

    def figures(self) -> dict[str, Any]:
        """Counts; the rate is in percent, to one digit, rounded down."""
        caught, wrong = len(self.saboteurs) - len(self.survivors), len(self.saboteurs)
        return {
            "saboteurs": wrong,
            "derived": sum(row.derived for row in self.saboteurs),
            "caught": caught,
            "kill_rate": (1000 * caught // wrong) / 10 if wrong else None,
            "benign": len(self.benign),
            "false_alarms": len(self.false_alarms),
            "clauses": len(self.matrix),
            "proven": len(self.matrix) - len(self.unproven),
        }

    def plain(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "figures": self.figures(),
            "capabilities": {name: self.of(name).figures() for name in self.names},
            "survivors": [_row(row) for row in self.survivors],
            "false_alarms": [_row(row) for row in self.false_alarms],
            "unexpected": [_row(row) for row in self.unexpected],
            "unproven": self.unproven,
            "unneeded": self.unneeded,
            "together": self.together,
            "matrix": self.matrix,
        }

    @property
    def names(self) -> Sequence[str]:
        return [contract.capability.name for contract in self.contracts]


def proof_of(contracts: Iterable[Contract], rows: Iterable[Judged]) -> Proof:
    return Proof(tuple(contracts), tuple(sorted(rows, key=lambda row: (row.capability, row.kind, row.name))))


def _row(row: Judged) -> dict[str, Any]:
    return {
        "capability": row.capability,
        "name": row.name,
        "breaks": row.breaks or None,
        "missing": row.missing,
        "unexpected": row.unexpected,
    }
