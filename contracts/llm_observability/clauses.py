"""What llm_observability promises beyond the general families.

Whether a trace is open is asked by stopping it: the first stop wins and is returned. The observer is
asked when all is done, after the read bound, since a vendor may show a trace only when it has ended.
"""

import json
from collections.abc import Iterable, Iterator
from string import ascii_letters, digits
from typing import Any

from ...errors import NonRetryableError
from ...model.clause import Level, clause, holds, refused, same
from ...model.subject import Call, Subject
from .protocol import CONTENT_ATTRIBUTES

AT_ONCE = 4
PLAIN_ATTRIBUTES = {
    "model": "m-1",
    "note": "naïve «Ω» 🎉",
    "cached": True,
    "retried": False,
    "turn": 1,
    "largest": 2**53 - 1,
    "temperature": 0.25,
    "tags": ["b", "a"],
    "zip": "00420",
    "nothing": "",
    "nested": {"zero": 0, "list": [1, 2.5, "Ω", None]},
}
ODD_NAMES = ("Ответ «Ω»", " two  blanks ", "a line\nand another", "ﬁnal e\u0301")


def _any_instance(traits: Any) -> bool:
    return bool(traits.open_traces == "any")


def _one_process(traits: Any) -> bool:
    return bool(traits.open_traces == "process")


def _accepts_unknown(traits: Any) -> bool:
    return bool(traits.unknown_trace == "accepted")


def start(subject: Subject, **changes: Any) -> Any:
    """A trace of the sample's shape and a name of its own, with some arguments changed."""
    return subject.call("trace_start", **{**subject.prepare("trace_start")(0), **changes})


def stop(subject: Subject, trace: Any, status: str = "ok", output: Any = None) -> str:
    """The status that the stop returned."""
    ended = subject.call("trace_stop", id=trace.id, status=status, output=output)
    same(ended.id, trace.id, "the id that trace_stop returned")
    return str(ended.status)


def seen(subject: Subject) -> dict[str, dict[str, Any]]:
    """Every trace that the vendor has by its id, each with ``parent`` added."""
    if subject.traits.read_bound_s:
        subject.advance(subject.traits.read_bound_s)
    rows = [*_flat(subject.observe("traces"), None)]
    found = {row["id"]: row for row in rows}
    holds(len(found) == len(rows), "a trace stands more than once", seen=[row["id"] for row in rows])
    return found


def _flat(rows: list[dict[str, Any]], parent: str | None) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {**row, "parent": parent}
        yield from _flat(row["children"], row["id"])


def statuses(subject: Subject) -> dict[str, Any]:
    """The status of every trace that the vendor has, by its id."""
    return {id: row["status"] for id, row in seen(subject).items()}


def span(row: dict[str, Any]) -> dict[str, Any]:
    """What an ended trace is, apart from what may still be added to it."""
    return {name: value for name, value in row.items() if name not in ("evals", "links", "children")}


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Evaluations or links, in one order: theirs is free."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


@clause("llm_observability.trace_start.rule.echo")
def echo(subject: Subject) -> None:
    """A started trace has the name and the parent that were asked for, and an id of its own."""
    root = start(subject)
    children = [start(subject, name=name, parent=root.id) for name in ODD_NAMES]
    same(root.parent, None, "the parent of a root")
    same([child.parent for child in children], [root.id] * len(children), "parents of the children")
    same([child.name for child in children], list(ODD_NAMES), "the names that were returned")
    ids = [root.id, *(child.id for child in children)]
    holds(len(set(ids)) == len(ids), "two traces have one id", seen=ids)
    stop(subject, root)
    rows = seen(subject)
    same([rows[child.id]["name"] for child in children], list(ODD_NAMES), "the names that were stored")


@clause("llm_observability.trace_start.rule.effect")
def effect(subject: Subject) -> None:
    """Each started trace stands once at the vendor, under its own id and name, below its parent."""
    root, other = start(subject), start(subject)
    child = start(subject, parent=root.id)
    made = [root, other, child, start(subject, parent=child.id), start(subject, parent=root.id)]
    for trace in reversed(made):
        stop(subject, trace)
    rows = {id: (row["name"], row["parent"]) for id, row in seen(subject).items()}
    same(rows, {trace.id: (trace.name, trace.parent) for trace in made}, "name and parent by id")


