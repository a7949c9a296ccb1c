"""The script of a replay: what stands on a tape, as Python that a person can step through."""

import datetime
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from itertools import zip_longest
from typing import Any

from ..faults.catalogue import BY_NAME, Fault
from ..model.clause import Clause
from ..model.payload import Payload
from ..model.subject import Call
from . import explaining
from .called import HELD
from .runner import Run, schedule
from .tape import FAILING, TRIED, Act
from .target import Target

WIDTH, LONGEST = 100, 200
INDENT = "    "


def script(target: Target, clause: Clause, run: Run, id: str) -> str:
    """A whole file. What no source can say stands there as a word in angle brackets."""
    body = list(_body(run.tape.acts))
    lines = [*_head(target, clause, run, id), *_imports(body), "", *_opened(target, clause), *body]
    return "".join(f"{line}\n" if line else "\n" for line in lines)


def _head(target: Target, clause: Clause, run: Run, id: str) -> Iterator[str]:
    told = [
        f"{clause.id} on {target.name}, call by call.",
        "",
        *textwrap.wrap(f"{clause.level}: {clause.sentence}", WIDTH - 22),
        *([] if run.error is None else explaining.story(run.error)),
        "",
        f"Run it in the folder where it was made: pal repro '{id}'",
        f"({schedule(run)})",
    ]
    yield from (f"# {line}".rstrip() for line in told)
    yield ""


def _imports(body: Sequence[str]) -> Iterator[str]:
    text = "\n".join(body)
    if "datetime." in text:
        yield "import datetime"
        yield ""
    if "Call(" in text:
        yield "from pytest_pal import Call"
    yield "from pytest_pal.kit.replay import replaying"


def _opened(target: Target, clause: Clause) -> Iterator[str]:
    yield from _statement("with replaying", (target.name, clause.id), {}, f" as {TRIED}:", "")


def _body(acts: Sequence[Act]) -> Iterator[str]:
    depth, others = 1, 0
    if not acts:
        yield f"{INDENT}{TRIED}.open()"
    for act, following in zip_longest(acts, acts[1:]):
        indent = INDENT * depth
        if act.kind == "end":
            depth -= 1
            continue
        others += act.method in _NEW
        yield from _act(act, indent, others)
        if act.kind == "block":
            depth += 1
            if following is not None and following.kind == "end":
                yield f"{INDENT * depth}pass"


_NEW = ("sibling", "stranger", "rewired")


def _act(act: Act, indent: str, others: int) -> Iterator[str]:
    arguments, named, end, start = act.arguments, act.named, "", f"{act.on}.{act.method}"
    if act.method == FAILING:
        arguments, named = _fault(*act.arguments)
    if act.kind == "block":
        start, end = f"with {start}", f" as {HELD}:" if act.method == HELD else ":"
    elif act.method in _NEW:
        start = f"other_{others} = {start}"
    yield from _statement(start, arguments, named, end, indent)


def _fault(fault: Fault, at: int) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """The row by its name, and what differs from it."""
    row = BY_NAME[fault.name]
    other = {each.name: getattr(fault, each.name) for each in fields(fault)}
    return (fault.name,), {"at": at, **{name: it for name, it in other.items() if it != getattr(row, name)}}


def _statement(start: str, arguments: Sequence[Any], named: Mapping[str, Any], end: str, indent: str) -> Iterator[str]:
    """One call, on one line where there is room."""
    given = ", ".join([*map(source, arguments), *(_named(name, value) for name, value in named.items())])
    flat = f"{indent}{start}({given}){end}"
    if len(flat) <= WIDTH:
        yield flat
        return
    yield f"{indent}{start}("
    inner = indent + INDENT
    for value in arguments:
        yield from f"{inner}{source(value, inner)},".split("\n")
    for name, value in named.items():
        yield from f"{inner}{_named(name, value, inner)},".split("\n")
    yield f"{indent}){end}"


def _named(name: str, value: Any, indent: str | None = None) -> str:
    if name.isidentifier():
        return f"{name}={source(value, indent)}"
    return f"**{source({name: value}, indent)}"


def source(value: Any, indent: str | None = None) -> str:
    """A value as Python source; with an ``indent`` on several lines where one is too long."""
    value = _plain(value)
    if isinstance(value, Call):
        flat = f"Call({source(value.operation)}, {source(value.arguments)})"
    elif isinstance(value, Mapping):
        flat = f"{{{', '.join(f'{source(key)}: {source(item)}' for key, item in value.items())}}}"
    elif isinstance(value, list | tuple):
        flat = f"[{', '.join(source(item) for item in value)}]"
    else:
        return _leaf(value)
    return flat if indent is None or len(indent) + len(flat) < WIDTH else _broken(value, indent)


def _broken(value: Any, indent: str) -> str:
    inner = indent + INDENT
    if isinstance(value, Call):
        lines = [f"{inner}{source(part, inner)}," for part in value]
        return "\n".join(["Call(", *lines, f"{indent})"])
    if isinstance(value, Mapping):
        lines = [f"{inner}{source(key)}: {source(item, inner)}," for key, item in value.items()]
        return "\n".join(["{", *lines, f"{indent}}}"])
    return "\n".join(["[", *(f"{inner}{source(item, inner)}," for item in value), f"{indent}]"])


def _plain(value: Any) -> Any:
    if isinstance(value, Payload):
        return value.plain()
    return value.value if isinstance(value, Enum) else value


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        one = value[:1]
        return (
            f"{_quoted(one)} * {len(value)}" if len(value) > LONGEST and value == one * len(value) else _quoted(value)
        )
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if value is None or isinstance(value, bool | int | float | bytes | datetime.date | datetime.timedelta):
        return repr(value)
    return _quoted(f"<{type(value).__name__}>")


def _quoted(text: str) -> str:
    """Between double quotes, unless it has some."""
    return repr(text) if '"' in text else f'"{repr(chr(39) + text)[2:]}'
