"""Calls that may never end: a limit, somebody who lets go, and the quarantine of what goes on all the same."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pytest_pal.kit import quarantine, runner, watchdog
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.target import Target
from pytest_pal.kit.twins import harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.watchdog import Hung, bounded
from pytest_pal.mocks.ads import MockAds

from ..judging import contract


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What ends whoever hangs in a test; until then nobody has patience, and no quarantine is left behind."""
    monkeypatch.setattr(watchdog, "GRACE_S", 0.05)
    monkeypatch.setattr(quarantine, "_HUNG", {})
    event = threading.Event()
    yield event
    event.set()


def test_what_a_call_gives_and_raises_is_passed_on() -> None:
    assert bounded(lambda: "done", 5, lambda: None) == ("done", True)
    with pytest.raises(KeyError, match="lost"):
        bounded(lambda: {}["lost"], 5, lambda: None)
    with pytest.raises(SystemExit):
        bounded(lambda: exit(3), 5, lambda: None)


def test_a_call_that_is_let_go_was_not_in_time() -> None:
    gone = threading.Event()
    assert bounded(lambda: gone.wait(30), 0.01, gone.set) == (True, False)


def test_a_call_that_goes_on_has_hung(end: threading.Event) -> None:
    asked: list[str] = []
    with pytest.raises(Hung, match=r"not come back 0\.05 s after its vendor had dropped the connection"):
        bounded(lambda: end.wait(30), 0.01, lambda: asked.append("let go"))
    assert asked == ["let go"]


def test_a_call_that_goes_forward_has_more_time() -> None:
    steps, last = iter(range(10**6)), threading.Event()

    def progress() -> int:
        if (step := next(steps)) == 5:
            last.set()
        return step

    assert bounded(lambda: last.wait(30), 0.001, lambda: None, progress) == (True, True)


def hanging(end: threading.Event, kind: str) -> type:
    class Sync(TwinAds):
        def pause(self, campaign_id: str) -> Any:
            end.wait(30)
            return super().pause(campaign_id)

    class Async(TwinAds):
        async def pause(self, campaign_id: str) -> Any:  # type: ignore[override]
            await asyncio.to_thread(end.wait, 30)
            return super().pause(campaign_id)

    class InProcess(MockAds):
        def pause(self, campaign_id: str) -> Any:
            end.wait(30)
            return super().pause(campaign_id)

    return {"sync": Sync, "async": Async, "in process": InProcess}[kind]


@pytest.mark.parametrize("kind", ["sync", "async", "in process"])
@pytest.mark.parametrize("check", ["shape.output", "fault.hang", "concurrency.same_calls"])
def test_an_adapter_that_never_returns_fails_by_name_and_the_run_goes_on(
    kind: str, check: str, end: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LONGEST_S", 0.2)
    cls = hanging(end, kind)
    used = Harness(cls) if kind == "in process" else replace(harness.ADS, cls=cls)
    hung, well = Target("hung_ads", contract("ads"), used, "tests"), Target("well", contract("ads"), harness.ADS, "t")
    clauses = {clause.id: clause for clause in contract("ads").clauses}
    if hung.why_not(clauses[f"ads.pause.{check}"]):
        return
    first = run_clause(hung, clauses[f"ads.pause.{check}"]).result
    assert first.verdict == "failed"
    assert "a call had not come back" in first.text
    other = run_clause(hung, clauses["ads.report.shape.output"]).result
    assert other.verdict == "failed"
    wanted = f"hung_ads is in quarantine: a call of it never came back in ads.pause.{check}"
    assert wanted in " ".join(other.text.split())
    assert run_clause(well, clauses["ads.report.shape.output"]).result.verdict == "passed"
