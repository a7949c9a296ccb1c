"""Saboteurs and benign variants of lifecycle."""

from . import keys, previews, schedules, sends, suppressed, wire
from .alone import ALONE
from .benign import BENIGN as UNUSUAL

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (
    *sends.SABOTEURS,
    *suppressed.SABOTEURS,
    *previews.SABOTEURS,
    *schedules.SABOTEURS,
    *keys.SABOTEURS,
    *wire.SABOTEURS,
)
BENIGN = (*UNUSUAL, *ALONE)
