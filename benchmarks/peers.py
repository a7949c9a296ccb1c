"""pytest-pal beside a public kit: which wrong vector stores langchain-tests catches, and which pytest-pal does.

    python benchmarks/peers.py                      # makes a virtual environment, installs, prints the table
    python benchmarks/peers.py --venv ~/peers-venv  # keeps the environment there, and uses it again
    python benchmarks/peers.py --json rows.json     # every wrong store, with the tests that it failed
    python benchmarks/peers.py --write              # docs/peers.md

langchain-tests brings pytest plugins that no project wants by the way, so it gets an environment of its own, with this
checkout; any Python from 3.11 on starts this, and pip needs an index. Both judges run there, see peers_judge.py.
Exit code: 0; 1 where something could not be installed, or the correct mock does not pass all of their suite.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEER = "langchain-tests>=1.1,<1.2"
JUDGE = Path(__file__).parent / "peers_judge.py"


def installed(folder: Path, peer: str) -> str:
    """The interpreter of an environment with both kits; ends the program where pip cannot install them."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"pip cannot install {peer} and this checkout into {folder}:\n{done.stderr}")
    return str(python)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, metavar="DIR", help="made where there is none (default: a temporary one)")
    parser.add_argument("--peer", default=PEER, metavar="REQUIREMENT", help=f"another version (default {PEER})")
    given, others = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        python = installed(given.venv or Path(folder), given.peer)
        return subprocess.run([python, str(JUDGE), *others], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
