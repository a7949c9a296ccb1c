"""What follows from the rows of the matrix."""

from dataclasses import replace

from pytest_pal.kit.discovery import contract_of
from pytest_pal.prove.matrix import Judged
from pytest_pal.prove.proof import Proof, proof_of

ADS = contract_of("ads")
SOME = replace(ADS, clauses=ADS.clauses[:4])
A, B, C, D = (clause.id for clause in SOME.clauses)
ALL = frozenset({A, B, C, D})


def row(name: str, breaks: str, *fell: str, also: tuple[str, ...] = ()) -> Judged:
    expected = frozenset({breaks, *also})
    return Judged("ads", name, "saboteur", expected, ALL, ALL, frozenset(fell), breaks)


def benign(name: str, *fell: str) -> Judged:
    return Judged("ads", name, "benign", frozenset(), ALL, ALL, frozenset(fell))


def proof(*rows: Judged) -> Proof:
    return proof_of([SOME], rows)


WHOLE = (row("a", A, A), row("b", B, B, C, also=(C,)), row("b2", C, B, C, also=(B,)), row("d", D, D), benign("right"))


def test_a_proof_holds_where_all_fall_as_they_must_and_every_clause_is_proven() -> None:
    found = proof(*WHOLE)
    assert found.holds
    assert found.figures() == {
        "saboteurs": 4,
        "derived": 0,
        "caught": 4,
        "kill_rate": 100.0,
        "benign": 1,
        "false_alarms": 0,
        "clauses": 4,
        "proven": 4,
    }
    assert found.matrix == {A: ("a",), B: ("b", "b2"), C: ("b", "b2"), D: ("d",)}


def test_a_clause_that_nobody_falls_by_is_unproven() -> None:
    found = proof(*(each for each in WHOLE if each.name != "d"))
    assert found.unproven == [D]
    assert not found.holds


def test_what_falls_beyond_what_a_row_is_held_to_is_shown_and_proves_and_is_no_other_set() -> None:
    beyond = replace(row("wide", A, A, B), held=frozenset({A}))
    assert beyond.as_it_must
    assert beyond.recorded().expected == {A}
    assert proof(beyond).matrix[B] == ("wide",)


def test_a_survivor_is_no_kill() -> None:
    found = proof(*WHOLE, row("harmless", A))
    assert [each.name for each in found.survivors] == ["harmless"]
    assert (found.figures()["caught"], found.figures()["kill_rate"]) == (4, 80.0)
    assert not found.holds


def test_another_set_than_is_said_fails_the_proof_either_way() -> None:
    more, less = row("more", A, A, B), row("less", A, A, also=(B,))
    found = proof(*WHOLE, more, less)
    assert [each.name for each in found.unexpected] == ["less", "more"]
    assert (more.unexpected, less.missing) == ([B], [B])
    assert not found.holds


def test_a_correct_adapter_that_falls_is_a_false_alarm() -> None:
    found = proof(*WHOLE, benign("left", A))
    assert [each.name for each in found.false_alarms] == ["left"]
    assert not found.holds


def test_what_no_saboteur_needs_and_what_falls_together_is_told() -> None:
    found = proof(*WHOLE)
    assert found.unneeded == sorted([B, C])
    assert found.together == [sorted([B, C])]


def test_what_was_recorded_still_must_hold_what_the_saboteur_was_made_for() -> None:
    survivor = row("harmless", A, B).recorded()
    assert survivor.expected == {A, B}
    assert survivor.survived
    assert row("more", A, A, B).recorded().as_it_must
