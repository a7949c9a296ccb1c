"""An adapter's own golden files: its traces, in its repository, and what a change of it shows in review."""

import json
from pathlib import Path

import pytest

CONFTEST = """
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    def pause(self, campaign_id):
        return {**super().pause(campaign_id), "extensions": {"word": "STOPPED"}}

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds}
"""
CHANGED = CONFTEST.replace('"extensions"', '"budget": 10_000, "extensions"')
OTHERS = "--pal-clause=*.own_golden.*"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("CI", "BUILD_NUMBER", "PAL_GOLDEN_WRITE"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest(CONFTEST)
    assert pytester.runpytest_subprocess("--pal", "--pal-golden=new").ret == 0
    return pytester


def folder(project: pytest.Pytester) -> Path:
    return project.path / "golden" / "acme_ads"


def test_there_is_one_per_scenario_and_they_are_verified_from_then_on(project: pytest.Pytester) -> None:
    names = ["edge_values", "every_operation", "long_life", "refused_inputs"]
    assert sorted(file.stem for file in folder(project).iterdir()) == names
    recorded = json.loads((folder(project) / "every_operation.json").read_text())
    assert recorded["steps"][0]["returned"]["id"] == "<id 1>"
    found = project.runpytest_subprocess("--pal", OTHERS)
    found.assert_outcomes(passed=4)


def test_a_change_is_red_then_told_field_by_field_then_clean(project: pytest.Pytester) -> None:
    (project.path / "conftest.py").write_text(CHANGED)
    red = project.runpytest_subprocess("--pal", OTHERS)
    assert red.ret == 1
    accept = "pytest --pal --pal-golden=update 'pal::ads::acme_ads::ads.adapter.own_golden.every_operation'"
    told = " ".join(red.stdout.str().split())
    assert "at /steps/4/returned/budget: expected: 10000000 seen: 10000" in told
    assert accept in told
    updated = project.runpytest_subprocess("--pal", OTHERS, "--pal-golden=update")
    assert updated.ret == 0
    updated.stdout.fnmatch_lines(
        ["*every_operation.json: 1 changed", "*/steps/4/returned/budget value: 10000000 -> 10000"]
    )
    project.runpytest_subprocess("--pal", OTHERS).assert_outcomes(passed=4)


def test_a_contract_s_golden_is_never_written_from_another_project(project: pytest.Pytester) -> None:
    (project.path / "conftest.py").write_text(CHANGED)
    found = project.runpytest_subprocess("--pal", "--pal-clause=*.golden.*", "--pal-golden=update")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*the outputs differ from the mock's*"])


def test_orphans_fail_and_are_pruned(project: pytest.Pytester) -> None:
    stray = folder(project) / "another.json"
    stray.write_text("{}\n")
    found = project.runpytest_subprocess("--pal")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*another.json: nothing records it; add --pal-golden=prune to delete it"])
    assert project.runpytest_subprocess("--pal", OTHERS).ret == 0
    assert project.runpytest_subprocess("--pal", "--pal-golden=prune").ret == 0
    assert not stray.exists()


def test_under_xdist_the_same_files_are_written(project: pytest.Pytester) -> None:
    alone = {file.name: file.read_bytes() for file in folder(project).iterdir()}
    for file in folder(project).iterdir():
        file.unlink()
    assert project.runpytest_subprocess("--pal", "--pal-golden=new", "-n", "2").ret == 0
    assert {file.name: file.read_bytes() for file in folder(project).iterdir()} == alone


WIRED = """
from pytest_pal import Harness, Vendor
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.harness import identity

class AcmeAds(TwinAds):
    pass

vendor = Vendor(identity(AcmeAds._of), unstable=("/spec/start", "/query/campaign_ids/*"))

def pytest_pal_adapters(config):
    return {"acme_ads": Harness(AcmeAds, vendor, config=lambda v: {"base_url": v.url, "token": v.secret})}
"""


def test_the_requests_of_each_step_are_kept_but_for_what_differs_from_run_to_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAL_GOLDEN_WRITE", "1")
    pytester.makeconftest(WIRED)
    assert pytester.runpytest_subprocess("--pal", OTHERS, "--pal-golden=new").ret == 0
    recorded = json.loads((folder(pytester) / "every_operation.json").read_text())
    created, reported = recorded["steps"][0], next(s for s in recorded["steps"] if s.get("call") == "report")
    (request,) = created["requests"]
    assert request["request"] == "POST /create_campaign"
    assert request["key"].startswith("key-")
    assert request["body"]["spec"]["name"] == created["arguments"]["spec"]["name"]
    assert request["body"]["spec"]["start"] == "<free>"
    assert [request["request"] for request in reported["requests"]] == ["POST /report"]
    text = (folder(pytester) / "every_operation.json").read_text()
    assert "canary" not in text
    pytester.runpytest_subprocess("--pal", OTHERS).assert_outcomes(passed=4)
