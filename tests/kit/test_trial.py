"""A slow vendor: how long an adapter gets, and with which arguments it is tried again."""

from collections.abc import Callable
from typing import Any

import pytest

from pytest_pal.contracts.ads import CAPABILITY
from pytest_pal.errors import RetryableError
from pytest_pal.faults.catalogue import BY_NAME, Fault
from pytest_pal.kit.bench import Bench
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.kit.trial import BOUNDS_S, Hurried, Trial
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


def test_a_call_that_its_bound_cut_off_too_early_is_made_again_with_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with subject() as twin:
        trial, bounds = trial_on(twin), list[float | None]()
        monkeypatch.setattr(trial, "_once_under", fires_at(2, bounds))
        keys: list[str] = []

        def once() -> None:
            arguments = trial.arguments()
            keys.append(arguments["idempotency_key"])
            assert trial.under(HANG, 1, lambda: trial.call(arguments)).error is None

        trial.patiently(HANG, once)
        assert bounds == list(BOUNDS_S[:2])
        assert len(set(keys)) == 2


def test_a_fault_that_no_bound_reaches_is_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    with subject() as twin:
        trial = trial_on(twin)
        monkeypatch.setattr(trial, "_once_under", fires_at(0, []))
        with pytest.raises(Unproven, match="hang at request 1 of create_campaign never fired"):
            trial.patiently(HANG, lambda: trial.under(HANG, 1, lambda: trial.call(trial.arguments())) and None)


def test_what_ran_out_of_a_small_bound_after_the_fault_is_tried_again_with_a_larger_one() -> None:
    with subject() as twin:
        trial = trial_on(twin)
        twin.reopen(trial.bound)
        late = Outcome("create_campaign", error=RetryableError("timeout"))
        trial.call = lambda arguments: late  # type: ignore[method-assign]
        with pytest.raises(Hurried):
            trial.recovered(trial.arguments())
