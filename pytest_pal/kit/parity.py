"""Parity: an adapter's trace of a scenario against the contract's golden file, by field class.

Ids are renamed one to one, an instant is an instant or none, numbers have their field's tolerance. Where the
scenario's expectation leaves a choice, the golden file does not take it away; what an adapter cannot be
asked (a part it does not offer, an outcome it rightly does not know) is left out on both sides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from ..canonical import escape, file_text
from ..compare.diff import diff
from ..compare.normal import tolerances
from ..compare.rules import near
from ..compare.walk import Mismatch
from ..errors import ProviderError
from ..model.clause import ClauseFailed, Unproven
from ..model.versions import project
from .golden_files import differences_of
from .placeholders import every_leaf
from .playing import Played
from .trace import trace

_PLACEHOLDER = re.compile(r"<(id|time) \d+>")


def parity(
    golden: Mapping[str, Any], used: Mapping[str, Any], played: Sequence[Played], traits: Any, pinned: str
) -> None:
    """Fails the clause where a call came to something else than the golden file says.

    ``used`` holds the scenario's variables with this adapter. Fields that are newer than the contract's
    version to which it is ``pinned`` do not count. Raises `Unproven` where the file does not
    speak of this scenario's steps.
    """
    recorded = {step["step"]: step for step in golden["steps"]}
    pairs = [(each, recorded.get(each.number, {}), seen) for each, seen in zip(played, trace(played), strict=True)]
    pairs = [pair for pair in pairs if _comparable(pair[0])]
    for each, wanted, _ in pairs:
        if wanted.get(each.step.kind) != each.step.value:
            raise Unproven(f"step {each.number} is not in the golden file; type: pytest --pal --pal-golden=update")
    changed = {name: (old, used[name]) for name, old in golden["variables"].items() if used.get(name, old) != old}
    expected = _numbered([_translated(_came(each, wanted, pinned), changed.values()) for each, wanted, _ in pairs])
    found = diff(expected, _numbered([_came(each, seen, pinned) for each, _, seen in pairs])).mismatches
    left = [mismatch for mismatch in found if not _allowed(mismatch, [each for each, _, _ in pairs], traits)]
    if left:
        raise ClauseFailed("the outputs differ from the mock's (of each step: what came of it)", differences_of(left))


def _comparable(played: Played) -> bool:
    if played.outcome is None:
        return False
    error = played.outcome.error
    return not (isinstance(error, ProviderError) and error.outcome_unknown)


def _came(played: Played, step: Mapping[str, Any], pinned: str) -> dict[str, Any]:
    """What came of a call, as the pinned version knows it; of several allowed codes none is the golden file's."""
    came = {name: step[name] for name in ("returned", "raised") if name in step}
    if "returned" in came and played.outcome is not None and played.outcome.error is None:
        came["returned"] = project(came["returned"], type(played.outcome.value), pinned)
    if len(played.step.error) > 1 and "raised" in came:
        came["raised"] = {"class": came["raised"]["class"]}
    return {"step": played.number, "call": played.step.value, **came}


def _numbered(steps: list[Any]) -> Any:
    """Ids numbered by first appearance among these steps, instants without numbers."""
    numbers: dict[str, str] = {}

    def again(leaf: Any) -> Any:
        if not isinstance(leaf, str) or not _PLACEHOLDER.fullmatch(leaf):
            return leaf
        return "<time>" if leaf.startswith("<time") else numbers.setdefault(leaf, f"<id {len(numbers) + 1}>")

    return every_leaf(steps, again)


def _translated(value: Any, changed: Any) -> Any:
    """The value with every variable of the recording replaced by what it is with this adapter."""
    for old, new in changed:
        if old not in (None, True, False, "") and file_text(old) == file_text(value):
            return new
    if isinstance(value, Mapping):
        return {key: _translated(item, changed) for key, item in value.items()}
    return [_translated(item, changed) for item in value] if isinstance(value, list) else value


def _allowed(mismatch: Mismatch, played: Sequence[Played], traits: Any) -> bool:
    _, index, kind, *rest = mismatch.path.split("/")
    each = played[int(index)]
    if kind != "returned" or each.outcome is None or not isinstance(each.outcome.value, BaseModel):
        return False
    way = "".join(f"/{token}" for token in rest)
    if any(f"{way}/".startswith(f"{choice}/") for choice in _choices(each.step.expect)):
        return True
    within = tolerances(type(each.outcome.value), traits)(way)
    if "<time>" in (mismatch.reference, mismatch.candidate) and None in (mismatch.reference, mismatch.candidate):
        return True
    return near(mismatch.reference, mismatch.candidate, within)


def _choices(expect: Any, pointer: str = "") -> Iterator[str]:
    """The pointers at which an expectation leaves a choice."""
    if isinstance(expect, Mapping):
        if any(str(key).startswith("$") for key in expect):
            yield pointer
        else:
            for key, item in expect.items():
                yield from _choices(item, f"{pointer}/{escape(str(key))}")
    elif isinstance(expect, list):
        for index, item in enumerate(expect):
            yield from _choices(item, f"{pointer}/{index}")
