"""What a handle can be made of, and how it answers to names."""

import copy
import re
from random import Random
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol

import pytest

from pytest_pal.call.handles import async_handle, handle
from pytest_pal.call.retry import RetryPolicy
from pytest_pal.clock import SystemClock
from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.errors import NonRetryableError, PalError
from pytest_pal.model.capability import Capability
from pytest_pal.model.context import RandomIds
from pytest_pal.model.operation import operation
from pytest_pal.model.payload import Output
from pytest_pal.registry.entry_points import CAPABILITIES, entries

from .stage import ARGUMENTS, CAMPAIGN, SPEC, Script, Scripted, Stage

MEANS: dict[str, Any] = {"name": "acme", "clock": SystemClock(), "random": Random(1), "ids": RandomIds(Random(2))}


def scripted() -> Scripted:
    return Scripted(Script(CAMPAIGN), AdsTraits())


class Closing(Protocol):
    @operation("read", "repeatable")
    def close(self) -> Output: ...


@pytest.mark.parametrize("make", [handle, async_handle])
@pytest.mark.parametrize(
    ("adapter", "options", "says"),
    [
        (Scripted, {}, "Scripted is a class; give an instance, Scripted(config, ctx)"),
        (SimpleNamespace(capability="cdp"), {}, "SimpleNamespace is an adapter of 'cdp', not of 'ads'"),
        (SimpleNamespace(traits={"delivery": "twice"}), {}, "the traits of SimpleNamespace are not ads's: /delivery"),
        (scripted(), {"name": ""}, "needs the adapter's name"),
        (scripted(), {"deadline_s": 0}, "deadline_s is 0; give seconds"),
        (scripted(), {"deadline_s": float("nan")}, "deadline_s is nan"),
        (scripted(), {"deadline_s": float("inf")}, "deadline_s is inf"),
        (handle(scripted(), CAPABILITY, **MEANS), {}, "is a handle already, and only one layer may retry"),
        (async_handle(scripted(), CAPABILITY, **MEANS), {}, "is a handle already, and only one layer may retry"),
    ],
)
def test_what_cannot_be_is_refused_when_the_handle_is_made(make: Any, adapter: Any, options: Any, says: str) -> None:
    with pytest.raises(PalError, match=re.escape(says)):
        make(adapter, CAPABILITY, **{**MEANS, **options})


def test_an_operation_may_not_have_a_name_of_the_handle() -> None:
    capability = Capability("door", "1.0", "-", Closing)
    with pytest.raises(PalError, match="door: a handle has close of its own"):
        handle(object(), capability, **MEANS)


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": 0},
        {"max_attempts": 11},
        {"max_attempts": True},
        {"max_attempts": 2.0},
        {"base_s": -0.1},
        {"base_s": float("nan")},
        {"base_s": "1"},
        {"cap_s": float("inf")},
        {"base_s": 2, "cap_s": 1},
        {"base_s": True},
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_what_is_valid(options: dict[str, Any]) -> None:
    name = list(options)[-1]
    with pytest.raises(PalError, match=f"RetryPolicy: {name} is .*; give "):
        RetryPolicy(**options)


@pytest.mark.parametrize("contract", [entry.load() for entry in entries(CAPABILITIES) if entry.name != "geo"])
def test_every_operation_of_every_contract_is_there(contract: Capability) -> None:
    made = handle(object(), contract, **MEANS)
    assert all(callable(getattr(made, name)) for name in contract.operations)
    assert repr(made) == f"<SyncHandle of {contract.name}: object>"


def test_an_unknown_operation_is_named_with_those_there_are() -> None:
    made = handle(scripted(), CAPABILITY, **MEANS)
    with pytest.raises(AttributeError, match="ads has no operation 'resume'; it has create_campaign, report, pause"):
        _ = made.resume
    with pytest.raises(PalError, match="ads has no operation 'resume'"):
        made.call("resume")
    assert copy.copy(made).pause("c1").id == "c1"


class Partial:
    capability = "ads"
    unsupported: ClassVar = {"report": "the vendor has no reports"}

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return CAMPAIGN


@pytest.mark.parametrize(
    ("operation_", "says"),
    [("report", "report: the vendor has no reports"), ("pause", "pause: Partial has no such method")],
)
def test_what_an_adapter_lacks_is_unsupported_with_its_reason(operation_: str, says: str) -> None:
    made = handle(Partial(), CAPABILITY, **MEANS)
    with pytest.raises(NonRetryableError, match=says) as caught:
        made.call(operation_, **ARGUMENTS[operation_])
    assert caught.value.code == "unsupported"
    assert made.create_campaign(SPEC).id == "c1"


def test_nothing_is_recorded_where_nobody_listens() -> None:
    stage = Stage((Scripted, handle), CAMPAIGN, sinks=[])
    assert stage.good("pause").id == "c1"
    assert stage.sink.records == []


def test_sinks_are_told_in_order() -> None:
    told: list[str] = []
    sinks = [lambda record: told.append("first"), lambda record: told.append("second")]
    Stage((Scripted, handle), CAMPAIGN, sinks=sinks).good("pause")
    assert told == ["first", "second"]
