"""Rows from several processes; one that dies is told."""

import os
from typing import Any

import pytest

from pytest_pal.errors import PalError
from pytest_pal.mocks.ads import MockAds
from pytest_pal.prove import pool
from pytest_pal.prove.roster import Roster, roster
from pytest_pal.prove.saboteur import Saboteur

HARMLESS = Saboteur("harmless", MockAds, "ads.pause.rule.stops_spend")


def dies(task: Any) -> Any:
    os._exit(1)


def alone(*saboteurs: Saboteur) -> list[Roster]:
    return [Roster(roster("ads").contract, saboteurs, ())]


def test_progress_is_told_after_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = alone(HARMLESS)
    monkeypatch.setattr(pool, "roster", lambda name: found)
    told: list[tuple[int, int]] = []
    (row,) = pool.rows([found], workers=1, full=False, progress=lambda *counts: told.append(counts))
    assert row.survived
    assert told == [(1, 1)]


def test_a_worker_that_ends_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_judged", dies)
    with pytest.raises(PalError, match="a worker ended by itself, 1 adapters are not judged; type: pal prove -n 1"):
        pool.rows(alone(HARMLESS), workers=2, full=False, progress=lambda *counts: None)
