"""What is hidden, what is left alone, and that nothing that is given can break it."""

import dataclasses
import hashlib
import json
import random
import sys
import uuid
from collections import OrderedDict, deque, namedtuple
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from pytest_pal.telemetry.plain import CUT, CYCLE, DEEP
from pytest_pal.telemetry.redaction import MARK, Redactor
from pytest_pal.telemetry.secret_names import is_secret_name

from .planted import FORMS, Planted, corpus, leaks

PLANTED = corpus()
PUBLIC = Path(__file__).parent / "public_lines.log"


def redactor_for(planted: Planted) -> Redactor:
    return Redactor([planted.secret] if planted.registered else [])


def test_the_corpus_has_at_least_150_secrets_and_12_forms() -> None:
    assert len({planted.text for planted in PLANTED}) >= 150
    assert len(FORMS) == 12


@pytest.mark.parametrize("form", FORMS)
def test_no_planted_secret_can_be_read_after_redaction(form: str) -> None:
    seen, shown_again = [], []
    for planted in PLANTED:
        written = FORMS[form](planted.text)
        assert leaks(json.dumps(written), planted.secret), f"{planted.name} cannot even be read before redaction"
        redactor = redactor_for(planted)
        hidden = redactor.value(written)
        if leaks(json.dumps(hidden), planted.secret):
            seen.append(planted.name)
        if redactor.value(hidden) != hidden:
            shown_again.append(planted.name)
    assert not seen
    assert not shown_again


def test_what_stands_around_a_secret_stays() -> None:
    redactor = Redactor(["fake-secret"])
    assert redactor.text("a fake-secret b") == f"a {MARK} b"
    assert redactor.text("https://u:fake@h/x?api_key=abc&limit=3") == f"https://u:{MARK}@h/x?api_key={MARK}&limit=3"
    assert redactor.text("%66ake-secret%26next%3D1") == f"{MARK}%26next%3D1"
    assert redactor.text('{\\"password\\": \\"a b\\", \\"n\\": 1}') == f'{{\\"password\\": \\"{MARK}\\", \\"n\\": 1}}'
    assert redactor.text("Authorization: Bearer abc failed with 401") == f"Authorization: {MARK} failed with 401"


@pytest.mark.parametrize(
    "name",
    "authorization Proxy-Authorization X-Api-Key apiKey api_keys token accessToken refresh_token password dbPassword "
    "DB_PASS pwd set-cookie Cookie client_secret clientSecret AWS_SECRET_ACCESS_KEY private_key passphrase credentials "
    "X-Amz-Signature AccountKey authToken session_token jwt pass%77ord password_hash new_password token2".split(),
)
def test_these_names_announce_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    "max_tokens input_tokens tokens token_type token_url tokenizer next_page_token page_token idempotency_key key keys "
    "primary_key public_key sort_key id session_id password_reset secretary author authority pass passed bypass PWD "
    "cookies_enabled signature method".split(),
)
def test_these_names_announce_none(name: str) -> None:
    assert not is_secret_name(name)


def identifiers() -> Iterator[str]:
    chance = random.Random(7)
    for _ in range(300):
        octets = chance.randbytes(32)
        yield from (str(uuid.UUID(bytes=octets[:16])), octets[:16].hex(), octets[:20].hex(), octets.hex())
        yield "sha256:" + hashlib.sha256(octets).hexdigest()
        yield f"cmp_{octets[:6].hex()}"
        yield f"req-{octets[:4].hex()}-{octets[4:8].hex()}"
        yield f"ads-create-{octets[:8].hex()}"


def test_identifiers_digests_and_images_are_left_alone() -> None:
    redactor = Redactor(["fake-secret"])
    altered = [text for text in identifiers() if redactor.text(text) != text]
    assert not altered
    image = "data:image/png;base64," + "".join(random.Random(1).choices("ABCDabcd0123+/", k=4_000)) + "=="
    assert redactor.text(image) == image
    keyed = {"idempotency_key": "k-0f3a", "max_tokens": 512, "next_page_token": "abc", "password": None, "token": ""}
    assert redactor.value(keyed) == keyed


def test_at_most_one_in_a_thousand_words_of_public_logs_is_altered() -> None:
    lines = [line for line in PUBLIC.read_text().splitlines() if not line.startswith("#")]
    redactor = Redactor(["fake-secret"])
    words = altered = 0
    for line in lines:
        before, after = line.split(), redactor.text(line).split()
        words += len(before)
        altered += len(before) if len(before) != len(after) else sum(map(str.__ne__, before, after))
    assert words > 1_000
    assert altered <= words / 1_000


