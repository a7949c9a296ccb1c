"""Derived saboteurs: who gets which defect, and that each kind of them falls by the clause it names."""

import pickle
import sys
from dataclasses import replace
from operator import attrgetter

import pytest

from pytest_pal.kit.discovery import contract_of
from pytest_pal.prove.derived import defects, derived, find
from pytest_pal.prove.derived.classes import wrong_class
from pytest_pal.prove.matrix import caught
from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import MOST_ALSO, Saboteur

ADS = roster("ads")
ALL = {name: roster(name) for name in ("ads", "cdp", "experiments", "lifecycle", "vectorstore", "llm_gateway")}


def found(capability: str) -> list[Saboteur]:
    return [each for each in ALL[capability].saboteurs if each.derived]


def test_there_are_hundreds_and_every_operation_has_some() -> None:
    assert sum(len(found(name)) for name in ALL) > 500
    for name, each in ALL.items():
        named = {saboteur.name.split(".")[0] for saboteur in found(name)}
        assert named == {"adapter", *each.contract.capability.operations}


def test_every_defect_is_given_to_somebody() -> None:
    given = {each.name.split(".")[1] for name in ALL for each in found(name)}
    assert given == {defect.name for defect in defects()}


def test_a_key_is_lost_only_where_there_is_one() -> None:
    assert {each.name for each in found("ads") if "key_dropped" in each.name} == {"create_campaign.key_dropped"}
    assert not [each for each in found("llm_gateway") if ".key_" in each.name]


def test_what_asks_no_engine_and_keeps_nothing_has_no_defect_of_that() -> None:
    assert not [each for each in found("llm_gateway") if ".engine_" in each.name or "swallowed" in each.name]
    touching = {each.name for each in found("lifecycle") if each.name.startswith("preview.engine_")}
    assert touching == {"preview.engine_written_by_reads"}  # which asks the engine by itself


def test_a_capability_without_a_mock_has_none() -> None:
    contract = contract_of("ads")
    assert list(derived(replace(contract, capability=replace(contract.capability, mock=None)))) == []


def test_another_process_finds_a_wrong_class_by_its_name() -> None:
    operation = ADS.contract.capability.operation("create_campaign")
    cls = wrong_class(ADS.contract, operation, find(operation, "key_by_hash"))
    assert attrgetter(cls.__qualname__)(sys.modules[cls.__module__]) is cls
    assert pickle.loads(pickle.dumps(cls)) is cls
    with pytest.raises(AttributeError):
        attrgetter("no_such_class")(sys.modules[cls.__module__])


def test_the_reason_of_a_long_set_is_the_defect() -> None:
    long = [each for name in ALL for each in found(name) if len(each.also or ()) > MOST_ALSO]
    assert all(each.reason for each in long)


def first_of_each() -> list[tuple[str, Saboteur]]:
    """Each defect once, with the capability that has it first."""
    firsts = {each.name.split(".")[1]: (name, each) for name in reversed(ALL) for each in reversed(found(name))}
    return list(firsts.values())


@pytest.mark.parametrize(("capability", "saboteur"), first_of_each(), ids=lambda value: getattr(value, "name", value))
def test_each_defect_is_caught_by_the_clause_it_is_made_for(capability: str, saboteur: Saboteur) -> None:
    assert caught(saboteur, ALL[capability].contract)
