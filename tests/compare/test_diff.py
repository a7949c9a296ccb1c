"""The comparison: exact in types, complete, linear, and a patch from one value to the other."""

import copy
import random
from collections import OrderedDict
from datetime import date
from enum import IntEnum, StrEnum
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.compare.diff import diff, patch
from pytest_pal.compare.rules import Rule, load_rules
from pytest_pal.compare.walk import Mismatch, equal
from pytest_pal.errors import PalError
from pytest_pal.model.values import FrozenMap

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.integers() | st.floats() | st.text(max_size=3)
NAMES = st.sampled_from(["a", "b", "0", "10", "x/y", "m~n", ""])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4))
TODAY = date(2026, 3, 2)


def rule(path: str, **says: Any) -> Rule:
    return Rule(path=path, reason="it is so", owner="ana", **says)


def found(reference: Any, candidate: Any, *rules: Rule) -> list[tuple[str, str]]:
    return [(each.path, each.kind) for each in diff(reference, candidate, rules, today=TODAY).mismatches]


def applied(document: Any, operations: list[dict[str, Any]]) -> Any:
    """RFC 6902, as far as `patch` uses it."""
    root = {"": copy.deepcopy(document)}
    for operation in operations:
        holder: Any = root
        *way, last = ["", *(t.replace("~1", "/").replace("~0", "~") for t in operation["path"].split("/")[1:])]
        for token in way:
            holder = holder[int(token)] if isinstance(holder, list) else holder[token]
        if isinstance(holder, list):
            at = int(last)
            holder[at : at + (operation["op"] != "add")] = [] if operation["op"] == "remove" else [operation["value"]]
        elif operation["op"] == "remove":
            del holder[last]
        else:
            holder[last] = operation["value"]
    return root[""]


@given(VALUES)
def test_a_value_does_not_differ_from_itself_or_its_copy(value: Any) -> None:
    assert diff(value, value).equal
    assert diff(value, copy.deepcopy(value)).equal


@given(VALUES, VALUES)
def test_the_differences_are_a_patch(reference: Any, candidate: Any) -> None:
    made = applied(reference, patch(diff(reference, candidate).mismatches))
    assert equal(made, candidate)


@given(VALUES, VALUES)
def test_equal_and_diff_say_the_same_both_ways(a: Any, b: Any) -> None:
    assert equal(a, b) == equal(b, a) == diff(a, b).equal
    kinds = {"added": "removed", "removed": "added"}
    turned = sorted((each.path, kinds.get(each.kind, each.kind)) for each in diff(a, b).mismatches)
    assert sorted(found(b, a)) == turned


class Word(StrEnum):
    A = "a"


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (1, True, "type"),
        (0, False, "type"),
        (1, 1.0, "type"),
        (1, "1", "type"),
        (None, 0, "type"),
        ({}, [], "type"),
        ("", None, "type"),
        (0.0, -0.0, "value"),
        (2**53, 2**53 + 1, "value"),
        (10**400, 10**400 + 1, "value"),
        (1.0, 1.0000000000000002, "value"),
        ("e\u0301", "é", "value"),
        (b"a", "a", "type"),
        (b"a", b"b", "value"),
        (date(2026, 1, 1), date(2026, 1, 2), "value"),
    ],
)
def test_types_and_values_are_kept_apart(a: Any, b: Any, kind: str) -> None:
    for wrap in (lambda x: x, lambda x: [x], lambda x: {"m": [{"n": x}]}):
        assert [each for _, each in found(wrap(a), wrap(b))] == [kind]
        assert found(wrap(a), wrap(a)) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (float("nan"), float("nan")),
        ((1, [2]), [1, (2,)]),
        (FrozenMap({"a": 1}), {"a": 1}),
        (OrderedDict(a=1, b=2), {"b": 2, "a": 1}),
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        (Word.A, "a"),
        (Number.ONE, 1),
        ([10**5000], (10**5000,)),
    ],
)
def test_what_counts_as_the_same(a: Any, b: Any) -> None:
    assert found([a], [b]) == []


def test_missing_is_not_null() -> None:
    assert found({"a": None}, {}) == [("/a", "removed")]
    assert found({}, {"a": None}) == [("/a", "added")]
    assert found({"a": None, "b": None}, {"a": None, "c": None}) == [("/b", "removed"), ("/c", "added")]


def test_pointers_are_escaped_and_sorted_as_people_count() -> None:
    a = {"x/y": 1, "m~n": 1, "": 1, "l": list(range(12))}
    b = {"x/y": 2, "m~n": 2, "": 2, "l": [-1] * 12}
    paths = [path for path, _ in found(a, b)]
    assert paths == ["/", *(f"/l/{n}" for n in range(12)), "/m~0n", "/x~1y"]


def test_another_order_is_one_mismatch() -> None:
    a = {"l": [{"a": 1}, {"a": [2, 3]}, 4.0]}
    assert found(a, {"l": [4.0, {"a": 1}, {"a": [2, 3]}]}) == [("/l", "order")]
    assert found(a, {"l": [4, {"a": 1}, {"a": [2, 3]}]}) == [("/l/0", "type"), ("/l/1/a", "type"), ("/l/2", "type")]
    assert found([1, 1, 2], [1, 2, 2]) == [("/1", "value")]
    assert found([-1, -2, 0, 2**61 - 1], [2**61 - 1, -2, -1, 0]) == [("", "order")]
    assert found([0.0, -0.0, float("nan")], [float("nan"), -0.0, 0.0]) == [("", "order")]


