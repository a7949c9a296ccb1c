"""Saboteurs and benign variants of cdp."""

from . import audiences, events, profiles, reads, wire
from .alone import ALONE
from .benign import BENIGN as UNUSUAL

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (
    *profiles.SABOTEURS,
    *events.SABOTEURS,
    *audiences.SABOTEURS,
    *reads.SABOTEURS,
    *wire.SABOTEURS,
)
BENIGN = (*UNUSUAL, *ALONE)
