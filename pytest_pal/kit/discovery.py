"""Which adapters are judged: the project's own, else the mocks; or by name whatever is installed."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from pydantic import ValidationError

from ..errors import PalError, did_you_mean
from ..model.capability import Capability, faults
from ..model.versions import version
from ..registry.entry_points import ADAPTERS, CAPABILITIES, HARNESSES, OURS, Entry, entries, normalised
from .contract import Contract
from .harness import Harness
from .loader import load
from .meets_wire import meeting_wire
from .plan import Case, Problem, broken_case, case_of
from .target import Target

GLOB = frozenset("*?[")


@dataclass(frozen=True)
class Selection:
    """What was asked for. ``adapters`` empty: the project's own. All are globs but ``required``."""

    root: Path
    adapters: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    required: Sequence[str] = ()
    local: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> set[str]:
        """Names that must be there: without a glob, or required."""
        return {*self.required, *(name for name in self.adapters if not GLOB & set(name))}

    def covers(self, adapter: str, capability: str) -> bool:
        """Whether this run would judge such an adapter, were it this project's own."""
        named = adapter in self.required or _matches(adapter, self.adapters)
        return named and _matches(capability, self.capabilities)


@dataclass(frozen=True)
class Discovered:
    """``missing_extras`` maps built-in adapters that cannot be judged here to the extra they need."""

    cases: tuple[Case, ...]
    missing_extras: Mapping[str, str]
    known: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    name: str
    origin: str
    distribution: str
    source: Any


def discover(selection: Selection) -> Discovered:
    """Never raises for what an adapter does: what is wrong with one is a case of its own."""
    candidates = [*_installed(), *_local(selection.local)]
    chosen = list(_chosen(candidates, selection))
    cases: list[Case] = []
    extras: dict[str, str] = {}
    for name in dict.fromkeys(candidate.name for candidate in chosen):
        same_name = [candidate for candidate in chosen if candidate.name == name]
        case = _case(same_name)
        missing = _missing_extra(case, same_name[0])
        if missing and name not in selection.named:
            extras[name] = missing
        else:
            cases.append(_red_extra(case, missing) if missing else case)
    cases += _absent(selection, candidates)
    wanted = [case for case in cases if _matches(case.capability, selection.capabilities)]
    cases = sorted(wanted, key=lambda case: (case.capability, case.adapter))
    return Discovered(tuple(cases), extras, tuple(sorted({candidate.name for candidate in candidates})))


def _installed() -> Iterator[_Candidate]:
    for entry in entries(ADAPTERS):
        origin = f"entry point {entry.name} = {entry.value!r} of {entry.distribution or 'an unnamed distribution'}"
        yield _Candidate(entry.name, origin, entry.distribution, entry)


def _local(local: Mapping[str, Any]) -> Iterator[_Candidate]:
    for name, source in local.items():
        yield _Candidate(name, f"conftest hook pytest_pal_adapters, {name!r}", "", source)


def _chosen(candidates: list[_Candidate], selection: Selection) -> Iterator[_Candidate]:
    patterns = selection.adapters
    project = _project(selection.root)
    own = {c.name for c in candidates if not c.distribution or c.distribution == project}
    for candidate in candidates:
        if patterns:
            wanted = _matches(candidate.name, patterns)
        elif own:
            wanted = candidate.name in own
        else:
            wanted = candidate.distribution == OURS and candidate.name.startswith("mock_")
        if wanted or candidate.name in selection.required:
            yield candidate


def _project(root: Path) -> str:
    """The normalised name of the distribution that the root folder's pyproject.toml describes, or ''."""
    file = root / "pyproject.toml"
    try:
        name = tomllib.loads(file.read_text("utf-8")).get("project", {}).get("name", "")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
    return normalised(str(name))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _absent(selection: Selection, candidates: list[_Candidate]) -> Iterator[Case]:
    known = sorted({candidate.name for candidate in candidates})
    for name in selection.required:
        if name not in known:
            text = f"--pal-require {name}: no adapter has that name; {did_you_mean(name, known)}"
            problem = Problem("loads", text)
            yield broken_case("unknown", name, "command line", [problem])


def _case(same_name: list[_Candidate]) -> Case:
    candidate = same_name[0]
    if len(same_name) > 1:
        text = "another adapter has the same name: " + "; ".join(other.origin for other in same_name[1:])
        return broken_case("unknown", candidate.name, candidate.origin, [Problem("unique_name", text)])
    try:
        harness = _harness(candidate)
    except Exception as error:  # noqa: BLE001 - somebody else's import may raise anything
        problem = Problem("loads", _load_error(error))
        return broken_case(_guess(candidate), candidate.name, candidate.origin, [problem])
    return _judged(candidate, harness)


def _load_error(error: Exception) -> str:
    return f"{type(error).__name__}: {error}. Mend the entry point, or install what its module imports."


def _guess(candidate: _Candidate) -> str:
    """The capability that a name ends with (acme_ads: ads), for adapters that cannot be asked."""
    known = [entry.name for entry in entries(CAPABILITIES)]
    return next((name for name in known if candidate.name.endswith(name)), "unknown")


