"""The README's commands are what CI runs, so each marked block must be there and be readable."""

from pathlib import Path

import pytest

from tools import readme_commands
from tools.readme_commands import blocks, main, marks

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
