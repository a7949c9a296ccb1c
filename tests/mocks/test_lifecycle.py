"""What the clauses cannot see of the mock: its configuration, and its state in a file."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.clock import SimulatedClock
from pytest_pal.contracts.lifecycle import CAPABILITY
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit.bench import START
from pytest_pal.mocks.lifecycle import MockLifecycle
from pytest_pal.model.context import Context

MESSAGE = {"to": "a@example.com", "channel": "email", "subject": "s", "text": "t"}


def mock(clock: SimulatedClock | None = None, **config: Any) -> MockLifecycle:
    return MockLifecycle({"state": {}, **config}, Context(clock=clock or SimulatedClock(START)))


def send(adapter: MockLifecycle, **message: Any) -> Any:
    return adapter.send(**CAPABILITY.check("send", message={**MESSAGE, **message}, idempotency_key="k"))


@pytest.mark.parametrize("suppressed", ["a@example.com", ["x@example.com", "a@example.com"]])
def test_one_or_several_recipients_may_have_opted_out(suppressed: Any) -> None:
    assert send(mock(suppressed=suppressed))["status"] == "suppressed"
    assert send(mock(suppressed=suppressed), to="b@example.com")["status"] == "accepted"


def test_a_part_of_an_address_has_not_opted_out() -> None:
    assert send(mock(suppressed="aa@example.com"))["status"] == "accepted"


def test_a_template_may_have_one_part_only_and_keeps_its_subject_on_one_line() -> None:
    adapter = mock(templates={"short": {"text": "Hi {{x}}"}, "long": {"subject": "{{x}}", "text": "t"}})
    by = {"subject": None, "text": None}
    send(adapter, **by, template="short", variables={"x": "a\nb"})
    assert [row.text for row in adapter.delivered()] == ["Hi a\nb"]
    with pytest.raises(NonRetryableError, match="subject"):
        send(mock(templates=adapter._templates), **by, template="long", variables={"x": "a\nb"})


def test_a_schedule_begins_after_now_and_has_its_window() -> None:
    adapter = mock()
    adapter.traits = adapter.traits.model_copy(update={"schedule_min_lead_s": 60, "schedule_max_ahead_s": 259_200})
    for seconds, accepted in ((0, False), (59.999, False), (60, True), (259_200, True), (259_200.001, False)):
        at = START + timedelta(seconds=seconds)
        checked = CAPABILITY.check("schedule", message=MESSAGE, send_at=at, idempotency_key=f"k{seconds}")
        if accepted:
            assert adapter.schedule(**checked)["status"] == "scheduled"
        else:
            with pytest.raises(NonRetryableError, match="send_at"):
                adapter.schedule(**checked)
    with pytest.raises(NonRetryableError, match="send_at"):
        mock().schedule(**CAPABILITY.check("schedule", message=MESSAGE, send_at=START, idempotency_key="k"))


def test_its_vendor_takes_what_is_rendered_already_now_or_later() -> None:
    adapter = mock(suppressed="out@example.com")
    message = {"to": "a@example.com", "channel": "email", "subject": "s", "text": "{{as it is}}"}
    with adapter.primitives() as outbox:
        taken = [outbox.post("m1", message), outbox.post("m2", message, START + timedelta(hours=1))]
        assert [*taken, outbox.post("m3", {**message, "to": "out@example.com"})] == [True, True, False]
    assert [(row.id, row.text, row.at) for row in adapter.delivered()] == [("m1", "{{as it is}}", START)]
    assert [row.id for row in adapter.scheduled()] == ["m2"]


def test_the_state_may_be_a_file(tmp_path: Path) -> None:
    path, clock = tmp_path / "state.json", SimulatedClock(START)
    first = send(mock(clock, state=str(path)))
    clock.advance(60)
    assert send(mock(clock, state=path)) == first
    (row,) = mock(clock, state=path).delivered()
    assert (row.id, row.at) == (first["id"], START)
