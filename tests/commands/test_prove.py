"""``pal prove`` on the eighth capability: what it prints, what it keeps, and when it is red."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.cli import main
from pytest_pal.kit import strength
from pytest_pal.kit.discovery import contract_of
from pytest_pal.prove import expected, freeze
from pytest_pal.prove.roster import roster

from ..eighth import offered


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(strength, "FILE", tmp_path / "evidence.json")
    monkeypatch.setattr(expected, "file_of", lambda contract: tmp_path / "expected.json")
    monkeypatch.setattr(freeze, "file_of", lambda contract, by: tmp_path / f"frozen-{by}.json")
    _forget()
    with offered(tmp_path / "site", monkeypatch):
        yield tmp_path
    _forget()


def _forget() -> None:
    roster.cache_clear()
    strength.evidence.cache_clear()


def proven(*options: str) -> int:
    roster.cache_clear()
    return main(["prove", "-C", "geo", "-n", "1", *options])


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_what_is_not_recorded_is_another_set_than_is_said(geo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert proven() == 1
    shown = capsys.readouterr()
    assert "another set than is said: geo hasty" in shown.out
    assert "    fell: geo.adapter.scenario.found_with_region" in shown.out
    assert "pal prove: 5 of 5 adapters" in shown.err


def test_writing_keeps_what_fell_and_the_evidence(geo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proven("--write", "--json")
    first = told(capsys)
    assert first["unexpected"] == first["survivors"] == first["false_alarms"] == []
    assert sorted(json.loads((geo / "expected.json").read_text("utf-8"))) == ["hasty", "lossy"]
    proven("--json")
    assert told(capsys) == first
    evidence = json.loads((geo / "evidence.json").read_text("utf-8"))["geo"]
    assert {name: evidence[name] for name in strength.COUNTS} == {
        "saboteurs": 3,
        "caught": 3,
        "benign": 2,
        "false_alarms": 0,
    }
    assert evidence["digest"] == strength.digest_of(contract_of("geo"))


def test_a_clause_that_nobody_proves_is_red_and_named(geo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert proven("--write") == 1
    assert "nobody proves geo.register.idempotency.whole_key" in capsys.readouterr().out


def test_the_headline_says_how_strong_the_judge_is(geo: Path) -> None:
    assert strength.headline([contract_of("geo")]) == []
    proven("--write")
    digest = strength.digest_of(contract_of("geo"))
    assert strength.headline([contract_of("geo")]) == [
        "judge: 3 of 3 wrong adapters caught, 0 of 2 correct failed, geo 1.1",
        digest[:19],
    ]


def test_a_contract_that_changed_since_says_so(geo: Path) -> None:
    proven("--write")
    file = geo / "evidence.json"
    file.write_text(file.read_text("utf-8").replace('"sha256:', '"sha256:0'), "utf-8")
    strength.evidence.cache_clear()
    assert "(changed since it was proven)" in " ".join(strength.headline([contract_of("geo")]))


def test_a_frozen_version_that_changed_is_red(geo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proven("--write", "--freeze", "1.0")
    file = geo / "frozen-1.0.json"
    file.write_text(file.read_text("utf-8").replace("found again under its id", "found"), "utf-8")
    proven()
    assert "pal prove: geo 1.0 is frozen: frozen-1.0.json was changed by hand" in capsys.readouterr().err


@pytest.mark.slow
def test_the_same_comes_out_of_several_processes(geo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    proven("--json")
    alone = capsys.readouterr().out
    main(["prove", "-C", "geo", "-n", "2", "--json"])
    assert capsys.readouterr().out == alone


def test_a_capability_that_there_is_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "-C", "adds"]) == 2
    assert "pal prove: no capability 'adds'" in capsys.readouterr().err
