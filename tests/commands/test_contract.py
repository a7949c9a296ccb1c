"""``pal contract`` shows a contract, what is new in a version of it, and whether an ID has left."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_pal.commands import contract
from pytest_pal.errors import PalError
from pytest_pal.kit import frozen
from pytest_pal.kit.discovery import contract_of
from pytest_pal.registry.entry_points import CAPABILITIES, OURS, entries

from ..eighth import offered

OUR_OWN = [entry.name for entry in entries(CAPABILITIES) if entry.distribution == OURS]


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with offered(tmp_path / "site", monkeypatch):
        yield


def pal_contract(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    contract.configure(parser)
    return contract.run(parser.parse_args(arguments))


@pytest.mark.parametrize("name", OUR_OWN)
def test_a_contract_is_shown_within_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_contract("show", name) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) < 80
    for clause in contract_of(name).clauses:
        assert f"  {clause.level} {clause.since}  {clause.id}\n" in text


def test_operations_are_shown_with_what_they_declare(capsys: pytest.CaptureFixture[str]) -> None:
    pal_contract("show", "ads")
    text = capsys.readouterr().out
    assert text.startswith("ads 1.0 (AdsProvider)\n\ncreate_campaign(spec, idempotency_key) -> Campaign\n")
    assert (
        "  write; idempotency: key (idempotency_key); deadline 30 s; optional:\n      create_campaign.lifetime\n"
        in text
    )
    assert "  measured: /rows/*/impressions, " in text
    pal_contract("show", "vectorstore")
    assert "tolerance(" in capsys.readouterr().out


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_contract("show", "ads", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["capability"], told["version"], told["versions"]) == ("ads", "1.0", ["1.0"])
    assert [row["name"] for row in told["operations"]] == ["create_campaign", "report", "pause"]
    assert told["operations"][2]["effect"] == "write"
    assert {"operation": "pause", "in": "output", "pointer": "/id", "since": "1.0", "class": "id"} in told["fields"]
    assert {"operation": "pause", "in": "arguments", "pointer": "/campaign_id", "since": "1.0"} in told["fields"]
    assert {row["id"] for row in told["clauses"]} == set(frozen.ids_of(contract_of("ads")))


def test_a_diff_names_what_came_in_between(geo: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_contract("diff", "geo", "1.0", "1.1") == 0
    text = capsys.readouterr().out
    assert text.startswith("geo: new after 1.0, up to 1.1\n")
    for line in (
        "  field from 1.1: register, arguments: /place/label",
        "  field from 1.1: find, output: /region (exact)",
        "  MUST 1.1  geo.adapter.scenario.found_with_region",
        "  MUST 1.1  geo.find.shape.fields_1_1",
    ):
        assert f"{line}\n" in text
    assert "found_again" not in text
    assert pal_contract("diff", "geo", "1.0", "1.1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"]) == ("1.0", "1.1")
    assert [row["name"] for row in told["scenarios"]] == ["found_with_region"]
    assert {row["since"] for part in ("fields", "scenarios", "clauses") for row in told[part]} == {"1.1"}
    assert pal_contract("diff", "geo", "1.1", "1.1") == 0
    assert capsys.readouterr().out == "geo: new after 1.1, up to 1.1\n  nothing\n"
    pal_contract("show", "geo")
    shown = capsys.readouterr().out
    assert "  exact, from 1.1: /place/label, /region\n" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "adz"), "no capability 'adz'.*ads"),
        (("diff", "geo", "1.0", "1.2"), r"geo has no version '1\.2'; it has 1\.0, 1\.1"),
        (("diff", "geo", "x", "1.1"), "geo has no version 'x'"),
        (("diff", "geo", "1.1", "1.0"), r"name the older one first: pal contract diff geo 1\.0 1\.1"),
        (("ids", "adz"), "no capability 'adz'"),
    ],
)
def test_what_there_is_not_is_named(geo: None, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(PalError, match=words):
        pal_contract(*arguments)


@pytest.mark.parametrize("name", OUR_OWN)
def test_no_id_has_left_its_contract(name: str) -> None:
    """IDs stay for ever: mend the contract, never its ids.txt."""
    assert frozen.gone(contract_of(name)) == []


@pytest.mark.parametrize("name", OUR_OWN)
def test_every_id_is_in_the_list(name: str) -> None:
    """Type ``pal contract ids --write``, and commit."""
    assert frozen.missing(contract_of(name)) == []


def test_an_id_that_left_is_missed_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ids.txt"
    monkeypatch.setattr(frozen, "file_of", lambda found: file)
    monkeypatch.setattr(contract, "file_of", lambda found: file)
    assert pal_contract("ids", "ads") == 0
    assert "are not in" in capsys.readouterr().out
    assert pal_contract("ids", "ads", "--write") == 0
    assert file.read_text().splitlines() == frozen.ids_of(contract_of("ads"))
    file.write_text(f"{file.read_text()}ads.pause.rule.was_here\n")
    for option in ([], ["--write"], ["--json"]):
        capsys.readouterr()
        assert pal_contract("ids", "ads", *option) == 1
        assert "ads.pause.rule.was_here" in capsys.readouterr().out
    assert "ads.pause.rule.was_here" in file.read_text()


def test_all_contracts_are_listed_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_contract("ids", "--json") == 0
    assert set(OUR_OWN) <= set(json.loads(capsys.readouterr().out))
