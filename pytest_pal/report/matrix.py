"""Tables for people: adapter x family, the arithmetic of each verdict, and failures by cause."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..model.verdict import GREEN, RED, ClauseResult, Tally

WIDTH = 79
_NUMBERS = {
    "required": "required",
    "passed": "passed",
    "failed": "failed",
    "waived": "waived",
    "unsupported": "unsupp.",
    "unproven": "unproven",
}
_SHORT = {
    "discovery": "found",
    "scenario": "scen",
    "golden": "gold",
    "own_golden": "own",
    "determinism": "det",
    "idempotency": "idemp",
    "bad_input": "input",
    "life_cycle": "life",
    "concurrency": "conc",
    "offline": "offl",
    "secrets": "secret",
    "telemetry": "telem",
}


def numbers(tallies: Sequence[Tally]) -> list[str]:
    """required = passed + failed + waived + unsupported + unproven, one line per adapter."""
    head = "".join(f" {head}" for head in _NUMBERS.values()) + "  verdict"
    rows = {
        tally.adapter: "".join(f" {getattr(tally, name):>{len(head)}}" for name, head in _NUMBERS.items())
        + f"  {_word(tally)}"
        for tally in tallies
    }
    return _table(head, rows)


def _word(tally: Tally) -> str:
    if tally.partial:
        return "partial" if tally.passes else "red"
    return "PASS" if tally.passes else "FAIL"


def families(rows: Sequence[tuple[str, Mapping[str, ClauseResult]]], order: Sequence[str]) -> list[str]:
    """``held/run`` clauses, one line per adapter, one column per family; as many tables as the width needs."""
    names = [name for name in order if any(_of(results, name) for _, results in rows)]
    columns = [_column(name, [results for _, results in rows]) for name in names]
    adapters = [adapter for adapter, _ in rows]
    room = WIDTH - max(map(len, ["adapter", *adapters]), default=0)
    lines: list[str] = []
    for group in _groups(columns, room):
        head, *cells = ("".join(parts) for parts in zip(*group, strict=True))
        lines += [*([""] if lines else []), *_table(head, dict(zip(adapters, cells, strict=True)))]
    return lines


def _column(family: str, results: Sequence[Mapping[str, ClauseResult]]) -> list[str]:
    """A head and its cells, of one width, with a blank before them."""
    column = [_SHORT.get(family, family[:6]), *(_cell(_of(each, family)) for each in results)]
    width = max(map(len, column)) + 1
    return [cell.rjust(width) for cell in column]


def _groups(columns: Sequence[list[str]], room: int) -> Iterator[list[list[str]]]:
    """Columns that fit side by side."""
    group: list[list[str]] = []
    for column in columns:
        if group and sum(len(each[0]) for each in [*group, column]) > room:
            yield group
            group = []
        group.append(column)
    if group:
        yield group


def _table(head: str, rows: Mapping[str, str]) -> list[str]:
    """The rows under a head; a name that would make its line too wide gets a line of its own."""
    room = WIDTH - max(map(len, [head, *rows.values()]))
    width = min(room, max(len("adapter"), *map(len, rows)))
    lines = ["adapter".ljust(width) + head]
    for name, row in rows.items():
        lines += [name.ljust(width) + row] if len(name) <= width else [name, " " * width + row]
    return lines


def _of(results: Mapping[str, ClauseResult], family: str) -> list[ClauseResult]:
    return [result for id, result in results.items() if id.split(".")[2] == family]


def _cell(results: Sequence[ClauseResult]) -> str:
    held = sum(result.verdict in GREEN for result in results)
    return f"{held}/{len(results)}" if results else "-"


def causes(rows: Iterable[tuple[str, Mapping[str, ClauseResult]]]) -> list[str]:
    """Failures grouped by what they have in common, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for adapter, results in rows:
        for result in results.values():
            if result.verdict in RED:
                groups[adapter, result.cause].append(result.clause_id)
    total = sum(len(ids) for ids in groups.values())
    if not total:
        return []
    lines = [f"{_count(len(groups), 'cause')}, {_count(total, 'clause')}:"]
    for (adapter, cause), ids in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        lines += [_cut(f"  {len(ids):>3}  {adapter}: {cause}"), *(f"       {id}" for id in sorted(ids)[:3])]
        if len(ids) > 3:
            lines.append(f"       and {len(ids) - 3} more")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 4] + " ..."
