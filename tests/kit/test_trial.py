"""A slow vendor: how long an adapter gets, and with which arguments it is tried again."""

from collections.abc import Callable
from typing import Any

import pytest

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.faults.catalogue import BY_NAME, Fault
from pytest_pal.kit.bench import Bench
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.kit.trial import BOUNDS_S, LEISURE, Trial
from pytest_pal.kit.twins.harness import ADS
from pytest_pal.model.clause import Unproven
from pytest_pal.model.subject import Outcome

from ..judging import contract

HANG = BY_NAME["hang"]


def trial_on(subject: LiveSubject) -> Trial:
    return Trial(subject, CAPABILITY.operation("create_campaign"))


def subject() -> LiveSubject:
    return LiveSubject(Bench(Target("twin_ads", contract("ads"), ADS, "tests")))


def fires_at(turn: int, bounds: list[float | None]) -> Any:
    """A vendor that is reached by the call of that turn, counted from 1."""

    def once(fault: Fault, at: int, call: Callable[[], Outcome], bound: float | None) -> tuple[Outcome, bool]:
        bounds.append(bound)
        return call(), len(bounds) == turn

    return once


def test_a_call_that_its_bound_cut_off_too_early_is_made_again_with_more_time_and_new_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subject() as twin:
        trial, bounds = trial_on(twin), list[float | None]()
        monkeypatch.setattr(trial, "_once_under", fires_at(2, bounds))
        arguments, outcome = trial.met(HANG, 1)
        assert bounds == list(BOUNDS_S[:2])
        assert outcome.error is None
        calls = [step.arguments for step in twin.bench.steps if step.what == "create_campaign"]
        assert [call["idempotency_key"] == arguments["idempotency_key"] for call in calls] == [False, True]


def test_a_fault_that_no_bound_reaches_is_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    with subject() as twin:
        trial = trial_on(twin)
        monkeypatch.setattr(trial, "_once_under", fires_at(0, []))
        with pytest.raises(Unproven, match="hang at request 1 of create_campaign never fired"):
            trial.met(HANG, 1)


def test_an_operation_that_takes_long_when_all_is_well_gets_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with subject() as twin:
        trial = trial_on(twin)
        assert trial._bounds(BY_NAME["status_503"]) == (None,)
        assert trial._bounds(HANG) == BOUNDS_S
        moments = iter([10.0, 10.1])
        monkeypatch.setattr("pytest_pal.kit.trial._clock", lambda: next(moments))
        assert trial.healthy() == 1
        assert trial._bounds(HANG) == pytest.approx((0.1 * LEISURE,) * 3)
