"""``pal contract``: what a contract asks, what is new in a version, and whether an ID has left it."""

import argparse
import sys
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..canonical import file_text
from ..kit.describing import added, described
from ..kit.discovery import contract_of
from ..kit.frozen import FILE, file_of, gone, ids_of, missing, write
from ..model.fields import FIRST
from ..registry.entry_points import CAPABILITIES, entries
from ..report.matrix import WIDTH

EXAMPLE = """
exit code: 0, 1 where an ID has left a contract, 2 for a capability or a version that there is not

example:
  pal contract show ads
  pal contract diff geo 1.0 1.1 --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = "Shows what a contract asks of its adapters."
    commands = parser.add_subparsers(dest="contract_command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="operations, fields and clauses of a contract")
    show.add_argument("capability", help="ads, cdp, ... or a third party's own")
    diff = commands.add_parser("diff", help="what came in between two versions")
    diff.add_argument("capability")
    diff.add_argument("old", help="the older version, such as 1.0")
    diff.add_argument("new", help="the newer one")
    ids = commands.add_parser("ids", help=f"the clause IDs, held against {FILE} beside the contract; 1 if one has left")
    ids.add_argument("capability", nargs="*", help="default: every installed one")
    ids.add_argument("--write", action="store_true", help=f"add new IDs to {FILE}; none is ever taken out")
    for command, function in ((show, _show), (diff, _diff), (ids, _ids)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(contract_function=function)


def run(options: argparse.Namespace) -> int:
    """Raises PalError for a capability or a version that there is not."""
    function: Callable[[argparse.Namespace], int] = options.contract_function
    return function(options)


def _show(options: argparse.Namespace) -> int:
    return _print(options, described(contract_of(options.capability)), _shown)


def _diff(options: argparse.Namespace) -> int:
    return _print(options, added(contract_of(options.capability), options.old, options.new), _differing)


def _ids(options: argparse.Namespace) -> int:
    contracts = [contract_of(n) for n in options.capability or [entry.name for entry in entries(CAPABILITIES)]]
    if options.write:
        for contract in contracts:
            write(contract)
    found = {
        contract.capability.name: {"ids": ids_of(contract), "gone": gone(contract), "new": missing(contract)}
        for contract in contracts
    }
    files = {contract.capability.name: str(file_of(contract)) for contract in contracts}
    _print(options, found, lambda told: _listed(told, files))
    return 1 if any(parts["gone"] for parts in found.values()) else 0


def _print(options: argparse.Namespace, told: dict[str, Any], lines: Callable[[dict[str, Any]], Iterable[str]]) -> int:
    sys.stdout.write(file_text(told) if options.json else "".join(f"{line}\n" for line in lines(told)))
    return 0


def _shown(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['capability']} {told['version']} ({told['protocol']})"
    for operation in told["operations"]:
        yield from ("", *_operation(operation))
        rows = [row for row in told["fields"] if row["operation"] == operation["name"] and row["in"] == "output"]
        yield from _classes(rows)
    yield from ("", "scenarios and clauses", *_clauses(told["clauses"]))


def _operation(told: dict[str, Any]) -> Iterator[str]:
    yield from _wrapped(f"{told['name']}({', '.join(told['arguments'])}) -> {told['returns']}")
    key = f" ({told['key']})" if told["key"] else ""
    parts = [told["effect"], f"idempotency: {told['idempotency']}{key}", f"deadline {told['deadline_s']:g} s"]
    if told["optional"]:
        parts.append("optional")
    if told["optional_parts"]:
        parts.append(f"optional: {', '.join(told['optional_parts'])}")
    yield from _wrapped("; ".join(parts), 2)


def _classes(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The fields of an output by their class, with the version of those that came later."""
    by_class: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        later = "" if row["since"] == FIRST else f", from {row['since']}"
        by_class[f"{row['class']}{later}"].append(row["pointer"])
    for name, pointers in by_class.items():
        yield from _wrapped(f"{name}: {', '.join(pointers)}", 2)


def _clauses(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield f"  {row['level']} {row['since']}  {row['id']}"
        yield from _wrapped(row["sentence"], 6, hanging=0)


def _differing(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['capability']}: new after {told['from']}, up to {told['to']}"
    for row in told["fields"]:
        kind = f" ({row['class']})" if "class" in row else ""
        yield from _wrapped(f"field from {row['since']}: {row['operation']}, {row['in']}: {row['pointer']}{kind}", 2)
    yield from _clauses(told["clauses"])
    if not (told["fields"] or told["clauses"]):
        yield "  nothing"


def _listed(told: dict[str, Any], files: dict[str, str]) -> Iterator[str]:
    for name, parts in told.items():
        yield f"{name}: {len(parts['ids'])} IDs"
        if parts["new"]:
            yield from _wrapped(f"{len(parts['new'])} are not in {files[name]} yet; type: pal contract ids --write", 2)
            yield from (f"    {id}" for id in parts["new"])
        if parts["gone"]:
            yield from _wrapped(f"{len(parts['gone'])} stand in {files[name]} and have left the contract; none may", 2)
            yield from (f"    {id}" for id in parts["gone"])


def _wrapped(text: str, indent: int = 0, hanging: int = 4) -> list[str]:
    later = " " * (indent + hanging)
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=later, break_on_hyphens=False)
