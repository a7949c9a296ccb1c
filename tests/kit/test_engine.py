"""Engines that fail in process: correct adapters pass the clauses on them, and each wrong one falls on its own."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.errors import NonRetryableError, PalError, ProviderError, RetryableError
from pytest_pal.faults.engines import ENGINE_FAULTS
from pytest_pal.kit.bench import Bench
from pytest_pal.kit.engine import MemoryEngine, with_engine
from pytest_pal.kit.families import engine as family
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.plan import case_of
from pytest_pal.kit.subject import LiveSubject
from pytest_pal.kit.target import Target
from pytest_pal.mocks.ads import MockAds
from pytest_pal.mocks.cdp import MockCDP
from pytest_pal.mocks.llm_gateway import MockLLMGateway
from pytest_pal.mocks.llm_observability import MockLLMObservability
from pytest_pal.mocks.vectorstore import MockVectorStore
from pytest_pal.model.clause import Unproven
from pytest_pal.primitives.key_memo import KeyMemo

from ..judging import contract, fallen, judge
from .sqlite_ads import LEVERS, SqliteAds, over_sqlite

CREATE = "ads.create_campaign.fault."
WRITES = {f"{CREATE}{name}" for name in ENGINE_FAULTS}
REFUSES = WRITES - {f"{CREATE}engine_commit_then_fail"}


def on_engine(cls: type) -> Harness:
    return with_engine(Harness(cls))


def fell(saboteur: type | Harness, only: str = ".fault.") -> set[str]:
    """The clauses that failed; one that is unproven is not wanted here."""
    harness = saboteur if isinstance(saboteur, Harness) else on_engine(saboteur)
    results = judge(harness, only=only)
    assert results
    assert "unproven" not in {result.verdict for result in results.values()}
    return {id for id, result in results.items() if result.verdict == "failed"}


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here is quick, but for what waits for an engine that is busy."""
    monkeypatch.setattr(family, "BOUND_S", 0.05)


# correct, and unusual


@pytest.mark.parametrize("mock", [MockAds, MockCDP, MockLLMObservability, MockVectorStore])
def test_the_mocks_have_an_engine_that_fails_of_their_own(mock: type) -> None:
    assert len(judge(mock, only=".fault.")) >= 14
    assert fallen(mock, only=".fault.") == set()


def test_an_adapter_over_a_real_engine_holds_under_its_real_faults() -> None:
    assert len(judge(over_sqlite(SqliteAds), only=".fault.")) == 14
    assert fallen(over_sqlite(SqliteAds), only=".fault.") == set()


class Asynchronous(MockAds):
    async def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class Careful(MockAds):
    """Says of every write that fails that its outcome is unknown: less than it could know, and not wrong."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            error.outcome_unknown = True
            raise


class Cached(MockAds):
    """Answers from the last report that it made, whatever became of the engine."""

    last: Any = None

    def report(self, query: Any) -> Any:
        try:
            self.last = super().report(query)
        except ProviderError:
            if self.last is None:
                raise
        return self.last


class LooksAgain(MockAds):
    """After a write that may have happened it looks whether it did."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            if not error.outcome_unknown:
                raise
            with self._box as state:
                return state["keys"][f"create_campaign/{idempotency_key}"]["result"]


class AtMostOnce(MockAds):
    """A vendor without keys, and the memo that makes up for it."""

    traits = AdsTraits(delivery="at_most_once", min_daily_budget=1_000_000)

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, durable=False)

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        def action() -> Any:
            try:
                return super(AtMostOnce, self).create_campaign(spec, idempotency_key=self._ctx.ids.new())
            except RetryableError as error:
                if not error.outcome_unknown:
                    raise
                raise NonRetryableError(error.code, error.message, outcome_unknown=True) from error

        return self._memo.run("create_campaign", idempotency_key, spec.plain(), action)


@pytest.mark.parametrize("adapter", [Asynchronous, Careful, Cached, LooksAgain, AtMostOnce])
def test_an_unusual_but_correct_adapter_passes(adapter: type) -> None:
    assert fallen(on_engine(adapter), only=".fault.") == set()


class StoresInParts(MockVectorStore):
    """A batch is a write for each record."""

    def index(self, collection: str, records: Any, metric: Any, dimension: int) -> Any:
        stored, failed, last = 0, [], None
        for record in records:
            try:
                stored += super().index(collection, [record], metric, dimension)["stored"]
            except ProviderError as error:
                last = error
                failed.append({"id": record.id, "code": error.code, "retryable": isinstance(error, RetryableError)})
        if last is not None and not stored:
            raise last
        return {"stored": stored, "failed": failed}


