"""Templates, held against section 8 of the contracts."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pal.errors import NonRetryableError
from pytest_pal.primitives.render import missing_variables, render

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ann", "Ann"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-0.5, "-0.5"),
        (2.0, "2"),
        (-0.0, "0"),
        (1e16, "10000000000000000"),
        ("<é & 🎉>", "<é & 🎉>"),
    ],
)
def test_a_value_is_written_as_in_json(value: Any, text: str) -> None:
    assert render("[{{x}}]", {"x": value}) == f"[{text}]"


@pytest.mark.parametrize("name", ["a", "_a", "A1", "order.total", "first-name", "a_b.c-d"])
def test_a_name_may_have_blanks_around_it(name: str) -> None:
    for written in (f"{{{{{name}}}}}", f"{{{{ {name} }}}}", f"{{{{\t{name}  }}}}"):
        assert render(written, {name: 1}) == "1"


@pytest.mark.parametrize("written", ["{{1a}}", "{{}}", "{{a b}}", "{a}", "{{a}", "{{é}}", "{{.a}}", "{{a\n}}"])
def test_what_is_no_name_stays_as_written(written: str) -> None:
    assert render(written, {"a": 1, "1a": 1, "": 1, "a b": 1, "é": 1, ".a": 1}) == written
    assert missing_variables({}, written) == []


def test_values_are_not_expanded_again() -> None:
    assert render("{{a}} {{b}}", {"a": "{{b}}", "b": "{{a}}"}) == "{{b}} {{a}}"
    assert render("{{{a}}}", {"a": "{{a}}"}) == "{{{a}}}"


def test_a_missing_variable_stays_as_written() -> None:
    assert render("Hi {{ name }}, {{a}}", {"a": 1}) == "Hi {{ name }}, 1"
    assert missing_variables({"a": None}, "{{z}} {{a}} {{ b }}", None, "{{z}}") == ["b", "z"]


def test_html_escapes_values_and_not_the_template() -> None:
    values = {"x": "<i> & \"quoted\" 'single'"}
    escaped = "&lt;i&gt; &amp; &quot;quoted&quot; &#x27;single&#x27;"
    assert render("<b>{{x}}</b> & more", values, html=True) == f"<b>{escaped}</b> & more"


@pytest.mark.parametrize("value", [{}, {"a": 1}, [], [1], (), math.nan, math.inf, -math.inf, b"x"])
def test_what_is_no_plain_value_is_invalid(value: Any) -> None:
    with pytest.raises(NonRetryableError) as caught:
        render("{{x}}", {"x": value})
    assert caught.value.code == "invalid"
    assert render("{{y}}", {"x": value, "y": 1}) == "1"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="{}")), NAMES, st.text())))
def test_each_place_gets_its_own_value(parts: list[tuple[str, str, str]]) -> None:
    variables = {name: value for _, name, value in parts}
    template = "".join(f"{before}{{{{{name}}}}}" for before, name, _ in parts)
    assert render(template, variables) == "".join(before + variables[name] for before, name, _ in parts)
    assert render(template, {}) == template
    assert missing_variables({}, template) == sorted(variables)
