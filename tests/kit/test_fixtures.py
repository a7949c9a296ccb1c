"""The public fixtures, as people use them in tests of their own."""

import pytest

CONFTEST = """
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    pass

def pytest_pal_adapters(config):
    return {"acme_ads": AcmeAds, "broken_ads": object}
"""
TESTS = """
import asyncio
import datetime
import time

import pytest
from pytest_pal import NonRetryableError, PalError

SPEC = {"name": "Spring", "objective": "sales", "budget": 10_000_000, "currency": "USD"}

def test_adapters_by_name(pal):
    assert list(pal) == ["acme_ads", "broken_ads"]
    acme = pal["acme_ads"]
    made = acme.create_campaign(SPEC, idempotency_key="k-1")
    assert made.status == "active"
    assert acme.create_campaign(spec=SPEC, idempotency_key="k-1") == made
    assert pal["acme_ads"] is acme
    acme.subject.advance(86_400)
    assert acme.report({"from": "2026-03-02", "to": "2026-03-03"}).totals.spend > 0
    assert [row["id"] for row in acme.subject.observe("campaigns")] == [made.id]

def test_each_test_has_a_fresh_vendor(pal):
    assert pal["acme_ads"].subject.observe("campaigns") == []

def test_arguments_are_checked(pal):
    with pytest.raises(NonRetryableError, match="/spec/name"):
        pal["acme_ads"].create_campaign({**SPEC, "name": 5})

def test_others_that_are_installed(pal):
    assert pal["mock_cdp"].upsert_profile("ada", {"plan": "pro"}, {}).id == "ada"

def test_mistakes_are_told(pal):
    with pytest.raises(PalError, match="no adapter 'acme'; there are acme_ads, "):
        pal["acme"]
    with pytest.raises(PalError, match="broken_ads cannot be opened: .*capability"):
        pal["broken_ads"]
    with pytest.raises(AttributeError, match="ads has no operation 'stop'; it has create_campaign, report, pause"):
        pal["acme_ads"].stop

def test_a_clock_that_is_handed_in(pal_clock):
    before, real = pal_clock.now(), datetime.datetime.now()
    pal_clock.advance(3600)
    pal_clock.sleep(60)
    assert (pal_clock.now() - before).total_seconds() == 3660
    assert datetime.datetime.now().year == real.year

def test_a_clock_that_freezes_the_machine_s(pal_clock):
    pal_clock.freeze().freeze()
    assert datetime.datetime.now(datetime.UTC) == pal_clock.now()
    pal_clock.advance(90)
    assert time.time() == pal_clock.now().timestamp()

def test_an_event_loop_keeps_its_real_time(pal_clock):
    pal_clock.freeze()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 0.01))

def test_afterwards_the_clock_runs():
    assert abs(datetime.datetime.now().year - 2026) < 100
    first = time.perf_counter()
    assert time.perf_counter() > first
"""


def test_they_do_what_their_docs_say(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nfilterwarnings = error")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=9)


def test_they_are_listed_with_a_line_of_help(pytester: pytest.Pytester) -> None:
    found = pytester.runpytest_inprocess("--fixtures")
    found.stdout.fnmatch_lines(["pal -- *", "pal_golden -- *", "pal_clock -- *"])
