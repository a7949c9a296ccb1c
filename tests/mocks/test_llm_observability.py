"""What the clauses of llm_observability cannot see of the mock: its file, its instances, its defaults."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.model.context import Context


def started(mock: MockLLMObservability, key: str, parent: str | None = None) -> str:
    found: dict[str, Any] = mock.trace_start("answer", {}, parent, idempotency_key=key)
    return str(found["id"])


def test_instances_share_a_state_file(tmp_path: Path) -> None:
    config = {"state": tmp_path / "state.json"}
    first, second = (MockLLMObservability(config, Context()) for _ in range(2))
    id = started(first, "k")
    assert second.trace_stop(id, "error", None) == {"id": id, "status": "error"}
    assert first.traces()[0].status == "error"
    assert set(json.loads((tmp_path / "state.json").read_text())) == {"traces", "keys"}


def test_closing_ends_only_what_the_instance_started() -> None:
    state: dict[str, Any] = {}
    first, second = (MockLLMObservability({"state": state}, Context()) for _ in range(2))
    mine, theirs = started(first, "a"), started(second, "b")
    assert started(first, "b") == theirs
    first.close()
    first.close()
    assert {row.id: row.status for row in first.traces()} == {mine: "aborted", theirs: None}


@pytest.mark.parametrize(("configured", "stored"), [(True, "hello"), (False, None), ("true", None), (1, None)])
def test_only_true_captures_content(configured: Any, stored: str | None) -> None:
    mock = MockLLMObservability({"capture_content": configured}, Context())
    mock.trace_start("answer", {"prompt": "hello", "model": "m"}, None, idempotency_key="k")
    mock.trace_stop(mock.traces()[0].id, "ok", "hello")
    (row,) = mock.traces()
    assert (row.attributes or {}).get("prompt") == stored
    assert row.output == stored
    assert (row.attributes or {})["model"] == "m"


def test_a_late_child_survives_a_second_stop_of_its_parent() -> None:
    mock = MockLLMObservability({}, Context())
    root = started(mock, "a")
    mock.trace_stop(root, "ok", None)
    late = started(mock, "b", root)
    mock.trace_stop(root, "ok", None)
    assert mock.trace_stop(late, "error", None)["status"] == "error"


def test_a_stop_reaches_open_traces_below_an_ended_one() -> None:
    mock = MockLLMObservability({}, Context())
    root = started(mock, "a")
    child = started(mock, "b", root)
    mock.trace_stop(child, "ok", None)
    late = started(mock, "c", child)
    mock.trace_stop(root, "ok", None)
    assert mock.trace_stop(late, "ok", None)["status"] == "aborted"
