"""The text of a failure: the sentence, the steps taken, expected and seen, readable at 80 columns."""

import json
import re
import textwrap
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..model.clause import Clause, ClauseFailed, Unproven
from ..model.differences import Difference, Words
from ..model.payload import Payload
from .bench import Step

WIDTH = 78
SHOWN_STEPS = 12
SHOWN_DIFFERENCES = 8
SHOWN_REQUESTS = 6
_OURS = Path(__file__).parent.parent


def text(clause: Clause, steps: Sequence[Step], error: Exception, note: str = "") -> str:
    """Everything a person needs to see what happened; no frame of pytest-pal."""
    parts = [*_wrapped(f"{clause.level}: {clause.sentence}"), ""]
    if note:
        parts += [*_wrapped(note), ""]
    if steps:
        parts += ["steps:", *_steps(steps), ""]
    parts += [*story(error)]
    return "\n".join(parts)


def cause(error: BaseException, steps: Sequence[Step] = ()) -> str:
    """What failures of one cause have in common: the place in the adapter, the difference, or the words."""
    name = type(error).__name__
    first = str(error).splitlines()[0] if str(error) else name
    first = re.sub(r"/\d+(?=[/:])", "/*", first.split("; ")[0])
    if isinstance(error, ClauseFailed) and error.differences and error.differences[0].pointer:
        return _difference(error.differences[0], [step.what for step in steps if step.outcome is not None])
    if isinstance(error, ClauseFailed | Unproven):
        return first
    place = _place(error)
    return f"{name} at {place}" if place else f"{name}: {first}"


def _difference(first: Difference, calls: Sequence[str]) -> str:
    where = re.sub(r"/\d+(?=/|$)", "/*", first.pointer)
    after = f" after {calls[-1]}" if calls else ""
    return f"at {where}{after}: expected {_compact(first.expected)}, seen {_compact(first.seen)}"


def differing(error: ClauseFailed) -> str:
    """What failed, with the places where expected and seen part."""
    return "\n".join([error.what, *_differences(error.differences)])


def story(error: BaseException) -> Iterator[str]:
    """What is wrong: the words of the clause, expected and seen, what was raised."""
    if isinstance(error, Unproven):
        yield from _wrapped(f"unproven: {error}")
        if error.__cause__ is not None:
            yield from _raised(error.__cause__)
    elif isinstance(error, ClauseFailed):
        yield from _wrapped(f"failed: {error.what}")
        yield from _differences(error.differences)
        if error.__cause__ is not None:
            yield from _raised(error.__cause__)
    else:
        yield from _raised(error)


def _raised(error: BaseException) -> Iterator[str]:
    yield from _wrapped(f"raised: {type(error).__name__}: {error}")
    place = _place(error)
    if place:
        yield f"  at {place}"


def _place(error: BaseException) -> str:
    """The innermost line outside pytest-pal's own machinery, as file:line in function."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if not _is_machinery(frame.filename)]
    return f"{_short(theirs[-1].filename)}:{theirs[-1].lineno} in {theirs[-1].name}" if theirs else ""


def _is_machinery(filename: str) -> bool:
    path = Path(filename)
    if "contracts" in path.parts and path.name in ("clauses.py", "samples.py", "protocol.py"):
        return True
    ours = _OURS in path.parents
    return ours and not {"mocks", "adapters"} & set(path.relative_to(_OURS).parts)


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if Path.cwd() in path.parents else filename


def _differences(found: Sequence[Difference]) -> Iterator[str]:
    for difference in found[:SHOWN_DIFFERENCES]:
        yield f"  at {difference.pointer or 'the whole'}:"
        yield from _side("expected", difference.expected)
        yield from _side("seen", difference.seen)
    if len(found) > SHOWN_DIFFERENCES:
        yield f"  and {len(found) - SHOWN_DIFFERENCES} more differences"


def _side(name: str, value: Any) -> list[str]:
    shown = value if isinstance(value, Words) else _compact(value)
    lead = f"    {name + ':':<10}"
    return textwrap.wrap(lead + str(shown), WIDTH, subsequent_indent=" " * len(lead), max_lines=4, placeholder=" ...")


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    if len(steps) > SHOWN_STEPS:
        yield f"  ... {len(steps) - SHOWN_STEPS} earlier steps"
    for step in steps[-SHOWN_STEPS:]:
        yield from step_lines(step)


def step_lines(step: Step) -> Iterator[str]:
    """What was done, what went over the wire, and what came of it."""
    yield from _cut(f"  {step.what}{_arguments(step)}")
    for entry in step.wire[-SHOWN_REQUESTS:]:
        yield from _cut(f"    on the wire: {entry.brief()}")
    if step.outcome is not None:
        yield from _cut(f"    -> {_outcome(step)}")


def _arguments(step: Step) -> str:
    if not step.arguments:
        return ""
    return "(" + ", ".join(f"{name}={_compact(value)}" for name, value in step.arguments.items()) + ")"


def _outcome(step: Step) -> str:
    assert step.outcome is not None
    if step.outcome.error is not None:
        return step.outcome.brief()
    return _compact(step.outcome.value)


def _compact(value: Any) -> str:
    """JSON on one line, or else Python; a lone surrogate is escaped, since no terminal can print one."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text.encode(errors="backslashreplace").decode()


def _plain(value: Any) -> Any:
    if not isinstance(value, Payload):
        return str(value)
    return {name: item for name, item in value.plain().items() if name != "extensions" or item}


def _cut(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, max_lines=3, placeholder=" ...")


def _wrapped(text: str) -> list[str]:
    """Paragraphs; a line that begins with a blank is code to paste, and stays as it is."""
    lines = text.splitlines() or [""]
    return [line for part in lines for line in ([part] if part.startswith(" ") else textwrap.wrap(part, WIDTH) or [""])]
