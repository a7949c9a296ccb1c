"""Prints the commands that README.md gives in a marked block: ``readme_commands.py "main job"``.

A block is marked by ``<!-- ci: NAME -->`` on the line before its fence; its commands start with ``$ ``.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"^<!-- ci: ([^\n]+?) -->\n+```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^<!-- ci: ([^\n]+?) -->$", re.MULTILINE)


def marks(text: str) -> list[str]:
    """The names of all marks, in the order in which they stand."""
    return _MARK.findall(text)


def blocks(text: str) -> dict[str, list[str]]:
    """The commands of every marked block, by name, without their prompts."""
    return {name: [line[2:] for line in body.splitlines() if line[:2] == "$ "] for name, body in _BLOCK.findall(text)}


def main(names: list[str]) -> int:
    found = blocks(README.read_text("utf-8"))
    missing = [name for name in names if not found.get(name)]
    if missing or not names:
        asked = f"no commands marked <!-- ci: {missing[0]} -->" if missing else "name a marked block"
        sys.stderr.write(f"{README}: {asked}; there are: {', '.join(found) or 'none'}\n")
        return 2
    for name in names:
        sys.stdout.write("".join(f"{command}\n" for command in found[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
