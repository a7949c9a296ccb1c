"""One spelling per value: bytes for files that people review, digests that other languages recompute."""

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import rfc8785


def file_text(value: Any) -> str:
    """JSON for a file: keys by code point, two-space indent, ASCII, LF, one trailing newline, no NaN.

    Raises ValueError for NaN and infinities, TypeError for what JSON cannot say.
    """
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def digest(value: Any) -> str:
    """``sha256:<hex>`` of the value's RFC 8785 form."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def write_atomically(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace ``path`` so that a reader sees the old text or the new one, never a part.

    ``durable`` also waits until the bytes are on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