@clause("llm_observability.trace_start.rule.attributes")
def attributes(subject: Subject) -> None:
    """Attributes that are no content are stored unchanged, where the observer shows attributes."""
    trace = start(subject, attributes=PLAIN_ATTRIBUTES)
    stop(subject, trace)
    stored = seen(subject)[trace.id]["attributes"]
    if stored is not None:
        same(stored, PLAIN_ATTRIBUTES, "the stored attributes", subset=True)


@clause("llm_observability.trace_start.rule.must_accept")
def start_must_accept(subject: Subject) -> None:
    """A name of 120 characters and ten attributes of 64 and 256 characters are accepted."""
    name, pairs = "Ω" * 120, {f"a{n}".ljust(64, "x"): "v" * 256 for n in range(10)}
    trace = start(subject, name=name, attributes=pairs)
    same(trace.name, name, "the long name")
    same(start(subject, name="n").name, "n", "the short name")
    stop(subject, trace)
    row = seen(subject)[trace.id]
    same(row["name"], name, "the stored name")
    if row["attributes"] is not None:
        same(row["attributes"], pairs, "the stored attributes", subset=True)


@clause("llm_observability.trace_start.rule.under_ended")
def under_ended(subject: Subject) -> None:
    """A start under an ended parent is allowed, and the new trace stays open until it is stopped."""
    root = start(subject)
    stop(subject, root)
    late = start(subject, parent=root.id)
    same(late.parent, root.id, "the late trace's parent")
    same(stop(subject, root, "error"), "ok", "the parent, stopped before")
    same(stop(subject, late, "error"), "error", "the first stop of the late trace")
    same(statuses(subject), {root.id: "ok", late.id: "error"}, "status by id")


@clause("llm_observability.trace_start.rule.repeat_after_stop")
def repeat_after_stop(subject: Subject) -> None:
    """A repeat of a start whose trace has ended gives the same trace and does not open it again."""
    root = start(subject)
    arguments = {"name": "once", "attributes": {"turn": 1}, "parent": root.id, "idempotency_key": subject.key()}
    first = subject.call("trace_start", **arguments)
    stop(subject, first)
    stop(subject, root)
    same(subject.call("trace_start", **arguments), first, "the repeat")
    same(stop(subject, first, "error"), "ok", "the status after the repeat")
    same(statuses(subject), {root.id: "ok", first.id: "ok"}, "status by id")


@clause("llm_observability.trace_start.rule.parent_elsewhere")
def parent_elsewhere(subject: Subject) -> None:
    """A parent that another instance started is accepted."""
    root = start(subject)
    stop(subject, root)
    subject.close()
    other = subject.sibling()
    child = start(other, parent=root.id)
    same(child.parent, root.id, "the parent")
    stop(other, child)
    other.close()
    parents = {id: row["parent"] for id, row in seen(subject).items()}
    same(parents, {root.id: None, child.id: root.id}, "parents by id")


@clause("llm_observability.trace_stop.rule.statuses")
def each_status(subject: Subject) -> None:
    """A stopped trace has the status that it was stopped with: ok, error or aborted."""
    made = {start(subject).id: status for status in ("ok", "error", "aborted")}
    for id, status in made.items():
        ended = subject.call("trace_stop", id=id, status=status)
        same(ended.plain(), {"id": id, "status": status}, "what trace_stop returned", subset=True)
    same(statuses(subject), made, "status by id")


@clause("llm_observability.trace_stop.rule.first_wins")
def first_wins(subject: Subject) -> None:
    """Stopping twice is stopping once: the first stop wins, is returned, and nothing changes."""
    for run in (subject, subject.stranger(capture_content=True)):
        trace = start(run)
        same(stop(run, trace, "error", "first"), "error", "the first stop")
        before = seen(run)
        run.advance(30)
        same(stop(run, trace, "ok", "second"), "error", "the second stop")
        same(seen(run), before, "the traces after the second stop")