class SoonFull(MemoryEngine):
    """Has room for one write more."""

    room = 1

    def save(self, state: Any) -> None:
        fault = self._fault
        if fault and self.room:
            self.room, self._fault = 0, ""
        super().save(state)
        self._fault = fault


def test_a_part_that_was_stored_is_no_success_that_lied() -> None:
    assert fallen(on_engine(StoresInParts), only="index.fault.") == set()
    soon = replace(on_engine(StoresInParts), fresh=SoonFull)
    assert fallen(soon, only="index.fault.engine_full") == set()


# wrong


class Swallows(MockAds):
    """Reports success where the engine refused."""

    code: ClassVar[str]

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            if error.code != self.code:
                raise
            fields = ("name", "budget", "currency", "objective")
            return {**{field: spec.plain()[field] for field in fields}, "id": "c-1", "status": "active"}


class SwallowsBusy(Swallows):
    code = "unavailable"


class SwallowsFull(Swallows):
    code = "quota_exhausted"


class SwallowsReadOnly(Swallows):
    code = "forbidden"


class RetriesInside(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        for _ in range(2):
            try:
                return super().create_campaign(spec, idempotency_key=idempotency_key)
            except ProviderError:
                continue
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class RetriesReads(MockAds):
    def report(self, query: Any) -> Any:
        try:
            return super().report(query)
        except RetryableError:
            return super().report(query)


class LeavesHalf(MockAds):
    """What it could not write stays in its memory, and is written with the next."""

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._half: dict[str, Any] = {}

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            if not error.outcome_unknown:
                self._half["c-half"] = {**spec.plain(), "id": "c-half", "start": None, "stopped": None}
            raise

    def _account(self, state: Any) -> Any:
        state["campaigns"].update(self._half)
        return super()._account(state)


class LetsOut(MockAds):
    """Raises what is under the error of the taxonomy."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return self._bare(lambda: super(LetsOut, self).create_campaign(spec, idempotency_key=idempotency_key))

    def report(self, query: Any) -> Any:
        return self._bare(lambda: super(LetsOut, self).report(query))

    def _bare(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ProviderError as error:
            raise error.__cause__ or error from None


class BurnsKeys(MockAds):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._burnt: set[str] = set()

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        if idempotency_key in self._burnt:
            raise RetryableError("in_progress")
        self._burnt.add(idempotency_key)
        made = super().create_campaign(spec, idempotency_key=idempotency_key)
        self._burnt.discard(idempotency_key)
        return made


class Doubles(MockAds):
    """Remembers a key in a second write, which the first one's failure keeps from being made."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            if idempotency_key in state.get("made", {}):
                return state["made"][idempotency_key]
        made = super().create_campaign(spec, idempotency_key=self._ctx.ids.new())
        with self._box as state:
            state.setdefault("made", {})[idempotency_key] = made
        return made


class KnowsTooMuch(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            error.outcome_unknown = False
            raise


class CallsItInvalid(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except ProviderError as error:
            raise NonRetryableError("invalid") from error


class NeverAgain(MockAds):
    """What the engine refused for now is refused for good."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except RetryableError as error:
            raise NonRetryableError(error.code, outcome_unknown=error.outcome_unknown) from error


class StaysBroken(MockAds):
    """Gives the vendor up after its first failure."""

    failed: ProviderError | None = None

    def report(self, query: Any) -> Any:
        if self.failed is not None:
            raise self.failed
        try:
            return super().report(query)
        except ProviderError as error:
            self.failed = error
            raise


class ReportsNothing(MockAds):
    def report(self, query: Any) -> Any:
        try:
            return super().report(query)
        except ProviderError:
            return type(self)({}, self._ctx).report(query)


class StartsAfresh(MockAds):
    """Takes a store that it cannot read for one that is empty."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except NonRetryableError as error:
            if error.code != "malformed_reply":
                raise
        empty = {"campaigns": {}, "keys": {}}
        kept, self._box = self._box, type(self._box)(empty, dict)
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        finally:
            self._box = kept
            kept._engine.save(empty)  # type: ignore[union-attr]


def faults(*names: str) -> set[str]:
    return {f"{CREATE}engine_{name}" for name in names}


SABOTEURS = [
    (SwallowsBusy, faults("busy", "commit_then_fail")),
    (SwallowsFull, faults("full")),
    (SwallowsReadOnly, faults("read_only")),
    (RetriesInside, REFUSES),
    (RetriesReads, {"ads.report.fault.engine_busy"}),
    (LeavesHalf, REFUSES),
    (LetsOut, WRITES | {"ads.report.fault.engine_busy", "ads.report.fault.engine_corrupt"}),
    (BurnsKeys, WRITES),
    (Doubles, faults("commit_then_fail")),
    (KnowsTooMuch, faults("commit_then_fail")),
    (CallsItInvalid, WRITES),
    (NeverAgain, faults("busy", "commit_then_fail")),
    (StaysBroken, {"ads.report.fault.engine_busy", "ads.report.fault.engine_corrupt"}),
    (ReportsNothing, {"ads.report.fault.engine_busy", "ads.report.fault.engine_corrupt"}),
    (StartsAfresh, faults("corrupt")),
]


@pytest.mark.parametrize(("saboteur", "clauses"), SABOTEURS)
def test_a_wrong_adapter_falls_on_what_speaks_of_it(saboteur: type, clauses: set[str]) -> None:
    assert fell(saboteur) == clauses


class Waits(SqliteAds):
    """Waits for as long as SQLite does by default."""

    def _opened(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)


def test_an_adapter_that_waits_longer_than_its_bound_is_not_waited_for() -> None:
    (result,) = judge(over_sqlite(Waits), only="ads.pause.fault.engine_busy").values()
    assert result.verdict == "failed"
    assert "pause had not given up after 0.5 s, of ctx.timeout = 0.05" in " ".join(result.text.split())


class LosesTheBusyWrite(SqliteAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except RetryableError as error:
            if error.outcome_unknown:
                raise
            return {**spec.plain(), "id": "c-1", "status": "active"}


class LetsSqliteOut(SqliteAds):
    @contextmanager
    def _translated(self, *, outcome_unknown: bool = False) -> Iterator[None]:
        yield


class CommitsInParts(SqliteAds):
    """The effect first and the key in a second transaction: the first one's failure leaves the key out."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._transaction() as db:
            known = db.execute("SELECT body FROM events WHERE key = ?", (idempotency_key,)).fetchone()
        if known is not None:
            return json.loads(known[0])
        made = super().create_campaign(spec, idempotency_key=self._ctx.ids.new())
        with self._transaction() as db:
            db.execute("INSERT INTO events VALUES ('key', NULL, ?, ?)", (json.dumps(made), idempotency_key))
        return made


class TakesAFaultForAnEmptyStore(SqliteAds):
    def report(self, query: Any) -> Any:
        try:
            return super().report(query)
        except ProviderError:
            self._connect = lambda path, **options: sqlite3.connect(":memory:", **options)
            return super().report(query)


REAL_SABOTEURS = [
    (LosesTheBusyWrite, faults("busy")),
    (CommitsInParts, faults("commit_then_fail")),
    (TakesAFaultForAnEmptyStore, {"ads.report.fault.engine_busy", "ads.report.fault.engine_corrupt"}),
]


@pytest.mark.parametrize(("saboteur", "clauses"), REAL_SABOTEURS)
def test_the_same_over_a_real_engine(saboteur: type, clauses: set[str]) -> None:
    assert fell(over_sqlite(saboteur)) == clauses


def test_no_exception_of_sqlite_may_leave_an_adapter() -> None:
    assert fell(over_sqlite(LetsSqliteOut), only=CREATE) == WRITES


# what proves nothing


def unproven(harness: Harness, only: str) -> str:
    (result,) = judge(harness, only=only).values()
    assert result.verdict == "unproven"
    return " ".join(result.text.split())


@contextmanager
def counting(disk: Any) -> Iterator[Callable[[], int]]:
    yield lambda: 0


@contextmanager
def broken(disk: Any) -> Iterator[None]:
    raise ZeroDivisionError("a lever came off")
    yield


NO_PROOF = [
    ({"engine_busy": nullcontext}, "engine_busy", "did not stop create_campaign, whose effect is there: let inject"),
    ({"engine_busy": counting}, "engine_busy", "engine_busy never fired: create_campaign did not ask the engine"),
    ({"engine_full": broken}, "engine_full", "failed in inject engine_full: ZeroDivisionError: a lever came off"),
    ({"engine_full": lambda disk: None}, "engine_full", "failed in inject engine_full: AttributeError"),
    ({"engine_commit_then_fail": LEVERS["engine_busy"]}, "engine_commit_then_fail", "let inject fail after the commit"),
]


@pytest.mark.parametrize(("levers", "name", "words"), NO_PROOF)
def test_a_fault_that_did_not_happen_proves_nothing(levers: dict[str, Any], name: str, words: str) -> None:
    assert words in unproven(over_sqlite(SqliteAds, **levers), f"{CREATE}{name}")


def test_a_fault_that_the_harness_does_not_offer_cannot_be_injected() -> None:
    target = Target("acme_ads", contract("ads"), Harness(MockAds, inject={"engine_full": nullcontext}), "tests")
    words = "acme_ads injects no engine_busy: add inject="
    with LiveSubject(Bench(target)) as subject, pytest.raises(Unproven, match=words), subject.injecting("engine_busy"):
        pass


# which clauses apply


def case(harness: Harness) -> Any:
    return case_of(Target("acme", contract(harness.cls.capability), harness, "tests"))  # type: ignore[attr-defined]


def test_clauses_apply_where_the_harness_offers_their_fault() -> None:
    none, some = case(Harness(SqliteAds)), case(Harness(SqliteAds, inject={"engine_full": nullcontext}))
    ours = {clause.id for clause in some.clauses if clause.family == "fault"}
    assert ours == {f"ads.{name}.fault.engine_full" for name in ("create_campaign", "report", "pause")}
    assert ours <= some.required.ids
    assert not [clause for clause in none.clauses if clause.family == "fault"]
    assert len([clause for clause in none.required.not_applicable if clause.inject]) == 14
    reasons = {reason for clause, reason in some.required.not_applicable.items() if clause.inject == "engine_busy"}
    assert reasons == {"its harness injects no engine_busy"}


def test_a_mock_is_asked_for_all_of_them_and_one_without_state_for_none() -> None:
    found = [clause.inject for clause in case(Harness(MockAds)).clauses if clause.inject]
    assert set(found) == set(ENGINE_FAULTS)
    assert not [clause for clause in case(Harness(MockLLMGateway)).clauses if clause.family == "fault"]


def test_a_read_commits_nothing_so_that_nothing_can_fail_after_it() -> None:
    found = {clause.inject for clause in contract("ads").clauses if clause.id.startswith("ads.report.fault.engine_")}
    assert found == set(ENGINE_FAULTS) - {"engine_commit_then_fail"}


def test_the_state_of_a_mock_is_an_engine_only_where_a_fault_is_injected() -> None:
    target = Target("mock_ads", contract("ads"), Harness(MockAds, config={"currency": "EUR"}), "tests")
    assert target.harness.fresh is None
    engine = MemoryEngine()
    assert target.injecting.config_for(engine) == {"currency": "EUR", "state": engine}
    own = Harness(MockAds, inject={"engine_full": nullcontext})
    assert Target("mock_ads", contract("ads"), own, "tests").injecting is own


def test_a_vendor_that_needs_no_directory_has_none_made(tmp_path: Path) -> None:
    def never() -> Path:
        raise AssertionError("nobody wants a directory")

    assert Harness(MockAds).fresh_vendor(never) is None
    assert isinstance(on_engine(MockAds).fresh_vendor(never), MemoryEngine)
    assert Harness(MockAds, fresh=str).fresh_vendor(lambda: tmp_path) == str(tmp_path)


# what a harness may say

WRONG = [
    (
        {"engine_bussy": nullcontext},
        r"names 'engine_bussy'; did you mean 'engine_busy'\? there are engine_busy, engine_f",
    ),
    ({3: nullcontext}, r"names 3; there are engine_busy"),
    (lambda disk: nullcontext, r"is a function; map names to functions of the vendor: engine_busy"),
    (
        {"engine_full": None},
        r"'engine_full' is a NoneType; write a function of the vendor that gives a context manager",
    ),
]


@pytest.mark.parametrize(("inject", "words"), WRONG)
def test_a_harness_that_injects_what_there_is_not_is_told_what_there_is(inject: Any, words: str) -> None:
    with pytest.raises(PalError, match=rf"Harness\(MockAds, inject=\.\.\.\).*{words}"):
        Harness(MockAds, inject=inject)
