"""Which wrong stores are judged, which of them LangChain could see, and the table of who caught them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from textwrap import fill
from typing import Any

from pytest_pal.prove.roster import roster
from pytest_pal.prove.saboteur import Saboteur

CONTROL = "mock_vectorstore"
JUDGES = ("langchain", "pytest-pal")
WIDTHS = (16, 8, 11, 12, 8, 11, 12)
RULE = """\
A defect is *in sight* where a test could show it that holds one LangChain store, calls the methods of langchain_core's
`VectorStore` with the arguments that they name, embeds as it likes, and asks for nothing that the interface leaves to
each store."""
OUT_OF_SIGHT: Mapping[str, tuple[str, ...]] = {
    "it leaves the form of a filter to each store": (
        "vectorstore.search.rule.filter_*",
        *("fetches_a_hundred", "dots_are_paths", "misses_filtered", "no_filter_on_alias"),
    ),
    "it names no limits, no errors, and not what a refused call leaves": (
        *("*.refused_*", "s*.refusal_hidden", "says_invalid", "creates_then_refuses", "one_by_one"),
        *("small", "any_shape", "obliging", "nothing_for_unknown"),
    ),
    "a store is one object in one process, over one collection": (
        *("vectorstore.index.rule.survives", "vectorstore.swap.rule.survives", "vectorstore.index.rule.at_once"),
        *("ignores_path", "caches", "remembers_nothing", "short_names", "resolves_once"),
    ),
    "it has no aliases": (
        *("no_previous", "drops_old", "one_alias", "dangling", "writes_through_alias", "nothing_into_alias"),
        "swap.repeat_refused",
    ),
    "what index and swap answer beyond ids and failures is not shown": (
        *("counts_new_only", "index.one_more", "index.float_for_int", "index.bool_for_int"),
        *("*.extra_field", "*.stored_shared", "swap.returns_nothing"),
    ),
    "it leaves the metric, the scores, ties and recall to each store": (
        *("vectorstore.search.rule.score", "vectorstore.search.rule.ties", "no_zeros", "approximate"),
    ),
    "it says nothing of a null in metadata, and always wants the text": (
        *("vectorstore.index.rule.null_is_absent", "returns_text"),
    ),
    "it has no life cycle, and nothing to say of what a store calls": (
        *("vectorstore.adapter.life_cycle.quiet_constructor", "vectorstore.adapter.life_cycle.close_twice"),
        *("vectorstore.adapter.life_cycle.no_leak", "vectorstore.adapter.offline.*"),
    ),
}
"""Reason: names of saboteurs, or clauses that they are made for, as globs. Decided by `RULE`, before any run."""


@dataclass(frozen=True)
class Row:
    """A wrong store: the clause it is made for, why it is out of sight ("" where it is not), and who caught it.

    ``failed`` are the tests of langchain-tests that it fails, and that the correct mock passes; ``shown`` names the
    witnesses (peers_witness.py) that tell it from the mock, which are asked where it is in sight and nothing failed.
    """

    name: str
    breaks: str
    unseen: str
    failed: tuple[str, ...]
    ours: bool
    shown: tuple[str, ...] = ()

    @property
    def theirs(self) -> bool:
        return bool(self.failed)

    @property
    def kind(self) -> str:
        """The clause family; rules, of which there are most, by operation too."""
        _, operation, family, _ = self.breaks.split(".", 3)
        return f"{family} of {operation}" if family == "rule" else family


def chosen() -> list[Saboteur]:
    """The wrong stores in process, by hand and derived; not those whose contract or engine is what goes wrong."""
    found = roster("vectorstore").saboteurs
    return [s for s in found if s.harness.reach == "in_process" and not s.harness.inject and s.contract is None]


def unseen(saboteur: Saboteur) -> str:
    """Why no test through LangChain's interface could show the defect; "" where one could."""
    for reason, globs in OUT_OF_SIGHT.items():
        if any(fnmatchcase(known, glob) for glob in globs for known in (saboteur.name, saboteur.breaks)):
            return reason
    return ""


def totals(rows: Iterable[Row]) -> dict[str, int]:
    listed = list(rows)
    seen = [row for row in listed if not row.unseen]
    return {
        "stores": len(listed),
        "theirs": sum(row.theirs for row in listed),
        "ours": sum(r.ours for r in listed),
        "seen": len(seen),
        "theirs_seen": sum(r.theirs for r in seen),
        "ours_seen": sum(r.ours for r in seen),
    }


def table(rows: Sequence[Row]) -> str:
    """Two halves: all wrong stores, and those that LangChain could see. At most 80 columns wide."""
    halves = f"{'':{WIDTHS[0]}}{'all wrong stores':>{sum(WIDTHS[1:4])}}{'those in sight':>{sum(WIDTHS[4:])}}"
    lines: list[Sequence[str]] = [("kind of defect", *("stores", *JUDGES) * 2)]
    lines += [_line(kind, [row for row in rows if row.kind == kind]) for kind in _kinds(rows)]
    return "\n".join([halves, *(_printed(line) for line in [*lines, _line("all", rows)])])


def _kinds(rows: Iterable[Row]) -> list[str]:
    return sorted({row.kind for row in rows}, key=lambda kind: (not kind.startswith("rule"), kind))


def _line(kind: str, rows: Iterable[Row]) -> tuple[str, ...]:
    return (kind, *(str(count) for count in totals(rows).values()))


def _printed(line: Sequence[str]) -> str:
    first, *others = zip(line, WIDTHS, strict=True)
    return f"{first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def plain(rows: Iterable[Row], versions: Mapping[str, str]) -> dict[str, Any]:
    """All of it as JSON types."""
    listed = list(rows)
    each = [{**asdict(row), "theirs": row.theirs, "kind": row.kind} for row in listed]
    return {"versions": dict(versions), "totals": totals(listed), "stores": each}


def grouped(rows: Iterable[Row], by: str) -> Iterator[str]:
    """An item of Markdown for each value of a field: how many, and the names."""
    listed = list(rows)
    for value in sorted({getattr(row, by) for row in listed}):
        names = sorted(row.name for row in listed if getattr(row, by) == value)
        yield fill(f"- {value} ({len(names)}): {', '.join(names)}", 120, subsequent_indent="  ", break_on_hyphens=False)
