"""Saboteurs and benign variants of llm_observability."""

from . import evals, manners, starts, stops, wire
from .benign import BENIGN

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (*starts.SABOTEURS, *stops.SABOTEURS, *evals.SABOTEURS, *manners.SABOTEURS, *wire.SABOTEURS)
