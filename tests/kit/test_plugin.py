"""pytest --pal as people type it."""

import json
from pathlib import Path

import pytest

BROKEN = """
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    def pause(self, campaign_id):
        with self._box as state:
            return self._campaign(self._account(state), campaign_id)

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds}
"""
GOOD = BROKEN.replace("def pause", "def _unused")
FORGETS = "pal::ads::acme_ads::ads.pause.rule.stops_spend"


@pytest.fixture
def good(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(GOOD)
    return pytester


@pytest.fixture
def broken(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(BROKEN)
    return pytester


def test_a_conformant_adapter_passes_and_is_shown(good: pytest.Pytester) -> None:
    found = good.runpytest_inprocess("--pal")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*pal: conformance*", "acme_ads*6/6*", "adapter*required*passed*", "acme_ads*PASS"])
    found.stdout.no_fnmatch_line("*mock_ads*")


def test_a_forgotten_pause_is_red_in_words_a_stranger_understands(broken: pytest.Pytester) -> None:
    found = broken.runpytest_inprocess("--pal")
    assert found.ret == 1
    found.stdout.fnmatch_lines(
        [
            "*MUST: A paused campaign has no spend on days after the day of the pause.*",
            "*steps:*",
            "*pause(campaign_id=*",
            "*expected:*paused*",
            "*seen:*active*",
            f"*rerun: pytest --pal '{FORGETS}'*",
            "*explain: pal explain ads.pause.rule.stops_spend*",
        ]
    )
    assert "pytest_pal/kit" not in found.stdout.str()
    assert (
        max(len(line) for line in found.outlines if not line.startswith(("FAILED", "rerun", "plugins", "rootdir")))
        <= 80
    )


def test_debug_shows_our_frames(broken: pytest.Pytester) -> None:
    found = broken.runpytest_inprocess("--pal", "--pal-debug", FORGETS)
    found.stdout.fnmatch_lines(["*stops_spend*", "*ClauseFailed*"])


def test_an_id_can_be_pasted_back(broken: pytest.Pytester) -> None:
    for option in ([], ["-v"]):
        found = broken.runpytest_inprocess("--pal", FORGETS, *option)
        assert found.ret == 1
        found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines([f"{FORGETS} FAILED*", "*partial*"])


def test_a_prefix_of_an_id_selects_its_clauses(good: pytest.Pytester) -> None:
    assert good.runpytest_inprocess("--pal", "pal::ads::acme_ads").parseoutcomes()["passed"] > 50
    assert good.runpytest_inprocess("--pal", "pal::ads::acme").ret == 5


def test_ordinary_tests_run_only_with_a_path(good: pytest.Pytester) -> None:
    good.makepyfile(test_own="def test_own(): pass")
    assert "test_own" not in good.runpytest_inprocess("--pal", "-v").stdout.str()
    both = good.runpytest_inprocess("--pal", "-v", "test_own.py")
    both.stdout.fnmatch_lines(["test_own.py::test_own PASSED*", "pal::ads::acme_ads::*PASSED*"])
    good.makeini("[pytest]\naddopts = --pal")
    from_ini = good.runpytest_inprocess("-v")
    from_ini.stdout.fnmatch_lines(["test_own.py::test_own PASSED*", "pal::ads::acme_ads::*PASSED*"])


def test_without_pal_nothing_of_ours_runs(good: pytest.Pytester) -> None:
    good.makepyfile(test_own="def test_own(): pass")
    good.runpytest_inprocess().assert_outcomes(passed=1)
    found = good.runpytest_inprocess("--pal-adapter=x")
    assert found.ret == 4
    found.stderr.fnmatch_lines(["*--pal-adapter does nothing without --pal*"])


def test_collect_only_lists_clauses_with_sentences(good: pytest.Pytester) -> None:
    found = good.runpytest_inprocess("--pal", "--collect-only")
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*<Adapter acme_ads>*", "*<MUST ads.pause.rule.spares_others: A pause concerns one*"])


def test_reports_have_the_specifications_shape_and_the_same_bytes(good: pytest.Pytester) -> None:
    files = [good.path / name for name in ("a.json", "deep/b.json", "c.json")]
    for file, option in zip(files, (["-p", "no:randomly"], ["-n", "2"], []), strict=True):
        assert good.runpytest_subprocess("--pal", f"--pal-report={file}", *option).ret == 0
    texts = [file.read_bytes() for file in files]
    assert texts[0] == texts[1] == texts[2]
    assert texts[0].endswith(b"}\n")
    assert json.loads(texts[0]) == {
        "summary": {"total": 1, "passed": 1, "failed": 0},
        "reports": [
            {
                "capability": "ads",
                "adapter": "acme_ads",
                "pass": True,
                "metrics": {"latency_ms": 1, "attempts": 1},
                "errors": [],
            }
        ],
    }


def test_a_report_names_what_failed(broken: pytest.Pytester) -> None:
    assert broken.runpytest_inprocess("--pal", "--pal-report=r.json").ret == 1
    (report,) = json.loads((broken.path / "r.json").read_text())["reports"]
    assert report["pass"] is False
    wanted = "ads.pause.rule.stops_spend: A paused campaign has no spend on days after the day of the pause."
    assert wanted in report["errors"]
    assert report["errors"] == sorted(report["errors"])


@pytest.mark.parametrize(
    "part", [["-k", "pause"], ["--pal-clause=*pause*"], [FORGETS], ["--deselect", FORGETS], ["-x"]]
)
def test_a_part_is_no_verdict_and_writes_no_report(broken: pytest.Pytester, part: list[str]) -> None:
    found = broken.runpytest_inprocess("--pal", "--pal-report=r.json", *part)
    assert found.ret == 4
    assert not (broken.path / "r.json").exists()
    assert "--pal-report needs a whole run" in found.stdout.str() + found.stderr.str()


def test_last_failed_reruns_what_failed_and_is_partial(broken: pytest.Pytester) -> None:
    first = broken.runpytest_inprocess("--pal")
    again = broken.runpytest_inprocess("--pal", "--lf")
    assert again.parseoutcomes()["failed"] == first.parseoutcomes()["failed"]
    assert "passed" not in again.parseoutcomes()
    again.stdout.fnmatch_lines(["*acme_ads*red"])


def test_a_clause_glob_selects(good: pytest.Pytester) -> None:
    found = good.runpytest_inprocess("--pal", "--pal-clause=ads.report.*", "--pal-clause=*.scenario.*")
    outcomes = found.parseoutcomes()["passed"]
    assert 10 < outcomes < 40
    assert good.runpytest_inprocess("--pal", "--pal-clause=no.such.*").ret == 5


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--pal-adapter=acme_asd"], "did you mean 'acme_ads'?"),
        (["--pal-capability=adz"], "did you mean 'ads'?"),
        (["--pal-adapter=acme_ads", "--pal-adapter=zzz*"], "there are acme_ads"),
    ],
)
def test_a_filter_that_matches_nothing_is_an_error(good: pytest.Pytester, options: list[str], hint: str) -> None:
    found = good.runpytest_inprocess("--pal", *options)
    assert found.ret == 5
    assert hint in found.stdout.str() + found.stderr.str()