@clause("llm_observability.trace_stop.rule.at_once")
def stops_at_once(subject: Subject) -> None:
    """Of stops of one trace at once one wins: all of them return its status, and the trace keeps it."""
    for turns in (False, True):
        trace = start(subject)
        stops = [{"id": trace.id, "status": status} for status in ("ok", "error", "aborted")]
        ends = {str(ended.status) for ended in _at_once(subject, "trace_stop", stops, turns=turns)}
        ends.add(stop(subject, trace))
        same(len(ends), 1, f"how many statuses were returned ({', '.join(sorted(ends))})")
        same(seen(subject)[trace.id]["status"], ends.pop(), "the stored status")


@clause("llm_observability.trace_stop.rule.descendants")
def descendants(subject: Subject) -> None:
    """Stopping a trace ends its open descendants as aborted; those that had ended stay as they were."""
    root = start(subject)
    child, done = start(subject, parent=root.id), start(subject, parent=root.id)
    grandchild = start(subject, parent=child.id)
    stop(subject, done)
    before = seen(subject).get(done.id)
    subject.advance(30)
    same(stop(subject, root, "error"), "error", "the stopped trace")
    expected = {root.id: "error", child.id: "aborted", done.id: "ok", grandchild.id: "aborted"}
    rows = seen(subject)
    same({id: row["status"] for id, row in rows.items()}, expected, "status by id")
    if before is not None:
        same(span(rows[done.id]), span(before), "the descendant that had ended")
    ends = [rows[trace.id]["ended"] for trace in (grandchild, child, root)]
    holds(None not in ends and ends == sorted(ends), "a trace ended after its ancestor", seen=ends)
    for trace in (child, grandchild):
        same(stop(subject, trace), "aborted", "a late stop of a descendant")


@clause("llm_observability.trace_stop.rule.below_ended")
def below_ended(subject: Subject) -> None:
    """Stopping a trace also ends an open descendant whose own parent has ended."""
    root = start(subject)
    child = start(subject, parent=root.id)
    stop(subject, child)
    grandchild = start(subject, parent=child.id)
    same(stop(subject, root), "ok", "the stopped trace")
    same(stop(subject, grandchild, "error"), "aborted", "a late stop of the grandchild")
    expected = {root.id: "ok", child.id: "ok", grandchild.id: "aborted"}
    same(statuses(subject), expected, "status by id")


@clause("llm_observability.trace_stop.rule.descendants_elsewhere", applies=_any_instance)
def descendants_elsewhere(subject: Subject) -> None:
    """Stopping a trace ends an open descendant that another instance started and the vendor shows."""
    root, other = start(subject), subject.sibling()
    child = start(other, parent=root.id)
    is_known = child.id in seen(subject)
    same(stop(subject, root), "ok", "the stopped trace")
    end = stop(other, child, "error")
    if is_known:
        same(end, "aborted", "a late stop of the descendant by its own instance")
        same(statuses(subject), {root.id: "ok", child.id: "aborted"}, "status by id")


@clause("llm_observability.trace_stop.rule.spares_others")
def spares_others(subject: Subject) -> None:
    """A stop ends nothing above the trace or beside it."""
    root, beside = start(subject), start(subject)
    child, sister = start(subject, parent=root.id), start(subject, parent=root.id)
    stop(subject, child)
    for trace in (sister, beside, root):
        same(stop(subject, trace, "error"), "error", f"the first stop of {trace.name}")
    expected = {trace.id: "error" for trace in (root, beside, sister)} | {child.id: "ok"}
    same(statuses(subject), expected, "status by id")


@clause("llm_observability.trace_stop.rule.must_accept")
def stop_must_accept(subject: Subject) -> None:
    """An output of 100 KB and a nested one are accepted, whether or not content is captured."""
    for run in (subject, subject.stranger(capture_content=True)):
        for output in ("é" * 50_000, {"choices": [{"text": "Ω", "index": 0}]}):
            same(stop(run, start(run), "ok", output), "ok", "the status")


@clause("llm_observability.trace_stop.rule.elsewhere", applies=_any_instance)
def stop_elsewhere(subject: Subject) -> None:
    """With traits.open_traces = any another instance can stop an open trace."""
    trace, other = start(subject), subject.sibling()
    same(stop(other, trace, "error"), "error", "the stop by the other instance")
    other.close()
    subject.close()
    same(statuses(subject), {trace.id: "error"}, "status by id")


