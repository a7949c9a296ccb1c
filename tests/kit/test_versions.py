"""A contract grows: who is pinned to 1.0 stays green and is told what 1.1 asks; who is pinned to 1.1 must hold it."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Protocol

import pytest

from pytest_pal import Capability, Output, Payload, Sample, Since, operation
from pytest_pal.contracts.ads import CAPABILITY as ADS
from pytest_pal.errors import PalError
from pytest_pal.kit import loader
from pytest_pal.kit.discovery import Selection, contract_of, discover
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.plan import case_of
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.target import Target
from pytest_pal.kit.verdict import tally
from pytest_pal.model.clause import Clause
from pytest_pal.model.verdict import ClauseResult, Verdict

from ..eighth import EIGHTH, offered

NEWER = {
    "geo.find.shape.fields_1_1",
    "geo.register.shape.fields_1_1",
    "geo.adapter.scenario.found_with_region",
    "geo.find.rule.region",
    "geo.register.bad_input.at_sea",
    "geo.register.idempotency.refused_is_free",
}
"""What came in with geo 1.1 and an adapter of 1.0 cannot hold."""


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    before = set(sys.modules)
    with offered(tmp_path / "site", monkeypatch):
        import acme_geo.adapter  # type: ignore[import-not-found]

        yield acme_geo.adapter
    for name in set(sys.modules) - before:
        if name.startswith("acme_geo"):
            del sys.modules[name]


def results(adapter: type) -> dict[str, ClauseResult]:
    target = Target("geo", contract_of("geo"), Harness(adapter), "tests")
    clauses = (clause for clause in case_of(target).clauses if not clause.new_process)
    return {clause.id: run_clause(target, clause).result for clause in clauses}


def by(verdict: Verdict, found: dict[str, ClauseResult]) -> set[str]:
    return {id for id, result in found.items() if result.verdict is verdict}


def test_a_pin_to_the_older_version_is_green_and_told_what_the_newer_asks(geo: Any) -> None:
    found = results(geo.AcmeGeo)
    assert by(Verdict.PROVISIONAL, found) == NEWER
    assert by(Verdict.PASSED, found) == set(found) - NEWER
    assert "Required from geo 1.1 on, not by the pin 1.0." in found["geo.find.rule.region"].text
    text = found["geo.register.shape.fields_1_1"].text
    assert "what register returned lacks what is new in 1.1" in text
    assert "/place/label" in text
    assert "/region" in text


def test_a_pin_to_the_newer_version_must_hold_it(geo: Any) -> None:
    assert by(Verdict.FAILED, results(geo.HastyGeo)) == NEWER
    newer = results(geo.NewerGeo)
    assert by(Verdict.PASSED, newer) == set(newer)


def test_only_the_newer_pin_requires_what_is_new(geo: Any) -> None:
    local = {"old": geo.AcmeGeo, "new": geo.NewerGeo}
    found = discover(Selection(Path("/nowhere"), adapters=["old", "new"], local=local))
    new, old = (case.required for case in found.cases)
    assert new.ids - old.ids == NEWER | {"geo.register.idempotency.every_member_1_1"}
    assert not old.ids - new.ids
    assert tally(old, {id: ClauseResult(id, "", c.level, Verdict.PASSED) for id, c in _of(found.cases[1])}).passes


def _of(case: Any) -> Iterator[tuple[str, Clause]]:
    return ((clause.id, clause) for clause in case.required.clauses)


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        ("0.9", "AcmeGeo is pinned to geo 0.9, this kit knows 1.0, 1.1: pin the adapter to one of them"),
        ("1.05", "contract is '1.05'; set it to '1.1'"),
        ("1.2", "AcmeGeo is pinned to geo 1.2, this kit knows 1.0, 1.1: upgrade"),
        ("1", "contract is '1'; set it to '1.1'"),
        (1.1, "contract is 1.1; set it to '1.1'"),
        (None, "contract is None; set it to '1.1'"),
    ],
)
def test_a_pin_that_there_is_not_is_a_red_item(geo: Any, pin: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo.AcmeGeo, "contract", pin)
    (case,) = discover(Selection(Path("/nowhere"), adapters=["acme"], local={"acme": geo.AcmeGeo})).cases
    run = case.run(case.clauses[0])
    assert case.clauses[0].id == "geo.adapter.discovery.pin"
    assert words in " ".join(run.result.text.split())


def test_a_run_shows_what_is_provisional(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with offered(tmp_path / "site", monkeypatch):
        (pytester.path / "pyproject.toml").write_text((EIGHTH / "pyproject.toml").read_text("utf-8"))
        found = pytester.runpytest_inprocess("--pal", "--pal-adapter=*_geo", "-v", "--junitxml=j.xml")
        assert found.ret == 1
        found.stdout.fnmatch_lines(["pal::geo::acme_geo::geo.find.rule.region PROVISIONAL (prov*"])
        found.stdout.fnmatch_lines(
            [
                "acme_geo *4/6*",
                "acme_geo * PASS",
                "hasty_geo * FAIL",
                "newer_geo * PASS",
                "provisional, *",
                "  acme_geo: geo.find.rule.region",
                "    MUST from geo 1.1 on: A place that is found lies in a region.",
            ]
        )
        assert 'type="pytest.xfail" message="provisional, required from geo 1.1 on"' in Path("j.xml").read_text()
        alone = pytester.runpytest_inprocess("--pal", "--pal-adapter=acme_geo")
        assert alone.ret == 0
        assert alone.parseoutcomes()["provisional"] == len(NEWER)


class Old(Payload):
    text: str
    note: Annotated[str, Since("1.1")] = ""


class Said(Output):
    olds: tuple[Old, ...] = ()


class Talker(Protocol):
    """Says nothing, so that what is new in 1.1 cannot be seen."""

    @operation("read", "repeatable")
    def say(self) -> Said: ...


def capability(protocol: type, version: str = "1.1") -> Capability:
    return replace(ADS, name="talk", version=version, protocol=protocol)


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    parts = {"SAMPLES": {"say": Sample(lambda scene: {})}, "__file__": "samples.py"}
    monkeypatch.setattr(loader, "_module", lambda capability, name: type(name, (), parts))
    monkeypatch.setattr(loader, "_own_clauses", lambda capability: ())
    monkeypatch.setattr(loader.resources, "files", lambda package: tmp_path)
    return monkeypatch


def test_what_no_sample_leads_to_is_unproven(talk: pytest.MonkeyPatch) -> None:
    class Silent:
        capability = "talk"
        contract = "1.1"

        def __init__(self, config: Any, ctx: Any) -> None:
            pass

        def say(self) -> Any:
            return {}

    target = Target("silent", loader.load(capability(Talker)), Harness(Silent), "tests")
    (clause,) = (clause for clause in target.contract.clauses if clause.id == "talk.say.shape.fields_1_1")
    result = run_clause(target, clause).result
    assert result.verdict is Verdict.UNPROVEN
    assert "the sample of say leads to no payload with a field that is new in 1.1" in " ".join(result.text.split())


class NeedsIt(Output):
    note: Annotated[str, Since("1.1")]


class TooNew(Output):
    note: Annotated[str, Since("1.2")] = ""


class Required(Protocol):
    @operation("read", "repeatable")
    def say(self) -> NeedsIt: ...


class Early(Protocol):
    @operation("read", "repeatable")
    def say(self) -> TooNew: ...


class Argument(Protocol):
    @operation("read", "repeatable")
    def say(self, loud: Annotated[bool, Since("1.1")] = False) -> Said: ...


@pytest.mark.parametrize(
    ("protocol", "version", "words"),
    [
        (Talker, "0.9", "capability talk: its version is '0.9'; begin with '1.0'"),
        (Talker, "one", "capability talk: its version is 'one'; begin with '1.0'"),
        (Required, "1.1", "say: field NeedsIt.note: since 1.1, so it needs a default"),
        (
            Early,
            "1.1",
            "field TooNew.note: since is '1.2'; name a version from '1.0' to the contract's '1.1'",
        ),
        (Argument, "1.1", "field say_arguments.loud: an argument cannot be younger than its operation"),
    ],
)
def test_a_version_that_cannot_be_is_named(talk: pytest.MonkeyPatch, protocol: type, version: str, words: str) -> None:
    with pytest.raises(PalError) as caught:
        loader.load(capability(protocol, version))
    assert words in str(caught.value)


@pytest.mark.parametrize("since", ["1.2", "1.10", "0.9", "x"])
def test_a_clause_that_is_newer_than_its_contract_is_named(talk: pytest.MonkeyPatch, since: str) -> None:
    clause = Clause("talk.say.rule.x", "It holds.", lambda subject: None, since=since)
    talk.setattr(loader, "_own_clauses", lambda capability: [clause])
    with pytest.raises(PalError, match=f"clause 'talk.say.rule.x': since is '{since}'; name a version"):
        loader.load(capability(Talker))


@pytest.mark.parametrize("since", ["1.1", "'1.2'", "1"])
def test_a_scenario_says_its_version_in_quotes(talk: pytest.MonkeyPatch, tmp_path: Path, since: str) -> None:
    """Without them YAML reads 1.10 as 1.1."""
    (tmp_path / "scenarios.yaml").write_text(f"- {{name: a, title: A., since: {since}, steps: [{{call: say}}]}}\n")
    with pytest.raises(PalError, match=r"scenarios\.yaml:1: scenario a: since is .*in quotes"):
        loader.load(capability(Talker))
    (tmp_path / "scenarios.yaml").write_text("- {name: a, title: A., since: '1.1', steps: [{call: say}]}\n")
    assert loader.load(capability(Talker)).scenarios[0].since == "1.1"
