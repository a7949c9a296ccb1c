"""The command ``pal``: it finds the subcommand, and turns mistakes into one message."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from .errors import PalError

COMMANDS = {
    "contract": "show a contract, compare two versions of it, keep its list of IDs",
    "diff": "compare two JSON files",
    "explain": "a clause: why it matters, and how to mend what it fails",
    "prove": "prove the judge: wrong adapters must fall, by just the clauses that speak of it",
    "repro": "write a script that makes the calls of a failing clause, one by one",
    "vendor": "serve a vendor with faults on this machine, for adapters in any language",
    "waivers": "list the project's waivers with the days they have left",
}
USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a subcommand. Exit code 2 is a wrong command or input that cannot be read."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser(next((name for name in given if name in COMMANDS), None)).parse_args(given)
    try:
        return int(import_module(f".commands.{options.command}", __package__).run(options))
    except PalError as error:
        sys.stderr.write(f"pal {options.command}: {error}\n")
        return USAGE_ERROR


def _parser(wanted: str | None) -> argparse.ArgumentParser:
    """Only the wanted subcommand is loaded; the others are there by name and help."""
    parser = argparse.ArgumentParser("pal", description="Work on vendor adapters and their contracts.")
    found = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = found.add_parser(name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name == wanted:
            import_module(f".commands.{name}", __package__).configure(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
