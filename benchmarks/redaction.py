"""What redaction costs for each KiB of log text, beside ``json.dumps`` of it: ``python benchmarks/redaction.py``.

CPU time, the least of some runs over texts of a KiB; the redactor knows three secrets. ``public`` are the lines that
the tests read, ``dense`` is made of what looks most like secrets, ``nested JSON`` is full of escapes.
"""

import json
import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pytest_pal.telemetry.logging_sink import LoggingSink
from pytest_pal.telemetry.records import AttemptRecord, OperationRecord
from pytest_pal.telemetry.redaction import Redactor

LINES = Path(__file__).parent.parent / "tests" / "telemetry" / "public_lines.log"
PROSE = (
    "The campaign was paused because its daily budget was spent; the next attempt waits for a token of the bucket, "
    "and the key of the operation stays the same over all attempts. Authentication failed for one of them: see below. "
)


def public() -> str:
    return "\n".join(line for line in LINES.read_text().splitlines() if not line.startswith("#"))


def records(chance: random.Random) -> str:
    rows = []
    for number in range(60):
        unit = str(uuid.UUID(int=chance.getrandbits(128)))
        row = {"capability": "ads", "adapter": "acme_ads", "operation": "create_campaign", "latency_ms": number * 3}
        rows.append(json.dumps(row | {"status": "ok", "attempts": 1, "unit": unit, "error_class": None}))
    return "\n".join(rows)


def dense(chance: random.Random) -> str:
    digests = [sha256(str(chance.random()).encode()).hexdigest() for _ in range(40)]
    return "\n".join(
        f"token_count={number} key=cmp_{digest[:12]} sha256:{digest}" for number, digest in enumerate(digests)
    )


def record() -> OperationRecord:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    attempts = (AttemptRecord(1, now, 12.5, "RetryableError", "unavailable"), AttemptRecord(2, now, 3.25))
    return OperationRecord("ads", "acme_ads", "create_campaign", now, 20.5, attempts)


def best(call: Callable[[], object], runs: int) -> float:
    """The least CPU seconds of some runs."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    chance = random.Random(1)
    redactor = Redactor(["a-fake-secret-of-one-vendor", "another fake secret", "fake/3+secret=="])
    texts = {"public": public(), "records": records(chance), "dense": dense(chance), "prose": PROSE * 40}
    texts["nested JSON"] = json.dumps(texts["records"])
    for name, text in texts.items():
        pieces = [text[place : place + 1024] for place in range(0, len(text) - 1023, 1024)]
        ours = best(lambda pieces=pieces: [redactor.text(piece) for piece in pieces], 15)
        dumps = best(lambda pieces=pieces: [json.dumps(piece) for piece in pieces], 15)
        print(f"{name:>12}: {1e6 * ours / len(pieces):5.1f} us/KiB, x{ours / dumps:.1f} of json.dumps")
    made = record()
    logger = logging.Logger("benchmark")
    logger.addHandler(logging.NullHandler())
    sink = LoggingSink(logger, redactor)
    ours = best(lambda: [sink(made) for _ in range(200)], 15)
    plain = best(lambda: [logger.info(json.dumps(made.plain(), sort_keys=True)) for _ in range(200)], 15)
    print(f"{'log line':>12}: {ours * 5e3:5.1f} us each, x{ours / plain:.1f} of json.dumps of the record, logged")


if __name__ == "__main__":
    main()
