"""What a harness or an adapter's author gets wrong about the wire: each is red, and says which and why."""

import ast
from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent
from typing import Any

import pytest

from pytest_pal.errors import ErrorCode, PalError
from pytest_pal.faults.catalogue import BY_NAME
from pytest_pal.faults.message import Reply
from pytest_pal.kit.endpoint import Endpoint, auth, effect, read
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.twins import harness
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.vendor import Vendor
from pytest_pal.mocks.ads import MockAds
from pytest_pal.model.verdict import ClauseResult

from ..judging import judge
from . import wrong_clients as wrong

CREATE, REPORT, PAUSE = harness.identity(TwinAds._of)


def told(adapter: Harness, clause: str) -> ClauseResult:
    """The result of one clause; its text on one line."""
    (result,) = judge(adapter, only=clause).values()
    return replace(result, text=" ".join(result.text.split()))


def before(*endpoints: Endpoint, **own: Any) -> Harness:
    return Harness(TwinAds, Vendor(*endpoints, auth=harness.AUTH, **own), config=harness._config)


def no_mock(config: Any, ctx: Any) -> Any:
    raise OSError("there is no such mock")


def _fails(request: Any, mock: Any, scratch: Any) -> Any:
    raise LookupError("this mapping is wrong")


UNPROVEN: list[tuple[str, Harness, str]] = [
    (
        "an operation that there is not",
        before(CREATE, REPORT, replace(PAUSE, calls="paus")),
        "'paus' is no operation and no primitive; there are create_campaign, report, pause, delivered, find",
    ),
    (
        "a primitive that is private",
        before(CREATE, REPORT, replace(PAUSE, calls="_midnight")),
        "'_midnight' is no operation and no primitive",
    ),
    (
        "a request that nothing is mapped to",
        before(CREATE, REPORT),
        "POST /pause is mapped to nothing; there are POST /create_campaign, POST /report",
    ),
    (
        "a function that raises",
        before(CREATE, REPORT, replace(PAUSE, calls=_fails)),
        "the mapping of POST /pause failed: LookupError: this mapping is wrong",
    ),
    (
        "a template that gives no arguments",
        before(CREATE, REPORT, replace(PAUSE, request="$/campaign_id")),
        "the template of a request gives arguments by name, not 'cmp_",
    ),
    (
        "a value map that there is not",
        before(CREATE, REPORT, replace(PAUSE, reply={"status": "$/status|states"}), maps={"goals": {}}),
        "'$/status|states': there is no value map 'states'; the vendor has goals",
    ),
    (
        "a source that a request has not",
        before(CREATE, REPORT, replace(PAUSE, request={"campaign_id": "$cookie/id"})),
        "$cookie/id: a request has $path, $query, $header, $form and, for its body, $",
    ),
    (
        "a source in a reply",
        before(CREATE, REPORT, replace(PAUSE, reply="$path/id")),
        "$path/id: a reply has the result only; write $/id, or $$ for a dollar sign",
    ),
    (
        "a mock that cannot be made",
        before(CREATE, REPORT, PAUSE, mock=no_mock),
        "the mapping of POST /create_campaign failed: OSError: there is no such mock",
    ),
    (
        "a reply that cannot be sent",
        before(CREATE, REPORT, replace(PAUSE, headers={"bad header": "x"})),
        "the server failed: LocalProtocolError",
    ),
]


@pytest.mark.parametrize(("adapter", "words"), [case[1:] for case in UNPROVEN], ids=[case[0] for case in UNPROVEN])
def test_a_mapping_that_is_wrong_proves_nothing_and_is_told(adapter: Harness, words: str) -> None:
    for clause in ("ads.pause.shape.output", "ads.pause.fault.status_500"):
        result = told(adapter, clause)
        assert result.verdict == "unproven"
        assert words in result.text


def test_a_wrong_mapping_is_told_whatever_the_adapter_made_of_it() -> None:
    class Swallowing(TwinAds, client=wrong.Swallowing):
        pass

    result = told(replace(before(CREATE, REPORT), cls=Swallowing), "ads.pause.wire.claim")
    assert result.verdict == "unproven"
    assert "POST /pause is mapped to nothing" in result.text


def _refuses(live: Any) -> Any:
    raise ConnectionRefusedError("nobody listens")


@pytest.mark.parametrize(
    ("adapter", "part"),
    [
        (replace(harness.ADS, config=_refuses), "config"),
        (replace(harness.ADS, given=_refuses), "given"),
        (replace(harness.ADS, observe=_refuses), "observe"),
        (replace(harness.ADS, restart=_refuses), "restart"),
    ],
    ids=["config", "given", "observe", "restart"],
)
def test_a_harness_that_cannot_reach_its_adapter_is_unproven_and_named(adapter: Harness, part: str) -> None:
    result = told(adapter, "ads.create_campaign.idempotency.restart")
    assert result.verdict == "unproven"
    assert f"the harness of TwinAds failed in {part}: ConnectionRefusedError: nobody listens" in result.text


def test_a_fault_that_never_fired_proves_nothing() -> None:
    class Remembers(TwinAds, client=wrong.Remembers):
        pass

    result = told(replace(harness.ADS, cls=Remembers), "ads.report.telemetry.record")
    assert result.verdict == "unproven"
    assert "the fault status_429 at request 1 of report never fired" in result.text


