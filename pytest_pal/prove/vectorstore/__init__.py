"""Saboteurs and benign variants of vectorstore."""

from . import collections, filters, records, searches, swaps, wire
from .alone import ALONE
from .benign import BENIGN as UNUSUAL

__all__ = ["BENIGN", "SABOTEURS"]

SABOTEURS = (
    *collections.SABOTEURS,
    *records.SABOTEURS,
    *searches.SABOTEURS,
    *filters.SABOTEURS,
    *swaps.SABOTEURS,
    *wire.SABOTEURS,
)
BENIGN = (*UNUSUAL, *ALONE)