@clause("llm_observability.trace_stop.rule.ended_elsewhere", applies=_any_instance)
def ended_elsewhere(subject: Subject) -> None:
    """With traits.open_traces = any a stop of what another instance ended returns that first status."""
    trace = start(subject)
    stop(subject, trace, "error")
    subject.close()
    same(stop(subject.sibling(), trace), "error", "the stop by the other instance")


@clause("llm_observability.trace_stop.rule.not_elsewhere", applies=_one_process)
def not_elsewhere(subject: Subject) -> None:
    """With traits.open_traces = process a stop by another instance is not_found and leaves the trace open."""
    trace = start(subject)
    refused(subject.sibling().attempt("trace_stop", id=trace.id, status="error"), "not_found")
    same(stop(subject, trace), "ok", "the first stop by the instance that started it")
    same(statuses(subject), {trace.id: "ok"}, "status by id")


@clause("llm_observability.log_eval.rule.effect")
def eval_effect(subject: Subject) -> None:
    """Each evaluation stands once at its trace, with its name, score and label; either may be left out."""
    trace = start(subject)
    logged: list[dict[str, Any]] = [
        {"name": "both", "score": 0.5, "label": "«gut»"},
        {"name": "score", "score": -2.25, "label": None},
        {"name": "zero", "score": 0.0, "label": None},
        {"name": "label", "score": None, "label": "bad"},
        {"name": "large", "score": 1_000_000.0, "label": "«gut»"},
        {"name": "fine", "score": 0.8437, "label": "Needs Another Look, says the reviewer"},
    ]
    for evaluation in logged:
        given = {name: value for name, value in evaluation.items() if value is not None}
        subject.call("log_eval", id=trace.id, **given)
    stop(subject, trace)
    stored = [{**row, "score": _score(row["score"])} for row in seen(subject)[trace.id]["evals"]]
    same(in_order(stored), in_order(logged), "the trace's evaluations")


def _score(score: float | None) -> float | None:
    """To four places: a vendor may keep scores as 32-bit floats."""
    return None if score is None else round(score, 4)


@clause("llm_observability.log_eval.rule.own_id")
def own_id(subject: Subject) -> None:
    """log_eval returns an id of the evaluation's own, or always the trace's."""
    trace = start(subject)
    ids = [subject.call("log_eval", id=trace.id, name=f"quality {n}", score=n).id for n in range(3)]
    distinct = set(ids)
    holds(len(distinct) == 3 or distinct == {trace.id}, "evaluations share an id of their own", seen=ids)


@clause("llm_observability.log_eval.rule.must_accept")
def eval_must_accept(subject: Subject) -> None:
    """An evaluation's name of 120 characters is accepted."""
    trace, name = start(subject), "é" * 120
    subject.call("log_eval", id=trace.id, name=name, score=1)
    stop(subject, trace)
    same([row["name"] for row in seen(subject)[trace.id]["evals"]], [name], "the evaluation's name")


@clause("llm_observability.log_eval.rule.after_stop")
def eval_after_stop(subject: Subject) -> None:
    """An evaluation of an ended trace is allowed and never changes the ended span."""
    late = [{"name": "late", "score": score, "label": label} for score, label in ((0.5, None), (-1.0, "error"))]
    for run in (subject, subject.stranger(capture_content=True)):
        _after_stop(run, "log_eval", late)
        evaluations = [in_order(row["evals"]) for row in seen(run).values()]
        same(evaluations, [in_order(late)], "the evaluations")


@clause("llm_observability.log_eval.rule.stays_open")
def eval_stays_open(subject: Subject) -> None:
    """Neither an evaluation nor a link ends an open trace."""
    trace = start(subject)
    subject.call("log_eval", id=trace.id, name="early", label="good")
    subject.call("link", id=trace.id, run_id=subject.provided["runs"][0])
    same(stop(subject, trace, "error"), "error", "the first stop")


