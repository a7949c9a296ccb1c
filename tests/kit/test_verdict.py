"""The arithmetic of a verdict."""

from typing import Any

import pytest

from pytest_pal.kit.verdict import RequiredSet, is_provisional, required_set, tally
from pytest_pal.model.clause import Clause, Level
from pytest_pal.model.verdict import ClauseResult, Verdict


def clause(id: str, **rest: Any) -> Clause:
    return Clause(id, f"{id} holds.", lambda subject: None, **rest)


def required(*ids: str, operations: tuple[str, ...] = ("send",)) -> RequiredSet:
    return RequiredSet("mail", "acme", tuple(clause(id) for id in ids), frozenset(operations))


def results(found: dict[str, Verdict]) -> dict[str, ClauseResult]:
    return {id: ClauseResult(id, "holds", Level.MUST, verdict) for id, verdict in found.items()}


MANY = [f"mail.send.rule.n{n}" for n in range(20)]


def test_all_passed_passes() -> None:
    found = tally(required(*MANY), results(dict.fromkeys(MANY, Verdict.PASSED)))
    assert found.passes
    assert (found.required, found.passed) == (20, 20)


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNPROVEN])
def test_one_red_clause_fails(verdict: Verdict) -> None:
    found = tally(required(*MANY), results({**dict.fromkeys(MANY, Verdict.PASSED), MANY[3]: verdict}))
    assert not found.passes
    assert found.problems == (f"1 {verdict}",)


def test_what_did_not_run_is_unproven() -> None:
    found = tally(required(*MANY), results(dict.fromkeys(MANY[1:], Verdict.PASSED)))
    assert (found.unproven, found.passes) == (1, False)


def test_the_parts_add_up() -> None:
    verdicts = [v for v in Verdict if v is not Verdict.PROVISIONAL]
    mixed = {id: verdicts[n % len(verdicts)] for n, id in enumerate(MANY[:17])}
    found = tally(required(*MANY), results(mixed))
    assert found.required == found.passed + found.failed + found.waived + found.unsupported + found.unproven == 20


def test_everything_waived_is_red() -> None:
    found = tally(required(*MANY), results(dict.fromkeys(MANY, Verdict.WAIVED)))
    assert not found.passes
    assert "20 waived, more than a tenth of 20" in found.problems
    assert "no clause of send passed" in found.problems


def test_a_tenth_may_be_waived_and_no_more() -> None:
    passed = dict.fromkeys(MANY, Verdict.PASSED)
    two = {**passed, **dict.fromkeys(MANY[:2], Verdict.WAIVED)}
    assert tally(required(*MANY), results(two)).passes
    three = {**two, MANY[2]: Verdict.WAIVED}
    assert not tally(required(*MANY), results(three)).passes


@pytest.mark.parametrize("family", ["shape", "scenario", "golden"])
def test_some_families_are_never_waived(family: str) -> None:
    ids = [*MANY, f"mail.send.{family}.x"]
    found = tally(required(*ids), results({**dict.fromkeys(MANY, Verdict.PASSED), ids[-1]: Verdict.WAIVED}))
    assert found.problems == (f"mail.send.{family}.x is waived; {family} clauses never are",)


def test_a_whole_operation_may_not_be_waived_or_unsupported() -> None:
    ids = [*MANY, "mail.ping.rule.x"]
    needs = required(*ids, operations=("send", "ping"))
    for verdict in (Verdict.WAIVED, Verdict.UNSUPPORTED):
        found = tally(needs, results({**dict.fromkeys(MANY, Verdict.PASSED), ids[-1]: verdict}))
        assert found.problems == ("no clause of ping passed",)


def test_nothing_required_is_no_pass() -> None:
    assert tally(required(operations=()), {}).problems == ("no required clause ran",)


def test_a_partial_run_counts_what_ran() -> None:
    found = tally(required(*MANY), results({MANY[0]: Verdict.PASSED}), partial=True)
    assert (found.required, found.unproven, found.passes, found.partial) == (1, 0, True, True)
    red = tally(required(*MANY), results({MANY[0]: Verdict.FAILED}), partial=True)
    assert not red.passes


def test_advice_and_provisional_clauses_are_told_and_not_scored() -> None:
    advice = ClauseResult("mail.send.rule.nice", "holds", Level.SHOULD, Verdict.FAILED)
    newer = ClauseResult("mail.send.rule.newer", "holds", Level.MUST, Verdict.PROVISIONAL)
    found = tally(
        required(MANY[0]),
        {**results({MANY[0]: Verdict.PASSED}), advice.clause_id: advice, newer.clause_id: newer},
    )
    assert found.passes
    assert (found.required, found.advisory_failed, found.provisional) == (1, 1, 1)


def test_the_required_set_is_the_musts_of_the_pin_that_apply() -> None:
    clauses = [
        clause("mail.send.rule.must"),
        clause("mail.send.rule.should", level=Level.SHOULD),
        clause("mail.send.rule.newer", since="1.10"),
        clause("mail.send.rule.not_for_it"),
    ]
    found = required_set(
        "mail",
        "acme",
        clauses,
        pinned="1.9",
        why_not=lambda clause: "not for it" if clause.id.endswith("not_for_it") else "",
        operations=["send", "swap"],
        unsupported=["swap"],
    )
    assert found.ids == {"mail.send.rule.must"}
    assert found.operations == {"send"}
    assert {clause.id: why for clause, why in found.not_applicable.items()} == {
        "mail.send.rule.not_for_it": "not for it"
    }


def test_a_clause_that_is_newer_than_the_pin_is_provisional() -> None:
    assert is_provisional(clause("mail.send.rule.x", since="1.10"), "1.9")
    assert not is_provisional(clause("mail.send.rule.x", since="1.9"), "1.10")
