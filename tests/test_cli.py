"""The command pal: kind to people, plain to programs."""

import io
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pytest_pal.cli import COMMANDS, main


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text('{"at": 1, "rows": [{"id": 1}, {"id": 2}], "name": "é", "n": 9007199254740993}')
    (tmp_path / "b.json").write_text('{"at": 2, "rows": [{"id": 2}, {"id": 1}], "more": null, "n": 9007199254740993}')
    (tmp_path / "rules.yaml").write_text(
        "- {path: /at, ignore: true, reason: it moves, owner: ana}\n"
        "- {path: /name, ignore: true, reason: old, owner: ana, expires: 2020-01-01}\n"
        "- {path: /rows, key: id, reason: no order, owner: bob}\n"
        "- {path: /nowhere, ignore: true, reason: who knows, owner: bob}\n"
    )
    return tmp_path


def test_a_person_sees_what_differs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.json", "b.json"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "/at: value",
        "  - 1",
        "  + 2",
        "/more: added",
        "  + null",
        "/name: removed",
        '  - "\\u00e9"',
        "/rows: order",
        '  - [{"id": 1}, {"id": 2}]',
        '  + [{"id": 2}, {"id": 1}]',
        "4 mismatches",
    ]
    assert main(["diff", "a.json", "a.json"]) == 0
    assert capsys.readouterr().out == "equal\n"


def test_rules_are_told_with_what_they_were_good_for(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.json", "b.json", "--rules", "rules.yaml"]) == 1
    assert capsys.readouterr().out.splitlines()[-5:] == [
        "2 mismatches",
        "rule /at: 1 hits; it moves (ana)",
        "rule /name: expired; old (ana)",
        "rule /rows: 1 hits; no order (bob)",
        "rule /nowhere: never needed; who knows (bob)",
    ]


def test_a_program_gets_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.json", "b.json", "--rules", "rules.yaml", "--json"]) == 1
    text = capsys.readouterr().out
    found = json.loads(text)
    assert list(found) == ["equal", "mismatches", "rules"]
    assert found["equal"] is False
    assert found["mismatches"] == [
        {"path": "/more", "kind": "added", "reference": None, "candidate": None},
        {"path": "/name", "kind": "removed", "reference": "é", "candidate": None},
    ]
    assert [rule["hits"] for rule in found["rules"]] == [1, 0, 1, 0]
    assert found["rules"][1]["expired"] is True
    assert text.endswith("}\n")
    assert main(["diff", "a.json", "b.json", "--rules", "rules.yaml", "--json"]) == 1
    assert capsys.readouterr().out == text


def test_a_patch_can_be_had(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.json", "b.json", "--patch"]) == 1
    operations = json.loads(capsys.readouterr().out)
    assert {"op": "remove", "path": "/name"} in operations
    assert main(["diff", "a.json", "b.json", "--patch", "--rules", "rules.yaml"]) == 2


def test_standard_input_may_be_one_of_them(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((files / "a.json").read_bytes())))
    assert main(["diff", "-", "a.json"]) == 0
    assert main(["diff", "-", "-"]) == 2
    assert "only one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": NaN}', "bad.json: line 1, column 7 (/a): NaN"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'"\xff"', "byte 1 is not UTF-8"),
        (b"[" * 100_000, "500 levels"),
        (b"[1,", "line 1, column 4"),
    ],
)
def test_what_cannot_be_read_is_one_kind_line(
    files: Path, capsys: pytest.CaptureFixture[str], text: bytes, words: str
) -> None:
    (files / "bad.json").write_bytes(text)
    assert main(["diff", "a.json", "bad.json"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert len(told.err.splitlines()) == 1


def test_long_values_are_cut_visibly(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "long.json").write_text(json.dumps({"a": "x" * 5_000}))
    main(["diff", "a.json", "long.json"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert " more)" in out


def test_whatever_stands_in_the_files_a_terminal_can_show(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "odd.json").write_text(json.dumps({"\ud800\x1b\n": 1, "x" * 300: 1}))
    assert main(["diff", "odd.json", "a.json"]) == 1
    out = capsys.readouterr().out
    assert out.isascii()
    assert "/\\ud800\\u001b\\n: removed" in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_of_the_deepest_input(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "deep.json").write_text("[" * 500 + "]" * 500)
    assert main(["diff", "a.json", "deep.json", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["mismatches"][0]["kind"] == "type"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  pal {name} " in capsys.readouterr().out


def test_a_wrong_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dif"])
    assert ended.value.code == 2
    assert "diff" in capsys.readouterr().err


def test_it_is_installed_and_loads_nothing_heavy() -> None:
    code = (
        "import contextlib, sys\n"
        "from pytest_pal.cli import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['diff', '--help'])\n"
        "assert not {'pytest', 'hypothesis', 'yaml'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (script,) = (entry for entry in entry_points(group="console_scripts") if entry.name == "pal")
    assert script.load() is main
