"""``pal explain``: what a clause asks, why, how to mend an adapter that fails it, and who proves it."""

import argparse
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from ..canonical import file_text
from ..errors import PalError, did_you_mean
from ..kit.discovery import contract_of
from ..kit.explanations import explanation
from ..model.clause import Clause
from ..report.matrix import WIDTH

EXAMPLE = """
exit code: 0, or 2 for a clause that there is not

example:
  pal explain ads.create_campaign.idempotency.lost_ack
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = "Explains a clause: its sentence, why it matters, and how to mend what it fails."
    parser.add_argument("clause", help="an ID; the pasted one of a failure will do, pal::ads::acme_ads::ads.pause...")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Raises PalError for a clause that there is not."""
    about = explained(options.clause.rpartition("::")[2])
    sys.stdout.write(file_text(about) if options.json else "\n".join(_lines(about)) + "\n")
    return 0


def explained(id: str) -> dict[str, Any]:
    """A clause with its explanation, as JSON."""
    clause = _clause(id)
    found = explanation(contract_of(clause.capability).capability, clause)
    return {
        "id": clause.id,
        "level": str(clause.level),
        "since": clause.since,
        "sentence": clause.sentence,
        "why": found.why,
        "mend": found.mend,
        "seen": list(found.seen),
    }


def _clause(id: str) -> Clause:
    known = {clause.id: clause for clause in contract_of(id.split(".")[0]).clauses}
    if id not in known:
        raise PalError(f"there is no clause {id!r}; {did_you_mean(id, known)}")
    return known[id]


def _lines(about: dict[str, Any]) -> Iterator[str]:
    yield about["id"]
    yield from textwrap.wrap(f"{about['level']}, since {about['since']}: {about['sentence']}", WIDTH)
    for head, text in (("why", about["why"]), ("mend", about["mend"])):
        if text:
            yield from ("", *textwrap.wrap(f"{head}: {text}", WIDTH))
    if about["seen"]:
        yield from ("", "seen in public:", *(f"  {address}" for address in about["seen"]))
