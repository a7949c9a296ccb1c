"""The clause on pages: who follows them and refuses one that repeats passes, whoever does not falls."""

from typing import Any

import pytest

from pytest_pal.kit.endpoint import effect, read
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.sending import pages
from pytest_pal.kit.target import Target
from pytest_pal.kit.twins.adapters import TwinAds
from pytest_pal.kit.twins.client import Client
from pytest_pal.kit.twins.harness import ADS, AUTH
from pytest_pal.kit.vendor import Vendor
from pytest_pal.model.verdict import Verdict

from ..judging import contract, fallen, judge

CLAUSE = "ads.report.wire.repeating_cursor"


class Following(Client):
    """Asks for a report page by page."""

    def ask(self, operation: Any, endpoint: str, body: Any, headers: Any) -> Any:
        if operation.name != "report":
            return super().ask(operation, endpoint, body, headers)
        rows: list[Any] = []
        cursors: list[Any] = []
        while True:
            whole = super().ask(operation, endpoint, {**body, "cursor": cursors[-1] if cursors else None}, headers)
            if not isinstance(whole, dict) or "rows" not in whole:
                raise self.malformed(operation, "its answer is no page")
            rows += whole["rows"]
            cursor = whole.pop("next_cursor", None)
            if cursor is None or self.ends(operation, cursor, cursors):
                return {**whole, "rows": rows}
            cursors.append(cursor)

    def ends(self, operation: Any, cursor: str, cursors: list[Any]) -> bool:
        if cursor in cursors:
            raise self.malformed(operation, "its cursor repeats")
        return False


class Blind(Following):
    def ends(self, operation: Any, cursor: str, cursors: list[Any]) -> bool:
        return False


class Silent(Following):
    def ends(self, operation: Any, cursor: str, cursors: list[Any]) -> bool:
        return cursor in cursors


class First(Following):
    def ends(self, operation: Any, cursor: str, cursors: list[Any]) -> bool:
        return True


def paged(client: type[Client], size: int = 3) -> Harness:
    class Paged(TwinAds, client=client):
        pass

    vendor = Vendor(
        effect("POST /create_campaign", calls="create_campaign", key="header:Idempotency-Key"),
        effect("POST /pause", calls="pause"),
        read("POST /report", calls="report", sent=pages(size, items="/rows", at="body:/cursor")),
        auth=AUTH,
    )
    return Harness(Paged, vendor, config=ADS.config)


def test_an_adapter_that_follows_pages_passes_every_clause() -> None:
    assert fallen(paged(Following), only="ads.report.") == set()


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (Blind, "failed: report must tell its caller"),
        (Silent, "failed: report must tell its caller"),
        (First, "failed: report left pages that the vendor had pointed to"),
    ],
)
def test_an_adapter_that_does_not_look_at_the_cursor_falls(client: type[Client], words: str) -> None:
    result = judge(paged(client), only=CLAUSE)[CLAUSE]
    assert result.verdict is Verdict.FAILED
    assert words in result.text


def test_one_page_alone_proves_nothing() -> None:
    result = judge(paged(Following, 100), only=CLAUSE)[CLAUSE]
    assert result.verdict is Verdict.UNPROVEN
    assert "say pages(1)" in result.text


def test_it_speaks_only_of_a_vendor_with_pages() -> None:
    (clause,) = (clause for clause in contract("ads").clauses if clause.id == CLAUSE)
    assert "in no pages with a cursor" in Target("twin_ads", contract("ads"), ADS, "tests").why_not(clause)
    assert Target("paged_ads", contract("ads"), paged(Following), "tests").why_not(clause) == ""