@clause("llm_observability.link.rule.effect")
def link_effect(subject: Subject) -> None:
    """A trace can be linked to a second run, a run to a second trace; the same link twice is one."""
    first, second = subject.provided["runs"][:2]
    trace, other = start(subject), start(subject)
    for run in (first, second, first):
        linked = subject.call("link", id=trace.id, run_id=run)
        same(linked.plain(), {"id": trace.id, "run_id": run}, "what link returned", subset=True)
    subject.call("link", id=other.id, run_id=first)
    stop(subject, trace)
    stop(subject, other)
    runs = {id: sorted(found["run_id"] for found in row["links"]) for id, row in seen(subject).items()}
    same(runs, {trace.id: sorted((first, second)), other.id: [first]}, "the runs by trace")


@clause("llm_observability.link.rule.after_stop")
def link_after_stop(subject: Subject) -> None:
    """A link of an ended trace is allowed and never changes the ended span."""
    for run in (subject, subject.stranger(capture_content=True)):
        links = [{"run_id": run.provided["runs"][0]}]
        _after_stop(run, "link", links)
        same([row["links"] for row in seen(run).values()], [links], "the links")


def _after_stop(subject: Subject, operation: str, calls: list[dict[str, Any]]) -> None:
    trace = start(subject)
    stop(subject, trace, "ok", "done")
    before = span(seen(subject)[trace.id])
    subject.advance(30)
    for arguments in calls:
        subject.call(operation, id=trace.id, **arguments)
    same(span(seen(subject)[trace.id]), before, "the ended span")
    same(stop(subject, trace, "error"), "ok", "its status")


@clause("llm_observability.link.rule.unknown_run")
def unknown_run(subject: Subject) -> None:
    """Where runs must exist an unknown one is not_found and makes no link; elsewhere any can be linked."""
    trace, given = start(subject), subject.provided.get("unknown_run")
    run = given or "No-Such.Run_9"
    outcome = subject.attempt("link", id=trace.id, run_id=run)
    if given or isinstance(outcome.error, NonRetryableError):
        refused(outcome, "not_found")
    else:
        outcome.unwrap()
    stop(subject, trace)
    expected = [run] if outcome.error is None else []
    same([row["run_id"] for row in seen(subject)[trace.id]["links"]], expected, "the runs of the trace")


@clause("llm_observability.log_eval.rule.unknown_accepted", applies=_accepts_unknown)
def eval_unknown_accepted(subject: Subject) -> None:
    """With traits.unknown_trace = accepted an id that no instance issued can be evaluated."""
    subject.call("log_eval", id="no-such-trace", name="quality", score=0.5)


@clause("llm_observability.link.rule.unknown_accepted", applies=_accepts_unknown)
def link_unknown_accepted(subject: Subject) -> None:
    """With traits.unknown_trace = accepted an id that no instance issued can be linked."""
    seen_link = subject.call("link", id="no-such-trace", run_id=subject.provided["runs"][0])
    same(seen_link.id, "no-such-trace", "the id that link returned")


@clause("llm_observability.adapter.rule.forged_id")
def forged_id(subject: Subject) -> None:
    """An id that resembles an issued one and was not issued is not_found, and nothing happens."""
    trace = start(subject)
    forged = _forged(trace.id)
    refused(subject.attempt("trace_start", name="below", parent=forged), "not_found")
    refused(subject.attempt("trace_stop", id=forged, status="ok"), "not_found")
    if subject.traits.unknown_trace == "refused":
        refused(subject.attempt("log_eval", id=forged, name="quality", score=1), "not_found")
        refused(subject.attempt("link", id=forged, run_id=subject.provided["runs"][0]), "not_found")
    same(stop(subject, trace), "ok", "the trace whose id was copied")
    rows = [(row["name"], row["evals"], row["links"]) for row in seen(subject).values()]
    same(rows, [(trace.name, [], [])], "the vendor's traces")


