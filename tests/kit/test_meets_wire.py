"""What an adapter says of how its operations meet the wire is checked when it is found."""

from typing import Any

import pytest

from pytest_pal.contracts.ads import CAPABILITY as ADS
from pytest_pal.contracts.cdp import CAPABILITY as CDP
from pytest_pal.contracts.cdp.protocol import CDPTraits
from pytest_pal.contracts.llm_observability import CAPABILITY as LLM_OBSERVABILITY
from pytest_pal.kit.meets_wire import meeting_wire
from pytest_pal.kit.target import Target
from pytest_pal.kit.twins import harness
from pytest_pal.model.capability import Capability

from ..judging import contract


def said(claims: Any, capability: Capability = ADS, **attributes: Any) -> list[str]:
    cls = type("Acme", (), {"meets_wire": claims, **attributes})
    return [problem.text for problem in meeting_wire(cls, capability)]


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"pause": "wire", "report": "local", "create_campaign": "pure"},
        {"report": {"flag": "local", "experiment": "wire"}},
    ],
)
def test_a_claim_that_can_be_is_taken(claims: Any) -> None:
    assert said(claims) == []


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ("wire", "Acme.meets_wire must map operations to one of wire, local, deferred, pure"),
        (["pause"], "Acme.meets_wire must map operations"),
        (None, "Acme.meets_wire must map operations"),
        ({"paus": "wire"}, "Acme.meets_wire has no operation 'paus'; there are create_campaign, report, pause"),
        ({7: "wire"}, "Acme.meets_wire has no operation 7"),
        ({"pause": "never"}, "Acme.meets_wire says 'never' of pause; say one of wire, local, deferred, pure"),
        ({"pause": 3}, "says 3 of pause"),
        ({"pause": None}, "says None of pause"),
        ({"pause": ["wire"]}, "says ['wire'] of pause"),
        ({"pause": {}}, "says {} of pause"),
        ({"pause": {"flag": "never"}}, "says {'flag': 'never'} of pause"),
        ({"pause": {"flag": []}}, "says {'flag': []} of pause"),
        ({"pause": "deferred"}, "Acme.meets_wire says deferred of pause, whose caller must know what came of it"),
    ],
)
def test_what_cannot_be_is_told(claims: Any, words: str) -> None:
    (text,) = said(claims)
    assert text.startswith(words) or words in text


def test_each_wrong_claim_is_told() -> None:
    assert len(said({"paus": "wire", "pause": "never", "report": "local"})) == 2


@pytest.mark.parametrize("name", ["trace_start", "trace_stop", "log_eval", "link"])
def test_what_may_be_sent_later(name: str) -> None:
    assert said({name: "deferred"}, LLM_OBSERVABILITY) == []


@pytest.mark.parametrize(("policy", "problems"), [("detect", 1), ("first_wins", 0), ("last_wins", 0)])
def test_events_may_be_sent_later_where_nobody_looks_for_conflicts(policy: Any, problems: int) -> None:
    traits = CDPTraits(event_conflict=policy)
    assert len(said({"ingest_event": "deferred"}, CDP, traits=traits)) == problems
    assert len(said({"ingest_event": "deferred"}, CDP, traits={"event_conflict": policy})) == problems


def test_traits_that_are_none_are_the_defaults() -> None:
    assert len(said({"ingest_event": "deferred"}, CDP)) == 1
    assert len(said({"ingest_event": "deferred"}, CDP, traits=None)) == 1
    assert len(said({"ingest_event": "deferred"}, CDP, traits={"event_conflict": "nonsense"})) == 1


@pytest.mark.parametrize(
    ("claims", "said_"),
    [({}, "wire"), ({"pause": "pure"}, "pure"), ({"pause": {"a": "local", "b": "wire"}}, "local")],
)
def test_a_target_says_what_its_adapter_says_and_of_kinds_the_first(claims: Any, said_: str) -> None:
    cls = type("Acme", (harness.TwinAds,), {"meets_wire": claims})
    target = Target("acme", contract("ads"), harness.Harness(cls, reach="http"), "tests")
    assert target.meets_wire("pause") == said_
    assert target.defers is False
