"""The conformance report, in exactly the specification's shape."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..model.verdict import RED, ClauseResult, Tally


def conformance_report(judged: Iterable[tuple[Tally, Mapping[str, ClauseResult], frozenset[str]]]) -> dict[str, Any]:
    """One report per adapter, sorted by capability and adapter; the totals count reports.

    Each of ``judged`` is an adapter's tally, its results by clause ID, and its required clause IDs.
    """
    reports = sorted((_report(*parts) for parts in judged), key=lambda r: (r["capability"], r["adapter"]))
    passed = sum(report["pass"] for report in reports)
    return {
        "summary": {"total": len(reports), "passed": passed, "failed": len(reports) - passed},
        "reports": reports,
    }


def _report(tally: Tally, results: Mapping[str, ClauseResult], required: frozenset[str]) -> dict[str, Any]:
    return {
        "capability": tally.capability,
        "adapter": tally.adapter,
        "pass": tally.passes,
        "metrics": {
            "latency_ms": max((result.latency_ms for result in results.values()), default=0),
            "attempts": max((result.attempts for result in results.values()), default=0),
        },
        "errors": sorted(_errors(tally, results, required)),
    }


def _errors(tally: Tally, results: Mapping[str, ClauseResult], required: frozenset[str]) -> Iterable[str]:
    red = [result for id, result in results.items() if id in required and result.verdict in RED]
    yield from (f"{result.clause_id}: {result.sentence}" for result in red)
    if not red:
        yield from tally.problems
