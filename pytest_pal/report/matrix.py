"""Tables for people: adapter x family, the arithmetic of each verdict, and failures by cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..model.verdict import ClauseResult, Tally, Verdict

RED = (Verdict.FAILED, Verdict.UNPROVEN)
WIDTH = 79
_COLUMNS = ("required", "passed", "failed", "waived", "unsupported", "unproven")
_HEADS = ("required", "passed", "failed", "waived", "unsupp.", "unproven")


def numbers(tallies: Sequence[Tally]) -> list[str]:
    """required = passed + failed + waived + unsupported + unproven, one line per adapter."""
    width = _name_width(tally.adapter for tally in tallies)
    lines = ["adapter".ljust(width) + "".join(head.rjust(9) for head in _HEADS) + "  verdict"]
    for tally in tallies:
        row = "".join(str(getattr(tally, column)).rjust(9) for column in _COLUMNS)
        lines.append(f"{tally.adapter.ljust(width)}{row}  {_word(tally)}")
    return [line.rstrip() for line in lines]


def _word(tally: Tally) -> str:
    if tally.partial:
        return "partial" if tally.passes else "partial, red"
    return "PASS" if tally.passes else "FAIL"


def families(rows: Sequence[tuple[str, Mapping[str, ClauseResult]]], order: Sequence[str]) -> list[str]:
    """``green/run`` clauses, one line per adapter, one column per family."""
    names = [name for name in order if any(_of(results, name) for _, results in rows)]
    width = _name_width(adapter for adapter, _ in rows)
    cell = max(6, (WIDTH - width) // max(1, len(names)) - 1)
    lines = ["adapter".ljust(width) + "".join(f" {name[:cell]:>{cell}}" for name in names)]
    for adapter, results in rows:
        cells = (f" {_cell(_of(results, name)):>{cell}}" for name in names)
        lines.append(f"{adapter.ljust(width)}{''.join(cells)}")
    return lines


def _name_width(names: Iterable[str]) -> int:
    return max([len("adapter"), *(len(name) for name in names)]) + 1


def _of(results: Mapping[str, ClauseResult], family: str) -> list[ClauseResult]:
    return [result for id, result in results.items() if id.split(".")[2] == family]


def _cell(results: Sequence[ClauseResult]) -> str:
    green = sum(result.verdict not in RED for result in results)
    return f"{green}/{len(results)}" if results else "-"


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
