"""Secrets that nobody has seen before, in each of the 12 forms, at each place of a record, through each sink."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pytest_pal.telemetry.redaction import MARK, Redactor

from .planted import FORMS, corpus, leaks
from .sinks import POSITIONS, WRITERS

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRETS = (
    st.text(LETTERS + "-_./+=~", min_size=8, max_size=60)
    | st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=24)
    | st.binary(min_size=8, max_size=32).map(bytes.hex)
)
PLACES = st.tuples(st.sampled_from(list(FORMS)), st.sampled_from(list(POSITIONS)), st.sampled_from(list(WRITERS)))
EMPTY = {
    (position, writer): WRITERS[writer](POSITIONS[position]("nothing"), Redactor())
    for position in POSITIONS
    for writer in WRITERS
}


def holds(secret: str, place: tuple[str, str, str]) -> None:
    secret = secret.strip()
    form, position, writer = place
    assume(len(secret) >= 6 and secret not in MARK and secret not in EMPTY[position, writer])
    written = WRITERS[writer](POSITIONS[position](FORMS[form](secret)), Redactor([secret]))
    assert not leaks(written, secret), written


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(SECRETS, PLACES)
def test_no_fresh_secret_leaves_by_any_sink(secret: str, place: tuple[str, str, str]) -> None:
    holds(secret, place)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(SECRETS, PLACES)
def test_no_fresh_secret_of_ten_thousand_leaves_by_any_sink(secret: str, place: tuple[str, str, str]) -> None:
    holds(secret, place)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("position", POSITIONS)
def test_no_planted_secret_leaves_from_any_place(position: str, writer: str) -> None:
    for number, planted in enumerate(corpus()):
        form = list(FORMS)[number % len(FORMS)]
        made = POSITIONS[position](FORMS[form](planted.text))
        written = WRITERS[writer](made, Redactor([planted.secret] if planted.registered else []))
        assert not leaks(written, planted.secret), (planted.name, form)
