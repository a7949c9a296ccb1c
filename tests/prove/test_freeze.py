"""A frozen version: nothing of it may leave or change, later versions may add."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.errors import PalError
from pytest_pal.kit.contract import Contract
from pytest_pal.kit.discovery import contract_of
from pytest_pal.prove import freeze

from ..eighth import offered


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Contract]:
    monkeypatch.setattr(freeze, "file_of", lambda contract, by: tmp_path / f"frozen-{by}.json")
    with offered(tmp_path / "site", monkeypatch):
        yield contract_of("geo")


def without(contract: Contract, id: str) -> Contract:
    return replace(contract, clauses=tuple(clause for clause in contract.clauses if clause.id != id))


def changed(contract: Contract, id: str, **changes: Any) -> Contract:
    clauses = (replace(clause, **changes) if clause.id == id else clause for clause in contract.clauses)
    return replace(contract, clauses=tuple(clauses))


def test_an_open_version_may_change(geo: Contract) -> None:
    assert list(freeze.changes(without(geo, "geo.find.rule.found_again"))) == []


def test_what_was_frozen_holds_as_long_as_nothing_changes(geo: Contract) -> None:
    assert freeze.freeze(geo, "1.0").startswith("sha256:")
    assert list(freeze.changes(geo)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda geo: without(geo, "geo.find.rule.found_again"), "clauses: geo.find.rule.found_again has left"),
        (
            lambda geo: changed(geo, "geo.find.rule.found_again", sentence="Places are found."),
            "clauses: geo.find.rule.found_again has changed",
        ),
        (
            lambda geo: changed(geo, "geo.find.rule.region", since="1.0"),
            "clauses: geo.find.rule.region came in, and says no later version",
        ),
    ],
)
def test_what_left_or_changed_is_named(geo: Contract, change: Any, words: str) -> None:
    freeze.freeze(geo, "1.0")
    assert list(freeze.changes(change(geo))) == [f"geo 1.0 is frozen: {words}"]


def test_what_came_later_is_not_held_by_an_older_version(geo: Contract) -> None:
    freeze.freeze(geo, "1.0")
    assert list(freeze.changes(without(geo, "geo.find.rule.region"))) == []
    freeze.freeze(geo, "1.1")
    assert list(freeze.changes(without(geo, "geo.find.rule.region"))) == [
        "geo 1.1 is frozen: clauses: geo.find.rule.region has left"
    ]


def test_a_file_that_was_changed_by_hand_is_told(geo: Contract, tmp_path: Path) -> None:
    freeze.freeze(geo, "1.0")
    file = tmp_path / "frozen-1.0.json"
    file.write_text(file.read_text("utf-8").replace("found again under its id", "found"), "utf-8")
    assert "geo 1.0 is frozen: frozen-1.0.json was changed by hand" in list(freeze.changes(geo))


def test_a_version_is_frozen_once_and_must_be_there(geo: Contract) -> None:
    freeze.freeze(geo, "1.0")
    with pytest.raises(PalError, match="is frozen already; a change is a new version"):
        freeze.freeze(geo, "1.0")
    with pytest.raises(PalError, match="did you mean"):
        freeze.freeze(geo, "2.0")