def test_arrays_by_key_and_as_multisets() -> None:
    a = {"rows": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 1, "v": "c"}, {"v": "none"}, 5]}
    b = {"rows": [5, {"v": "none"}, {"id": 2, "v": "B"}, {"id": 1, "v": "a"}, {"id": 3}, {"id": 1, "v": "c"}]}
    by_id = rule("/rows", key="id")
    assert found(a, b, by_id) == [
        ("/rows/1/v", "value"),
        ("/rows/3", "type"),
        ("/rows/4", "added"),
        ("/rows/4", "type"),
    ]
    unordered = rule("/*", unordered=True)
    assert found({"l": [1, [2], True]}, {"l": [True, 1, [2]]}, unordered) == []
    assert found({"l": [-1, -2, 0, 2**61 - 1]}, {"l": [2**61 - 1, -2, -1, 0]}, unordered) == []
    assert found({"l": [1, 1]}, {"l": [1, 2]}, unordered) == [("/l/1", "added"), ("/l/1", "removed")]


@given(st.lists(VALUES, max_size=6), st.randoms())
def test_a_multiset_has_no_order(items: list[Any], chance: random.Random) -> None:
    shuffled = copy.deepcopy(items)
    chance.shuffle(shuffled)
    assert found(items, shuffled, rule("", unordered=True)) == []
    keyed, again = ([{"k": n, "v": item} for n, item in enumerate(items)] for _ in range(2))
    chance.shuffle(again)
    assert found(keyed, again, rule("", key="k")) == []


def test_rules_count_what_they_are_good_for() -> None:
    a = {"at": 1, "rows": [{"p": 1.0}, {"p": 2.0}], "b": {"c": 1}}
    b = {"at": 2, "rows": [{"p": 1.001}, {"p": 2.5}], "b": {"c": 2, "d": 3}}
    rules = [
        rule("/at", ignore=True),
        rule("/rows/*/p", tolerance=0.01),
        rule("/b", ignore=True),
        rule("/x", ignore=True),
    ]
    seen = diff(a, b, rules, today=TODAY)
    assert seen.mismatches == (Mismatch("/rows/1/p", "value", 2.0, 2.5),)
    assert [use.hits for use in seen.rules] == [1, 1, 2, 0]
    assert not seen.equal


def test_an_expired_rule_no_longer_applies() -> None:
    until = rule("/at", ignore=True, expires=TODAY)
    assert diff({"at": 1}, {"at": 2}, [until], today=TODAY).equal
    late = diff({"at": 1}, {"at": 2}, [until], today=date(2026, 3, 3))
    assert (late.equal, late.rules[0].expired, late.rules[0].hits) == (False, True, 0)
    with pytest.raises(PalError, match="today="):
        diff(1, 1, [until])


@pytest.mark.parametrize(("off", "equals"), [(1.0, True), (1.01, False), (True, False), ("1", False)])
def test_a_tolerance_is_for_numbers(off: Any, equals: bool) -> None:
    assert (
        diff([100.0], [off if isinstance(off, str | bool) else 100 + off], [rule("/0", tolerance=0.01)]).equal is equals
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[{path: /a, ignore: true, reason: r}]", "rule 1: owner: Field required"),
        ("[{path: a, ignore: true, reason: r, owner: o}]", "rule 1: path: "),
        ("[{path: /a, reason: r, owner: o}]", "say exactly one of"),
        ("[{path: /a, ignore: true, tolerance: 1, reason: r, owner: o}]", "say exactly one of"),
        ("[{path: /a, tolerance: .nan, reason: r, owner: o}]", "tolerance"),
        ("[{path: /a, ignore: true, reason: r, owner: o, since: x}]", "since: Extra inputs"),
        ("{a: 1}", "must be a list of rules"),
        ("[}", "line 1"),
        ("[3]", "rule 1"),
        ("[" * 3_000, "nested too deep|line 1"),
        ("- {path: /a, path: /b, ignore: true, reason: r, owner: o}", "line 1: the key 'path' stands twice"),
        ("- {path: /a/**, ignore: true, reason: r, owner: o}", "rules.yaml:1: rule 1: it: Value error, there is no **"),
        ("- {path: /a, key: /id, reason: r, owner: o}", "not a pointer"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(PalError) as caught:
        load_rules(file)
    assert str(file) in str(caught.value)
    assert any(each in str(caught.value) for each in words.split("|"))


def test_rules_are_read_from_yaml_and_json(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("- {path: /a/*, key: id, reason: r, owner: o, expires: 2026-12-31}\n")
    (loaded,) = load_rules(file)
    assert (loaded.key, loaded.expires) == ("id", date(2026, 12, 31))
    with pytest.raises(PalError, match=r"nothing\.yaml"):
        load_rules(tmp_path / "nothing.yaml")


DEEP = 100_000


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: [1, x], lambda x: {"k": x}])
def test_depth_is_no_limit(wrap: Any) -> None:
    a, b, other = (reduce(lambda inner, _: wrap(inner), range(DEEP), leaf) for leaf in ("x", "x", "y"))
    assert diff(a, b).equal
    (only,) = diff(a, other).mismatches
    assert (only.kind, only.reference, only.candidate, only.path.count("/")) == ("value", "x", "y", DEEP)


@pytest.mark.parametrize(
    ("reference", "candidate", "near"),
    [(10**400, 1.5, False), (10**400, 10**400 + 1, True), (float("inf"), 1.0, False), (1, 1.0, True)],
)
def test_a_tolerance_takes_numbers_of_any_size(reference: Any, candidate: Any, near: bool) -> None:
    assert diff(reference, candidate, [rule("", tolerance=0.01)]).equal is near


def test_many_like_elements_are_matched_in_linear_time() -> None:
    like = [{"a": 1}] * 20_000
    assert found([*like, 2], [2, *like]) == [("", "order")]
