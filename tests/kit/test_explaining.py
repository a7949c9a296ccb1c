"""What a person reads of a failure: short, whole, without pytest-pal's frames, at 80 columns."""

from typing import Any

import pytest

from pytest_pal.errors import NonRetryableError, RetryableError
from pytest_pal.kit.bench import Step
from pytest_pal.kit.explaining import cause, text
from pytest_pal.model.clause import Clause, ClauseFailed, Level, Unproven, holds, same
from pytest_pal.model.subject import Outcome

CLAUSE = Clause("ads.pause.rule.x", "A pause pauses, " + "and goes on pausing " * 6 + "for ever.", lambda subject: None)


def failed(check: Any) -> ClauseFailed:
    with pytest.raises(ClauseFailed) as caught:
        check()
    return caught.value


def step(n: int, value: Any = None, error: Exception | None = None, **arguments: Any) -> Step:
    return Step(f"call_{n}", arguments, Outcome(f"call_{n}", value, error))


def test_every_line_fits_a_terminal_and_nothing_is_lost() -> None:
    steps = [step(n, {"text": "wörd " * 80}, name="x" * 300) for n in range(15)]
    seen = text(CLAUSE, steps, failed(lambda: same({"a": "y" * 400}, {"a": 1, "b": [1, 2]}, "it differs")))
    assert max(map(len, seen.splitlines())) <= 80
    assert " ".join(seen.split()).startswith("MUST: A pause pauses, and goes on pausing")
    assert "... 3 earlier steps" in seen
    assert "call_2(" not in seen
    assert "call_14(name=" in seen
    assert "failed: it differs\n  at /a:\n    expected: 1\n" in seen
    assert "  at /b:\n    expected: [1, 2]\n    seen:     nothing there\n" in seen or "at /b:" in seen


def test_a_text_is_told_from_what_it_looks_like() -> None:
    seen = text(CLAUSE, (), failed(lambda: same({"tags": '["a", "b"]'}, {"tags": ["a", "b"]}, "tags")))
    assert 'expected: ["a", "b"]' in seen
    assert 'seen:     "[\\"a\\", \\"b\\"]"' in seen
    assert "expected: as the sentence says" in text(CLAUSE, (), failed(lambda: holds(False, "no", seen=1)))


def test_many_differences_are_counted_not_listed() -> None:
    seen = text(CLAUSE, (), failed(lambda: same(list(range(20)), list(range(1, 21)), "numbers")))
    assert seen.count("expected:") == 8
    assert "and 12 more differences" in seen


def test_errors_values_and_surrogates_are_shown_as_one_line_each() -> None:
    steps = [step(0, error=RetryableError("timeout", "slow")), step(1, "\ud83d"), Step("restart the adapter", {}, None)]
    seen = text(CLAUSE, steps, Unproven("no observer; add observe()"), note="It is declared unsupported.")
    assert "call_0\n    -> raised RetryableError(timeout): slow" in seen
    assert '-> "\\ud83d"' in seen
    assert "  restart the adapter\n" in seen
    assert "It is declared unsupported." in seen
    assert "unproven: no observer; add observe()" in seen


def adapters_bug() -> None:
    raise KeyError("id")


def test_an_exception_of_the_adapter_is_told_with_its_place() -> None:
    with pytest.raises(KeyError) as caught:
        adapters_bug()
    seen = text(CLAUSE, (), caught.value)
    assert "raised: KeyError: 'id'\n  at tests/kit/test_explaining.py:" in seen.replace("\\", "/")
    assert cause(caught.value).startswith("KeyError at ")
    assert cause(caught.value).endswith(" in adapters_bug")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ClauseFailed("line 7: it broke; and more"), "line 7: it broke"),
        (ClauseFailed("/rows/3/spend: Field required"), "/rows/*/spend: Field required"),
        (Unproven("no observer"), "no observer"),
        (NonRetryableError("invalid", "no"), "NonRetryableError: invalid: no"),
        (ValueError(), "ValueError: ValueError"),
    ],
)
def test_a_cause_is_what_failures_have_in_common(error: Exception, words: str) -> None:
    assert cause(error) == words


def test_a_wrong_value_is_a_cause_whatever_the_clause_said() -> None:
    rows = {"rows": [{"spend": 1}, {"spend": 2}]}
    wrong = {"rows": [{"spend": 1}, {"spend": 3}]}
    found = cause(failed(lambda: same(wrong, rows, "rows")), [step(1), Step("advance", {}, None)])
    assert found == "at /rows/*/spend after call_1: expected 2, seen 3"
    assert cause(failed(lambda: same(1, 2, "one"))) == "one"
    assert cause(failed(lambda: holds(False, "never", seen=1))) == "never"


def test_a_failure_tells_what_caused_it() -> None:
    error = failed(lambda: holds(False, "it broke"))
    error.__cause__ = OSError("disk full")
    assert "failed: it broke\nraised: OSError: disk full" in text(CLAUSE, (), error)


def test_what_json_cannot_say_is_shown_as_python() -> None:
    for strange in ({(1, 2): 3}, {1, 2}):
        assert "seen:" in text(CLAUSE, (), failed(lambda seen=strange: holds(False, "it broke", seen=seen)))


def test_levels_are_told() -> None:
    should = Clause("ads.pause.rule.x", "It should.", lambda subject: None, level=Level.SHOULD)
    assert text(should, (), Unproven("x")).startswith("SHOULD: It should.")
