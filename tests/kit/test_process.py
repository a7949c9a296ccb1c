"""The other process answers for an adapter, or says why it cannot; it never hangs the run."""

import os
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_pal.errors import NonRetryableError, RetryableError
from pytest_pal.faults.message import Reply, Request
from pytest_pal.faults.server import HttpServer
from pytest_pal.faults.tls import server_context
from pytest_pal.kit import process
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.process import Child, Launch
from pytest_pal.model.clause import Unproven

from ..judging import judge

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADAPTER = """
import os, threading, time
from pytest_pal import NonRetryableError, RetryableError
from pytest_pal.primitives.http_call import exchange

class Acme:
    def __init__(self, config, ctx):
        if config.get("broken"):
            raise RuntimeError("no config")
        self.config, self.ctx = config, ctx

    def seed(self):
        print("adapters may print")
        return os.environ["PYTHONHASHSEED"]

    async def now(self, *, plus):
        return [self.ctx.clock.now().isoformat(), plus]

    def secret(self):
        return self.ctx.secret("token")

    def refuse(self):
        raise NonRetryableError("conflict", "no", outcome_unknown=True)

    def retry(self):
        raise RetryableError("timeout")

    def visit(self):
        return exchange("GET", "https://api.example.com/here", seconds=5).status

    def bug(self):
        return {}["id"]

    def die(self):
        os._exit(3)

    def hang(self):
        time.sleep(60)

    def linger(self):
        threading.Thread(target=time.sleep, args=(60,)).start()

class Outer:
    class Acme(Acme):
        pass
"""


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    started = Child()
    yield started
    started.end()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("adapter") / "acme_adapter.py"
    made.write_text(textwrap.dedent(ADAPTER))
    return made


def launch(file: Path, *operations: str, qualname: str = "Acme", **config: Any) -> Launch:
    calls = [(operation, ([], {"plus": 1} if operation == "now" else {})) for operation in operations]
    return Launch("acme_adapter", qualname, str(file), config, NOW, None, calls)


def test_an_adapter_that_only_a_file_has_is_opened_elsewhere(child: Child, file: Path) -> None:
    seed, now = child.ask(launch(file, "seed", "now"))
    assert seed.value not in (None, os.environ.get("PYTHONHASHSEED"))
    assert now.value == ["2026-03-02T09:00:00+00:00", 1]
    assert child.ask(launch(file, "seed", qualname="Outer.Acme"))[0].value == seed.value


def test_an_adapter_elsewhere_has_the_vendor_s_secret_and_finds_its_hosts(child: Child, file: Path) -> None:
    (untold,) = child.ask(launch(file, "secret"))
    assert "not_configured" in str(untold.error)
    asked: list[str] = []

    def respond(request: Request) -> Reply:
        asked.append(request.path)
        return Reply()

    with HttpServer(respond, tls=server_context("api.example.com")) as server:
        found = replace(launch(file, "secret", "visit"), secret="s3cr3t", hosts={"api.example.com": server.port})
        secret, visit = child.ask(found)
    assert (secret.value, visit.value, asked) == ("s3cr3t", 200, ["/here"])


def test_errors_come_back_as_what_they_are(child: Child, file: Path) -> None:
    refuse, retry, bug = child.ask(launch(file, "refuse", "retry", "bug"))
    assert isinstance(refuse.error, NonRetryableError)
    assert (refuse.error.code, refuse.error.message, refuse.error.outcome_unknown) == ("conflict", "no", True)
    assert isinstance(retry.error, RetryableError)
    assert str(bug.error) == "KeyError: 'id'"


def test_an_adapter_that_cannot_be_opened_fails_every_call(child: Child, file: Path) -> None:
    for outcome in child.ask(launch(file, "seed", "now", broken=True)):
        assert str(outcome.error) == "RuntimeError: no config"
    (lost,) = child.ask(Launch("nowhere_to_be_found", "X", None, {}, NOW, None, [("seed", ([], {}))]))
    assert "ModuleNotFoundError" in str(lost.error)


def test_a_child_that_dies_is_unproven_and_the_next_one_is_new(file: Path) -> None:
    process.stop()
    first = process.start()
    assert process.start() is first
    with pytest.raises(Unproven, match="ended or did not answer"):
        process.run_elsewhere(launch(file, "die"))
    assert process.run_elsewhere(launch(file, "seed"))[0].value
    assert process.start() is not first


def test_a_child_that_hangs_is_ended(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "ANSWER_WITHIN_S", 0.5)
    child = Child()
    with pytest.raises(Unproven, match=r"within 0\.5 s"):
        child.ask(launch(file, "hang"))
    child.end()
    assert not child.alive


def test_a_child_that_does_not_leave_is_killed(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setattr(process, "END_WITHIN_S", 0.1)
    child = Child()
    assert child.ask(launch(file, "linger"))[0].error is None
    child.end()
    assert child._process.returncode < 0


def test_a_class_inside_a_function_says_what_to_do() -> None:
    from pytest_pal.mocks.ads import MockAds

    class Local(MockAds):
        pass

    found = judge(Harness(Local), only="ads.create_campaign.idempotency.new_process")
    (result,) = found.values()
    assert result.verdict == "unproven"
    assert "at the top level of that module" in " ".join(result.text.split())


def test_a_class_that_its_module_does_not_hold_says_what_to_do() -> None:
    from pytest_pal.mocks.ads import MockAds

    made = type("Made", (MockAds,), {"__module__": __name__})
    (result,) = judge(Harness(made), only="ads.create_campaign.idempotency.new_process").values()
    assert result.verdict == "unproven"
    assert "a new process cannot import Made from tests.kit.test_process" in " ".join(result.text.split())
