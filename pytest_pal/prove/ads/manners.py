"""Wrong in manners: shape, refusals, life cycle, threads, the network."""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from ...errors import NonRetryableError, RetryableError
from ...mocks.ads import AdsAccount, MockAds
from ..saboteur import RECORDED, Saboteur


class ReturnsNonsense(MockAds):
    def report(self, query: Any) -> Any:
        return {**super().report(query), "currency": "dollars"}


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


class Random(MockAds):
    def report(self, query: Any) -> Any:
        return {**super().report(query), "timezone": f"UTC {id(self)}"}


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

    @classmethod
    def let_go(cls) -> None:
        while cls.ends:
            cls.ends.pop().set()


class LeaksFiles(MockAds):
    files: ClassVar[list[Any]] = []

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self.files.append(Path("/dev/null").open())  # noqa: SIM115 - leaking is the point

    @classmethod
    def let_go(cls) -> None:
        while cls.files:
            cls.files.pop().close()


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


SABOTEURS = (
    Saboteur(
        "returns_nonsense", ReturnsNonsense, "ads.report.shape.output", also=RECORDED, reason="no report can be read"
    ),
    Saboteur("aliases_result", AliasesResult, "ads.create_campaign.shape.no_alias"),
    Saboteur("aliases_repeat", AliasesRepeat, "ads.create_campaign.shape.no_alias"),
    Saboteur("random", Random, "ads.report.determinism.same_calls", also=RECORDED, reason="no two reports are alike"),
    Saboteur(
        "accepts_foreign_money",
        AcceptsForeignMoney,
        "ads.adapter.golden.refused_inputs",
        also=(
            "ads.adapter.scenario.refused_inputs",
            "ads.create_campaign.bad_input.foreign_currency",
            "ads.create_campaign.bad_input.low_budget",
            "ads.create_campaign.bad_input.stale_start",
            "ads.create_campaign.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "refuses_as_retryable",
        RefusesAsRetryable,
        "ads.create_campaign.bad_input.stale_start",
        also=(
            "ads.adapter.golden.refused_inputs",
            "ads.adapter.scenario.refused_inputs",
            "ads.create_campaign.bad_input.foreign_currency",
            "ads.create_campaign.bad_input.low_budget",
            "ads.create_campaign.idempotency.refused_is_free",
        ),
    ),
    Saboteur(
        "writes_then_refuses",
        WritesThenRefuses,
        "ads.create_campaign.bad_input.stale_start",
        also=RECORDED,
        reason="whatever is made is made twice, and whatever is refused is made",
    ),
    Saboteur(
        "dials_in_the_constructor",
        DialsInTheConstructor,
        "ads.adapter.life_cycle.quiet_constructor",
        also=RECORDED,
        reason="the guard sees every instance that is made",
    ),
    Saboteur("closes_once", ClosesOnce, "ads.adapter.life_cycle.close_twice"),
    Saboteur("leaks_threads", LeaksThreads, "ads.adapter.life_cycle.no_leak"),
    Saboteur("leaks_files", LeaksFiles, "ads.adapter.life_cycle.no_leak"),
    Saboteur(
        "shares_state",
        SharesState,
        "ads.adapter.life_cycle.apart",
        also=RECORDED,
        reason="every item sees what the items before it left",
    ),
    Saboteur(
        "not_for_threads",
        NotForThreads,
        "ads.create_campaign.concurrency.all_effects",
        also=("ads.create_campaign.idempotency.concurrent",),
    ),
    Saboteur(
        "reports_in_turn",
        ReportsInTurn,
        "ads.report.concurrency.same_calls",
        also=("ads.adapter.golden.edge_values", "ads.adapter.scenario.edge_values"),
    ),
    Saboteur("phones", Phones, "ads.adapter.offline.guard", also=RECORDED, reason="the guard sees every report"),
    Saboteur("delegates", Delegates, "ads.adapter.offline.guard", also=RECORDED, reason="the guard sees every report"),
    Saboteur(
        "careless",
        Careless,
        "ads.adapter.golden.every_operation",
        also=("ads.adapter.golden.edge_values", "ads.adapter.golden.long_life"),
    ),
)
