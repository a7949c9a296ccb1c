"""Templates: JSON with pointers, filled from a request or from what the mock returned."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pal.errors import PalError
from pytest_pal.faults.message import Request
from pytest_pal.kit.wire_templates import arguments, body, place

SPEC = {"name": "Spring", "budget": 5, "tags": ["a", "b"], "note": None, "a/b": 1, "~": 2, "": 3}
REQUEST = Request(
    "POST",
    "/v1/campaigns/cmp_1",
    query={"from": "2026-03-01"},
    headers={"x-account": "acc-1", "content-type": "application/json"},
    body=json.dumps({"spec": SPEC, "state": "RUNNING", "list": [[1], {"deep": [2]}]}).encode(),
)
PATH = {"id": "cmp_1"}
MAPS = {"states": {"active": "RUNNING", "paused": "STOPPED", 1: "ONE"}}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$/spec/name", "Spring"),
        ("$/spec/tags", ["a", "b"]),
        ("$/spec/tags/1", "b"),
        ("$/spec/note", None),
        ("$/spec/a~1b", 1),
        ("$/spec/~0", 2),
        ("$/spec/", 3),
        ("$/list/1/deep/0", 2),
        ("$path/id", "cmp_1"),
        ("$query/from", "2026-03-01"),
        ("$header/X-Account", "acc-1"),
        ("$/state|states", "active"),
        ("$/spec/name|states", "Spring"),
        ("$/spec/tags|states", ["a", "b"]),
        ("$$5.00", "$5.00"),
        ("plain", "plain"),
        (7, 7),
        (None, None),
        (lambda request: request.method, "POST"),
        ({"a": {"b": "$path/id"}}, {"a": {"b": "cmp_1"}}),
        (["$path/id", "x"], ["cmp_1", "x"]),
        (("$path/id",), ["cmp_1"]),
    ],
)
def test_a_template_of_a_request_is_filled(template: Any, filled: Any) -> None:
    assert arguments({"it": template}, REQUEST, PATH, MAPS) == {"it": filled}


@pytest.mark.parametrize(
    "template",
    [
        "$/spec/nothing",
        "$/spec/tags/2",
        "$/spec/tags/x",
        "$/spec/name/deep",
        "$/spec/note/deep",
        "$query/to",
        "$path/other",
        "$header/x-other",
        "$form/name",
        "$/nothing|states",
    ],
)
def test_what_a_pointer_does_not_find_is_left_out(template: str) -> None:
    assert arguments({"it": template, "list": [template, 1]}, REQUEST, PATH, MAPS) == {"list": [1]}


def test_a_form_is_read_with_its_empty_fields() -> None:
    request = Request("POST", "/", body=b"name=Spring+sale&note=&name=last")
    assert arguments({"name": "$form/name", "note": "$form/note"}, request, {}, {}) == {"name": "last", "note": ""}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("POST", "/", body=b'{"a": 1, "id": "of the body"}'), {"a": 1, "id": "cmp_1"}),
        (Request("GET", "/", query={"from": "x"}), {"from": "x", "id": "cmp_1"}),
        (Request("POST", "/", body=b"[1]"), {"id": "cmp_1"}),
        (Request("POST", "/"), {"id": "cmp_1"}),
    ],
)
def test_without_a_template_the_members_are_the_arguments(request_: Request, expected: dict[str, Any]) -> None:
    assert arguments(None, request_, PATH, {}) == expected


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$", {"id": "cmp_1", "status": "active", "rows": [{"n": 1}]}),
        ("$/id", "cmp_1"),
        ({"campaign": {"id": "$/id", "state": "$/status|states", "gone": "$/nothing"}}, {"id": 1}),
        ("$/nothing", None),
        (None, None),
        (lambda result: sorted(result), ["id", "rows", "status"]),
        (["$/rows/0/n", "$/rows/1/n"], [1]),
    ],
)
def test_a_template_of_a_reply_is_filled(template: Any, filled: Any) -> None:
    result = {"id": "cmp_1", "status": "active", "rows": [{"n": 1}]}
    if isinstance(template, dict):
        filled = {"campaign": {"id": "cmp_1", "state": "RUNNING"}}
    assert body(template, result, MAPS) == filled


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("header:X-Account", "acc-1"),
        ("header:x-other", None),
        ("body:/spec/name", "Spring"),
        ("body:/spec/budget", "5"),
        ("body:/spec/note", None),
        ("body:state", "RUNNING"),
        ("query:from", "2026-03-01"),
        ("path:id", "cmp_1"),
        ("path:other", None),
    ],
)
def test_a_place_in_a_request(where: str, found: str | None) -> None:
    assert place(REQUEST, PATH, where) == found


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda: arguments("$/spec/name", REQUEST, PATH, {}), "gives arguments by name, not 'Spring'"),
        (lambda: arguments({"a": "$body/x"}, REQUEST, PATH, {}), r"\$body/x: a request has \$path, \$query, \$header"),
        (lambda: arguments({"a": "$5"}, REQUEST, PATH, {}), r"\$5: a request has"),
        (lambda: body({"a": "$path/id"}, {}, {}), r"\$path/id: a reply has the result only; write \$/id"),
        (lambda: body("$/id|states", {"id": 1}, {}), "there is no value map 'states'; the vendor has none"),
    ],
)
def test_a_template_that_makes_no_sense_is_told(fill: Any, words: str) -> None:
    with pytest.raises(PalError, match=words):
        fill()


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="|"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_a_template_of_a_reply_makes_one_of_a_request_reads_back(result: dict[str, Any]) -> None:
    def pointer(name: str) -> str:
        return name.replace("~", "~0").replace("/", "~1")

    to_wire = {"data": {str(n): f"$/{pointer(name)}" for n, name in enumerate(result)}}
    from_wire = {name: f"$/data/{n}" for n, name in enumerate(result)}
    sent = json.dumps(body(to_wire, result, {})).encode()
    assert arguments(from_wire, Request("POST", "/", body=sent), {}, {}) == result


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.data())
def test_a_value_map_that_is_one_to_one_is_undone(map_: dict[str, str], data: st.DataObject) -> None:
    theirs = {ours: f"{n}-{text}" for n, (ours, text) in enumerate(map_.items())}
    value = data.draw(st.sampled_from(sorted(theirs)) if theirs else st.just("unmapped"))
    sent = json.dumps(body({"state": "$/status|states"}, {"status": value}, {"states": theirs})).encode()
    request = Request("POST", "/", body=sent)
    assert arguments({"status": "$/state|states"}, request, {}, {"states": theirs}) == {"status": value}
