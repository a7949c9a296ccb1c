"""``pal prove``: the kill matrix of the kit's own saboteurs and benign variants."""

import argparse
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator

from ..canonical import file_text
from ..errors import PalError
from ..prove import evidence, expected, freeze, pool
from ..prove.derived import rpc
from ..prove.matrix import Judged
from ..prove.proof import Proof, proof_of
from ..prove.roster import Roster, roster
from ..registry.entry_points import CAPABILITIES, entries
from ..report.matrix import WIDTH

EXAMPLE = """
exit code: 0; 1 for a survivor, a false alarm, another set of clauses than is said, or a clause
that nobody proves; 2 for a roster or a file that is not as it must be

example:
  pal prove -C ads -n 2
"""
WORKERS = 2 * (os.cpu_count() or 1)
STEP = 25
"""Progress is told every so many adapters."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = (
        "Judges adapters that are wrong on purpose, and unusual ones that are correct: each wrong one must fall, "
        "by just the clauses that speak of what is wrong with it, and no correct one may."
    )
    parser.add_argument(
        "-C", "--capability", action="append", default=[], metavar="NAME", help="only this one (repeatable)"
    )
    parser.add_argument(
        "-n", type=int, default=WORKERS, metavar="N", help="worker processes (default: two a core, since many wait)"
    )
    parser.add_argument("--full", action="store_true", help="judge each by every clause, also in other processes")
    parser.add_argument("--write", action="store_true", help="keep what fell as what must fall, and the evidence")
    parser.add_argument("--freeze", metavar="VERSION", help="hold this version of the capabilities' contracts for good")
    parser.add_argument("--json", action="store_true", help="print JSON, with the whole matrix")


def run(options: argparse.Namespace) -> int:
    """Raises PalError for a capability that there is not, a roster that is wrong, and where the extra grpc lacks."""
    if not rpc.is_installed():
        raise PalError("some of the saboteurs speak gRPC; type: pip install 'pytest-pal[grpc]'")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    rosters = [found for found in map(roster, options.capability or _installed()) if found.adapters]
    rows = pool.rows(rosters, workers=max(1, options.n), full=options.full, progress=_progress)
    if options.write:
        rows = [row for found in rosters for row in _kept(found, rows)]
    proof = proof_of((found.contract for found in rosters), rows)
    if options.write:
        evidence.write(proof)
    sys.stdout.write(file_text(proof.plain()) if options.json else "".join(f"{line}\n" for line in _lines(proof)))
    wrong = [line for found in rosters for line in _kept_files(found, options.freeze)]
    sys.stderr.write("".join(f"pal prove: {line}\n" for line in wrong))
    return 0 if proof.holds and not wrong else 1


def _kept_files(found: Roster, by: str | None) -> Iterator[str]:
    """What the files beside a contract say that is no longer so; a version is frozen first where one is named."""
    if by is not None:
        freeze.freeze(found.contract, by)
    yield from freeze.changes(found.contract)
    for name in expected.orphans(found.contract, found.saboteurs):
        yield f"{expected.file_of(found.contract)}: there is no saboteur {name!r}; type: pal prove --write"


def _installed() -> list[str]:
    return [entry.name for entry in entries(CAPABILITIES)]


def _kept(found: Roster, rows: Iterable[Judged]) -> list[Judged]:
    """The rows of a roster, after what fell was recorded where that is said to be in the data."""
    own = {row.name: row for row in rows if row.capability == found.contract.capability.name}
    kept = {each.name: own[each.name].recorded() for each in found.saboteurs if each.recorded}
    expected.write(found.contract, {name: sorted(row.expected - {row.breaks}) for name, row in kept.items()})
    return list({**own, **kept}.values())


def _progress(done: int, of: int) -> None:
    if done % STEP == 0 or done == of:
        sys.stderr.write(f"pal prove: {done} of {of} adapters\n")


def _lines(proof: Proof) -> Iterator[str]:
    yield from _table(proof)
    figures = proof.figures()
    yield ""
    yield f"{figures['caught']} of {figures['saboteurs']} wrong adapters caught ({figures['derived']} of them derived)"
    yield f"{figures['false_alarms']} of {figures['benign']} correct ones failed"
    yield f"{figures['proven']} of {figures['clauses']} clauses proven"
    yield f"{len(proof.unneeded)} clauses fall only where others do; {len(proof.together)} groups fall together: --json"
    yield from _named("survived", proof.survivors)
    yield from _named("false alarm", proof.false_alarms)
    yield from _named("another set than is said", proof.unexpected)
    yield from (f"nobody proves {id}" for id in proof.unproven)


def _table(proof: Proof) -> Iterator[str]:
    heads = ("saboteurs", "caught", "benign", "failed", "clauses", "proven")
    keys = ("saboteurs", "caught", "benign", "false_alarms", "clauses", "proven")
    width = max(map(len, ["capability", *proof.names]))
    yield "capability".ljust(width) + "".join(f"  {head:>9}" for head in heads)
    for name in proof.names:
        figures = proof.of(name).figures()
        yield name.ljust(width) + "".join(f"  {figures[key]:>9}" for key in keys)


def _named(what: str, rows: Iterable[Judged]) -> Iterator[str]:
    for row in rows:
        yield from textwrap.wrap(f"{what}: {row.capability} {row.name}", WIDTH, subsequent_indent="    ")
        yield from (f"    did not fall: {id}" for id in row.missing)
        yield from (f"    fell: {id}" for id in row.unexpected)
