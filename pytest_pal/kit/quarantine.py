"""Adapters whose call never came back: their threads still run, so nothing that they do now says anything."""

from ..model.clause import ClauseFailed
from .target import Target

_HUNG: dict[tuple[str, str], str] = {}


def quarantine(target: Target, clause_id: str) -> None:
    """Fails whatever else is asked of the adapter in this process."""
    _HUNG.setdefault((target.origin, target.name), clause_id)


def refuse_quarantined(target: Target) -> None:
    """Raises ClauseFailed where a call of the adapter has hung before."""
    where = _HUNG.get((target.origin, target.name))
    if where is not None:
        raise ClauseFailed(f"{target.name} is in quarantine: a call of it never came back in {where}")