def test_a_short_secret_is_hidden_as_a_whole_value_or_under_its_name_only() -> None:
    redactor = Redactor(["abc"])
    assert redactor.value(["abc", {"token": "abc"}, "abc and more"]) == [MARK, {"token": MARK}, "abc and more"]


def test_an_empty_secret_is_none_and_a_part_of_the_mark_is_not_looked_for() -> None:
    redactor = Redactor(["", "  \n", "redacted"])
    assert redactor.text("nothing redacted here") == "nothing redacted here"


def test_a_secret_is_known_from_when_it_is_registered_without_the_white_space_around_it() -> None:
    redactor = Redactor()
    assert redactor.text("see fake-secret") == "see fake-secret"
    redactor.register(b"fake-secret\n")
    assert redactor.text("see fake-secret") == f"see {MARK}"


def test_a_part_of_a_registered_key_file_is_hidden_too() -> None:
    redactor = Redactor(["first line of a fake key\nsecond line of a fake key"])
    assert redactor.text("read: second line of a fake key.") == f"read: {MARK}."


def test_secrets_are_hidden_in_numbers() -> None:
    redactor = Redactor(["8123651"])
    assert redactor.value([81_236_512, -8_123_651, 12, 1.5]) == [MARK, MARK, 12, 1.5]


@dataclasses.dataclass
class Config:
    base_url: str
    token: str


class Model(BaseModel):
    api_key: str
    hidden: SecretStr
    name: str = "n"


Pair = namedtuple("Pair", "password user")


def test_objects_are_read_by_the_names_of_their_members() -> None:
    redactor = Redactor()
    assert redactor.value(Config("http://x", "fake")) == {"base_url": "http://x", "token": MARK}
    model = redactor.value(Model(api_key="fake", hidden=SecretStr("fake")))
    assert model == {"api_key": MARK, "hidden": "SecretStr('**********')", "name": "n"}
    assert redactor.value(Pair("fake", "bob")) == {"password": MARK, "user": "bob"}
    for text in (repr(Config("http://x", "fake")), str(Model(api_key="fake", hidden=SecretStr("fake")))):
        assert "fake" not in redactor.text(text)


def test_headers_are_read_in_each_of_their_spellings() -> None:
    redactor = Redactor()
    assert redactor.value([("Authorization", "fake"), (b"Accept", b"x")]) == [["Authorization", MARK], ["Accept", "x"]]
    assert redactor.value([(b"authorization", b"fake")]) == [["authorization", MARK]]
    assert redactor.value({"name": "Cookie", "value": "fake"}) == {"name": "Cookie", "value": MARK}
    assert redactor.value(["run", "--token", "fake", "-v"]) == ["run", "--token", MARK, "-v"]


def test_everything_becomes_json_and_the_same_json_each_time() -> None:
    value = {
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "money": Decimal("1.50"),
        "set": {"b", "a", "c"},
        "queue": deque([1, b"\xff"]),
        "nan": float("nan"),
        3: OrderedDict(a=1),
        "path": Path("a/b"),
        "type": Config,
    }
    plain = Redactor().value(value)
    assert plain["set"] == ["a", "b", "c"]
    assert plain["queue"] == [1, "\\xff"]
    assert plain["nan"] == "nan"
    assert plain["3"] == {"a": 1}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_keys_that_are_hidden_keep_their_values_apart() -> None:
    redactor = Redactor(["fake-one", "fake-two"])
    plain = redactor.value({"fake-one": 1, "fake-two": 2})
    assert plain == {MARK: 1, f"{MARK}#2": 2}
    assert redactor.value(plain) == plain


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("fake-secret")

    __str__ = __repr__


class BrokenError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("fake-secret")

    __repr__ = __str__


class BrokenMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("fake-secret")

    def __iter__(self) -> Iterator[str]:
        return iter("ab")

    def __len__(self) -> int:
        return 2


class Unbound:
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("fake-secret")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("fake-secret")

    __hash__ = None  # type: ignore[assignment]


class Named(str):
    def __str__(self) -> str:
        raise RuntimeError("fake-secret")

    strip = lower = __str__  # type: ignore[assignment]


def deep(levels: int) -> Any:
    value: Any = "fake-secret"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


