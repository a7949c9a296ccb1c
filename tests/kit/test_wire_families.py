"""Clauses over the wire: each has a client that it fails, and a wrong client fails on what speaks of it alone."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from pytest_pal.errors import NonRetryableError, ProviderError, RetryableError
from pytest_pal.faults.catalogue import CATALOGUE
from pytest_pal.faults.message import Delivery, Reply, Request
from pytest_pal.kit import trial
from pytest_pal.kit.endpoint import Endpoint, effect
from pytest_pal.kit.families import wire
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.live_vendor import LiveVendor
from pytest_pal.kit.twins import harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.client import Client
from pytest_pal.model.clause import WHOLE
from pytest_pal.model.operation import Operation
from pytest_pal.model.payload import Output
from pytest_pal.prove.experiments.datafile import DATAFILE, DatafileExperiments, DecidesHere

from ..judging import GREEN, fallen, judge
from . import unusual_twins
from . import wrong_clients as wrong
from .unusual_twins import UNUSUAL, AtMostOnceAds, Deferring


def named(*families: str, **checks: str) -> set[str]:
    """``fault="hang drip"`` as {"fault.hang", "fault.drip"}."""
    return {*families, *(f"{family}.{check}" for family, listed in checks.items() for check in listed.split())}


ROWS = [fault for fault in CATALOGUE if "http" in fault.seams]
ALL_FAULTS = named(fault=" ".join(fault.name for fault in ROWS))
LOST = named(fault="reset_before reset_after closed truncated")
UNSENT = named(fault="refused dns tls")
UNREADABLE = named(fault="malformed empty wrong_type hollow")
WAITING = named(fault="hang drip drip_head late")
SLOW = WAITING | named(fault="endless")
BROKEN_INSIDE = named(fault="status_500 status_502 status_503 status_504")
MEANINGS = named(fault="hard_quota throttled_400 error_in_200 key_in_flight")
HARMLESS = named(fault="clock_skew")
EITHER = named(fault="status_408 status_501 status_503_retry_after")
AS_UNKNOWN = LOST | UNREADABLE | SLOW | BROKEN_INSIDE
AS_KNOWN = ALL_FAULTS - AS_UNKNOWN - HARMLESS - EITHER
UNAVAILABLE = named(fault="status_425 status_500 status_501 status_502 status_503 status_503_retry_after")
INVALID = named(fault="status_400 status_422 error_in_200")


def speaking(client: type[Client], base: type = TwinAds) -> Any:
    """The ads twin with another client."""
    cls = type(client.__name__, (base,), {"__module__": __name__}, client=client)  # type: ignore[call-arg]
    return replace(harness.ADS, cls=cls)


WRONG: list[tuple[type[Client], set[str]]] = [
    (wrong.Insistent, named(retry="not_again one_attempt three_attempts", telemetry="record")),
    (wrong.Retrying, named(retry="no_replay one_attempt three_attempts", telemetry="record")),
    (wrong.RetryingThrottled, named(retry="one_attempt three_attempts", telemetry="record")),
    (wrong.RetryingLost, named(retry="no_replay one_attempt")),
    (wrong.RetryingSlow, named(retry="slow_is_one_attempt one_attempt")),
    (wrong.Unbounded, WAITING | named(retry="slow_is_one_attempt")),
    (wrong.BoundsEachRead, SLOW - named(fault="hang late")),
    (wrong.Raw, LOST | UNSENT | SLOW | UNREADABLE | named(fault="redirected", retry="recovers")),
    (wrong.AlwaysKnown, AS_UNKNOWN),
    (wrong.NeverKnown, AS_KNOWN),
    (wrong.Final, ALL_FAULTS - INVALID - HARMLESS | named(retry="three_attempts recovers retry_after")),
    (wrong.Hopeful, ALL_FAULTS - LOST - UNSENT - UNAVAILABLE - HARMLESS | named(retry="not_again retry_after")),
    (wrong.Hasty, named(retry="retry_after")),
    (
        wrong.Sulking,
        ALL_FAULTS - HARMLESS - named(fault="dns tls")
        | named(idempotency="interrupted lost_ack", secrets="hidden", telemetry="record")
        | named(retry="not_again one_attempt recovers retry_after three_attempts"),
    ),
    (wrong.ByTheStatus, MEANINGS),
    (wrong.TakesAnyBody, UNREADABLE),
    (wrong.Follows, named(fault="redirected")),
    (wrong.TrustsAnybody, named(fault="tls")),
    (wrong.LooksUpAtOnce, named(fault="dns")),
    (wrong.MindsTheClock, HARMLESS),
    (wrong.Talkative, named(secrets="hidden")),
    (wrong.Quoting, named(secrets="hidden", retry="retry_after")),
    (wrong.Attaching, named(secrets="hidden")),
]
"""What falls of the operation pause, among the families over the wire: everything else holds."""
BY_NATURE = {"ads.pause.bad_input.unknown_campaign"}
"""Whoever misreads a status misreads the 404 of a campaign that is not there, too."""
BY_SPEED = {f"ads.{name}.fault.endless" for name in TwinAds._of.operations}
"""A client without a bound reads until it has too much; how long that takes is the machine's."""


