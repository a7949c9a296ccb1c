"""Saboteurs and benign variants of ads."""

from . import campaigns, keys, manners, reports
from .alone import ALONE
from .benign import BENIGN as UNUSUAL

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (*campaigns.SABOTEURS, *reports.SABOTEURS, *keys.SABOTEURS, *manners.SABOTEURS)
BENIGN = (*UNUSUAL, *ALONE)
