"""Loads what in-process pytester runs would otherwise load, and unload, again and again."""

import contextlib
import gc

import pytest_pal.kit.session  # noqa: F401
from pytest_pal.registry.entry_points import ADAPTERS, CAPABILITIES, OURS, entries

pytest_plugins = ["pytester"]

for entry in (*entries(CAPABILITIES), *entries(ADAPTERS)):
    if entry.distribution == OURS and not entry.name.startswith(("qdrant", "smtp")):
        with contextlib.suppress(Exception):
            entry.load()


def pytest_collection_finish() -> None:
    """What is loaded by now is not looked through again by each collection that a clause makes."""
    gc.collect()
    gc.freeze()
