"""Writes docs/clauses.md and docs/clauses/<capability>.md from the contracts: ``clauses.py [--write]``.

Of each clause: sentence, why it matters, how to mend what fails it, where it was seen, and who proves it. Without
``--write`` the exit code is 1 where a page is not up to date.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pytest_pal.commands.explaining import check_of, checks, explained, explained_check, proof
from pytest_pal.kit.contract import Contract
from pytest_pal.kit.discovery import contract_of
from pytest_pal.kit.explanations import explanation, is_special
from pytest_pal.kit.plan import SENTENCES
from pytest_pal.model.clause import WHOLE, Clause
from pytest_pal.registry.entry_points import CAPABILITIES, OURS, entries

ROOT = Path(__file__).parents[1]
INDEX = ROOT / "docs" / "clauses.md"
FOLDER = INDEX.with_suffix("")
PLAYED = ("scenario", "golden")
BY_NAME = ("discovery", *PLAYED, "own_golden")
INTRO = """# Clauses

A clause is one checkable sentence about an adapter, with an ID that never changes its meaning:
`capability.operation.family.check`, where `adapter` in the second place means the adapter as a whole. Only a MUST can
fail an adapter. `pal explain ID` prints what stands here.

Some clauses belong to one contract. The others are generated: each check of a family for every operation whose
declaration it fits. Those are explained here once; the pages of the contracts list them by operation.

