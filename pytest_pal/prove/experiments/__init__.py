"""Saboteurs and benign variants of experiments."""

from . import bandits, counts, flags, refusals, rules, settings, shares, wire
from .benign import BENIGN

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (
    *flags.SABOTEURS,
    *rules.SABOTEURS,
    *shares.SABOTEURS,
    *settings.SABOTEURS,
    *counts.SABOTEURS,
    *bandits.SABOTEURS,
    *refusals.SABOTEURS,
    *wire.SABOTEURS,
)
