"""``pal repro``: the script of a failing clause makes its calls again, and shows what went wrong."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pal.cli import main

SABOTEURS = """
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.client import Client
from pytest_pal.kit.twins.harness import twin
from pytest_pal.mocks.ads import MockAds


class Unbound(Client):
    def seconds(self):
        return 60.0


class NoBound(TwinAds, client=Unbound):
    pass


class Telling(Client):
    def refusal(self, operation, reply):
        return ValueError(str(reply.status))


class Tells(TwinAds, client=Telling):
    pass


class TriesAgain(TwinAds):
    async def create_campaign(self, spec, *, idempotency_key):
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except Exception:
            return super().create_campaign(spec, idempotency_key=idempotency_key)


class Forgets(MockAds):
    def pause(self, campaign_id):
        return {**super().pause(campaign_id), "status": "active"}


def pytest_pal_adapters(config):
    return {"no_bound": twin(NoBound), "tells": twin(Tells), "tries_again": twin(TriesAgain), "forgets": Forgets}
"""
HANG = "pal::ads::no_bound::ads.create_campaign.fault.hang"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "conftest.py").write_text(SABOTEURS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def ran(folder: Path, file: str) -> str:
    done = subprocess.run([sys.executable, file], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("id", "head", "seen"),
    [
        (
            "pal::ads::tells::ads.create_campaign.fault.status_503",
            "# failed: create_campaign must tell its caller\n",
            "on the wire: POST /create_campaign -> 503 (status_503) -> raised ValueError: 503",
        ),
        (
            "pal::ads::tries_again::ads.create_campaign.retry.no_replay",
            "# failed: requests of one call, whose vendor failed (closed) at request 1\n",
            "on the wire: POST /create_campaign -> closed (closed) " * 2 + "-> raised RetryableError(conn",
        ),
        (
            "pal::ads::forgets::ads.pause.rule.stops_spend",
            "# failed: what pause returned\n",
            '"status": "active"}',
        ),
    ],
    ids=["sync", "async", "in process"],
)
def test_the_script_shows_the_same_every_time(folder: Path, id: str, head: str, seen: str) -> None:
    for file in ("one.py", "two.py"):
        assert main(["repro", id, "-o", file]) == 0
    text = (folder / "one.py").read_text()
    assert head in text
    assert id in text
    assert text == (folder / "two.py").read_text()
    out = ran(folder, "one.py")
    assert " ".join(seen.split()) in " ".join(out.split())
    assert out == ran(folder, "two.py")
    assert max(map(len, out.splitlines())) <= 80


def test_a_failure_prints_the_line_that_replays_it(
    folder: Path, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.makeconftest(SABOTEURS)
    done = pytester.runpytest("--pal", HANG)
    line = next(line for line in done.outlines if line.startswith("replay: "))
    assert line == f"replay: pal repro '{HANG}'  # seed 20260302, hang at request 1"
    capsys.readouterr()
    assert main(shlex.split(line.removeprefix("replay: pal "), comments=True)) == 0
    assert 'with adapter.failing("hang", at=1):' in capsys.readouterr().out


def test_a_clause_may_be_named_without_its_adapter(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["repro", "ads.create_campaign.fault.hang", "--adapter", "no_bound"]) == 0
    Path("made.py").write_text(capsys.readouterr().out)
    runpy.run_path("made.py")
    assert "the vendor works again" in capsys.readouterr().out


def test_a_clause_that_holds_has_nothing_to_replay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["repro", "pal::ads::no_bound::ads.pause.fault.refused"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "ads.pause.fault.refused holds on no_bound: there is nothing to replay\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ads.pause.fault.hang"], "names no clause of one adapter; give pal::ads::acme_ads::"),
        (["pal::ads::no_bound"], "names no clause of one adapter"),
        ([HANG, "--adapter", "other"], "names no clause of one adapter"),
        ([HANG.replace("no_bound", "no_bond")], "did you mean 'no_bound'?"),
        ([HANG.replace("hang", "hnag")], "did you mean 'ads.create_campaign.fault.hang'?"),
    ],
)
def test_what_there_is_not_is_one_kind_line(
    folder: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["repro", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert len(told.err.splitlines()) == 1
