"""``pal diff``: two JSON files, as a person or a program wants to see them differ."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..canonical import file_text, wrapped
from ..clock import SystemClock
from ..compare.diff import Comparison, RuleUse, diff, patch
from ..compare.strict_json import parse_json, read_json
from ..compare.walk import Mismatch
from ..errors import PalError

WIDTH = 79
STDIN = "-"
EXAMPLE = """
exit code: 0 equal, 1 different, 2 a file or a rule that cannot be read

example:
  pal diff golden.json seen.json --rules rules.yaml

  rules.yaml:
    - {path: /as_of, ignore: true, reason: a new one each time, owner: ana}
    - {path: /rows, key: id, reason: the vendor gives no order, owner: ana, expires: 2027-01-31}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = "Compare two JSON files: types, values and order count, whatever no rule excepts."
    parser.epilog = EXAMPLE
    parser.add_argument("reference", metavar="A.json", help="the file that says how it should be; - is standard input")
    parser.add_argument("candidate", metavar="B.json", help="the file that is held against it")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="exceptions, in YAML or JSON")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the comparison as JSON")
    form.add_argument("--patch", action="store_true", help="print an RFC 6902 patch that makes B.json of A.json")


def run(options: argparse.Namespace) -> int:
    if options.reference == options.candidate == STDIN:
        raise PalError("only one of the two files can be standard input")
    if options.patch and options.rules:
        raise PalError("a patch needs all differences: leave out --rules")
    rules = _rules(options.rules) if options.rules else []
    today = SystemClock().now().date()
    found = diff(_read(options.reference), _read(options.candidate), rules, today=today)
    if options.json:
        sys.stdout.write(file_text(as_json(found)))
    elif options.patch:
        sys.stdout.write(json.dumps(patch(found.mismatches), indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines(found)))
    return 0 if found.equal else 1


def _rules(path: Path) -> list[Any]:
    """Only who has rules waits for what reads them."""
    from ..compare.rules import load_rules

    return list(load_rules(path))


def _read(name: str) -> Any:
    if name == STDIN:
        return parse_json(sys.stdin.buffer.read(), "standard input")
    return read_json(Path(name))


def as_json(found: Comparison) -> dict[str, Any]:
    """The comparison in plain JSON; the side that has nothing is null, as the kind says."""
    return {
        "equal": found.equal,
        "mismatches": [_plain(mismatch) for mismatch in found.mismatches],
        "rules": [_rule(use) for use in found.rules],
    }


def _plain(mismatch: Mismatch) -> dict[str, Any]:
    sides = {"reference": wrapped(mismatch.reference), "candidate": wrapped(mismatch.candidate)}
    return {"path": mismatch.path, "kind": mismatch.kind, **sides}


def _rule(use: RuleUse) -> dict[str, Any]:
    says = use.rule.model_dump(mode="json", exclude_defaults=True)
    return {**says, "hits": use.hits, "expired": use.expired}


def lines(found: Comparison) -> Iterator[str]:
    """The comparison for a person, at 80 columns."""
    for mismatch in found.mismatches:
        yield from _mismatch(mismatch)
    count = len(found.mismatches)
    yield "equal" if found.equal else f"{count} mismatch{'' if count == 1 else 'es'}"
    for use in found.rules:
        state = "expired" if use.expired else f"{use.hits} hits" if use.hits else "never needed"
        yield json.dumps(f"rule {use.rule.path or '(the whole)'}: {state}; {use.rule.reason} ({use.rule.owner})")[1:-1]


def _mismatch(mismatch: Mismatch) -> Iterator[str]:
    yield f"{_cut(json.dumps(mismatch.path)[1:-1], WIDTH - 9) or '(the whole)'}: {mismatch.kind}"
    if mismatch.kind != "added":
        yield _side("-", mismatch.reference)
    if mismatch.kind != "removed":
        yield _side("+", mismatch.candidate)


def _side(sign: str, value: Any) -> str:
    return f"  {sign} {_cut(json.dumps(value), WIDTH - 4)}"


def _cut(text: str, room: int) -> str:
    """The text, or its beginning and how much was left out."""
    short = room - len(" ... (999999 more)")
    return f"{text[:short]} ... ({len(text) - short} more)" if len(text) > room else text
