"""Why a waiver has nothing to waive, said without a session."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.kit.discovery import Discovered, Selection, contract_of
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.plan import Case, case_of
from pytest_pal.kit.ratchet import Ratchet
from pytest_pal.kit.target import Target
from pytest_pal.kit.waiver_file import Entry
from pytest_pal.mocks.ads import MockAds
from pytest_pal.model.clause import Clause, ClauseFailed, Level, Unproven
from pytest_pal.model.verdict import Verdict
from pytest_pal.model.waiver import Waiver

TODAY = date(2026, 12, 19)
CLAUSE = "ads.pause.rule.made_up"


def raising(error: Exception) -> Any:
    def check(subject: object) -> None:
        raise error

    return check


FAILS = raising(ClauseFailed("no"))


def case(check: Any = FAILS, **rest: Any) -> Case:
    """An adapter of a contract with one clause more."""
    found = contract_of("ads")
    clause = Clause(CLAUSE, "It holds.", check, **rest)
    contract = replace(found, clauses=(clause, *found.clauses))
    return case_of(Target("acme_ads", contract, Harness(MockAds), "tests"))


def ratchet(**members: Any) -> Ratchet:
    whole = {"adapter": "acme_ads", "clause": CLAUSE, "reason": "r", "owner": "o", "expires": "2026-12-31", **members}
    return Ratchet((Entry(Waiver.model_validate(whole), "here"),), TODAY)


def waived(found: Case, book: Ratchet) -> Case:
    return replace(found, waivers=book.in_force(found.adapter))


def whys(found: Case, book: Ratchet) -> list[str]:
    stale = book.unmatched(Discovered((found,), {}, ("acme_ads",)), Selection(Path()))
    return [each.why for each in stale]


def test_a_failure_is_waived_and_nothing_else_is() -> None:
    for check, verdict in (
        (raising(ClauseFailed("no")), Verdict.WAIVED),
        (raising(OSError("down")), Verdict.WAIVED),
        (raising(Unproven("nobody looked")), Verdict.UNPROVEN),
        (lambda subject: None, Verdict.PASSED),
    ):
        found = waived(case(check), ratchet())
        assert found.run(found.clauses[0]).result.verdict is verdict


@pytest.mark.parametrize("members", [{"adapter": "other_ads"}, {"clause": f"{CLAUSE}_too"}, {"expires": "2026-12-18"}])
def test_a_waiver_is_for_one_clause_of_one_adapter_until_its_day(members: dict[str, str]) -> None:
    found = waived(case(), ratchet(**members))
    assert found.run(found.clauses[0]).result.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ({"level": Level.SHOULD}, "nothing to waive: it is a SHOULD"),
        ({"applies": lambda traits: False}, "nothing to waive: it says nothing of the adapter: not with its traits"),
        (
            {"since": "1.1"},
            "nothing to waive: it is required from ads 1.1 on, and the adapter is pinned to an older version",
        ),
    ],
)
def test_what_is_not_required_needs_no_waiver(rest: dict[str, Any], why: str) -> None:
    found = waived(case(**rest), ratchet())
    assert found.run(found.clauses[0]).result.verdict is not Verdict.WAIVED
    assert whys(found, ratchet()) == [why]


def test_a_required_clause_may_have_one() -> None:
    assert whys(case(), ratchet()) == []


def test_only_clauses_that_ran_outlive_a_waiver() -> None:
    found = case(lambda subject: None)
    result = found.run(found.clauses[0]).result
    assert list(ratchet().outlived({})) == []
    for book in (ratchet(), ratchet(expires="2020-01-01")):
        (stale,) = book.outlived({("acme_ads", CLAUSE): result})
        assert (stale.entry.place, stale.why) == ("here", "the clause holds, so there is nothing to waive")
