"""A writer that is killed leaves the old file or the new one, whenever it is killed."""

import json
import subprocess
import sys
from pathlib import Path

OLD, NEW = {"a": 1}, {"a": [2] * 2_000}
KILLED = """
import os, sys
from pathlib import Path
from pytest_pal.canonical import file_text, write_atomically
target, left = Path(sys.argv[1]), int(sys.argv[2])
text = file_text({"a": [2] * 2_000})
write_atomically(target.with_name("warm"), text)

def kill(frame, event, called):
    global left
    if event in ("c_call", "c_return"):
        left -= 1
        if left < 0:
            os._exit(9)

sys.setprofile(kill)
write_atomically(target, text)
sys.setprofile(None)
"""


def test_it_is_killed_before_and_after_every_call_into_the_system(tmp_path: Path) -> None:
    target, codes, seen = tmp_path / "x.json", set(), set()
    for allowed in range(1_000):
        target.write_text(json.dumps(OLD))
        done = subprocess.run([sys.executable, "-c", KILLED, target, str(allowed)], check=False)
        codes.add(done.returncode)
        value = json.loads(target.read_text())
        assert value in (OLD, NEW)
        seen.add(value == NEW)
        if done.returncode == 0:
            break
    assert codes == {0, 9}
    assert seen == {True, False}
