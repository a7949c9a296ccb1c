"""``pal waivers``: the project's waivers, with the days that each has left."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any

from ..canonical import file_text
from ..clock import Clock, SystemClock
from ..kit.waiver_file import FILE, TABLE, Entry, read_waivers
from ..report.waived import waived_lines

CLOCK: Clock = SystemClock()
"""Says which day it is."""


EXAMPLE = """
exit code: 0, or 2 for a waiver that is not as it must be

example:
  pal waivers --root ../acme-ads --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.description = f"Lists the waivers [[{TABLE}]] of a project, with owner, reason and the days left."
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help=f"folder of {FILE} (default: here)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints them, the first to expire first. Raises PalError for a waiver that is not as it must be."""
    today = CLOCK.now().date()
    entries = sorted(read_waivers(options.root), key=lambda entry: (entry.waiver.expires, entry.place))
    if options.json:
        text = file_text({"today": today.isoformat(), "waivers": [_plain(entry, today) for entry in entries]})
    else:
        text = "".join(f"{line}\n" for line in waived_lines((entry.waiver for entry in entries), today))
    sys.stdout.write(text or f"no waivers in {options.root / FILE}\n")
    return 0


def _plain(entry: Entry, today: date) -> dict[str, Any]:
    return {**entry.waiver.plain(), "days_left": entry.waiver.days_left(today), "place": entry.place}
