#!/usr/bin/env bash
# Outside CI: the committed state works in a clone in which git wrote links as small text files.
# Needs git and an index to install the dependencies from. PYTHON names the interpreter (python3).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONPATH PYTHONHOME

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git clone --quiet --config core.symlinks=false . "$work/clone"
for link in contracts mocks golden; do
    if [[ -L "$work/clone/pytest_pal/$link" || ! -f "$work/clone/pytest_pal/$link" ]]; then
        echo "pytest_pal/$link is no text file: core.symlinks=false had no effect" >&2
        exit 1
    fi
done

"${PYTHON:-python3}" -m venv "$work/venv"
python="$work/venv/bin/python"
cd "$work/clone"
"$python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"]["dependencies"], sep="\n")
' > "$work/requirements.txt"
"$python" -m pip install --quiet --requirement "$work/requirements.txt"
"$python" -m pytest -p pytest_pal.plugin --pal
