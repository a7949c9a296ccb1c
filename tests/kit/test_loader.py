"""A mistake in a contract is named by file and line."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.contracts.ads import clauses as ads_clauses
from pytest_pal.contracts.ads import samples as ads_samples
from pytest_pal.errors import PalError
from pytest_pal.kit import loader
from pytest_pal.model.clause import Clause, clause
from pytest_pal.model.samples import Given, Refusal, Sample

SCENARIO = """
- name: one
  title: One step.
  steps:
    - {step}
"""


class Modules:
    """What the loader imports, replaced part by part."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples: Any = ModuleType("samples")
        vars(self.samples).update({**vars(ads_samples), "__file__": "samples.py"})
        self.clauses: Any = ModuleType("clauses")

    def load(self) -> Any:
        return loader.load(CAPABILITY)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modules:
    made = Modules(tmp_path)
    monkeypatch.setattr(loader, "_module", lambda capability, name: getattr(made, name))
    monkeypatch.setattr(loader.resources, "files", lambda package: tmp_path)
    return made


def scenarios(modules: Modules, text: str) -> None:
    (modules.path / "scenarios.yaml").write_text(text, encoding="utf-8")


def test_a_contract_loads_without_scenarios(modules: Modules) -> None:
    assert modules.load().scenarios == ()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("call: creat_campaign", "scenarios.yaml:5: scenario one: ads has no operation 'creat_campaign'; it has"),
        ("{call: pause, with: {campaign_id: '-x'}}", "5: scenario one: invalid: pause: /campaign_id"),
        ("{call: pause, with: {}}", "/campaign_id: Field required"),
        ("{call: pause, with: {campaign_id: '${campain}'}}", "${campain} is not known here"),
        ("{call: pause, wiht: {}}", "5: a step has no 'wiht'; it has advance, call"),
        ("{advance: soon}", "'soon' is not a duration"),
        ("{advance: 1d, restart: true}", "a step is exactly one of call, observe, advance, restart"),
        ("{observe: campains}", "the observer has no 'campains'; it has campaigns"),
        ("{call: report, needs: swap}", "'swap' is not optional; optional are create_campaign.lifetime"),
        ("{call: report, call: pause}", "line 5: the key 'call' stands twice"),
        ("[1]", "a step must be a mapping"),
        ("{call: ", "scenarios.yaml"),
    ],
)
def test_a_wrong_step_is_named_by_file_and_line(modules: Modules, step: str, words: str) -> None:
    scenarios(modules, SCENARIO.format(step=step))
    with pytest.raises(PalError) as caught:
        modules.load()
    assert words in str(caught.value)
    assert "scenarios.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: one", "must be a list of scenarios"),
        ("- name: one\n  steps: []\n", "scenarios.yaml:1: the scenario has no title"),
        ("- {name: one, title: x, steps: [{restart: true}], stepz: 1}", "a scenario has no 'stepz'"),
    ],
)
def test_a_wrong_file_is_named(modules: Modules, text: str, words: str) -> None:
    scenarios(modules, text)
    with pytest.raises(PalError) as caught:
        modules.load()
    assert words in str(caught.value)


@clause("ads.pause.rule.silent")
def silent(subject: Any) -> None:
    pass


def lonely(id: str, **rest: Any) -> Clause:
    return Clause(id, "A sentence.", lambda subject: None, **rest)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([silent], "it has no sentence"),
        ([lonely("ads.pause.rule")], "an ID reads capability.operation.family.check"),
        ([lonely("cdp.pause.rule.x")], "its capability is not ads"),
        ([lonely("ads.paws.rule.x")], "its operation is none of adapter, create_campaign"),
        ([lonely("ads.pause.rule.x", needs=("swap",))], "it needs what is not optional: ('swap',)"),
        ([lonely("ads.pause.rule.x"), lonely("ads.pause.rule.x")], "the ID stands already at"),
        ([lonely("ads.pause.shape.output")], "the ID stands already at"),
    ],
)
def test_a_wrong_clause_is_named_by_file_and_line(modules: Modules, wrong: list[Clause], words: str) -> None:
    vars(modules.clauses).update({f"clause_{n}": found for n, found in enumerate(wrong)})
    with pytest.raises(PalError) as caught:
        modules.load()
    assert words in str(caught.value)
    assert ".py:" in str(caught.value)


def test_samples_must_fit_the_operations(modules: Modules) -> None:
    modules.samples.SAMPLES = {name: s for name, s in ads_samples.SAMPLES.items() if name != "pause"}
    with pytest.raises(PalError, match=r"samples\.py: SAMPLES has no sample of pause"):
        modules.load()
    modules.samples.SAMPLES = {**ads_samples.SAMPLES, "resume": Sample(lambda scene: {})}
    with pytest.raises(PalError, match="'resume' is no operation"):
        modules.load()


def test_steps_that_samples_need_must_be_operations(modules: Modules) -> None:
    needy = Sample(lambda scene: {}, given=(Given("campaign", "create_campain"),))
    modules.samples.SAMPLES = {**ads_samples.SAMPLES, "pause": needy}
    with pytest.raises(PalError, match="'create_campain' is no operation"):
        modules.load()


def test_refusals_must_be_of_an_operation(modules: Modules) -> None:
    modules.samples.REFUSALS = (Refusal("resume", "x", "A sentence.", ("invalid",), lambda scene: {}),)
    with pytest.raises(PalError, match="'resume' is no operation"):
        modules.load()


def test_a_package_without_its_modules_is_named() -> None:
    from dataclasses import replace

    with pytest.raises(PalError, match=r"capability ads: pytest_pal\.gone\.samples is missing"):
        loader.load(replace(CAPABILITY, package="pytest_pal.gone"))


def test_own_clauses_come_with_their_sentences() -> None:
    own = [found for found in vars(ads_clauses).values() if isinstance(found, Clause)]
    loaded = {found.id: found for found in loader.load(CAPABILITY).clauses}
    assert {found.id for found in own} < set(loaded)
    assert all(found.sentence.endswith(".") for found in loaded.values())
