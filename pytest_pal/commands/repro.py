"""``pal repro``: a script that makes the calls of a failing clause, one by one."""

import argparse
import sys
from pathlib import Path

from ..canonical import write_atomically
from ..errors import PalError
from ..kit.named import case_named, clause_named
from ..kit.plan import target_of
from ..kit.script import script

ROOT, HOLDS = "pal", 1
EXAMPLE = """
The script opens the adapter on its harness and a fresh vendor, without pytest,
makes the calls of the clause with the same arguments, keys, times and faults,
and prints what came of each and the requests on the wire. Set a breakpoint in
it, or in the adapter.

exit code: 0, 1 where the clause holds, 2 for an ID that there is not

example:
  pal repro 'pal::ads::acme_ads::ads.pause.fault.hang' -o hang.py && python hang.py
  pal repro ads.pause.fault.hang --adapter acme_ads
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = "Writes a script that makes the calls of a failing clause."
    parser.add_argument("id", metavar="ID", help="as a failure prints it, or a clause's ID with --adapter")
    parser.add_argument("--adapter", metavar="NAME", help="the adapter, where the ID does not name it")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")


def run(options: argparse.Namespace) -> int:
    """Runs the clause. Raises PalError for an adapter or a clause that there is not."""
    adapter, id = _parts(options.id, options.adapter)
    case = case_named(adapter, Path())
    target, clause = target_of(case), clause_named(case, id)
    found = case.run(clause)
    if found.error is None:
        sys.stderr.write(f"{id} holds on {adapter}: there is nothing to replay\n")
        return HOLDS
    text = script(target, clause, found, f"{ROOT}::{case.capability}::{adapter}::{id}")
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_atomically(options.output, text)
        sys.stdout.write(f"wrote {options.output}; type: python {options.output}\n")
    return 0


def _parts(given: str, adapter: str | None) -> tuple[str, str]:
    """The adapter's name, and the clause's ID."""
    parts = given.split("::")
    if len(parts) == 4 and parts[0] == ROOT and adapter in (None, parts[2]):
        return parts[2], parts[3]
    if len(parts) == 1 and adapter is not None:
        return adapter, given
    raise PalError(
        f"{given!r} names no clause of one adapter; give pal::ads::acme_ads::ads.pause.fault.hang, "
        "or ads.pause.fault.hang and --adapter acme_ads"
    )
