"""What stands on a tape as Python: the same values, readable, and what a clause does, not what follows from it."""

import datetime
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.kit.bench import Bench
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.script import WIDTH, script, source
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.client import Client
from pytest_pal.kit.twins.harness import twin
from pytest_pal.mocks.ads import MockAds
from pytest_pal.model.subject import Call

from ..judging import contract

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.just(datetime.UTC))
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
ADS = contract("ads")


def target(harness: Harness) -> Target:
    return Target("acme_ads", ADS, harness, "tests")


@given(VALUES)
def test_source_gives_the_same_value(value: Any) -> None:
    assert eval(source(value, "    ")) == value
    assert eval(source(value)) == value


def test_what_has_no_value_of_its_own_is_written_too() -> None:
    assert math.isnan(eval(source(float("nan"))))
    assert eval(source("\ud800")) == "\ud800"
    assert source("x" * 1_000) == '"x" * 1000'
    assert source(object()) == '"<object>"'
    assert eval(source(Call("pause", {"campaign_id": "c"}))) == Call("pause", {"campaign_id": "c"})


def test_long_values_are_broken_into_lines() -> None:
    value = [{"name": f"Campaign {n}", "budget": 10_000_000} for n in range(5)]
    assert max(map(len, source(value, "    ").splitlines())) <= WIDTH


def test_a_tape_holds_what_is_done_and_not_what_follows_from_it() -> None:
    with LiveSubject(Bench(target(Harness(MockAds)))) as subject:
        made = subject.call("create_campaign", **subject.prepare("create_campaign")(0))
        subject.sibling().call("pause", campaign_id=made.id)
        subject.stranger(timezone="Asia/Kolkata").observe("campaigns")
        subject.advance(60)
        subject.restart()
        subject.snapshot()
        subject.together([Call("pause", {"campaign_id": made.id})] * 2)
        subject.close()
    assert [(act.on, act.method) for act in subject.tape.acts] == [
        ("adapter", "attempt"),
        ("adapter", "sibling"),
        ("other_1", "attempt"),
        ("adapter", "stranger"),
        ("other_2", "observe"),
        ("adapter", "advance"),
        ("adapter", "restart"),
        ("adapter", "snapshot"),
        ("adapter", "together"),
        ("adapter", "close"),
    ]
    assert "idempotency_key" in subject.tape.acts[0].named


class Telling(Client):
    """What the vendor refuses leaves as an exception that no caller knows."""

    def refusal(self, operation: Any, reply: Any) -> Any:
        return ValueError(str(reply.status))


class Tells(TwinAds, client=Telling):
    pass


def test_every_script_is_python() -> None:
    judged, made = target(twin(Tells)), 0
    for clause in ADS.clauses:
        if clause.operation == "create_campaign" and not judged.why_not(clause):
            run = run_clause(judged, clause)
            made += run.error is not None
            compile(script(judged, clause, run, f"pal::ads::acme_ads::{clause.id}"), "script.py", "exec")
    assert made > 25
