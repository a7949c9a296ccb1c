"""The pages of the clauses say what the contracts say."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_pal.commands import explaining
from pytest_pal.kit.discovery import contract_of
from tools import clauses
from tools.clauses import FOLDER, INDEX, main, pages, stale


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    return pages()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clauses, "ROOT", tmp_path)
    monkeypatch.setattr(clauses, "INDEX", tmp_path / "clauses.md")
    monkeypatch.setattr(clauses, "FOLDER", tmp_path / "clauses")
    return tmp_path


def test_the_pages_are_up_to_date() -> None:
    """Type ``python tools/clauses.py --write``, and read the diff."""
    assert stale() == []


def test_every_clause_stands_on_its_contract_s_page(made: dict[Path, str]) -> None:
    for path in FOLDER.glob("*.md"):
        lines = made[path].splitlines()
        for clause in contract_of(path.stem).clauses:
            check = clause.id.split(".", 2)[2]
            places = (f"### {clause.id}", f"- [{check}](", f"- `{clause.id}`: ")
            assert any(line.startswith(places) for line in lines), clause.id


def test_every_link_between_the_pages_leads_to_a_heading(made: dict[Path, str]) -> None:
    anchors = {heading.replace(".", "") for heading in re.findall("^#+ (.*)$", made[INDEX], re.MULTILINE)}
    for path, text in made.items():
        links = re.findall(r"\]\((?!https)([^)]*)\)", text)
        assert links
        for page, _, anchor in (link.partition("#") for link in links):
            assert not page or (path.parent / page).resolve() in made
            assert not anchor or anchor in anchors


def test_what_markdown_reads_as_its_own_is_escaped() -> None:
    assert clauses._text("2**53 in [a, b] < `c`") == r"2\*\*53 in \[a, b\] \< \`c\`"


def test_a_page_that_differs_or_is_of_nothing_is_named_and_mended(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--write"]) == 0
    assert main([]) == 0
    (elsewhere / "clauses" / "ads.md").write_text("old")
    (elsewhere / "clauses" / "gone.md").touch()
    capsys.readouterr()
    assert main([]) == 1
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == ["clauses/ads.md", "clauses/gone.md"]
    assert "is stale: python tools/clauses.py --write" in said
    assert main(["--write"]) == 0
    assert main([]) == 0
    assert not (elsewhere / "clauses" / "gone.md").exists()


def test_who_proves_a_clause_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    saboteur = SimpleNamespace(
        name="goes_on",
        breaks="ads.pause.rule.stops_spend",
        expected=frozenset({"ads.pause.rule.stops_spend", "ads.pause.fault.hang", "ads.adapter.golden.long_life"}),
    )
    monkeypatch.setattr(explaining, "_saboteurs", lambda capability: (saboteur,) if capability == "ads" else ())
    text = pages()[FOLDER / "ads.md"]
    assert "\n\nProven by: goes_on\n" in text
    assert "- [fault.hang](../clauses.md#faulthang), proven by goes_on\n" in text
    assert "by field class. Proven by goes_on.\n" in text