@pytest.mark.parametrize(("client", "clauses"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_client_falls_on_what_speaks_of_it_and_on_nothing_else(
    client: type[Client], clauses: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if client in (wrong.RetryingSlow, wrong.BoundsEachRead):  # on a busy machine the smallest bound hides them
        monkeypatch.setattr(trial, "BOUNDS_S", (0.4, 1.0))
        monkeypatch.setattr(trial, "GIVES_UP_WITHIN", 4)
    found = fallen(speaking(client), only="ads.pause.")
    free = BY_NATURE | BY_SPEED if client is wrong.Unbounded else BY_NATURE
    assert found - free == {f"ads.pause.{clause}" for clause in clauses} - free


# all of an adapter, for the five that everybody knows


KEYS = named("shape.no_alias", rule="known_key_first other_end replay") | named(
    idempotency="by_value concurrent conflict every_member late_repeat lost_ack newer_writes repeat restart",
    retry="recovers stable_key",
)
REFUSED = named(
    bad_input="foreign_currency low_budget stale_start",
    idempotency="by_value conflict every_member refused_is_free",
    rule="other_end",
)
SCENARIOS_WITH_KEYS = named(golden="long_life", scenario="long_life")
SCENARIOS_THAT_REFUSE = named(golden="refused_inputs", scenario="refused_inputs")
DOUBLED = named(retry="not_again one_attempt three_attempts", telemetry="record")
SWALLOWED = ALL_FAULTS - HARMLESS | named(retry="retry_after three_attempts")
NO_TIMEOUT = WAITING | named(retry="slow_is_one_attempt")
LOGGED = named(secrets="hidden")

KNOWN_MISTAKES: list[tuple[type[Client], dict[str, set[str]]]] = [
    (wrong.Keyless, {"create_campaign": KEYS, WHOLE: SCENARIOS_WITH_KEYS}),
    (wrong.Insistent, {"create_campaign": DOUBLED, "pause": DOUBLED, "report": DOUBLED}),
    (
        wrong.Swallowing,
        {
            "create_campaign": SWALLOWED | REFUSED | named(telemetry="record"),
            "pause": SWALLOWED | named(bad_input="unknown_campaign", telemetry="record"),
            "report": SWALLOWED - named(fault="hollow") | named(bad_input="unknown_campaign", retry="recovers"),
            WHOLE: SCENARIOS_THAT_REFUSE | named(telemetry="error_rate"),
        },
    ),
    (wrong.Unbounded, {"create_campaign": NO_TIMEOUT, "pause": NO_TIMEOUT, "report": NO_TIMEOUT}),
    (wrong.Talkative, {"create_campaign": LOGGED, "pause": LOGGED, "report": LOGGED}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("client", "clauses"), KNOWN_MISTAKES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_known_mistake_turns_red_exactly_what_speaks_of_it(
    client: type[Client], clauses: dict[str, set[str]]
) -> None:
    expected = {f"ads.{operation}.{clause}" for operation, listed in clauses.items() for clause in listed}
    found = fallen(speaking(client))
    assert (found - BY_SPEED if client is wrong.Unbounded else found) == expected


# one status each


STATUSES = sorted({fault.status for fault in ROWS if fault.status != 200})


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_that_is_misread_falls_on_the_faults_that_show_it(status: int) -> None:
    client = type(f"Misreads{status}", (wrong.Misreading,), {"status": status})
    shown = {f.name for f in ROWS if f.status == status and f.delivery is Delivery.WHOLE and not f.unreachable}
    found = fallen(speaking(client), only="ads.pause.fault.")
    assert found == {f"ads.pause.fault.{name}" for name in shown}


# what needs more than a client


class ShowsItsToken(TwinAds):
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client.authorization()})"


class ClaimsLocal(TwinAds):
    meets_wire = {"pause": "local"}  # noqa: RUF012 - as an adapter's author writes it


class ClaimsPure(TwinAds):
    meets_wire = {"pause": "pure"}  # noqa: RUF012


class Blocking(TwinAds):
    """Is async in name only."""

    async def pause(self, campaign_id: str) -> Any:  # type: ignore[override]
        return super().pause(campaign_id)


def over(cls: type) -> Harness:
    return replace(harness.ADS, cls=cls)


def keyless(cls: type, *more: Endpoint) -> Harness:
    """The ads twin before a vendor that knows no keys."""
    own = [replace(endpoint, key=None) for endpoint in harness.identity(TwinAds._of)]
    return harness.twin(cls, *own, *more)


class NeverSends(Deferring):
    """Puts off, and forgets."""

    def flush(self) -> None:
        self._queue.clear()


class SendsInVain(Deferring):
    """Does not say what could not be sent."""

    def flush(self) -> None:
        with suppress(NonRetryableError):
            super().flush()


class LosesCount(Deferring):
    """Does not say how much could not be sent."""

    def flush(self) -> None:
        try:
            super().flush()
        except NonRetryableError as error:
            raise NonRetryableError(error.code, error.message) from error


class TriesOnce(Deferring):
    """Throws away what it could not send."""

    def flush(self) -> None:
        try:
            super().flush()
        finally:
            self._queue.clear()


class DoublesWhatIsLost(AtMostOnceAds):
    """Forgets a key whose outcome is not known."""

    def _call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        try:
            return super()._call(operation, arguments)
        except ProviderError:
            if operation.key:
                with self._memo._store.transaction() as db:
                    db.execute("DELETE FROM keys")
            raise


class ForgetsExposures(DecidesHere):
    """Drops at its end what waits for a report."""

    def close(self) -> None:
        self._waiting.clear()
        super().close()


class ClosesQuietly(DecidesHere):
    """Does not tell what it could not send at its end."""

    def close(self) -> None:
        with suppress(NonRetryableError):
            super().close()


class Forgetful(DatafileExperiments, client=ForgetsExposures):
    pass


class Quiet(DatafileExperiments, client=ClosesQuietly):
    pass


LATER, _ = UNUSUAL["evaluations that are sent later"]
KEYLESS, _ = UNUSUAL["at most once, at a vendor without keys"]


OWN: list[tuple[Harness, str]] = [
    (replace(LATER, cls=NeverSends), "llm_observability.log_eval.wire.claim"),
    (replace(LATER, cls=SendsInVain), "llm_observability.link.fault.status_503"),
    (replace(LATER, cls=LosesCount), "llm_observability.log_eval.fault.status_400"),
    (replace(LATER, cls=TriesOnce), "llm_observability.log_eval.idempotency.interrupted"),
    (replace(KEYLESS, cls=DoublesWhatIsLost), "ads.create_campaign.idempotency.lost_ack"),
    (replace(DATAFILE, cls=Forgetful), "experiments.assign.wire.claim"),
    (replace(DATAFILE, cls=Quiet), "experiments.assign.wire.claim"),
    (over(ShowsItsToken), "ads.adapter.secrets.repr"),
    (over(ClaimsLocal), "ads.pause.wire.claim"),
    (over(ClaimsPure), "ads.pause.wire.claim"),
    (speaking(wrong.Remembers), "ads.pause.wire.claim"),
    (over(Blocking), "ads.pause.concurrency.free_loop"),
    (
        keyless(speaking(wrong.LeavesHalf).cls, effect("POST /confirm", calls=lambda *_: {})),
        "ads.create_campaign.idempotency.interrupted",
    ),
]


@pytest.mark.parametrize(("adapter", "clause"), OWN, ids=lambda value: getattr(value, "cls", type).__name__)
def test_a_broken_promise_fails_its_clause(adapter: Harness, clause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BLOCKED_S", 0.1)
    assert judge(adapter, only=clause)[clause].verdict == "failed"


SABOTAGED = {
    *(f"ads.pause.{clause}" for _, clauses in WRONG for clause in clauses),
    *(f"ads.{name}.{id}" for _, by_name in KNOWN_MISTAKES for name, found in by_name.items() for id in found),
    *(clause for _, clause in OWN),
}
"""The clauses that some adapter above falls on."""


# correct, and unusual


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_but_correct_adapter_holds(name: str) -> None:
    adapter, only = UNUSUAL[name]
    results = judge(adapter, only=only)
    assert results
    assert {id: found.text for id, found in results.items() if found.verdict not in GREEN} == {}


def test_a_vendor_may_chunk_its_replies_and_keep_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    respond = LiveVendor._respond

    def unusual(self: LiveVendor, request: Request) -> Reply:
        reply = respond(self, request)
        return replace(reply, headers={**reply.headers, "connection": "close"}, chunked=True)

    monkeypatch.setattr(LiveVendor, "_respond", unusual)
    assert fallen(harness.ADS, only=".pause.") == set()


def test_the_request_that_decides_is_judged_as_strictly_as_an_only_one() -> None:
    class NeverSure(unusual_twins.LooksFirst, wrong.AlwaysKnown):
        pass

    looks_first, _ = UNUSUAL["a request before each write"]
    client = replace(looks_first, cls=speaking(NeverSure).cls)
    found = fallen(client, only="ads.pause.fault.")
    assert found == {f"ads.pause.{clause}" for clause in AS_UNKNOWN - named(fault="late")}


def test_whoever_follows_a_redirect_is_seen_where_it_led() -> None:
    (result,) = judge(speaking(wrong.Follows), only="ads.report.fault.redirected").values()
    assert "it went where a redirect led" in result.text
    assert "GET /report" in result.text


def test_what_needs_words_that_a_vendor_has_not_is_not_asked_of_its_adapter() -> None:
    adapter, _ = UNUSUAL["a vendor with words of its own"]
    tried = {id.removeprefix("ads.pause.fault.") for id in judge(adapter, only="ads.pause.fault.")}
    assert {fault.name for fault in ROWS} - tried == {
        "throttled_400",
        "error_in_200",
        "key_in_flight",
        "status_402",
    }


# a busy machine


class Hurried(Client):
    """Has, after a failure, no time for anything while its bound is small: as on a machine that is busy."""

    failed = False

    def attempt(self, operation: Operation, arguments: Mapping[str, Any]) -> Output:
        if self.failed and self.seconds() < 0.1:
            raise RetryableError("timeout", "the machine is busy")
        try:
            return super().attempt(operation, arguments)
        except RetryableError:
            self.failed = True
            raise


@pytest.mark.parametrize("check", ["fault.hang", "fault.drip", "retry.slow_is_one_attempt"])
def test_what_a_busy_machine_does_is_not_laid_at_an_adapter_s_door(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "BOUNDS_S", (1e-6, 0.05, 0.4))
    assert fallen(speaking(Hurried), only=f"ads.create_campaign.{check}") == set()


def test_an_adapter_that_never_works_again_is_seen_with_the_largest_bound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "BOUNDS_S", (0.05, 0.09))
    (result,) = judge(speaking(Hurried), only="ads.pause.fault.hang").values()
    assert result.verdict == "failed"
    assert "after the fault was lifted, the same call must succeed" in result.text