def test_nothing_breaks_it() -> None:
    redactor = Redactor(["fake-secret"])
    cycle: list[Any] = ["fake-secret"]
    cycle.append(cycle)
    assert redactor.value(cycle) == [MARK, CYCLE]
    assert DEEP in json.dumps(redactor.value(deep(100_000)))
    assert redactor.value(10**5_000) == "<integer of 16610 bits>"
    assert redactor.value([Broken(), BrokenMapping()]) == ["<Broken: unreadable>", "<BrokenMapping: unreadable>"]
    unbound = redactor.value([Unbound(), {"token": Unbound(), "n": Unbound()}])
    assert unbound == ["<Unbound: unreadable>", {"token": MARK, "n": "<Unbound: unreadable>"}]
    assert redactor.value(Named("a fake-secret")) == redactor.text(Named("a fake-secret")) == f"a {MARK}"
    assert redactor.text("\ud800 fake-secret \udfff") == f"\ud800 {MARK} \udfff"
    assert redactor.error(BrokenError("fake-secret"))["text"] == "<BrokenError: unreadable>"
    wide: Any = "x"
    for _ in range(40):
        wide = [wide, wide]
    assert CUT in json.dumps(redactor.value(wide))


def test_an_exception_is_told_with_its_causes_and_without_secrets() -> None:
    redactor = Redactor(["fake-secret"])
    error = ValueError("bad fake-secret", {"token": "other"})
    error.__cause__ = KeyError("Bearer fake-bearer-0123")
    error.add_note("seen fake-secret")
    error.url = "https://bob:word@host/"  # type: ignore[attr-defined]
    told = redactor.error(error)
    assert told["class"] == "ValueError"
    assert told["args"] == [f"bad {MARK}", {"token": MARK}]
    assert told["notes"] == [f"seen {MARK}"]
    assert told["attributes"] == {"url": f"https://bob:{MARK}@host/"}
    assert told["cause"] == {"class": "KeyError", "text": f"'Bearer {MARK}'", "args": [f"Bearer {MARK}"]}
    assert redactor.value(told) == told


def test_a_chain_of_causes_ends_where_it_bites_its_tail_or_is_very_long() -> None:
    redactor = Redactor()
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert redactor.error(one)["cause"]["cause"] == CYCLE
    last: BaseException = ValueError(0)
    for number in range(100_000):
        error = ValueError(number)
        error.__cause__, last = last, error
    assert json.dumps(redactor.error(last))


def test_the_members_of_a_group_are_told() -> None:
    group = ExceptionGroup("two", [ValueError("token=fake"), KeyError("b")])
    assert [error["class"] for error in Redactor().error(group)["errors"]] == ["ValueError", "KeyError"]
    assert "fake" not in json.dumps(Redactor().error(group))


PIECES = st.sampled_from(
    [
        *("token", "password", "authorization", "cookie", "Bearer ", "user:", "://", "--", "str", "None", "b'", "é"),
        *("fake-secret", "c2VjcmV0", "ZmFrZS1zZWNyZXQ=", "eyJhbGciOiJIUzI1NiJ9.", "x" * 20, MARK, "redacted"),
        *("\\u0041", "%41", "%25", "\n", *"=: \"'\\%[]{}()&?;,@<>"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join)
JSON = st.recursive(
    TEXTS | st.integers() | st.none() | st.floats() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_hiding_twice_is_hiding_once(text: str) -> None:
    redactor = Redactor(["fake-secret"])
    hidden = redactor.text(text)
    assert redactor.text(hidden) == hidden
    assert "fake-secret" not in hidden


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_hiding_twice_in_a_value_is_hiding_once(value: Any) -> None:
    redactor = Redactor(["fake-secret"])
    hidden = redactor.value(value)
    assert redactor.value(hidden) == hidden
    assert "fake-secret" not in json.dumps(hidden, allow_nan=False)


@pytest.mark.parametrize("unit", ["token=", "password: (", "--token ", "%25", "\\\\", "://a:", "A" * 40 + "/", "key='"])
def test_the_work_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    """Counts the calls that Python makes, since a clock would not be fair to a busy machine."""
    redactor = Redactor(["fake-secret"])
    small, large = (calls_of(lambda size=size: redactor.text(unit * (size // len(unit)))) for size in (4_000, 16_000))
    assert large < 6 * small + 1_000


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["sk-", "eyJ-", "M-", "bearer a", "token=(", "<token>", "%25", "A" * 60 + "\n"])
def test_a_long_text_that_begins_like_a_secret_everywhere_is_read_to_its_end(unit: str) -> None:
    """It would take minutes if a pattern went over the rest of the text at each place."""
    assert Redactor().text(f"{unit * (100_000 // len(unit))} password=fake").endswith(f"password={MARK}")


def calls_of(run: Any) -> int:
    count = 0

    def profile(_frame: Any, _event: str, _argument: Any) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count
