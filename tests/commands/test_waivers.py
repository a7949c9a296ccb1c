"""``pal waivers`` lists what is waived, and for how long."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.commands import waivers
from pytest_pal.errors import PalError

FILE = """
[[tool.pytest-pal.waivers]]
adapter = "acme_ads"
clause = "ads.report.rule.as_of"
reason = "vendor bug 123"
owner = "ana@acme.example"
expires = 2027-01-31
link = "https://vendor.example/123"

[[tool.pytest-pal.waivers]]
adapter = "acme_cdp"
clause = "cdp.get_profile.rule.fresh"
reason = "a reason that is told in so many words that no line of eighty columns could ever hold all of it"
owner = "bo@acme.example"
expires = 2026-12-18
"""


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waivers, "CLOCK", SimulatedClock(datetime(2026, 12, 19, 12, tzinfo=UTC)))


def listed(root: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    waivers.configure(parser)
    return waivers.run(parser.parse_args(["--root", str(root), *options]))


def test_they_are_listed_the_first_to_expire_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(FILE)
    assert listed(tmp_path) == 0
    assert capsys.readouterr().out == (
        "  acme_cdp: cdp.get_profile.rule.fresh\n"
        "    expired on 2026-12-18, 1 day ago; bo@acme.example: a reason that is told in\n"
        "    so many words that no line of eighty columns could ever hold all of it\n"
        "  acme_ads: ads.report.rule.as_of\n"
        "    43 days left, until 2027-01-31; ana@acme.example: vendor bug 123\n"
        "    (https://vendor.example/123)\n"
    )


def test_json_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(FILE)
    assert listed(tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["today"] == "2026-12-19"
    assert [row["days_left"] for row in told["waivers"]] == [-1, 43]
    assert told["waivers"][1] == {
        "adapter": "acme_ads",
        "clause": "ads.report.rule.as_of",
        "days_left": 43,
        "expires": "2027-01-31",
        "link": "https://vendor.example/123",
        "owner": "ana@acme.example",
        "place": "pyproject.toml, lines 2-8",
        "reason": "vendor bug 123",
    }


def test_none_are_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(tmp_path) == 0
    assert capsys.readouterr().out == f"no waivers in {tmp_path / 'pyproject.toml'}\n"
    assert listed(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["waivers"] == []


def test_a_malformed_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(FILE.replace("owner", "ownr"))
    with pytest.raises(PalError, match=r"pyproject\.toml, lines 2-8: .*/owner: Field required"):
        listed(tmp_path)