def test_a_report_that_cannot_be_written_is_told(good: pytest.Pytester) -> None:
    (good.path / "file").write_text("")
    for name, words in ((".", "is a folder"), ("file/r.json", "nothing was written")):
        found = good.runpytest_inprocess("--pal", f"--pal-report={name}")
        assert found.ret == 4
        assert words in found.stdout.str() + found.stderr.str()


def test_junit_has_clause_level_and_sentence(broken: pytest.Pytester) -> None:
    broken.runpytest_inprocess("--pal", "--junitxml=j.xml", FORGETS)
    text = (broken.path / "j.xml").read_text()
    assert '<property name="clause" value="ads.pause.rule.stops_spend" />' in text
    assert '<property name="level" value="MUST" />' in text
    assert '<property name="sentence" value="A paused campaign has no spend' in text


def test_failures_are_grouped_by_cause(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    def report(self, query):
        raise OSError("down")

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds}
"""
    )
    found = pytester.runpytest_inprocess("--pal")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*cause*clauses:", "*acme_ads: OSError at *conftest.py:* in report"])


def test_one_wrong_answer_is_one_cause(broken: pytest.Pytester) -> None:
    found = broken.runpytest_inprocess("--pal")
    found.stdout.fnmatch_lines(
        ["*causes, 7 clauses:", '    5  acme_ads: at /status after pause: expected "paused", seen "active"']
    )


@pytest.mark.slow
def test_under_xdist_the_same_clauses_and_verdict(broken: pytest.Pytester) -> None:
    alone = broken.runpytest_subprocess("--pal").parseoutcomes()
    together = broken.runpytest_subprocess("--pal", "-n", "2")
    assert together.ret == 1
    for outcome in ("passed", "failed"):
        assert together.parseoutcomes()[outcome] == alone[outcome]
    together.stdout.fnmatch_lines(["acme_ads*FAIL"])
    pasted = broken.runpytest_subprocess("--pal", "-n", "2", FORGETS)
    pasted.assert_outcomes(failed=1)
    partly = broken.runpytest_subprocess("--pal", "-n", "2", "-k", "report", "--pal-report=r.json")
    assert partly.ret == 4
    assert not Path(broken.path / "r.json").exists()


def test_strict_markers_and_no_timeout_plugin_will_do(good: pytest.Pytester) -> None:
    strict = good.runpytest_inprocess("--pal", "--strict-markers", "-p", "no:timeout", "--pal-clause=*.shape.*")
    assert strict.ret == 0
    assert strict.parseoutcomes() == {"passed": 6}


def test_an_adapter_that_never_returns_is_ended_and_red(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import threading
from pytest_pal.kit import items
from pytest_pal.mocks.ads import MockAds

items.OUTER_TIMEOUT_S = 0.3

class AcmeAds(MockAds):
    def report(self, query):
        threading.Event().wait()

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds}
"""
    )
    found = pytester.runpytest_subprocess("--pal", "--pal-clause=ads.report.shape.*", "--pal-clause=ads.pause.shape.*")
    assert found.ret == 1
    assert found.parseoutcomes() == {"failed": 2, "passed": 2}
    found.stdout.fnmatch_lines(["*Timeout*"])


def test_an_adapter_whose_call_hangs_is_in_quarantine_while_the_run_goes_on_and_ends(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import threading
from pytest_pal.kit import runner, watchdog
from pytest_pal.mocks.ads import MockAds

runner.LONGEST_S = watchdog.GRACE_S = 0.3

class AcmeAds(MockAds):
    def report(self, query):
        threading.Event().wait()

class OtherAds(MockAds):
    pass

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds, "other_ads": OtherAds}
"""
    )
    found = pytester.runpytest_subprocess("--pal", "--pal-clause=ads.report.concurrency.*", "--pal-clause=ads.pause.*")
    assert found.ret == 1
    assert "acme_ads is in quarantine: a call of it never came back in" in " ".join(found.stdout.str().split())
    assert all("acme_ads" in line for line in found.outlines if line.startswith("FAILED"))


def test_what_an_adapter_prints_is_shown_where_it_fails(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BROKEN.replace("with self._box", "print('about to forget')\n        with self._box"))
    found = pytester.runpytest_inprocess("--pal", FORGETS)
    found.stdout.fnmatch_lines(["*Captured stdout*", "about to forget"])