class MakesNone(TwinAds):
    """Says wire by saying nothing, and works in process."""

    def __init__(self, config: Mapping[str, Any], ctx: Any) -> None:
        super().__init__(config, ctx)
        self.pause = MockAds({}, ctx).pause  # type: ignore[method-assign]
        mock = MockAds({}, ctx)
        self.report = mock.report  # type: ignore[method-assign]


@pytest.mark.parametrize("check", ["fault.status_500", "retry.one_attempt", "retry.three_attempts", "secrets.hidden"])
def test_an_operation_that_makes_no_request_proves_nothing_of_faults(check: str) -> None:
    result = told(replace(harness.ADS, cls=MakesNone), f"ads.report.{check}")
    assert result.verdict == "unproven"
    assert "report made no request that counts" in result.text
    assert "say meets_wire = {'report': 'pure'}" in result.text


@pytest.mark.parametrize(
    ("claim", "cls", "words"),
    [
        ("wire", MakesNone, "meets_wire says wire, and no request was made"),
        ("local", TwinAds, "meets_wire says local, and requests were made"),
        ("pure", TwinAds, "meets_wire says pure, and requests were made"),
    ],
)
def test_a_claim_that_the_wire_refutes_fails(claim: str, cls: type, words: str) -> None:
    claims = type("Claims", (cls,), {"meets_wire": {"report": claim}})
    result = told(replace(harness.ADS, cls=claims), "ads.report.wire.claim")
    assert (result.verdict, words in result.text) == ("failed", True)


def test_an_address_that_needs_no_look_up_is_not_taken_for_a_failure() -> None:
    def config(live: Any) -> dict[str, Any]:
        return {**harness._config(live), "base_url": f"http://127.0.0.1:{live.port}"}

    result = told(replace(harness.ADS, config=config), "ads.report.fault.dns")
    assert result.verdict == "unproven"
    assert "never fired, since no name was looked up: make the adapter's address of vendor.url" in result.text


@pytest.mark.parametrize("reach", ["http", "tcp"])
def test_without_a_seam_the_message_is_the_lines_to_paste(reach: Any) -> None:
    class AcmeAds(MockAds):
        pass

    results = judge(Harness(AcmeAds, reach=reach), only="ads.report.fault.refused")
    (result,) = results.values()
    assert result.verdict == "unproven"
    lines = [line for line in result.text.splitlines() if line.startswith("    ")]
    pasted = ast.parse(dedent("\n".join(lines)))
    assert isinstance(pasted.body[0], ast.ImportFrom)
    assert "HARNESS = Harness(AcmeAds, " in ast.unparse(pasted)
    made = {"http": "effect('POST /create_campaign', calls='create_campaign', key='header:Idempotency-Key')"}
    assert made.get(reach, "self.relay = Relay(HOST, PORT)") in ast.unparse(pasted)


# what is refused before anything runs


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: effect("/v1/x", calls="pause"), r"'/v1/x' is no route; write a method and a path"),
        (lambda: effect("post /v1/x", calls="pause"), "is no route"),
        (lambda: effect("POST v1", calls="pause"), "is no route"),
        (lambda: effect("POST /v1/{a b}", calls="pause"), "is no route"),
        (lambda: effect("POST /v1/{1}", calls="pause"), r"\{1\} is no name"),
        (lambda: effect("POST /v1/{a}/{a}", calls="pause"), r"\{a\} stands there twice"),
        (lambda: effect("POST /v1", calls="pause", key="Idempotency-Key"), "'Idempotency-Key' is no place; write"),
        (lambda: read("GET /v1", calls="models", per="cookie:x"), "'cookie:x' is no place"),
        (lambda: Vendor(), "a Vendor needs endpoints"),
        (lambda: Vendor(auth("POST /token")), "a Vendor needs endpoints"),
        (lambda: Vendor(PAUSE, secret="x"), "a Vendor has no 'secret'; it has mock, config, maps"),
        (lambda: Vendor(PAUSE, endpoints=()), "a Vendor has no 'endpoints'"),
        (lambda: Vendor(PAUSE, faults={"status_600": None}), "there is no fault 'status_600'; there are refused, dns"),
        (lambda: Vendor(PAUSE, statuses={"busy": 503}), "there is no code 'busy'; there are rate_limited"),
        (lambda: Vendor(PAUSE, auth="Authorization"), "'Authorization' is no place; write header:Name"),
        (lambda: Vendor(PAUSE, auth=("header:A", "B")), "'B' is no place"),
        (lambda: Harness(TwinAds, Vendor(PAUSE), fresh=dict), "has a vendor and fresh=; leave one out"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(make: Any, words: str) -> None:
    with pytest.raises(PalError, match=words):
        make()


def test_a_vendor_s_own_faults_and_statuses_are_taken() -> None:
    teapot = Reply(418, body=b"{}")
    vendor = Vendor(
        (CREATE, REPORT), PAUSE, statuses={"invalid": 400}, faults={"status_500": teapot, "status_502": None}
    )
    assert [endpoint.route for endpoint in vendor.endpoints] == ["POST /create_campaign", "POST /report", "POST /pause"]
    assert {code: vendor.status_of(code) for code in ("invalid", "not_found", "unsupported")} == {
        "invalid": 400,
        "not_found": 404,
        "unsupported": 400,
    }
    assert [vendor.plays(BY_NAME[f"status_{status}"]) for status in (500, 502, 503)] == [True, False, True]
    assert all(vendor.status_of(code) >= 400 for code in ErrorCode)
