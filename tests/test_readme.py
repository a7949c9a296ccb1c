"""What the README says is true: its commands, which CI runs, its outputs, its example and its options."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_pal
from pytest_pal import plugin
from tools import readme_commands, readme_transcripts
from tools.readme_commands import blocks, main, marks
from tools.readme_transcripts import example, judged, stale, timeless

TEXT = """# A title

<!-- ci: main job -->
```console
$ pip install it
$ it --run
it ran
```

```console
$ not marked
```

<!-- ci: tests -->

```console
$ it --test "a b"
```
"""


def test_commands_are_taken_from_marked_blocks_only() -> None:
    assert blocks(TEXT) == {"main job": ["pip install it", "it --run"], "tests": ['it --test "a b"']}
    assert marks(TEXT) == ["main job", "tests"]


def test_a_mark_without_a_block_gives_no_commands() -> None:
    assert blocks("<!-- ci: tests -->\n\nprose\n\n```console\n$ x\n```\n") == {}


def test_the_commands_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readme_commands, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(TEXT)
    assert main(["main job", "tests"]) == 0
    assert capsys.readouterr().out == 'pip install it\nit --run\nit --test "a b"\n'
    assert main(["benchmarks"]) == 2
    assert "no commands marked <!-- ci: benchmarks -->; there are: main job, tests" in capsys.readouterr().err
    assert main([]) == 2


def test_every_marked_block_of_the_readme_has_commands() -> None:
    text = readme_commands.README.read_text("utf-8")
    found = blocks(text)
    assert marks(text) == list(found)
    assert all(found.values())
    assert {"main job", "tests"} <= set(found)


@pytest.mark.slow
def test_the_outputs_are_what_is_printed_today(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = readme_commands.README.read_text("utf-8")
    assert stale(text) == {}
    monkeypatch.setattr(readme_transcripts, "README", tmp_path / "README.md")
    readme_transcripts.README.write_text(text.replace("PASS", "pass", 1))
    assert readme_transcripts.main([]) == 1
    assert readme_transcripts.main(["--write"]) == 0
    assert timeless(readme_transcripts.README.read_text()) == timeless(text)


def test_an_empty_output_is_filled_in_and_nothing_else_is_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rest = "```\n\nWhat follows.\n\n```text\nanother block\n```\n"
    for page in ("README", "HARNESS"):
        monkeypatch.setattr(readme_transcripts, page, tmp_path / page)
        (tmp_path / page).write_text(f"<!-- example -->\n```python\n1\n```\n<!-- output: diff -->\n```text\n{rest}")
    assert readme_transcripts.main(["--write"]) == 0
    written = (tmp_path / "README").read_text()
    assert "3 mismatches" in written
    assert written.endswith(rest)


def test_the_example_is_conformant(tmp_path: Path) -> None:
    code = example(readme_commands.README.read_text("utf-8"))
    assert code.count(readme_transcripts.PAUSES) == 1
    (tmp_path / "conftest.py").write_text(code)
    assert re.search(r"^house_ads +\d.* PASS$", judged(tmp_path), re.MULTILINE)


def test_the_guide_s_example_is_conformant(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(example(readme_transcripts.HARNESS.read_text("utf-8")))
    assert re.search(r"^acme_ads +\d.* PASS$", judged(tmp_path), re.MULTILINE)


def test_the_tests_of_its_own_that_it_shows_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = readme_commands.README.read_text("utf-8")
    (tests,) = (block for block in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S) if "pal_golden" in block)
    (tmp_path / "conftest.py").write_text(example(text))
    (tmp_path / "test_own.py").write_text(tests)
    monkeypatch.setenv("PAL_GOLDEN_WRITE", "1")
    for mode in ("new", "verify"):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--pal-golden={mode}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "2 passed" in done.stdout, done.stdout
    assert (tmp_path / "golden/tests/test_own/test_a_campaign.json").is_file()


def test_every_option_is_told() -> None:
    options = set(re.findall(r'"(--pal[a-z-]*)"', inspect.getsource(plugin)))
    assert len(options) >= 6
    assert {option for option in options if f"`{option}" not in readme_commands.README.read_text("utf-8")} == set()


PAGES = [readme_commands.README, *sorted(readme_commands.README.parent.glob("docs/**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_name_that_a_page_imports_is_public(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "pytest_pal":
                assert {name.name for name in node.names} <= set(pytest_pal.__all__)
