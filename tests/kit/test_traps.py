"""Four traps that well-known kits pass green. Here they are red."""

import re

import pytest

HEAD = """
from pytest_pal.mocks.ads import MockAds
from pytest_pal.mocks.cdp import MockCDP

def pytest_pal_adapters(config):
    return {"acme": Acme}
"""

ALL_OFF = """
class Acme(MockAds):
    unsupported = {"create_campaign": "off", "report": "off", "pause": "off"}
"""

NOTHING = """
class Acme:
    capability = "ads"
    contract = "1.0"
"""

STUBS = """
class Acme:
    capability = "ads"
    contract = "1.0"
    def __init__(self, config, ctx): pass
    def create_campaign(self, spec, *, idempotency_key): pass
    def report(self, query): pass
    def pause(self, campaign_id): pass
    def observe(self): return {"campaigns": []}
"""

DROPS = """
class Acme(MockCDP):
    \"\"\"Accepts every write and throws it away.\"\"\"
    def __init__(self, config, ctx):
        super().__init__(config, ctx)
        self._config, self._ctx = config, ctx

    def _elsewhere(self):
        return MockCDP({**self._config, "state": {}}, self._ctx)

    def upsert_profile(self, *args):
        return self._elsewhere().upsert_profile(*args)

    def ingest_event(self, *args):
        return self._elsewhere().ingest_event(*args)

    def sync_audience(self, *args):
        return self._elsewhere().sync_audience(*args)
"""


def run(pytester: pytest.Pytester, code: str, *options: str) -> pytest.RunResult:
    pytester.makeconftest(HEAD + code)
    return pytester.runpytest_inprocess("--pal", *options)


@pytest.mark.parametrize("code", [ALL_OFF, NOTHING])
def test_switched_off_or_not_there_is_red(pytester: pytest.Pytester, code: str) -> None:
    found = run(pytester, code)
    assert found.ret == 1
    found.stdout.fnmatch_lines(["acme*FAIL"])


def test_stubs_fail_every_operation(pytester: pytest.Pytester) -> None:
    found = run(pytester, STUBS)
    assert found.ret == 1
    outcomes = found.parseoutcomes()
    assert outcomes["failed"] > outcomes["passed"]
    for operation in ("create_campaign", "report", "pause"):
        assert re.search(rf"no clause of {operation} passed|ads\.{operation}\.shape", found.stdout.str())


def test_dropping_every_write_is_red(pytester: pytest.Pytester) -> None:
    found = run(pytester, DROPS)
    assert found.ret == 1
    assert found.parseoutcomes()["failed"] > 5


def test_everything_deselected_is_no_pass(pytester: pytest.Pytester) -> None:
    found = run(pytester, ALL_OFF.replace("unsupported", "_"), "-k", "no_such_clause")
    assert found.ret == 5
    found.stdout.no_fnmatch_line("*PASS*")


def test_a_conftest_cannot_weaken_the_arithmetic(pytester: pytest.Pytester) -> None:
    """Marking every item as a skip or an expected failure leaves the verdict red."""
    for marker in ("skip(reason='later')", "xfail(reason='later')"):
        code = f"""
import pytest
class Acme(MockAds):
    def pause(self, campaign_id):
        return {{}}

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.{marker})
"""
        found = run(pytester, code)
        assert found.ret == 1, marker
        found.stdout.fnmatch_lines(["acme*FAIL"])
