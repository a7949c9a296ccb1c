"""Sleeping by the machine's clock is seen, however it is called; letting others go first is none."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from time import sleep
from typing import Any

import pytest

from pytest_pal.mocks.ads import MockAds

from ..judging import judge

OWN_SLEEP = "ads.adapter.offline.own_sleep"


def napping(nap: Callable[[Any], Any]) -> type:
    """A mock whose `pause` waits so."""

    class Napping(MockAds):
        async def pause(self, campaign_id: str) -> Any:  # type: ignore[override]
            waited = nap(self)
            if isinstance(waited, Awaitable):
                await waited
            return super().pause(campaign_id)

    return Napping


@pytest.mark.parametrize(
    ("nap", "seen"),
    [
        (lambda self: time.sleep(0.001), "time.sleep in tests.kit.test_offline:"),
        (lambda self: sleep(0.001), "time.sleep in tests.kit.test_offline:"),
        (lambda self: asyncio.sleep(0.001), "asyncio.sleep in tests.kit.test_offline:"),
    ],
)
def test_an_own_sleep_is_told_with_its_place(nap: Callable[[Any], Any], seen: str) -> None:
    result = judge(napping(nap), only=OWN_SLEEP)[OWN_SLEEP]
    assert result.verdict == "failed"
    assert "where pause slept" in result.text
    assert seen in result.text


@pytest.mark.parametrize("nap", [lambda self: asyncio.sleep(0), lambda self: self._ctx.asleep(0.001)])
def test_letting_others_go_first_and_the_clock_that_is_given_are_no_sleep(nap: Callable[[Any], Any]) -> None:
    assert judge(napping(nap), only=OWN_SLEEP)[OWN_SLEEP].verdict == "passed"
