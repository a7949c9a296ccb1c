"""Strict JSON: what RFC 8259 has is read, what it does not have is refused with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pytest_pal.canonical import file_text
from pytest_pal.compare.strict_json import parse_json, read_json
from pytest_pal.compare.walk import equal
from pytest_pal.errors import PalError

from .test_diff import VALUES


@given(VALUES.filter(lambda value: "NaN" not in json.dumps(value) and "Infinity" not in json.dumps(value)))
def test_what_is_written_is_read_again(value: Any) -> None:
    try:
        text = file_text(value)
    except ValueError:
        return
    assert equal(parse_json(text.encode()), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b" [1 , 2e3, -0, -0.0, 1E-400]\r\n\t", [1, 2000.0, 0, -0.0, 0.0]),
        (rb'{"a":{"a":"\u00e9\ud83d\ude00\/"},"":[{"a":1},{"a":2}]}', {"a": {"a": "é😀/"}, "": [{"a": 1}, {"a": 2}]}),
        (b"true", True),
        (b'"\xf0\x9f\x98\x80"', "😀"),
        (b"[" * 500 + b"]" * 500, None),
        (b"9007199254740993", 2**53 + 1),
    ],
)
def test_what_rfc_8259_has_is_read(text: bytes, value: Any) -> None:
    read = parse_json(text)
    assert value is None or equal(read, value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": [1, NaN]}', r"line 1, column 11 \(/a/1\): NaN is no JSON"),
        (b'["NaN",\n -Infinity]', r"line 2, column 2 \(/1\): -Infinity is no JSON"),
        (b'{"a": 1,\n\n "b": {"c": 1, "c" : 2}}', r'line 3, column 16 \(/b/c\): the member "c" stands twice'),
        (b'{"\\u0061": 1, "a": 2}', 'the member "a" stands twice'),
        (b"[1e400]", "the number 1e400 is too large"),
        (b"[-" + b"9" * 5000 + b"]", "is too large"),
        (b'["\xff"]', "byte 2 is not UTF-8"),
        (b"\xef\xbb\xbf[]", "byte order mark"),
        ('["a"]'.encode("utf-16"), "not UTF-8"),
        (b"", "line 1, column 1"),
        (b"[1,]", "line 1, column 4"),
        (b"[1] 2", "line 1, column 5"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'["a\nb"]', "line 1, column 4"),
        (b"[01]", "line 1"),
        (b"[" * 501 + b"]" * 501, r"line 1, column 501 \(/0/0/.*more than 500 levels"),
        (b"[" * 100_000, "more than 500 levels"),
        (b'{"a":' * 50_000, "more than 500 levels"),
    ],
)
def test_what_it_does_not_have_is_refused_with_its_place(text: bytes, words: str) -> None:
    with pytest.raises(PalError, match=words) as caught:
        parse_json(text, "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert len(str(caught.value)) < 400


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PalError, match=r"a\.json: No such file"):
        read_json(tmp_path / "a.json")
