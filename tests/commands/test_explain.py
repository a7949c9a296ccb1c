"""``pal explain`` says why a clause is there, how to mend what it fails, and who proves it."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_pal.commands import explain, explaining
from pytest_pal.commands.explaining import checks, explained, installed
from pytest_pal.errors import PalError
from pytest_pal.kit.discovery import contract_of
from pytest_pal.kit.explanations import FAMILIES, explanation, named_in
from pytest_pal.kit.plan import SENTENCES
from pytest_pal.registry.entry_points import CAPABILITIES, OURS, entries

from ..eighth import offered

OUR_OWN = [entry.name for entry in entries(CAPABILITIES) if entry.distribution == OURS]
PAUSE = "ads.pause.rule.stops_spend"


def pal_explain(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    explain.configure(parser)
    return explain.run(parser.parse_args(arguments))


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with offered(tmp_path / "site", monkeypatch):
        yield


@pytest.mark.parametrize("name", OUR_OWN)
def test_every_clause_has_a_why_and_a_mend(name: str) -> None:
    """Write them in explanations.yaml, in contracts/<capability>/ or pytest_pal/kit/families/."""
    contract = contract_of(name)
    bare = [c.id for c in contract.clauses if not explanation(c.id, contract.capability.package).mend]
    assert bare == []


@pytest.mark.parametrize("name", OUR_OWN)
def test_each_clause_that_a_capability_wrote_has_a_why_of_its_own(name: str) -> None:
    contract = contract_of(name)
    written = [clause.id for clause in contract.clauses if clause.family == "rule"]
    whys = [explanation(id, contract.capability.package).why for id in written]
    assert len(set(whys)) == len(written)


def test_nothing_is_explained_that_there_is_not() -> None:
    """Take it out of the explanations.yaml, or write it as the clause is written now."""
    ids = [clause.id for found in installed() for clause in found.clauses]
    ids += [f"ads.adapter.discovery.{kind}" for kind in SENTENCES] + ["ads.adapter.own_golden.any"]
    for name in OUR_OWN:
        contract = contract_of(name)
        own = [clause.id for clause in contract.clauses]
        assert named_in(contract.capability.package) <= _names(own)
    assert named_in(FAMILIES) <= _names(ids)


def _names(ids: list[str]) -> set[str]:
    """All names by which a file may explain the clauses."""
    parts = [id.split(".")[1:] for id in ids]
    return {name for part in parts for name in (".".join(part), ".".join(part[1:]), part[1])}


@pytest.mark.parametrize("name", OUR_OWN)
def test_every_clause_is_explained_within_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for clause in contract_of(name).clauses:
        assert pal_explain(clause.id) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 80


def test_a_clause_is_told_with_its_sentence_its_why_and_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_explain("vectorstore.swap.rule.atomic") == 0
    text = capsys.readouterr().out
    assert text.startswith("vectorstore.swap.rule.atomic\nMUST, since 1.0: Searches throughout a swap see ")
    for line in ("\nwhy: ", "\nmend: ", "\nseen in public:\n  https://github.com/"):
        assert line in text


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_explain(PAUSE, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"id", "level", "since", "sentence", "why", "mend", "seen", "proven_by"}
    assert (told["id"], told["level"], told["since"]) == (PAUSE, "MUST", "1.0")


def test_the_pasted_id_of_a_failure_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_explain(f"pal::ads::acme_ads::{PAUSE}") == 0
    assert capsys.readouterr().out.startswith(f"{PAUSE}\n")


@pytest.mark.parametrize("kind", SENTENCES)
def test_what_keeps_an_adapter_from_being_judged_is_explained_too(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for capability in ("ads", "unknown"):
        assert pal_explain(f"{capability}.adapter.discovery.{kind}") == 0
    assert "\nmend: " in capsys.readouterr().out


def test_a_project_s_own_golden_file_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_explain("ads.adapter.own_golden.long_life") == 0
    assert "--pal-golden=update" in capsys.readouterr().out


def test_a_check_of_a_family_lists_the_operations(capsys: pytest.CaptureFixture[str]) -> None:
    assert pal_explain("fault.hang") == 0
    text = capsys.readouterr().out
    assert "the operation raises\ntimeout, outcome unknown; afterwards it works again.\n  ads: create_campaign" in text
    assert max(map(len, text.splitlines())) < 80
    assert pal_explain("fault.hang", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert "ads.report.fault.hang" in told["sentences"][1]["clauses"]


def test_every_check_of_a_family_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    names = checks(installed())
    assert len(names) > 80
    for name in names:
        assert pal_explain(name, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert all((told["why"], told["mend"], told["sentences"]))


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("nonsense", "no clause 'nonsense'; an ID reads capability.operation.family.check, begins with ads, "),
        ("ads", "no clause 'ads'; pal contract show ads lists all 2"),
        ("", "no clause ''; an ID reads"),
        ("ads.pause.rule.stop_spend", "did you mean 'ads.pause.rule.stops_spend'"),
        ("ads.adapter.discovery.x", "no clause 'ads.adapter.discovery.x'"),
        ("fault.hagn", "no family has a check 'fault.hagn'; did you mean 'fault.hang'"),
    ],
)
def test_what_there_is_not_is_named(id: str, words: str) -> None:
    with pytest.raises(PalError, match=words):
        pal_explain(id)


def test_a_third_party_explains_its_own(geo: None, capsys: pytest.CaptureFixture[str]) -> None:
    pal_explain("geo.find.rule.found_again")
    assert "why: A place that is not found again" in capsys.readouterr().out
    pal_explain("geo.register.fault.hang")
    assert "why: Without a bound" in capsys.readouterr().out
    pal_explain("fault.hang")
    assert "\n  geo: register\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a list", "explanations.yaml: must map"),
        ("rule: 1", "explanations.yaml: rule: write why, mend"),
        ("rule: {why: w}", "rule: why and mend are texts, and both are needed"),
        ("rule: {why: w, mend: m, sene: []}", "rule: write why, mend"),
        ("rule: {why: w, mend: m, seen: here}", "rule: seen is a list of addresses"),
        ("rule: {why: w, mend: m, seen: ['http://x']}", "rule: seen is a list of addresses"),
        ("rule: {why: w, why: w}", "explanations.yaml: .*stands twice"),
    ],
)
def test_a_file_that_says_something_else_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    package = f"explains_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "explanations.yaml").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(PalError, match=words):
        explanation("geo.find.rule.found_again", package)


def test_the_wrong_adapters_that_prove_a_clause_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def saboteur(name: str, breaks: str, *also: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, breaks=breaks, expected=frozenset({breaks, *also}))

    other = "ads.pause.rule.no_change"
    found = (saboteur("goes_on", PAUSE, other), saboteur("never_pauses", PAUSE))
    monkeypatch.setattr(explaining, "_saboteurs", lambda capability: found)
    pal_explain(PAUSE)
    assert "\nproven by: goes_on, never_pauses\n" in capsys.readouterr().out
    assert explained(other)["proven_by"] == ["goes_on"]
    assert explained("ads.pause.rule.before_start")["proven_by"] == []


def test_where_the_room_of_the_proof_is_not_there_nobody_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "PROVE", "pytest_pal.no_such_room")
    explaining._saboteurs.cache_clear()
    assert explained(PAUSE)["proven_by"] == []
    explaining._saboteurs.cache_clear()
