"""Runs what README.md and docs/harness.md show, and compares what it prints: ``readme_transcripts.py [--write]``.

An output is marked by ``<!-- output: NAME -->`` on the line before its fence, an example by ``<!-- example -->``.
With ``--write`` the pages are brought up to date; without, the exit code is 1 where one is not.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
HARNESS = ROOT / "docs" / "harness.md"
PAUSES = '            made["paused"] = True\n'
SENDS_KEY = ', {"idempotency-key": idempotency_key}'
_BLOCK = r"(?<=<!-- {} -->\n```{}\n).*?(?=^```$)"
_SPENT = re.compile(r"passed in \d+\.\d+s(?: \(\d+:\d+:\d+\))?")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


def example(text: str) -> str:
    """The source of the adapter that a page shows, in one piece or more."""
    blocks = _pattern("example", "python").findall(text)
    return "\n\n".join(blocks) if blocks else _block(text, "example", "python")


def stale(text: str) -> dict[str, str]:
    """The outputs that differ from what the page shows: name -> what is printed today."""
    shown = [name for name in OUTPUTS if f"<!-- output: {name} -->" in text]
    seen = {name: OUTPUTS[name](example(text)) for name in shown}
    return {name: now for name, now in seen.items() if timeless(now) != timeless(_block(text, f"output: {name}"))}


def timeless(text: str) -> str:
    """The text without how long a run took, and at which port a vendor was."""
    return _PORT.sub("port", _SPENT.sub("passed", text)).replace("=", "").rstrip(" \n")


def judged(folder: Path, *options: str) -> str:
    """What ``pytest --pal`` prints there, on a terminal of 80 columns."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "--pal", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, env=env | {"COLUMNS": "80"}, capture_output=True, text=True, check=False)
    return done.stdout


def _main_job(code: str) -> str:
    return re.split(r"^(?==+ pal: )", judged(ROOT), flags=re.MULTILINE)[-1]


def _header(code: str) -> str:
    lines = judged(ROOT, "--collect-only").splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith("pal: "))


def _failure(code: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(code.replace(PAUSES, ""), "utf-8")
        blocks = re.split(r"^(?=[_=]{3})", judged(Path(folder)), flags=re.MULTILINE)
    return next((block for block in blocks if "ads.pause.rule.stops_spend ___" in block), "no failure\n")


def _acme(code: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(code, "utf-8")
        return re.split(r"^(?==+ pal: )", judged(Path(folder)), flags=re.MULTILINE)[-1]


def _lost(code: str) -> str:
    """The guide's adapter, when it does not send its key."""
    wrong = example(HARNESS.read_text("utf-8")).replace(SENDS_KEY, "")
    clause = "ads.create_campaign.idempotency.lost_ack"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "conftest.py").write_text(wrong, "utf-8")
        blocks = re.split(r"^(?=[_=]{3})", judged(Path(folder), f"--pal-clause={clause}"), flags=re.MULTILINE)
    return next((block for block in blocks if f"{clause} ___" in block), "no failure\n")


def _diff(code: str) -> str:
    """Two small files, by the command as people have it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text, "utf-8")
        command = [sys.executable, "-m", "pytest_pal.cli", "diff", *FILES]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return f"$ pal diff {' '.join(FILES)}\n{done.stdout}"


FILES = {"A.json": '{"n": 1, "ids": [1, 2], "on": true}', "B.json": '{"n": 1.0, "ids": [2, 1], "on": true, "at": null}'}
OUTPUTS: dict[str, Callable[[str], str]] = {
    "main job": _main_job,
    "header": _header,
    "failure": _failure,
    "diff": _diff,
    "acme": _acme,
    "lost": _lost,
}


def _pattern(mark: str, language: str = "text") -> re.Pattern[str]:
    return re.compile(_BLOCK.format(re.escape(mark), language), re.MULTILINE | re.DOTALL)


def _block(text: str, mark: str, language: str = "text") -> str:
    found = _pattern(mark, language).search(text)
    if found is None:
        raise SystemExit(f"no block marked <!-- {mark} --> before a fence ```{language}")
    return found[0]


def main(options: list[str]) -> int:
    return max(_page(path, options == ["--write"]) for path in (README, HARNESS))


def _page(path: Path, write: bool) -> int:
    text = path.read_text("utf-8")
    found = stale(text)
    for name, now in found.items():
        text = _pattern(f"output: {name}").sub(lambda _, now=now: now, text, count=1)
        if not write:
            sys.stderr.write(f"{path}: {name!r} prints something else; tools/readme_transcripts.py --write\n\n{now}\n")
    if write:
        path.write_text(text, "utf-8")
    return 1 if found and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
