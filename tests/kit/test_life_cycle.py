"""A leak is what grows with each cycle of open and close, not what is made once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_pal.mocks.ads import MockAds

from ..judging import judge

NO_LEAK = "ads.adapter.life_cycle.no_leak"


class Opens(MockAds):
    """Leaves a file open at the instances with these numbers."""

    at: ClassVar[tuple[int, ...]] = ()
    made = 0
    held: ClassVar[list[Any]] = []

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        type(self).made += 1
        if self.made in self.at:
            self.held.append(Path("/dev/null").open())  # noqa: SIM115 - leaving it open is the point


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Opens]]:
    monkeypatch.setattr(Opens, "made", 0)
    yield Opens
    while Opens.held:
        Opens.held.pop().close()


@pytest.mark.parametrize(("at", "verdict"), [((4,), "passed"), ((4, 9), "failed"), (tuple(range(1, 20)), "failed")])
def test_what_grows_once_is_no_leak(opens: type[Opens], at: tuple[int, ...], verdict: str) -> None:
    opens.at = at
    assert judge(opens, only=NO_LEAK)[NO_LEAK].verdict == verdict
