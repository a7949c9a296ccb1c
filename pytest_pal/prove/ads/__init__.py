"""Saboteurs and benign variants of ads."""

from . import campaigns, keys, manners, reports
from .benign import BENIGN

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (*campaigns.SABOTEURS, *reports.SABOTEURS, *keys.SABOTEURS, *manners.SABOTEURS)