def _forged(id: str) -> str:
    """The id with one letter or digit in the middle replaced by another of its kind."""
    middle = min((n for n, char in enumerate(id) if char.isalnum()), key=lambda n: abs(n - len(id) // 2))
    kind = next(kind for kind in (digits, "abcdef", "ABCDEF", ascii_letters) if id[middle] in kind)
    other = kind[(kind.index(id[middle]) + 1) % len(kind)]
    return id[:middle] + other + id[middle + 1 :]


@clause("llm_observability.adapter.rule.known_elsewhere")
def known_elsewhere(subject: Subject) -> None:
    """Another instance can evaluate and link a trace that ended before the first one was closed."""
    trace = start(subject)
    stop(subject, trace)
    subject.close()
    other, run = subject.sibling(), subject.provided["runs"][0]
    other.call("log_eval", id=trace.id, name="later", label="good")
    other.call("link", id=trace.id, run_id=run)
    other.close()
    row = seen(subject)[trace.id]
    same(row["evals"], [{"name": "later", "score": None, "label": "good"}], "the evaluations")
    same(row["links"], [{"run_id": run}], "the links")


@clause("llm_observability.adapter.rule.key_scope")
def key_scope(subject: Subject) -> None:
    """A key belongs to its operation: trace_start and log_eval may have the same one."""
    key = subject.key()
    trace = start(subject, idempotency_key=key)
    subject.call("log_eval", id=trace.id, name="quality", score=1, idempotency_key=key)
    stop(subject, trace)
    same([len(row["evals"]) for row in seen(subject).values()], [1], "evaluations by trace")


@clause("llm_observability.adapter.rule.key_conflicts")
def key_conflicts(subject: Subject) -> None:
    """Under a known key another value of any argument is a key conflict, also of content that is not stored."""
    root, key = start(subject), subject.key()
    _conflicts(
        subject,
        "trace_start",
        {"name": "a", "attributes": {"turn": 1, "prompt": "a"}, "parent": None, "idempotency_key": key},
        [
            {"name": "b"},
            {"name": "A"},
            {"attributes": {"turn": 2, "prompt": "a"}},
            {"attributes": {"turn": 1, "prompt": "b"}},
            {"parent": root.id},
        ],
    )
    _conflicts(
        subject,
        "log_eval",
        {"id": root.id, "name": "a", "score": 0.5, "label": "good", "idempotency_key": key},
        [{"id": start(subject).id}, {"name": "b"}, {"score": 0.51}, {"score": None}, {"label": "bad"}, {"label": None}],
    )


def _conflicts(subject: Subject, operation: str, first: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    subject.call(operation, **first)
    for change in changes:
        refused(subject.attempt(operation, **{**first, **change}), "key_conflict")


@clause("llm_observability.adapter.rule.times")
def times(subject: Subject) -> None:
    """A trace ends after it starts, and what was done later has a later time."""
    first = start(subject)
    subject.advance(60)
    second = start(subject)
    subject.advance(60)
    stop(subject, first)
    subject.advance(60)
    stop(subject, second)
    rows = seen(subject)
    one, two = rows[first.id], rows[second.id]
    moments = [one["started"], two["started"], one["ended"], two["ended"]]
    holds(None not in moments, "an ended trace has no time of its end", seen=moments)
    holds(moments == sorted(moments), "the times are not in the order of the calls", seen=moments)


NO_CONTENT = ("Prompt", "prompts", "input.name", "gen_ai.prompt.tokens", "my.output")


@clause("llm_observability.adapter.rule.content_off")
def content_off(subject: Subject) -> None:
    """Unless config.capture_content is true, no prompt and no output is stored anywhere."""
    for run in (subject, subject.stranger(capture_content=False)):
        trace = _with_content(run)
        stored = json.dumps(seen(run)[trace.id], ensure_ascii=False)
        names = (*sorted(CONTENT_ATTRIBUTES), "the output")
        found = [name for name in names if f"secret of {name}." in stored]
        holds(not found, "content was stored without config.capture_content", seen=found)
        _keeps_the_rest(run)


def _keeps_the_rest(subject: Subject) -> None:
    """Names that only look like content are no content: compared whole, with their case, at the top level."""
    kept = {**dict.fromkeys(NO_CONTENT, "kept"), "nested": {"prompt": "kept", "steps": [{"input": "kept"}]}}
    trace = start(subject, attributes=kept)
    stop(subject, trace)
    stored = seen(subject)[trace.id]["attributes"]
    if stored is not None:
        same(stored, kept, "attributes that are no content", subset=True)


@clause("llm_observability.adapter.rule.content_on")
def content_on(subject: Subject) -> None:
    """With config.capture_content true content is stored unchanged, where the observer shows attributes."""
    run = subject.stranger(capture_content=True)
    trace = _with_content(run)
    row = seen(run)[trace.id]
    shown = {name: row[name] for name in ("attributes", "output") if row["attributes"] is not None}
    expected = {"attributes": _content(), "output": {"text": "secret of the output."}}
    same(shown, expected if shown else {}, "the captured content", subset=True)
    if shown:
        _keeps_outputs(run)


def _keeps_outputs(subject: Subject) -> None:
    ends = [("error", "It did not work: «Ω»."), ("aborted", {"text": None}), ("ok", 0), ("ok", False)]
    outputs = {}
    for status, output in ends:
        trace = start(subject)
        stop(subject, trace, status, output)
        outputs[trace.id] = output
    rows = seen(subject)
    same({id: rows[id]["output"] for id in outputs}, outputs, "the captured outputs by id")


def _content() -> dict[str, Any]:
    return {name: f"secret of {name}." for name in sorted(CONTENT_ATTRIBUTES)}


def _with_content(subject: Subject) -> Any:
    trace = start(subject, attributes={"model": "m-1", **_content()})
    stop(subject, trace, "ok", {"text": "secret of the output."})
    return trace


@clause("llm_observability.adapter.rule.close_aborts")
def close_aborts(subject: Subject) -> None:
    """Closing an instance ends its open traces as aborted, children first, and leaves ended ones alone."""
    done, root = start(subject), start(subject)
    child = start(subject, parent=root.id)
    stop(subject, done)
    before = span(seen(subject)[done.id])
    subject.advance(5)
    subject.close()
    rows = seen(subject)
    same(span(rows[done.id]), before, "the trace that had ended")
    expected = {done.id: "ok", root.id: "aborted", child.id: "aborted"}
    same({id: row["status"] for id, row in rows.items()}, expected, "status by id")
    ends = [rows[trace.id]["ended"] for trace in (done, child, root)]
    holds(None not in ends and ends == sorted(ends), "the ends are missing or not in order", seen=ends)


@clause("llm_observability.adapter.rule.close_spares_others", level=Level.SHOULD)
def close_spares_others(subject: Subject) -> None:
    """Closing one instance leaves open what another one started."""
    trace, other = start(subject), subject.sibling()
    start(other)
    other.close()
    same(stop(subject, trace), "ok", "the first stop of the first instance's trace")


@clause("llm_observability.adapter.rule.never_mix")
def never_mix(subject: Subject) -> None:
    """Traces that run at once never mix: each has its own children, evaluations, links and status."""
    runs, ends = subject.provided["runs"][:2], ("ok", "error")
    roots = [start(subject) for _ in range(AT_ONCE)]
    below = [{"name": f"below {root.name}", "parent": root.id} for root in roots]
    children = _at_once(subject, "trace_start", below)
    _at_once(subject, "log_eval", [{"id": root.id, "name": root.name, "score": 1} for root in roots])
    _at_once(subject, "link", [{"id": child.id, "run_id": run} for child, run in _pairs(children, runs * 2)])
    for traces, by in ((children, ends * 2), (roots, ends[:1] * 2 + ends[1:] * 2)):
        _at_once(subject, "trace_stop", [{"id": each.id, "status": end} for each, end in _pairs(traces, by)])
    rows = seen(subject)
    for n, (root, child) in enumerate(_pairs(roots, children)):
        same((child.name, child.parent), (f"below {root.name}", root.id), "the name and parent of a child")
        same(_story(rows[root.id]), (root.name, None, ends[n // 2], [root.name], []), f"what {root.name} came to")
        expected: tuple[Any, ...] = (child.name, root.id, ends[n % 2], [], [runs[n % 2]])
        same(_story(rows[child.id]), expected, f"the child of {root.name}")


def _pairs(traces: Iterable[Any], values: Iterable[Any]) -> list[tuple[Any, Any]]:
    return list(zip(traces, values, strict=True))


def _at_once(subject: Subject, operation: str, arguments: list[dict[str, Any]], turns: bool = False) -> list[Any]:
    outcomes = subject.together((Call(operation, each) for each in arguments), turns=turns)
    return [outcome.unwrap() for outcome in outcomes]


def _story(row: dict[str, Any]) -> tuple[Any, ...]:
    evaluations, links = [e["name"] for e in row["evals"]], [found["run_id"] for found in row["links"]]
    return row["name"], row["parent"], row["status"], evaluations, links