This page and those of the contracts are made by `python tools/clauses.py --write` from the contracts and their files
`explanations.yaml`.
"""
OWN_GOLDEN = "The trace of a scenario is the one in the project's own golden file."


def pages() -> dict[Path, str]:
    """The text of every page."""
    names = [entry.name for entry in entries(CAPABILITIES) if entry.distribution == OURS]
    contracts = [contract_of(name) for name in names]
    made = {FOLDER / f"{found.capability.name}.md": "\n".join(_contract(found)) for found in contracts}
    return {INDEX: "\n".join(_index(contracts)), **made}


def _index(contracts: list[Contract]) -> Iterator[str]:
    yield INTRO
    yield from ("## Contracts", "")
    for found in contracts:
        own = sum(_is_own(clause, found) for clause in found.clauses)
        name = found.capability.name
        yield f"- [{name} {found.capability.version}](clauses/{name}.md): {len(found.clauses)} clauses, {own} its own"
    everywhere = [f"{found.capability.name}.{name}" for found in contracts for name in found.capability.operations]
    families: dict[str, list[str]] = {}
    for name in checks(contracts):
        families.setdefault(_family(name), []).append(name)
    yield from ("", f"Families: {', '.join(f'[{name}](#{name})' for name in (*BY_NAME, *families))}", "")
    yield from (*_discovery(), *_by_name(contracts))
    for family, names in families.items():
        yield from (f"## {family}", "")
        for name in names:
            yield from _check(explained_check(name, contracts), everywhere)


def _discovery() -> Iterator[str]:
    yield from (
        "## discovery",
        "",
        "Where an adapter that was found cannot be judged, one of these fails in its place.",
        "",
    )
    for kind, sentence in SENTENCES.items():
        yield from (f"### discovery.{kind}", "", _text(sentence), "")
        yield from _told(vars(explanation(f"discovery.{kind}")))


def _by_name(contracts: Iterable[Contract]) -> Iterator[str]:
    """The families whose checks are scenarios; the pages of the contracts name them."""
    of_all = [clause for found in contracts for clause in found.clauses]
    for family in BY_NAME[1:]:
        count = sum(clause.family == family for clause in of_all)
        text = f"{count} clauses, listed with each contract's scenarios." if count else OWN_GOLDEN
        yield from (f"## {family}", "", text, "", *_told(vars(explanation(f"{family}.any"))))


def _check(about: dict[str, Any], everywhere: list[str]) -> Iterator[str]:
    yield from (f"### {about['id']}", "")
    for said in about["sentences"]:
        yield f"{_said(said)} {_applies(said['clauses'], everywhere)}"
        yield ""
    yield from _told(about)


def _applies(ids: list[str], everywhere: list[str]) -> str:
    places = [".".join(id.split(".")[:2]) for id in ids]
    if places == everywhere:
        return "(Every operation.)"
    if all(place.endswith(f".{WHOLE}") for place in places):
        return f"(Once for {', '.join(place.partition('.')[0] for place in places)}.)"
    found = groupby((place.split(".") for place in places), key=lambda place: place[0])
    return f"({'; '.join(f'{name}: ' + ', '.join(o for _, o in each) for name, each in found)}.)"


def _contract(found: Contract) -> Iterator[str]:
    name = found.capability.name
    yield from (f"# Clauses of {name} {found.capability.version}", "")
    yield from (f"{len(found.clauses)} clauses. The families are explained in [clauses.md](../clauses.md).", "")
    for operation in (*found.capability.operations, WHOLE):
        clauses = [clause for clause in found.clauses if clause.operation == operation]
        yield from (f"## {'The adapter as a whole' if operation == WHOLE else operation}", "")
        for clause in clauses:
            if _is_own(clause, found):
                yield from _own(explained(clause.id))
        yield from _generated([clause for clause in clauses if check_of(clause) and not _is_own(clause, found)])
    yield from _scenarios(found)


def _is_own(clause: Clause, found: Contract) -> bool:
    by_its_file = is_special(clause.id, found.capability.package)
    return clause.family not in PLAYED and (not check_of(clause) or by_its_file)


def _own(about: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {about['id']}", "", _said(about), "", *_told(about))


def _generated(clauses: list[Clause]) -> Iterator[str]:
    if clauses:
        yield from ("Generated:", "")
        for clause in clauses:
            check = check_of(clause)
            yield f"- [{check}](../clauses.md#{_anchor(check)}){_proof(clause.id, ', proven by {}')}"
        yield ""


def _scenarios(found: Contract) -> Iterator[str]:
    clauses = {family: {c.id.split(".")[3]: c for c in found.clauses if c.family == family} for family in PLAYED}
    yield from ("## Scenarios", "", "Each is played, and its outputs are held against the mock's golden file.", "")
    for name, played in clauses["scenario"].items():
        yield f"- `{played.id}`: {_text(played.sentence)}{_proof(played.id, ' Proven by {}.')}"
        if name in clauses["golden"]:
            golden = clauses["golden"][name]
            yield f"- `{golden.id}`: {_text(golden.sentence)}{_proof(golden.id, ' Proven by {}.')}"
    yield ""


def _proof(id: str, words: str) -> str:
    names = proof(id)
    return words.format(", ".join(names)) if names else ""


def _said(about: dict[str, Any]) -> str:
    return f"**{about['level']}**, since {about['since']}: {_text(about['sentence'])}"


def _told(about: dict[str, Any]) -> Iterator[str]:
    for head in ("why", "mend"):
        yield from (f"{head.capitalize()}: {_text(about[head])}", "")
    if about.get("proven_by"):
        yield from (f"Proven by: {', '.join(about['proven_by'])}", "")
    if about["seen"]:
        yield from (f"Seen: {', '.join(map(_link, about['seen']))}", "")


def _link(address: str) -> str:
    on_github = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)", address)
    return f"[{on_github[1]}#{on_github[2]}]({address})" if on_github else f"<{address}>"


def _text(text: str) -> str:
    """Without what Markdown would read as its own."""
    return re.sub(r"([*<\[\]`])", r"\\\1", text)


def _family(check: str) -> str:
    return check.partition(".")[0]


def _anchor(heading: str) -> str:
    return heading.replace(".", "")


def stale(write: bool = False) -> list[Path]:
    """The pages that are not what the contracts say, and those of no contract; with ``write`` they are then."""
    made = pages()
    gone = sorted(set(FOLDER.glob("*.md")) - set(made))
    changed = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    if write:
        FOLDER.mkdir(exist_ok=True)
        for path in changed:
            path.write_text(made[path], "utf-8", newline="\n")
        for path in gone:
            path.unlink()
    return [*changed, *gone]


def main(arguments: list[str]) -> int:
    write = arguments == ["--write"]
    found, says = stale(write), "was written" if write else "is stale: python tools/clauses.py --write"
    for path in found:
        sys.stdout.write(f"{path.relative_to(ROOT).as_posix()} {says}\n")
    return 1 if found and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
