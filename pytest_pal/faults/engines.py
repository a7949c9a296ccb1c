"""How an engine in the adapter's own process fails: what each fault is, and what an adapter makes of it."""

from dataclasses import dataclass

from ..errors import ErrorCode


@dataclass(frozen=True)
class EngineFault:
    """One row. An error's class follows its code: retryable codes are raised as RetryableError.

    ``codes`` are those that say what happened; ``commits`` tells whether a write takes effect although it
    fails, so that its outcome is unknown to whoever made it. ``slow``: the caller may wait for it to end, and its
    bound decides how long. ``is_`` ends the sentence "the engine ...";
    ``source`` is the document that says so.
    """

    name: str
    is_: str
    codes: tuple[ErrorCode, ...]
    source: str
    commits: bool = False
    slow: bool = False


_TABLE = (
    EngineFault(
        "engine_busy",
        "is held by somebody else",
        (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.IN_PROGRESS),
        "https://www.sqlite.org/rescode.html#busy",
        slow=True,
    ),
    EngineFault(
        "engine_full",
        "has no room left",
        (ErrorCode.QUOTA_EXHAUSTED, ErrorCode.UNAVAILABLE),
        "https://www.sqlite.org/rescode.html#full",
    ),
    EngineFault(
        "engine_read_only",
        "may not be written",
        (ErrorCode.FORBIDDEN, ErrorCode.UNAVAILABLE),
        "https://www.sqlite.org/rescode.html#readonly",
    ),
    EngineFault(
        "engine_corrupt",
        "cannot read what it keeps",
        (ErrorCode.MALFORMED_REPLY, ErrorCode.UNAVAILABLE),
        "https://www.sqlite.org/rescode.html#notadb",
    ),
    EngineFault(
        "engine_commit_then_fail",
        "commits and then fails",
        (ErrorCode.UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.CONNECTION, ErrorCode.MALFORMED_REPLY),
        "https://www.postgresql.org/docs/current/errcodes-appendix.html (08007)",
        commits=True,
    ),
)
ENGINE_FAULTS = {fault.name: fault for fault in _TABLE}
"""By name, in the order in which they are tried. The list is closed."""
