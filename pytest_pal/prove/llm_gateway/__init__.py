"""Saboteurs and benign variants of llm_gateway."""

from . import answers, costs, decisions, fallbacks, models, prompts, wire
from .benign import BENIGN

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (
    *decisions.SABOTEURS,
    *prompts.SABOTEURS,
    *answers.SABOTEURS,
    *costs.SABOTEURS,
    *fallbacks.SABOTEURS,
    *models.SABOTEURS,
    *wire.SABOTEURS,
)
