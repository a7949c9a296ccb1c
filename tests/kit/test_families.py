"""Every generated clause has a saboteur that it must fail; correct but unusual adapters pass them all."""

import contextlib
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_pal.canonical import digest
from pytest_pal.contracts.ads.protocol import AdsTraits, Campaign
from pytest_pal.errors import NonRetryableError, RetryableError
from pytest_pal.kit import subject
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.target import Target
from pytest_pal.mocks.ads import AdsAccount, MockAds
from pytest_pal.mocks.cdp import MockCDP
from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.model.samples import Sample, Scene

from ..judging import contract, fallen, judge
from . import test_engine, test_pages, test_rpc
from .test_wire_families import SABOTAGED


class ReturnsNonsense(MockAds):
    def report(self, query: Any) -> Any:
        return {**super().report(query), "currency": "dollars"}


class Aliases(MockAds):
    def pause(self, campaign_id: str) -> Any:
        with self._box as state:
            self._account(state).stop(campaign_id)
            stored = state["campaigns"][campaign_id]
            stored.setdefault("view", {})
            stored["view"].update(super().pause(campaign_id))
            stored["view"]["extensions"] = stored
        return _View(stored)


class _View(dict[str, Any]):
    """A result whose emptying empties the store."""


class AliasesResult(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        found = super().create_campaign(spec, idempotency_key=idempotency_key)
        with self._box as state:
            return {**found, "extensions": state["campaigns"][found["id"]]}


class AliasesRepeat(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        made = super().create_campaign(spec, idempotency_key=idempotency_key)
        with self._box as state:
            answers = state.setdefault("answers", {})
            if idempotency_key in answers:
                return answers[idempotency_key]
            answers[idempotency_key] = made
        return dict(made)


class AliasesRead(MockCDP):
    def get_profile(self, id: str) -> Any:
        found = super().get_profile(id)
        with self._box as state:
            kept = {event["event_id"]: event["properties"] for event in state["events"]}
        return {**found, "events": [{**event, "properties": kept[event["event_id"]]} for event in found["events"]]}


class Random(MockAds):
    def report(self, query: Any) -> Any:
        return {**super().report(query), "timezone": f"UTC {id(self)}"}


class Keyless(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=self._ctx.ids.new())


class RemembersLastKey(MockAds):
    """Knows only the key of its newest write."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            state["keys"] = {slot: v for slot, v in state["keys"].items() if slot.endswith(idempotency_key)}
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class ForgetsOvernight(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        night = str(self._ctx.clock.now().date())
        return super().create_campaign(spec, idempotency_key=f"{night}-{idempotency_key}")


class IgnoresOtherPayload(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            known = state["keys"].get(f"create_campaign/{idempotency_key}")
            return known["result"] if known else super().create_campaign(spec, idempotency_key=idempotency_key)


class FoldsKeys(MockAds):
    """Takes keys for the same that differ in case, in punctuation, or after 50 characters."""

    fold: ClassVar[Callable[[str], str]]

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=type(self).fold(idempotency_key))


class FoldsCase(FoldsKeys):
    fold = str.lower


class FoldsPunctuation(FoldsKeys):
    fold = staticmethod(lambda key: re.sub("[._-]", "-", key))


class CutsKeys(FoldsKeys):
    fold = staticmethod(lambda key: key[:50])


class ComparesPayloads(MockAds):
    """Takes for the same payload what has the same print."""

    def print_of(self, spec: Any) -> Any:
        raise NotImplementedError

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            prints = state.setdefault("prints", {})
            known = state["keys"].get(f"create_campaign/{idempotency_key}")
            if prints.setdefault(idempotency_key, self.print_of(spec)) != self.print_of(spec):
                raise NonRetryableError("key_conflict")
            return known["result"] if known else super().create_campaign(spec, idempotency_key=idempotency_key)


class IgnoresTargeting(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return {**spec.plain(), "targeting": None}


class TakesTheLater(MockAds):
    """Refuses another payload, and then believes that it was the first."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except NonRetryableError:
            with self._box as state:
                known = state["keys"][f"create_campaign/{idempotency_key}"]
                known["payload"] = digest(spec.plain())
            raise


class IgnoresPaused(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return {**spec.plain(), "paused": None}


class TrueIsOne(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return repr(spec.plain()).replace("True", "1")


class KeyIsThePayload(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=f"key-{spec.name}".replace(" ", "-"))


class RacesOnKeys(MockAds):
    """Looks first, writes later: two at once both find nothing."""

    gate: ClassVar[threading.Barrier] = threading.Barrier(2)

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            known = f"create_campaign/{idempotency_key}" in state["keys"]
        try:
            self.gate.wait(0.05)
        except threading.BrokenBarrierError:
            self.gate.reset()
        key = idempotency_key if known or spec.name.endswith("0") else self._ctx.ids.new()
        return super().create_campaign(spec, idempotency_key=key)


class IgnoresStateFiles(MockAds):
    """Keeps its state in a dict only."""

    def __init__(self, config: Any, ctx: Any) -> None:
        state = config["state"]
        super().__init__({**config, "state": state if isinstance(state, dict) else {}}, ctx)


class KeysInMemory(MockAds):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._memory: dict[str, Any] = {}

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        if idempotency_key not in self._memory:
            self._memory[idempotency_key] = (
                spec,
                super().create_campaign(spec, idempotency_key=self._ctx.ids.new()),
            )
        if self._memory[idempotency_key][0] != spec:
            raise NonRetryableError("key_conflict")
        return dict(self._memory[idempotency_key][1])


class HashesKeys(MockAds):
    """Derives its wire key from Python's hash, which differs from process to process."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=f"k{abs(hash(idempotency_key))}")


class BurnsKeys(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            burnt = state.setdefault("burnt", {})
            if burnt.setdefault(idempotency_key, spec.plain()) != spec.plain():
                raise NonRetryableError("key_conflict")
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class PausesAnother(MockAds):
    """A repeat of pause creates something."""

    def pause(self, campaign_id: str) -> Any:
        with self._box as state:
            state["campaigns"][self._ctx.ids.new()] = dict(state["campaigns"][campaign_id])
        return super().pause(campaign_id)


class AcceptsForeignMoney(MockAds):
    def _refuse(self, spec: Any) -> None:
        return None


class RefusesAsRetryable(MockAds):
    def _refuse(self, spec: Any) -> None:
        try:
            super()._refuse(spec)
        except NonRetryableError as error:
            raise RetryableError("unavailable") from error


class WritesThenRefuses(MockAds):
    def _create(self, account: AdsAccount, spec: Any) -> Any:
        account.insert(self._ctx.ids.new(), spec)
        self._refuse(spec)
        return super()._create(account, spec)


class DialsInTheConstructor(MockAds):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        with socket.socket() as wire:
            wire.connect_ex(("127.0.0.1", 9))


class ClosesOnce(MockAds):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True


class LeaksThreads(MockAds):
    ends: ClassVar[list[threading.Event]] = []

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self.ends.append(threading.Event())
        threading.Thread(target=self.ends[-1].wait, daemon=True).start()


class LeaksFiles(MockAds):
    files: ClassVar[list[Any]] = []

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self.files.append(Path("/dev/null").open())  # noqa: SIM115 - leaking is the point


class SharesState(MockAds):
    shared: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "state": self.shared}, ctx)


class NotForThreads(MockAds):
    busy = False

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        if self.busy:
            raise RuntimeError("called twice at once")
        self.busy = True
        threading.Event().wait(0.002)
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        finally:
            self.busy = False


class ReportsInTurn(MockAds):
    calls = 0

    def report(self, query: Any) -> Any:
        self.calls += 1
        return {**super().report(query), "timezone": "UTC" if self.calls < 4 else "Mars/Olympus"}


class Phones(MockAds):
    def report(self, query: Any) -> Any:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, contextlib.suppress(OSError):
            wire.sendto(b"hello", ("192.0.2.1", 9))
        return super().report(query)


class Delegates(MockAds):
    def report(self, query: Any) -> Any:
        with contextlib.suppress(OSError):
            subprocess.run([sys.executable, "-c", ""], check=True)
        return super().report(query)


class Careless(MockAds):
    """Keeps what scenarios ask about, and is careless with the rest."""

    def _campaign(self, account: AdsAccount, id: str) -> Any:
        found = super()._campaign(account, id)
        return {**found, "name": found["name"].replace("Two", "2").replace("Night", "N")}

    def pause(self, campaign_id: str) -> Any:
        return {**super().pause(campaign_id), "budget": 1}


SABOTEURS = [
    (Careless, "ads.adapter.golden.every_operation"),
    (Careless, "ads.adapter.golden.edge_values"),
    (Careless, "ads.adapter.golden.long_life"),
    (AcceptsForeignMoney, "ads.adapter.golden.refused_inputs"),
    (ReturnsNonsense, "ads.report.shape.output"),
    (AliasesResult, "ads.create_campaign.shape.no_alias"),
    (AliasesRepeat, "ads.create_campaign.shape.no_alias"),
    (AliasesRead, "cdp.get_profile.shape.no_alias"),
    (Random, "ads.report.determinism.same_calls"),
    (Keyless, "ads.create_campaign.idempotency.repeat"),
    (RemembersLastKey, "ads.create_campaign.idempotency.newer_writes"),
    (ForgetsOvernight, "ads.create_campaign.idempotency.late_repeat"),
    (IgnoresOtherPayload, "ads.create_campaign.idempotency.conflict"),
    (FoldsCase, "ads.create_campaign.idempotency.whole_key"),
    (FoldsPunctuation, "ads.create_campaign.idempotency.whole_key"),
    (CutsKeys, "ads.create_campaign.idempotency.whole_key"),
    (IgnoresTargeting, "ads.create_campaign.idempotency.every_member"),
    (IgnoresPaused, "ads.create_campaign.idempotency.every_member"),
    (TakesTheLater, "ads.create_campaign.idempotency.every_member"),
    (TrueIsOne, "ads.create_campaign.idempotency.by_value"),
    (KeyIsThePayload, "ads.create_campaign.idempotency.distinct_keys"),
    (RacesOnKeys, "ads.create_campaign.idempotency.concurrent"),
    (KeysInMemory, "ads.create_campaign.idempotency.restart"),
    (KeysInMemory, "ads.create_campaign.idempotency.new_process"),
    (IgnoresStateFiles, "ads.create_campaign.idempotency.new_process"),
    (HashesKeys, "ads.create_campaign.idempotency.new_process"),
    (BurnsKeys, "ads.create_campaign.idempotency.refused_is_free"),
    (PausesAnother, "ads.pause.idempotency.repeat"),
    (AcceptsForeignMoney, "ads.create_campaign.bad_input.foreign_currency"),
    (RefusesAsRetryable, "ads.create_campaign.bad_input.stale_start"),
    (WritesThenRefuses, "ads.create_campaign.bad_input.stale_start"),
    (DialsInTheConstructor, "ads.adapter.life_cycle.quiet_constructor"),
    (ClosesOnce, "ads.adapter.life_cycle.close_twice"),
    (LeaksThreads, "ads.adapter.life_cycle.no_leak"),
    (LeaksFiles, "ads.adapter.life_cycle.no_leak"),
    (SharesState, "ads.adapter.life_cycle.apart"),
    (NotForThreads, "ads.create_campaign.concurrency.all_effects"),
    (PausesAnother, "ads.pause.concurrency.same_calls"),
    (ReportsInTurn, "ads.report.concurrency.same_calls"),
    (Phones, "ads.adapter.offline.guard"),
    (Delegates, "ads.adapter.offline.guard"),
]


@pytest.mark.parametrize(("saboteur", "clause"), SABOTEURS)
def test_a_broken_promise_fails_its_clause(saboteur: type, clause: str) -> None:
    try:
        assert fallen(saboteur, only=clause) == {clause}
    finally:
        for end in LeaksThreads.ends:
            end.set()
        for file in LeaksFiles.files:
            file.close()


def test_every_generated_clause_has_a_saboteur() -> None:
    elsewhere = ("rule", "scenario")
    generated = {_kind(clause.id) for clause in contract("ads").clauses if clause.family not in elsewhere}
    refusals = {_kind(f"ads.{refusal.operation}.bad_input.{refusal.name}") for refusal in contract("ads").refusals}
    never_reaches_the_adapter = {("bad_input", "check")}
    over_an_engine = {clause for _, clauses in test_engine.SABOTEURS for clause in clauses}
    over_grpc = {clause for _, _, clauses in test_rpc.SABOTEURS for clause in clauses}
    mine = {clause for _, clause in SABOTEURS}
    sabotaged = {_kind(clause) for clause in {*mine, *over_an_engine, *over_grpc, test_pages.CLAUSE, *SABOTAGED}}
    assert generated - refusals - never_reaches_the_adapter <= sabotaged


def _kind(clause: str) -> tuple[str, ...]:
    return tuple(clause.split(".")[2:])


class Engine:
    """A vendor in this process's memory: nothing of it can be pickled."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.lock = threading.RLock()


class OverAnEngine(MockAds):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__({**config, "state": config["engine"].state}, ctx)


class TrueAttributeIsOne(MockLLMObservability):
    """Compares attributes under a known key as Python does."""

    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Any:
        kept = {key: int(value) if isinstance(value, bool) else value for key, value in attributes.items()}
        return super().trace_start(name, kept, parent, idempotency_key=idempotency_key)


class OrderCounts(MockLLMObservability):
    """Compares attributes under a known key as they are written down."""

    def trace_start(self, name: str, attributes: Any, parent: str | None, *, idempotency_key: str) -> Any:
        ordered = {**attributes, "order": [*attributes]}
        return super().trace_start(name, ordered, parent, idempotency_key=idempotency_key)


@pytest.mark.parametrize("saboteur", [TrueAttributeIsOne, OrderCounts])
def test_a_map_that_is_an_argument_is_compared_by_value_too(saboteur: type) -> None:
    clause = "llm_observability.trace_start.idempotency.by_value"
    assert fallen(saboteur, only=clause) == {clause}
    assert fallen(MockLLMObservability, only=clause) == set()


class LooksThenMakes(MockLLMObservability):
    """Looks for the key, lets go of the lock, and makes the trace then: a race of some microseconds."""

    def trace_start(self, *arguments: Any, idempotency_key: str, **named: Any) -> Any:
        with self._box as state:
            found = state.setdefault("made", {}).get(idempotency_key)
        if found is not None:
            return found
        made = super().trace_start(*arguments, idempotency_key=self._ctx.ids.new(), **named)
        with self._box as state:
            return state["made"].setdefault(idempotency_key, made)


def test_a_sample_that_is_the_same_for_every_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def constant(scene: Scene) -> dict[str, Any]:
        return samples["create_campaign"].arguments(replace(scene, n=0))

    samples = contract("ads").samples
    loaded = replace(contract("ads"), samples={**samples, "create_campaign": Sample(constant)})
    clause = next(c for c in loaded.clauses if c.id == "ads.create_campaign.idempotency.conflict")
    result = run_clause(Target("mock", loaded, Harness(MockAds), "tests"), clause).result
    assert result.verdict == "unproven"
    assert "gives one payload for every scene.n" in " ".join(result.text.split())


def test_threads_take_turns_so_that_a_short_race_is_seen() -> None:
    clause = "llm_observability.trace_start.idempotency.concurrent"
    assert fallen(LooksThenMakes, only=clause) == {clause}


def test_an_adapter_of_an_engine_in_memory_is_restarted_where_it_lives() -> None:
    made = Harness(OverAnEngine, fresh=lambda folder: Engine(), config=lambda engine: {"engine": engine})
    assert fallen(made, only="idempotency.new_process") == set()


def test_calls_at_once_are_made_though_a_thread_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "GATHER_S", 0.01)
    monkeypatch.setattr(subject, "Barrier", lambda parties: threading.Barrier(parties + 1))
    assert fallen(MockAds, only="ads.report.concurrency") == set()


class WithoutAudiences(MockCDP):
    sync_audience = None  # type: ignore[assignment]
    unsupported: ClassVar[dict[str, str]] = {"sync_audience": "there are none"}


def test_an_unsupported_operation_may_be_none() -> None:
    assert fallen(WithoutAudiences, only="cdp.sync_audience") == set()


def test_keys_kept_over_a_restart_pass_the_restart_clause_but_not_another_hash_seed() -> None:
    assert fallen(HashesKeys, only="idempotency.restart") == set()


class Async(MockAds):
    async def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:  # type: ignore[override]
        return super().create_campaign(spec, idempotency_key=idempotency_key)

    async def report(self, query: Any) -> Any:  # type: ignore[override]
        return super().report(query)

    async def aclose(self) -> None:
        return None


class ReturnsModels(MockAds):
    def pause(self, campaign_id: str) -> Any:
        return Campaign.model_validate({**super().pause(campaign_id), "extensions": {"raw": [1, {"a": None}]}})


class Unique(MockAds):
    """Refuses a name that is taken, and says so."""

    traits = AdsTraits(unique_names=True)

    def _refuse(self, spec: Any) -> None:
        super()._refuse(spec)
        with self._box as state:
            if any(spec.name == campaign["name"] for campaign in state["campaigns"].values()):
                raise NonRetryableError("conflict", "the name is taken")


class Lagging(MockAds):
    """Reports are an hour late."""

    traits = AdsTraits(read_bound_s=3_600)


class NoLifetime(MockAds):
    unsupported: ClassVar[dict[str, str]] = {"create_campaign.lifetime": "this vendor has daily budgets only"}
    traits = AdsTraits(objectives=("sales",), min_daily_budget=25_000_000)

    def _refuse(self, spec: Any) -> None:
        if spec.budget_type == "lifetime":
            raise NonRetryableError("unsupported", "daily budgets only")
        if spec.objective != "sales":
            raise NonRetryableError("invalid", "sales only")
        super()._refuse(spec)


@pytest.mark.parametrize("benign", [Async, ReturnsModels, Unique, Lagging, NoLifetime])
def test_an_unusual_but_correct_adapter_passes(benign: type) -> None:
    assert fallen(benign) == set()


def test_a_part_that_is_unsupported_must_be_refused() -> None:
    class Lies(NoLifetime):
        def _refuse(self, spec: Any) -> None:
            return None

    assert judge(NoLifetime, only="rule.lifetime")["ads.create_campaign.rule.lifetime"].verdict == "unsupported"
    assert fallen(Lies, only="rule.lifetime") == {"ads.create_campaign.rule.lifetime"}


def test_what_nobody_can_observe_is_unproven_and_says_what_to_add() -> None:
    class Blind(MockAds):
        observe = None  # type: ignore[assignment]

    del Blind.observe
    Blind.observe = property(lambda self: (_ for _ in ()).throw(AttributeError("observe")))  # type: ignore[assignment]
    result = judge(Blind, only="pause.idempotency.repeat")["ads.pause.idempotency.repeat"]
    assert result.verdict == "unproven"
    assert "observe() that returns an object with campaigns()" in " ".join(result.text.split())


def test_a_harness_gives_vendor_config_and_observer(tmp_path: Path) -> None:
    ended: list[str] = []

    class Vendor:
        def __init__(self, directory: Path) -> None:
            self.state: dict[str, Any] = {}
            self.directory = directory

        def close(self) -> None:
            ended.append(str(self.directory))

    def observe(vendor: Vendor) -> dict[str, Any]:
        return {"campaigns": [{"id": id, "name": c["name"]} for id, c in vendor.state.get("campaigns", {}).items()]}

    harness = Harness(MockAds, config=lambda vendor: {"state": vendor.state}, fresh=Vendor, observe=observe)
    assert fallen(harness, only="create_campaign.rule") == set()
    assert ended
    assert not any(Path(directory).exists() for directory in ended)


@pytest.mark.parametrize("part", ["fresh", "config", "given", "observe", "restart"])
def test_a_harness_that_fails_is_unproven_and_named(part: str) -> None:
    def fail(*_: Any) -> Any:
        raise ConnectionRefusedError("nobody listens")

    parts: dict[str, Any] = {part: fail}
    found = judge(Harness(MockAds, **parts), only="create_campaign.idempotency.restart")
    (result,) = found.values()
    assert result.verdict == "unproven"
    words = f"the harness of MockAds failed in {part}: ConnectionRefusedError: nobody listens"
    assert words in " ".join(result.text.split())
