"""The line of one record: what it says, that it is always the same, and what it leaves out."""

import json
import logging

import pytest

from pytest_pal import NonRetryableError
from pytest_pal.telemetry.logging_sink import LOGGER, LoggingSink
from pytest_pal.telemetry.redaction import MARK, Redactor

from .sinks import logged, record


def test_a_record_is_one_sorted_line_of_json() -> None:
    line = logged(record(), Redactor(), content=False)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    members = json.loads(line)
    assert list(members) == sorted(members)
    assert members == {
        "adapter": "acme_ads",
        "attempts": 2,
        "capability": "ads",
        "causes": [],
        "each_attempt": [
            {
                "error_class": "RetryableError",
                "error_code": "unavailable",
                "latency_ms": 12.5,
                "number": 1,
                "started": "2026-03-01T12:00:00.250000+00:00",
            },
            {
                "error_class": None,
                "error_code": None,
                "latency_ms": 3.0,
                "number": 2,
                "started": "2026-03-01T12:00:00.250000+00:00",
            },
        ],
        "error_class": None,
        "error_code": None,
        "latency_ms": 20.25,
        "operation": "create_campaign",
        "outcome_unknown": False,
        "rationale": None,
        "retries": 1,
        "started": "2026-03-01T12:00:00.250000+00:00",
        "status": "ok",
        "unclassified": False,
    }


def test_the_same_record_is_the_same_line() -> None:
    made = record(NonRetryableError("invalid", "no"), rationale={"tags": {"c", "a", "b"}})
    assert logged(made, Redactor()) == logged(made, Redactor())


def failed() -> NonRetryableError:
    error = NonRetryableError("content_refused", "the subject 'Private words' is refused", outcome_unknown=True)
    error.__cause__ = ValueError("Private words")
    return error


def test_texts_of_errors_are_left_out_and_classes_are_told() -> None:
    line = logged(record(failed()), Redactor(), content=False)
    assert "Private" not in line
    members = json.loads(line)
    assert members["causes"] == ["pytest_pal.errors.NonRetryableError", "ValueError"]
    assert members["outcome_unknown"] is True
    assert "error" not in members


def test_texts_of_errors_are_told_where_content_is_asked_for() -> None:
    error = json.loads(logged(record(failed()), Redactor(), content=True))["error"]
    assert error["text"] == "content_refused: the subject 'Private words' is refused"
    assert error["attributes"]["outcome_unknown"] is True
    assert error["cause"] == {"class": "ValueError", "text": "Private words", "args": ["Private words"]}


def test_content_in_a_rationale_is_left_out_and_its_figures_are_told() -> None:
    rationale = {"chosen": "m-1", "candidates": [{"score": 7, "Prompt": "Private words"}], "messages": ["Private"]}
    shown = json.loads(logged(record(rationale=rationale), Redactor(), content=False))["rationale"]
    assert shown == {"chosen": "m-1", "candidates": [{"score": 7, "Prompt": "[content]"}], "messages": "[content]"}
    assert json.loads(logged(record(rationale=rationale), Redactor()))["rationale"] == rationale


def test_names_of_members_stay_whatever_is_registered() -> None:
    members = json.loads(logged(record(), Redactor(["latency_ms", "acme_ads"])))
    assert members["latency_ms"] == 20.25
    assert members["adapter"] == MARK


def test_by_default_the_line_goes_to_the_logger_of_telemetry(caplog: pytest.LogCaptureFixture) -> None:
    sink = LoggingSink()
    with caplog.at_level(logging.INFO, LOGGER):
        sink(record())
        sink(record(failed()))
    assert [(entry.name, entry.levelno) for entry in caplog.records] == [
        ("pytest_pal.telemetry", logging.INFO),
        ("pytest_pal.telemetry", logging.WARNING),
    ]
    assert json.loads(caplog.records[0].getMessage())["status"] == "ok"


def test_a_percent_sign_in_a_record_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        LoggingSink()(record(operation="100%s %d"))
    assert json.loads(caplog.records[0].getMessage())["operation"] == "100%s %d"


def test_nothing_is_worked_out_for_a_logger_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("pytest_pal.telemetry.logging_sink.told")
    LoggingSink(logging.Logger("off", level=logging.ERROR))(record())
    with pytest.raises(NameError, match="told"):
        LoggingSink(logging.Logger("on", level=logging.INFO))(record())
