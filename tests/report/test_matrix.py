"""Tables for people fit into 79 columns, and say what they should."""

from pytest_pal.model.clause import Level
from pytest_pal.model.verdict import ClauseResult, Tally, Verdict
from pytest_pal.report.conformance import conformance_report
from pytest_pal.report.matrix import causes, families, numbers


def results(**verdicts: Verdict) -> dict[str, ClauseResult]:
    found = {}
    for name, verdict in verdicts.items():
        id = f"mail.send.{name}.x"
        cause = "it broke" if verdict is Verdict.FAILED else ""
        found[id] = ClauseResult(id, "It holds.", Level.MUST, verdict, 2, 1, cause)
    return found


def tally(adapter: str = "acme", **rest: object) -> Tally:
    parts = {"passed": 3, "failed": 1, "waived": 0, "unsupported": 0, "unproven": 0, "problems": ("1 failed",)}
    return Tally(capability="mail", adapter=adapter, required=4, **{**parts, **rest})  # type: ignore[arg-type]


def test_numbers() -> None:
    assert numbers([tally(), tally("fine", failed=0, problems=())]) == [
        "adapter required passed failed waived unsupp. unproven  verdict",
        "acme           4      3      1      0       0        0  FAIL",
        "fine           4      3      0      0       0        0  PASS",
    ]
    assert numbers([tally(partial=True)])[1].endswith("red")
    assert numbers([tally(partial=True, problems=())])[1].endswith("partial")


def test_families() -> None:
    rows = [("acme", results(shape=Verdict.PASSED, rule=Verdict.FAILED)), ("fine", results(shape=Verdict.UNSUPPORTED))]
    assert families(rows, ["shape", "scenario", "rule"]) == [
        "adapter shape rule",
        "acme      1/1  0/1",
        "fine      1/1    -",
    ]


def test_families_that_are_too_many_for_one_table_get_another() -> None:
    names = [f"family_{n}" for n in range(14)]
    rows = [("acme", results(**dict.fromkeys(names, Verdict.PASSED))), ("a" * 30, results(family_0=Verdict.FAILED))]
    lines = families(rows, names)
    assert max(map(len, lines)) <= 79
    heads = [line.split() for line in lines if line.startswith("adapter")]
    assert [head[0] for head in heads] == ["adapter"] * len(heads)
    assert [name for head in heads for name in head[1:]] == [name[:6] for name in names]
    assert sum(line.split()[1:].count("1/1") for line in lines if line.startswith("acme")) == 14


def test_a_family_is_shown_where_one_column_is_all_that_fits() -> None:
    lines = families([("a" * 78, results(shape=Verdict.PASSED, rule=Verdict.PASSED))], ["shape", "rule"])
    assert [line for line in lines if line.split()[-1:] == ["1/1"]]
    assert max(map(len, lines)) <= 79


def test_a_long_name_gets_a_line_of_its_own() -> None:
    lines = numbers([tally("a_vendor_with_a_name_that_goes_on_and_on_and_on")])
    assert len(lines) == 3
    assert max(map(len, lines)) <= 79


def test_causes_group_failures() -> None:
    rows = [("acme", results(shape=Verdict.FAILED, rule=Verdict.FAILED, scenario=Verdict.FAILED, a=Verdict.FAILED))]
    assert causes(rows) == [
        "1 cause, 4 clauses:",
        "    4  acme: it broke",
        "       mail.send.a.x",
        "       mail.send.rule.x",
        "       mail.send.scenario.x",
        "       and 1 more",
    ]
    assert causes([("acme", results(shape=Verdict.PASSED))]) == []


def test_the_report_is_sorted_and_tells_errors_of_required_clauses() -> None:
    found = results(shape=Verdict.FAILED, rule=Verdict.UNPROVEN, extra=Verdict.FAILED)
    required = frozenset({"mail.send.shape.x", "mail.send.rule.x"})
    judged = [(tally("z"), found, required), (tally("b", problems=()), results(shape=Verdict.PASSED), required)]
    report = conformance_report(judged)
    assert report["summary"] == {"total": 2, "passed": 1, "failed": 1}
    assert [row["adapter"] for row in report["reports"]] == ["b", "z"]
    assert report["reports"][1]["errors"] == ["mail.send.rule.x: It holds.", "mail.send.shape.x: It holds."]
    assert report["reports"][1]["metrics"] == {"latency_ms": 2, "attempts": 1}


def test_a_red_verdict_without_a_red_clause_says_why() -> None:
    report = conformance_report([(tally(problems=("no clause of send passed",)), {}, frozenset())])
    assert report["reports"][0]["errors"] == ["no clause of send passed"]
