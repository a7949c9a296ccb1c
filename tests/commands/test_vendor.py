"""``pal vendor``: it serves until Ctrl-C, and says on the way what it is asked."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3

from pytest_pal.cli import main
from pytest_pal.faults.catalogue import BY_NAME

PAL = [sys.executable, "-m", "pytest_pal.cli", "vendor"]
SPEC = {"spec": {"name": "A\x1b[2J", "objective": "sales", "budget": 10_000_000, "currency": "USD"}}


@contextmanager
def serving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*PAL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def create(url: str, key: str) -> int:
    headers = {"authorization": "Bearer pal-secret", "idempotency-key": key}
    reply = urllib3.request("POST", f"{url}/create_campaign", json=SPEC, headers=headers, retries=False)
    return reply.status


def test_a_person_sees_a_line_per_request_until_they_end_it() -> None:
    with serving("ads", "--fault", "status_503@2") as process:
        url = line_of(process).split()[-1]
        assert [create(url, key) for key in ("k-1", "k-2")] == [200, 503]
        head = [line_of(process) for _ in range(7)]
        lines = [line_of(process), line_of(process)]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert head[:3] == [
        "  secret     pal-secret (header:Authorization)\n",
        "  endpoints  POST /create_campaign (effect, key header:Idempotency-Key)\n",
        "             POST /report (read)\n",
    ]
    assert head[4:] == [
        "  fault      status_503 from request 2\n",
        f"  control    {url}/_pal/\n",
        "  end        Ctrl-C\n",
    ]
    assert lines == ["\n", '  1 POST /create_campaign -> 200 key=k-1 {"spec": {"name": "A\\u001b[2J", "o ...\n']


def test_a_program_reads_json_lines() -> None:
    with serving("twin_llm_gateway", "--json") as process:
        about = json.loads(line_of(process))
        urllib3.request("POST", f"{about['url']}/models", headers={"authorization": "x"}, retries=False)
        told = json.loads(line_of(process))
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert [endpoint["route"] for endpoint in about["endpoints"]] == ["POST /models", "POST /complete"]
    assert (told["path"], told["reply"]["status"]) == ("/models", 401)


def test_a_reader_that_goes_ends_it_without_a_word() -> None:
    with serving("ads") as process:
        url = line_of(process).split()[-1]
        assert process.stdout is not None
        process.stdout.close()
        create(url, "k-1")
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vendor", "--faults"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "hang                    unknown  timeout\n  the vendor acts, and never answers\n  https://" in out
    assert main(["vendor", "--faults", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == list(BY_NAME)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name what to serve: one of ads, "),
        (["adz"], "'adz': did you mean 'ads'?"),
        (["mock_ads"], "the harness of mock_ads has no Vendor to serve over HTTP; pal vendor ads serves the mock"),
        (["ads", "--fault", "hung"], "did you mean 'hang'?"),
        (["ads", "--host", "0.0.0.0"], "it listens on 127.0.0.1 only"),
    ],
)
def test_what_cannot_be_served_is_one_kind_line(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["vendor", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert len(told.err.splitlines()) == 1
