"""Waivers as people write them, and what a run makes of them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.errors import PalError
from pytest_pal.kit import session
from pytest_pal.kit.waiver_file import read_waivers

BROKEN = """
from pytest_pal import Harness
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    def report(self, query):
        found = super().report(query)
        return {**found, "as_of": "2020-01-01T00:00:00Z"}

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds, "fine_ads": MockAds}
"""
BLIND = BROKEN.replace("AcmeAds, ", "Harness(MockAds, observe=lambda vendor: vendor.nothing), ")
AS_OF = "ads.report.rule.as_of"
TODAY = datetime(2026, 12, 19, 23, 59, tzinfo=UTC)


def waiver(clause: str = AS_OF, adapter: str = "acme_ads", expires: str = "2026-12-31", **rest: str) -> str:
    members = {"adapter": adapter, "clause": clause, "reason": "vendor bug 123", "owner": "ana@acme.example", **rest}
    lines = [f'{name} = "{value}"' for name, value in members.items() if value]
    return "\n".join(["[[tool.pytest-pal.waivers]]", *lines, f"expires = {expires}", ""])


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setattr(session, "CLOCK", SimulatedClock(TODAY))
    pytester.makeconftest(BROKEN)
    return pytester


def write(project: pytest.Pytester, *waivers: str) -> Path:
    file = project.path / "pyproject.toml"
    file.write_text("\n".join(['[project]\nname = "acme"\n', *waivers]))
    return file


def red(project: pytest.Pytester) -> list[str]:
    """The clauses that fall without any waiver."""
    write(project)
    project.runpytest_inprocess("--pal", "--pal-report=red.json")
    reports = json.loads((project.path / "red.json").read_text())["reports"]
    return [error.split(":")[0] for report in reports for error in report["errors"]]


def test_a_known_failure_is_waived_and_the_run_is_green(project: pytest.Pytester) -> None:
    assert red(project) == [AS_OF]
    write(project, waiver(link="https://vendor.example/123"))
    found = project.runpytest_inprocess("--pal", "--pal-report=r.json", "--junitxml=j.xml")
    assert found.ret == 0
    assert (found.parseoutcomes()["waived"], "failed" in found.parseoutcomes()) == (1, False)
    found.stdout.fnmatch_lines(
        [
            "adapter*required passed failed waived*",
            "acme_ads* 0 * 1 * 0 * 0  PASS",
            "waived, known to fail:",
            f"  acme_ads: {AS_OF}",
            "    12 days left, until 2026-12-31; ana@acme.example: vendor bug 123",
            "    (https://vendor.example/123)",
        ]
    )
    report = json.loads((project.path / "r.json").read_text())["reports"][0]
    assert (report["pass"], report["errors"]) == (True, [])
    message = "waived, 12 days left, until 2026-12-31; ana@acme.example: vendor bug 123"
    assert f'<skipped type="pytest.xfail" message="{message}"' in (project.path / "j.xml").read_text()
    assert project.runpytest_inprocess("--pal", "--lf").ret == 0


def test_a_waived_clause_can_be_pasted_and_is_shown_by_name(project: pytest.Pytester) -> None:
    write(project, waiver(), waiver(adapter="acme_adz"))
    found = project.runpytest_inprocess("--pal", "-v", f"pal::ads::acme_ads::{AS_OF}")
    assert found.ret == 0
    found.stdout.fnmatch_lines([f"pal::ads::acme_ads::{AS_OF} WAIVED*", "*partial*"])
    found.stdout.no_fnmatch_line("*waivers that fail this run*")


@pytest.mark.parametrize(
    ("expires", "left"), [("2026-12-19", "0 days left"), ("2026-12-20", "1 day left"), ('"2026-12-31"', "12 days left")]
)
def test_a_waiver_holds_through_its_last_day(project: pytest.Pytester, expires: str, left: str) -> None:
    write(project, waiver(expires=expires))
    found = project.runpytest_inprocess("--pal", "--pal-clause=ads.report.rule.*")
    assert found.ret == 0
    found.stdout.fnmatch_lines([f"    {left}, until *"])


def test_an_expired_waiver_leaves_its_clause_red_and_must_go(project: pytest.Pytester) -> None:
    write(project, waiver(expires="2026-12-18"))
    for part in ([], ["--pal-clause=ads.report.rule.*"]):
        found = project.runpytest_inprocess("--pal", *part)
        assert found.ret == 1
        assert "waived" not in found.parseoutcomes()
        found.stdout.fnmatch_lines(
            [
                "waivers that fail this run; delete these lines, or mend them:",
                "  pyproject.toml, lines 4-9",
                f"    acme_ads: {AS_OF}",
                "    expired on 2026-12-18; mend the adapter",
            ]
        )


@pytest.mark.parametrize(
    ("stale", "why"),
    [
        (waiver(adapter="fine_ads"), "the clause holds, so there is nothing to waive"),
        (waiver(adapter="fine_ads", expires="2020-01-01"), "the clause holds, so there is nothing to waive"),
        (waiver(adapter="acme_adz"), "there is no such adapter; did you mean 'acme_ads'?"),
        (waiver(adapter="quux"), "there is no such adapter"),
        (waiver(f"{AS_OF}f"), f"there is no such clause; did you mean '{AS_OF}'?"),
        (waiver("cdp.nothing.rule.at_all"), "there is no such clause"),
        (
            waiver("ads.pause.bad_input.unknown_part"),
            "there is no such clause*",
        ),
    ],
)
def test_a_waiver_that_waives_nothing_fails_the_run(project: pytest.Pytester, stale: str, why: str) -> None:
    write(project, waiver(), stale)
    found = project.runpytest_inprocess("--pal")
    assert found.ret == 1
    assert "failed" not in found.parseoutcomes()
    found.stdout.fnmatch_lines(["waivers that fail this run*", "  pyproject.toml, lines 11-16", f"    {why}"])
    assert "lines 4-9" not in found.stdout.str()


def test_a_waiver_of_what_the_traits_leave_out_fails_the_run(project: pytest.Pytester) -> None:
    project.makeconftest(BROKEN.replace('"acme_ads": AcmeAds, ', ""))
    write(project)
    text = project.runpytest_inprocess("--pal", "-v").stdout.str()
    lines = text.splitlines()
    write(project, waiver(lines[lines.index("  fine_ads, not with its traits:") + 1].strip(), adapter="fine_ads"))
    found = project.runpytest_inprocess("--pal")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["    nothing to waive: it says nothing of the adapter: not with its traits"])


def test_adapters_that_a_run_does_not_judge_are_left_alone(project: pytest.Pytester) -> None:
    write(project, waiver(adapter="other_cdp", clause="cdp.get_profile.rule.x"), waiver(adapter="mock_ads"))
    assert project.runpytest_inprocess("--pal", "--pal-adapter=fine_*").ret == 0
    assert project.runpytest_inprocess("--pal", "--pal-adapter=*fine*", "--pal-capability=ads").ret == 0
    found = project.runpytest_inprocess("--pal", "--pal-adapter=fine_ads", "--pal-require=other_cdp")
    assert "there is no such adapter" not in found.stdout.str()


def test_of_an_adapter_that_cannot_be_loaded_no_waiver_is_judged(project: pytest.Pytester) -> None:
    project.makeconftest(BROKEN.replace("    def", "    contract = '9.9'\n    def"))
    write(project, waiver(), waiver("ads.adapter.discovery.pin"))
    found = project.runpytest_inprocess("--pal")
    assert found.ret == 1
    found.stdout.no_fnmatch_line("*waivers that fail this run*")
    found.stdout.fnmatch_lines(["acme_ads*FAIL"])
    assert "waived" not in found.parseoutcomes()


def test_what_could_not_be_tried_is_not_waived(project: pytest.Pytester) -> None:
    project.makeconftest(BLIND)
    clause = "ads.create_campaign.idempotency.repeat"
    write(project, waiver(clause))
    found = project.runpytest_inprocess("--pal", "--pal-clause=ads.create_campaign.idempotency.repeat")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*unproven: *", "Its waiver (vendor bug 123) is for a failure; *"])
    found.stdout.no_fnmatch_line("*waivers that fail this run*")


def test_more_than_a_tenth_is_red(project: pytest.Pytester) -> None:
    project.makeconftest(BROKEN.replace('return {**found, "as_of": "2020-01-01T00:00:00Z"}', 'raise OSError("down")'))
    clauses = [id for id in red(project) if id.split(".")[2] not in ("shape", "scenario", "golden")]
    write(project, *(waiver(id) for id in clauses))
    found = project.runpytest_inprocess("--pal")
    assert found.ret == 1
    assert found.parseoutcomes()["waived"] == len(clauses)
    found.stdout.fnmatch_lines(["acme_ads*FAIL", f"acme_ads: * failed; *{len(clauses)} waived, more than a tenth of *"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            waiver(resaon="x"),
            "lines 4-10: a waiver in *: /resaon: Extra inputs are not*",
        ),
        (waiver(reason=""), "lines 4-8: *: /reason: Field required; it has adapter, clause, reason, owner, expires =*"),
        (waiver(owner=" "), "lines 4-9: *: /owner: *"),
        (waiver().replace("expires = 2026-12-31", ""), "lines 4-8: *: /expires: Field required*"),
        (waiver(expires='"31.12.2026"'), "*: /expires: *"),
        (waiver(expires="2026-12-31T00:00:00Z"), "*: /expires: *must be a date*"),
        (waiver(expires="20261231"), "*: /expires: *must be a date*"),
        (waiver(expires="2026-02-30"), "*pyproject.toml: *line 9*"),
        (waiver("ads.*.rule.as_of"), "*: /clause: *must be the whole ID of one clause*no glob*"),
        (
            waiver() + waiver(),
            "lines 10-15: acme_ads ads.report.rule.as_of is waived already at pyproject.toml, lines 4-9*",
        ),
        (waiver("ads.report.shape.output"), "lines 4-9: * cannot be waived: shape clauses never are; mend acme_ads"),
        (waiver().replace("[[", "[").replace("]]", "]"), "*pyproject.toml: tool.pytest-pal.waivers is not a list;*"),
        ('[tool.pytest-pal]\nwaivers = [{adapter = "a"}]', "*, entry 1 of tool.pytest-pal.waivers: *"),
        ("[tool.pytest-pal]\nwaivers = ['a']", "*, entry 1 of tool.pytest-pal.waivers: *"),
    ],
)
def test_a_malformed_waiver_is_a_usage_error(project: pytest.Pytester, wrong: str, words: str) -> None:
    write(project, wrong)
    (project.path / "pytest.ini").write_text("[pytest]\n")  # so that it is not pytest that trips over the file
    found = project.runpytest_inprocess("--pal")
    assert found.ret == 4
    found.stderr.fnmatch_lines([f"ERROR: *{words}"])
    assert "Traceback" not in found.stderr.str()


def test_lines_are_found_whatever_stands_between(project: pytest.Pytester) -> None:
    tricky = 'reason = """\n[[tool.pytest-pal.waivers]]\n"""\nhosts = [\n["a"],\n]\n'
    first = waiver(adapter="fine_ads").replace('reason = "vendor bug 123"', 'reason = """\n[[tool\n"""')
    write(project, f"[tool.other]\n{tricky}", first, "# the next one\n", waiver(adapter="none"), "[tool.last]\na = 1")
    found = project.runpytest_inprocess("--pal", "--pal-adapter=fine_ads", "--pal-adapter=none")
    assert found.ret == 5  # no adapter has that name
    found = project.runpytest_inprocess("--pal", "--pal-adapter=fine_ads", "--pal-require=none")
    found.stdout.fnmatch_lines(["  pyproject.toml, lines 12-19"])
    text = project.path.joinpath("pyproject.toml").read_text().splitlines()
    assert (text[11], text[18]) == ("[[tool.pytest-pal.waivers]]", "expires = 2026-12-31")


@pytest.mark.slow
def test_workers_waive_by_the_controllers_day(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's own clock is the machine's; the controller's is patched."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    patch = "from pytest_pal.kit import session\nfrom pytest_pal.clock import SimulatedClock\n"
    patch += "import os, datetime\n"
    patch += "if 'PYTEST_XDIST_WORKER' not in os.environ:\n"
    patch += "    session.CLOCK = SimulatedClock(datetime.datetime(1999, 12, 30, tzinfo=datetime.UTC))\n"
    project.makeconftest(patch + BROKEN)
    write(project, waiver(expires="1999-12-31"))
    found = project.runpytest_subprocess("--pal", "-n", "2", "--pal-report=r.json")
    assert found.ret == 0
    assert found.parseoutcomes()["waived"] == 1
    found.stdout.fnmatch_lines(["acme_ads* 1 *PASS", "    1 day left, until 1999-12-31; *"])
    write(project, waiver(expires="1999-12-31"), waiver(adapter="fine_ads"))
    found = project.runpytest_subprocess("--pal", "-n", "2")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["waivers that fail this run*", "  pyproject.toml, lines 11-16"])


def test_the_example_of_the_readme_is_a_waiver(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(text.split("<!-- waiver -->\n```toml\n")[1].split("```")[0])
    (entry,) = read_waivers(tmp_path)
    assert (entry.waiver.adapter, entry.place) == ("house_ads", "pyproject.toml, lines 1-7")


def test_a_file_that_is_not_there_has_no_waivers_and_one_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert read_waivers(tmp_path) == ()
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    with pytest.raises(PalError, match=r"pyproject\.toml: 'utf-8' codec"):
        read_waivers(tmp_path)
    for text in ("tool = 1", "[tool]\npytest-pal = 'x'", "[tool.pytest-pal]\nwaivers = []", ""):
        (tmp_path / "pyproject.toml").write_text(text)
        assert read_waivers(tmp_path) == ()
