"""Saboteurs and benign variants: what an adapter is, and what the kit must make of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..errors import PalError, did_you_mean
from ..kit.contract import Contract
from ..kit.harness import Harness
from ..kit.target import Target

RECORDED = None
"""For ``also``: what stands in the data, ``prove/expected/<capability>.json``, which ``pal prove --write`` keeps."""
MOST_ALSO = 5
"""More clauses than these, besides the one that a saboteur is made for, need a reason."""


@dataclass(frozen=True)
class Saboteur:
    """A wrong adapter: ``breaks`` is the ID of the clause that must fail it.

    ``also`` are IDs of what it breaks unavoidably besides, or `RECORDED`; no other clause may fall. It is judged
    by the clauses of their operations, of ``operations`` and of the adapter as a whole; ``full``: by all of its
    capability.
    ``contract`` is a wrong contract in the place of the right one. Without ``rules``, and over the wire, it is not
    judged by the family rule unless it is made for one of these. ``derived`` says that no person wrote it,
    ``recorded`` that ``also`` is from the data.
    """

    name: str
    wrong: type | Harness
    breaks: str
    also: tuple[str, ...] | None = ()
    reason: str = ""
    full: bool = False
    operations: tuple[str, ...] = ()
    contract: Contract | None = field(default=None, repr=False)
    rules: bool = True
    derived: bool = False
    recorded: bool = field(default=False, repr=False)

    @property
    def harness(self) -> Harness:
        return self.wrong if isinstance(self.wrong, Harness) else Harness(self.wrong)

    @property
    def expected(self) -> frozenset[str]:
        """The clauses that must fall, and no others."""
        return frozenset({self.breaks, *(self.also or ())})


@dataclass(frozen=True)
class Benign:
    """A correct adapter, and ``why`` somebody might think that it is not.

    ``alone``: it shares nothing with the mock.
    """

    name: str
    right: type | Harness
    why: str
    alone: bool = False

    @property
    def harness(self) -> Harness:
        return self.right if isinstance(self.right, Harness) else Harness(self.right)


def target_of(adapter: Saboteur | Benign, contract: Contract) -> Target:
    """The adapter as the kit judges it; each has a name of its own, so that none answers for another."""
    contract = getattr(adapter, "contract", None) or contract
    return Target(adapter.name, contract, adapter.harness, f"prove {contract.capability.name}")


def renamed(harness: Harness, cls: type) -> Harness:
    """The harness for another class."""
    return replace(harness, cls=cls)


def check(contract: Contract, saboteurs: Iterable[Saboteur], benign: Iterable[Benign]) -> None:
    """Raises PalError for a name that stands twice, an unknown clause, a long ``also`` without a reason."""
    known = {clause.id: clause for clause in contract.clauses}
    seen: set[str] = set()
    adapters: list[Saboteur | Benign] = [*saboteurs, *benign]
    for adapter in adapters:
        where = f"{contract.capability.name}: {type(adapter).__name__} {adapter.name!r}"
        if adapter.name in seen:
            raise PalError(f"{where} stands there twice; give each a name of its own")
        seen.add(adapter.name)
        if isinstance(adapter, Saboteur):
            _check_one(where, adapter, known, contract)
        elif not adapter.why.strip():
            raise PalError(f"{where}: write why somebody might think that it is wrong")


def _check_one(where: str, saboteur: Saboteur, known: Iterable[str], contract: Contract) -> None:
    also = saboteur.also or ()
    for id in (saboteur.breaks, *also):
        if id not in known:
            raise PalError(f"{where} breaks {id!r}, and there is no such clause; {did_you_mean(id, known)}")
    twice = [id for id in also if id == saboteur.breaks or also.count(id) > 1]
    if twice:
        raise PalError(f"{where} names {twice[0]} twice; name each clause once")
    if len(also) > MOST_ALSO and not saboteur.reason.strip():
        raise PalError(
            f"{where} breaks {len(also)} clauses besides {saboteur.breaks}: write a reason=, or let it break less"
        )
    for name in saboteur.operations:
        contract.capability.operation(name)
