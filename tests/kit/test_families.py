"""Every generated clause has a saboteur that it must fail; correct but unusual adapters pass them all."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.ads.protocol import AdsTraits, Campaign
from pytest_pal.errors import NonRetryableError
from pytest_pal.kit import subject
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.runner import run_clause
from pytest_pal.kit.target import Target
from pytest_pal.mocks.ads import MockAds
from pytest_pal.mocks.cdp import MockCDP
from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.model.samples import Sample, Scene
from pytest_pal.prove.ads.keys import HashesKeys

from ..judging import contract, fallen, judge


class AliasesRead(MockCDP):
    def get_profile(self, id: str) -> Any:
        found = super().get_profile(id)
        with self._box as state:
            kept = {event["event_id"]: event["properties"] for event in state["events"]}
        return {**found, "events": [{**event, "properties": kept[event["event_id"]]} for event in found["events"]]}


def test_a_read_that_hands_out_what_is_stored_falls() -> None:
    clause = "cdp.get_profile.shape.no_alias"
    assert fallen(AliasesRead, only=clause) == {clause}


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