def _harness(candidate: _Candidate) -> Harness:
    source = candidate.source.load() if isinstance(candidate.source, Entry) else candidate.source
    if isinstance(source, Harness):
        return source
    for entry in entries(HARNESSES):
        if entry.name == candidate.name and entry.distribution == candidate.distribution:
            return _checked_harness(entry, source)
    return Harness(source)


def _checked_harness(entry: Entry, source: Any) -> Harness:
    found = entry.load()
    harness = found() if isinstance(found, FunctionType) else found
    if not isinstance(harness, Harness):
        raise PalError(f"the harness {entry.value} is a {type(harness).__name__}, not a Harness")
    if harness.cls is not source:
        raise PalError(f"the harness {entry.value} judges {harness.cls!r}, the adapter's entry point names {source!r}")
    return harness


def _judged(candidate: _Candidate, harness: Harness) -> Case:
    cls: Any = harness.cls
    capability = str(getattr(cls, "capability", None) or "unknown")
    if not isinstance(cls, type):
        problem = Problem("is_a_class", f"{cls!r} is a {type(cls).__name__}; name a class")
        return broken_case(_guess(candidate), candidate.name, candidate.origin, [problem])
    offered = {entry.name: entry for entry in entries(CAPABILITIES)}
    if capability not in offered:
        known = ", ".join(sorted(offered))
        text = f"{cls.__name__}.capability is {getattr(cls, 'capability', None)!r}; set it to one of {known}"
        return broken_case("unknown", candidate.name, candidate.origin, [Problem("capability", text)])
    try:
        contract = contract_of(capability)
    except Exception as error:  # noqa: BLE001 - a third party's contract may raise anything
        problem = Problem("loads", f"capability {capability}: {error}")
        return broken_case(capability, candidate.name, candidate.origin, [problem])
    problems = [*_declarations(cls, contract)]
    if problems:
        return broken_case(capability, candidate.name, candidate.origin, problems)
    return case_of(Target(candidate.name, contract, harness, candidate.origin))


@cache
def contract_of(name: str) -> Contract:
    """The loaded contract of an installed capability. Raises PalError for a name that is not installed."""
    entry = next((entry for entry in entries(CAPABILITIES) if entry.name == name), None)
    if entry is None:
        raise PalError(f"no capability {name!r}; installed are {', '.join(e.name for e in entries(CAPABILITIES))}")
    capability = entry.load()
    if not isinstance(capability, Capability):
        raise PalError(f"{entry.value} is a {type(capability).__name__}, not a Capability")
    return load(capability)


def _declarations(cls: Any, contract: Contract) -> Iterable[Problem]:
    capability = contract.capability
    unsupported = getattr(cls, "unsupported", {})
    yield from _unsupported(cls, unsupported, contract)
    missing = [n for n in capability.operations if not callable(getattr(cls, n, None)) and n not in unsupported]
    if missing:
        text = f"{cls.__name__} has no {', '.join(f'{name}()' for name in missing)}; write it as in the Protocol"
        yield Problem("operations", f"{text} {capability.protocol.__name__}")
    yield from _pin(cls, contract)
    yield from meeting_wire(cls, capability)
    try:
        capability.traits.of(getattr(cls, "traits", None))
    except ValidationError as error:
        yield Problem("traits", f"{cls.__name__}.traits: {faults(error)}")


def _unsupported(cls: Any, unsupported: Any, contract: Contract) -> Iterable[Problem]:
    if not isinstance(unsupported, Mapping):
        yield Problem("unsupported", f"{cls.__name__}.unsupported must map names to the vendor's reason")
        return
    optional = ", ".join(contract.optional) or "nothing"
    for name, reason in unsupported.items():
        if name not in contract.optional:
            yield Problem("unsupported", f"{name!r} may not be unsupported; optional in this contract: {optional}")
        elif not isinstance(reason, str) or not reason.strip():
            yield Problem("unsupported", f"{name!r} is unsupported without a reason; give the vendor's")


def _pin(cls: Any, contract: Contract) -> Iterable[Problem]:
    pinned: Any = getattr(cls, "contract", None)
    capability = contract.capability
    try:
        newer = version(pinned) > version(capability.version)
    except (TypeError, ValueError):
        yield Problem("pin", f"{cls.__name__}.contract is {pinned!r}; set it to {capability.version!r}")
        return
    text = f"{cls.__name__} is pinned to {capability.name} {pinned}, this kit knows {', '.join(contract.versions)}"
    if newer:
        yield Problem("pin", f"{text}: upgrade pytest-pal, or pin the adapter to {capability.version!r}")
    elif pinned not in contract.versions:
        yield Problem("pin", f"{text}: pin the adapter to one of them")


def _missing_extra(case: Case, candidate: _Candidate) -> str:
    """The extra that a built-in adapter needs and that is not installed, or ''. Extras are named by vendor."""
    if candidate.distribution != OURS or case.target is not None:
        return ""
    try:
        _harness(candidate)
    except ModuleNotFoundError as error:
        foreign = not (error.name or "").startswith("pytest_pal")
        return candidate.name.split("_")[0] if foreign else ""
    except Exception:  # noqa: BLE001 - already told as a problem
        return ""
    return ""


def _red_extra(case: Case, extra: str) -> Case:
    problem = Problem("extra", f"it needs an extra: pip install 'pytest-pal[{extra}]'")
    return broken_case(case.capability, case.adapter, case.origin, [problem])
