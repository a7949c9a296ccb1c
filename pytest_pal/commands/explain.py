"""``pal explain``: what a clause asks, why, how to mend an adapter that fails it, and who proves it."""

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from ..canonical import file_text
from ..report.matrix import WIDTH
from .explaining import about

EXAMPLE = """
exit code: 0, or 2 for a clause that there is not

example:
  pal explain ads.create_campaign.idempotency.lost_ack
  pal explain fault.hang
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = "Explains a clause: its sentence, why it matters, and how to mend what it fails."
    text = "an ID, also as a failure shows it (pal::ads::acme_ads::ads.pause...), or family.check for all operations"
    parser.add_argument("clause", help=text)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Raises PalError for a clause that there is not."""
    told = about(options.clause.rpartition("::")[2])
    sys.stdout.write(file_text(told) if options.json else "\n".join(_lines(told)) + "\n")
    return 0


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield told["id"]
    for said in told.get("sentences", [told]):
        yield from _wrapped(f"{said['level']}, since {said['since']}: {said['sentence']}")
        yield from _operations(said.get("clauses", ()))
    for head in ("why", "mend"):
        yield from _paragraph(head, told[head])
    yield from _paragraph("proven by", ", ".join(told.get("proven_by", ())))
    if told["seen"]:
        yield from ("", "seen in public:", *(f"  {address}" for address in told["seen"]))


def _operations(ids: Sequence[str]) -> Iterator[str]:
    """What a clause is made for, a line for each capability."""
    for capability, found in groupby((id.split(".")[:2] for id in ids), key=lambda parts: parts[0]):
        text = f"{capability}: {', '.join(operation for _, operation in found)}"
        yield from _wrapped(text, "  ", "    ")


def _paragraph(head: str, text: str) -> Iterator[str]:
    if text:
        yield from ("", *_wrapped(f"{head}: {text}"))


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    """Options and names with hyphens stay whole, so that they can be copied."""
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
