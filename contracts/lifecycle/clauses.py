"""What messaging promises beyond the general families: who gets what, rendered how, when, and how often."""

import html
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from ...model.clause import clause, holds, refused, same
from ...model.samples import Scene
from ...model.subject import Subject
from ...model.values import walk
from .samples import PROVIDED, content, recipient, soon, templated, usual_channel

DAY = 86_400
PARTS = ("subject", "text", "html")
TOO_LONG = {"email": 300_000, "sms": 5_000, "push": 20_000}
"""Characters of text that a vendor may refuse."""
MARKUP = "<b>&lt;é>"


def offers_email(traits: Any) -> bool:
    return "email" in traits.channels


def usual(subject: Subject, n: int = 0, /, **changes: Any) -> dict[str, Any]:
    """The sample's message, with some members changed."""
    return content(usual_channel(subject.traits), n, **changes)


def rendered(channel: str, n: int) -> dict[str, Any]:
    """What `content` must come to, written by hand."""
    shown: dict[str, Any] = {"subject": None, "text": f"Dear Ann, this is number {n}.", "html": None}
    if channel == "email":
        shown |= {"subject": f"Number {n}", "html": f"<p>Dear <b>Ann</b>, this is number {n}.</p>"}
    return shown


def got(subject: Subject, to: str) -> list[dict[str, Any]]:
    """What one recipient got, as far as it can be seen."""
    return [row for row in subject.observe("delivered") if row["to"] == to]


def delivered(subject: Subject, to: str) -> list[dict[str, Any]]:
    """What one recipient got, after the time within which writes must show."""
    if subject.traits.read_bound_s:
        subject.advance(subject.traits.read_bound_s)
    return got(subject, to)


def only(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """The one row. Fails the clause where there is none, or more than one."""
    holds(len(rows) == 1, f"{what} must be there exactly once", seen=rows)
    return rows[0]


def additions(preview: Any) -> list[str]:
    """The texts in ``extensions.added``: what the vendor adds on delivery."""
    return [leaf for _, leaf in walk(preview.extensions.get("added")) if isinstance(leaf, str) and leaf]


def body(text: str | None, added: Iterable[str] = ()) -> str:
    """A part as it compares: without what was added, LF, without one final newline."""
    text = text or ""
    for piece in added:
        text = text.replace(piece, "")
    return text.replace("\r\n", "\n").removesuffix("\n")


def shown(parts: Mapping[str, Any], added: Iterable[str] = ()) -> dict[str, str]:
    """Subject, text and html as they compare; html after unescaping."""
    comparable = {name: body(parts.get(name), added) for name in PARTS}
    return {**comparable, "html": html.unescape(comparable["html"])}


def arrives(subject: Subject, message: dict[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Sends a message to somebody new: preview and delivery must be as expected. Gives the delivered row."""
    preview = subject.call("preview", message=message)
    same(preview.to, message["to"], "the recipient in the preview")
    same(shown(preview.plain(), additions(preview)), shown(expected), "the preview")
    subject.call("send", message=message)
    return arrived(subject, message, expected, additions(preview))


def arrived(
    subject: Subject, message: dict[str, Any], expected: Mapping[str, Any], added: Iterable[str] = ()
) -> dict[str, Any]:
    """What was delivered to a message's recipient, once and as expected."""
    row = only(delivered(subject, message["to"]), f"the message to {message['to']}")
    same(shown(row, added), shown(expected), "what was delivered")
    return row


def opted_out(subject: Subject) -> tuple[Subject, dict[str, Any]]:
    """A message to a recipient who opted out, and the subject whose vendor knows it.

    The default of ``config['suppressed']`` is an address, which only email reaches.
    """
    to, channel = subject.provided["suppressed"], usual_channel(subject.traits)
    if channel != "email" and to == PROVIDED["suppressed"]:
        to = recipient(channel, 99)
        subject = subject.stranger(suppressed=to)
    return subject, usual(subject, to=to)


def step_to(subject: Subject, instant: datetime) -> None:
    """Moves the clock to an instant."""
    subject.advance((instant - subject.now()).total_seconds())


def schedule(subject: Subject, message: dict[str, Any], send_at: datetime, **key: str) -> Any:
    return subject.call("schedule", message=message, send_at=send_at, **key)


def on_time(subject: Subject, message: dict[str, Any], send_at: datetime) -> None:
    """A scheduled message is not there just before ``send_at``, and is there once at the end of the slack."""
    step_to(subject, send_at - timedelta(milliseconds=1))
    same(got(subject, message["to"]), [], "delivered before send_at")
    slack = timedelta(seconds=subject.traits.schedule_slack_s)
    step_to(subject, max(subject.now(), send_at + slack))
    row = only(delivered(subject, message["to"]), "at send_at plus the slack, the scheduled message")
    if row["at"] is not None:
        at, second = datetime.fromisoformat(row["at"]), timedelta(seconds=1)
        within = send_at.replace(microsecond=0) <= at <= send_at + slack + second
        holds(within, f"delivered outside [{send_at}, {send_at + slack}]", seen=row["at"])


@clause("lifecycle.send.rule.delivers")
def delivers(subject: Subject) -> None:
    """By every channel, a sent message is delivered once, to its recipient, as written and under its id."""
    for n, channel in enumerate(subject.traits.channels):
        message = content(channel, n)
        receipt = subject.call("send", message=message)
        same(receipt.status, "accepted", "the status of a message that is sent")
        row = only(delivered(subject, message["to"]), f"the message to {message['to']}")
        expected = {"id": receipt.id, "channel": channel, "metadata": message["metadata"]}
        same(row, expected, "the delivered message", subset=True)
        added = additions(subject.call("preview", message=message))
        same(shown(row, added), shown(rendered(channel, n)), "what was delivered")


@clause("lifecycle.send.rule.unicode")
def unicode(subject: Subject) -> None:
    """Unicode arrives unchanged in subject, text and metadata, and so do addresses."""
    text = "  Été 🎉 «夏» שלום e\u0301 \ufb01\n\n.\n..\nFrom here\ttab {brace} {{ 1 }} %s $x =  \nlong " + "ü" * 800
    subject_line = "Été 🎉 «夏» שלום e\u0301 " + "ß" * 120
    metadata = {"a.key: 1": 'значение = «é»; "x" 🎉', "Order-No": " {{name}} ", "order_no": "007"}
    email = {"subject": subject_line, "html": None} if offers_email(subject.traits) else {}
    to = {"to": "Ann.O'Neil+tag_1@example.com"} if email else {}
    message = usual(subject, text=text, metadata=metadata, variables={"name": "Ann"}, **email, **to)
    row = arrives(subject, message, {"text": text, **email})
    same(row["metadata"], metadata, "metadata")


@clause("lifecycle.send.rule.html_only", applies=offers_email)
def html_only(subject: Subject) -> None:
    """An email may have html without text; its Unicode arrives unchanged."""
    markup = "<p title='été 🎉'>«夏»</p>\n<p>" + "ä" * 1_200 + "</p>"
    arrives(subject, content("email", text=None, html=markup), {"subject": "Number 0", "html": markup})


@clause("lifecycle.send.rule.largest")
def largest(subject: Subject) -> None:
    """Accepted are subjects of 200 characters, emails of 100 KB, other texts of 1,000, and 10 pairs of metadata."""
    for n, channel in enumerate(subject.traits.channels):
        for m, longest in enumerate(_longest(channel)):
            arrives(subject, content(channel, 10 * n + m, **longest, metadata={}), longest)
        # By itself: a push notification has room for 4 KB in all.
        metadata = {f"{pair:064}": f"{pair}" * 256 for pair in range(10)}
        row = arrives(subject, content(channel, 10 * n + 9, metadata=metadata), rendered(channel, 10 * n + 9))
        same(row["metadata"], metadata, "metadata")
    shortest = {"text": "t", "subject": "s" if offers_email(subject.traits) else None, "html": None}
    arrives(subject, usual(subject, 99, **shortest, metadata={}), shortest)


def _longest(channel: str) -> tuple[dict[str, Any], ...]:
    if channel != "email":
        return ({"text": "ü" * 1_000},)
    return (
        {"subject": "s" * 200, "text": "x" * 100_000, "html": None},
        {"subject": "ü" * 200, "text": None, "html": "x" * 100_000},
    )


@clause("lifecycle.send.rule.too_long")
def too_long(subject: Subject) -> None:
    """A text longer than what must be accepted arrives whole, or is refused and does not arrive at all."""
    for n, channel in enumerate(subject.traits.channels):
        parts = {"text": "x" * TOO_LONG[channel] + ".", "subject": "s" if channel == "email" else None, "html": None}
        message = content(channel, n, **parts)
        outcome = subject.attempt("send", message=message)
        if outcome.error is None:
            arrived(subject, message, parts, additions(subject.call("preview", message=message)))
        else:
            refused(outcome, "payload_too_large", "invalid")
            same(delivered(subject, message["to"]), [], "messages after the refusal")


@clause("lifecycle.send.rule.substitution")
def substitution(subject: Subject) -> None:
    """Variables are put in once, by value: words in lower case, null empty, numbers as JSON, whole ones whole."""
    values: dict[str, Any] = {"yes": True, "no": False, "none": None, "int": 2**53 - 1, "minus": -3, "whole": 20.0}
    values |= {"part": -0.25, "long": 1234567.125, "_A.b-1": "<&>", "again": "{{yes}}", "1": "no name", "not_used": 1}
    text = (
        "{{yes}}|{{ no }}|[{{none}}]|{{int}}|{{minus}}|{{whole}}|{{part}}|{{long}}|{{\t_A.b-1 }}|{{again}}|{{1}}|{yes}"
    )
    expected = "true|false|[]|9007199254740991|-3|20|-0.25|1234567.125|<&>|{{yes}}|{{1}}|{yes}"
    subjects = ("{{whole}} {{again}}", "20 {{yes}}") if offers_email(subject.traits) else (None, None)
    message = usual(subject, text=text, variables=values, subject=subjects[0], html=None)
    arrives(subject, message, {"text": expected, "subject": subjects[1]})


@clause("lifecycle.send.rule.escaped", applies=offers_email)
def escaped(subject: Subject) -> None:
    """Values are escaped in html, and in no other part."""
    parts: dict[str, Any] = {"subject": "s {{x}}", "text": "t {{x}}", "html": "<p>h {{x}}</p>"}
    expected = {"subject": f"s {MARKUP}", "text": f"t {MARKUP}", "html": f"<p>h {html.escape(MARKUP)}</p>"}
    row = arrives(subject, content("email", variables={"x": MARKUP}, **parts), expected)
    holds("<b>" not in row["html"], "a value stands in html without escaping", seen=row["html"])


@clause("lifecycle.send.rule.suppressed", applies=lambda traits: traits.tells_suppressed)
def suppressed(subject: Subject) -> None:
    """A recipient who opted out gets nothing: the receipt says suppressed, and a repeat says it again."""
    subject, message = opted_out(subject)
    key = subject.key()
    receipt = subject.call("send", message=message, idempotency_key=key)
    same(
        receipt.status,
        "suppressed",
        "the status for a recipient who opted out (the harness's given={'suppressed': ...}); a vendor whose reply "
        "does not say so declares traits.tells_suppressed = False",
    )
    same(subject.call("send", message=message, idempotency_key=key), receipt, "the result of a repeat")
    subject.advance(DAY)
    same(subject.snapshot(), {"delivered": [], "scheduled": []}, "messages to a recipient who opted out")
    same(subject.call("send", message=usual(subject)).status, "accepted", "the status for another recipient")


@clause("lifecycle.send.rule.payload")
def payload(subject: Subject) -> None:
    """Under a known key a change of the recipient, text, variables or metadata is a key conflict."""
    key, message = subject.key(), usual(subject)
    subject.call("send", message=message, idempotency_key=key)
    before = subject.snapshot()
    others: tuple[dict[str, Any], ...] = (
        {"to": recipient(message["channel"], 7)},
        {"text": "Dear {{name}}"},
        {"variables": {**message["variables"], "name": "Bob"}},
        {"metadata": {}},
    )
    for changes in others:
        refused(subject.attempt("send", message={**message, **changes}, idempotency_key=key), "key_conflict")
    same(subject.snapshot(), before, "messages after the conflicts")


@clause("lifecycle.send.rule.payload_channel", applies=lambda traits: {"sms", "push"} <= set(traits.channels))
def payload_channel(subject: Subject) -> None:
    """Under a known key the same message by another channel is a key conflict."""
    key, message = subject.key(), content("sms")
    subject.call("send", message=message, idempotency_key=key)
    refused(
        subject.attempt("send", message={**message, "channel": "push"}, idempotency_key=key),
        "key_conflict",
        "invalid",
    )


@clause("lifecycle.send.rule.keys")
def keys(subject: Subject) -> None:
    """Keys of up to 64 characters are kept apart by every character, also by case; each message has its own id."""
    message = usual(subject)
    names = ("k", "K", "k.", "k-", "k_", "0" * 63 + "1", "0" * 63 + "2", "0" * 63)
    ids = {subject.call("send", message=message, idempotency_key=name).id for name in names}
    same(len(delivered(subject, message["to"])), len(names), "messages under as many keys")
    same(len(ids), len(names), "different ids in the receipts")


@clause("lifecycle.send.rule.template", needs=["send.template", "preview.template"])
def template(subject: Subject) -> None:
    """A message by a stored template is delivered once, as its preview shows it, with nothing missing."""
    metadata = {"campaign": "spring"}
    message = templated(Scene(subject.traits, subject.now(), provided=subject.provided), metadata=metadata)
    preview = subject.call("preview", message=message)
    same(preview.missing, [], "missing")
    holds(
        bool(body(preview.text) + body(preview.html)),
        "the preview of the template shows nothing",
        seen=preview,
    )
    subject.call("send", message=message)
    row = only(delivered(subject, message["to"]), "the message by the template")
    added = additions(preview)
    same(shown(row, added), shown(preview.plain(), added), "what was delivered, against its preview")
    same(row["metadata"], metadata, "metadata")


@clause("lifecycle.send.rule.template_header", needs=["send.template"])
def template_header(subject: Subject) -> None:
    """A variable cannot put a line break into the subject of a stored template."""
    scene = Scene(subject.traits, subject.now(), provided=subject.provided)
    broken = dict.fromkeys(subject.provided["template_variables"], "x\r\nBcc: eve@example.com")
    outcome = subject.attempt("send", message=templated(scene, variables=broken))
    if outcome.error is not None:
        refused(outcome, "invalid")
    for row in subject.observe("delivered"):
        holds(not {"\r", "\n"} & set(row["subject"] or ""), "a subject of several lines", seen=row["subject"])


@clause("lifecycle.preview.rule.shows")
def shows(subject: Subject) -> None:
    """By every channel, a preview gives recipient, channel and the rendered parts, and only those there are."""
    for n, channel in enumerate(subject.traits.channels):
        message = content(channel, n)
        preview = subject.call("preview", message=message)
        same((preview.to, preview.channel, preview.missing), (message["to"], channel, []), "the preview")
        same(shown(preview.plain(), additions(preview)), shown(rendered(channel, n)), "what the preview shows")
        other = subject.call("preview", message={**message, "variables": {"name": "Bob", "n": 7}})
        same(body(other.text, additions(other)), "Dear Bob, this is number 7.", "the text with other variables")


@clause("lifecycle.preview.rule.no_effect")
def no_effect(subject: Subject) -> None:
    """A preview never has an effect, not even later, nor on what waits for its recipient."""
    schedule(subject, usual(subject), subject.now() + timedelta(days=2))
    subject.call("send", message=usual(subject, 1))
    if subject.traits.read_bound_s:
        subject.advance(subject.traits.read_bound_s)
    before = subject.snapshot()
    for n in range(3):
        subject.call("preview", message=usual(subject, n))
    subject.advance(DAY)
    same(subject.snapshot(), before, "messages after previews")


@clause("lifecycle.preview.rule.missing")
def missing(subject: Subject) -> None:
    """Variables that are not given are listed once, sorted, and stay as written."""
    message = usual(subject, text="{{z}} {{ a.b }} {{name}} {{Z}} {{a.b}}", variables={"name": "Ann"})
    email = offers_email(subject.traits)
    message |= {"subject": "{{ m }}!", "html": "<p>{{h}} {{ z }}</p>"} if email else {}
    preview = subject.call("preview", message=message)
    same(preview.missing, sorted(["z", "a.b", "Z", *(["m", "h"] if email else [])]), "missing")
    expected = {**message, "text": "{{z}} {{ a.b }} Ann {{Z}} {{a.b}}"}
    same(shown(preview.plain(), additions(preview)), shown(expected), "what the preview shows")


@clause(
    "lifecycle.preview.rule.template_missing",
    needs=["preview.template"],
    applies=lambda traits: traits.template_variables == "known",
)
def template_missing(subject: Subject) -> None:
    """Where the adapter knows a stored template's variables, a preview lists those that are missing."""
    scene = Scene(subject.traits, subject.now(), provided=subject.provided)
    first, *rest = sorted(subject.provided["template_variables"])
    for left_out in ([first], [first, *rest]):
        given = {name: value for name, value in scene.provided["template_variables"].items() if name not in left_out}
        preview = subject.call("preview", message=templated(scene, variables=given))
        same(preview.missing, left_out, "missing")


@clause("lifecycle.schedule.rule.on_time")
def delivered_on_time(subject: Subject) -> None:
    """By every channel, a scheduled message is delivered once, within [send_at, send_at + slack], as written."""
    for n, channel in enumerate(subject.traits.channels):
        message = content(channel, n)
        send_at = soon(subject.traits, subject.now()) + timedelta(milliseconds=1)
        same(
            schedule(subject, message, send_at).status,
            "scheduled",
            "the status of a message that is scheduled",
        )
        on_time(subject, message, send_at)
        subject.advance(DAY)
        row = only(delivered(subject, message["to"]), "a day later, the scheduled message")
        same((row["channel"], row["metadata"]), (channel, message["metadata"]), "channel and metadata")
        added = additions(subject.call("preview", message=message))
        same(shown(row, added), shown(rendered(channel, n)), "what was delivered")


@clause("lifecycle.schedule.rule.waits")
def waits(subject: Subject) -> None:
    """Until send_at a message stands among the scheduled ones, under its id, and afterwards no longer."""
    message, send_at = usual(subject), soon(subject.traits, subject.now())
    receipt = schedule(subject, message, send_at)
    row = only(subject.observe("scheduled"), "the scheduled message")
    expected = {name: message[name] for name in ("to", "channel", "metadata")}
    same(row, {"id": receipt.id, **expected}, "the scheduled message", subset=True)
    off = abs((datetime.fromisoformat(row["send_at"]) - send_at).total_seconds())
    holds(off <= 0.001, f"send_at must be {send_at}", seen=row["send_at"])
    same(subject.observe("delivered"), [], "delivered before send_at")
    step_to(subject, send_at + timedelta(seconds=subject.traits.schedule_slack_s + subject.traits.read_bound_s))
    same(subject.observe("scheduled"), [], "scheduled after send_at")


@clause("lifecycle.schedule.rule.window")
def window(subject: Subject) -> None:
    """Accepted is every send_at from traits.schedule_min_lead_s to traits.schedule_max_ahead_s; none is any time."""
    lead, ahead = subject.traits.schedule_min_lead_s, subject.traits.schedule_max_ahead_s or 366 * DAY
    for n, seconds in enumerate((lead + 1, ahead)):
        message, send_at = usual(subject, n), subject.now() + timedelta(seconds=seconds)
        schedule(subject, message, send_at)
        on_time(subject, message, send_at)


@clause("lifecycle.schedule.rule.each_its_own")
def each_its_own(subject: Subject) -> None:
    """Several scheduled messages are delivered each at its own time, whatever else is sent; none is lost or doubled."""
    start = soon(subject.traits, subject.now())
    times = {2: start + timedelta(hours=2), 0: start, 1: start + timedelta(hours=1)}
    for n, send_at in times.items():
        schedule(subject, usual(subject, n), send_at)
    subject.call("send", message=usual(subject, 2))
    on_time(subject, usual(subject, 0), times[0])
    subject.advance(DAY)
    subject.advance(DAY)
    rows = sorted(row["to"] for row in subject.observe("delivered"))
    same(rows, sorted(usual(subject, n)["to"] for n in (*times, 2)), "recipients of all delivered messages")


@clause("lifecycle.schedule.rule.restart")
def restart(subject: Subject) -> None:
    """A restart before send_at loses nothing and doubles nothing, with or without a close."""
    for n, stop in enumerate((subject.restart, subject.close)):
        message, send_at = usual(subject, n), soon(subject.traits, subject.now())
        schedule(subject, message, send_at)
        stop()
        on_time(subject, message, send_at)
        stop()
        subject.advance(DAY)
        only(delivered(subject, message["to"]), "after two restarts, the scheduled message")


@clause("lifecycle.schedule.rule.two_instances")
def two_instances(subject: Subject) -> None:
    """Two instances that come to what is due at once deliver it once."""
    messages = [usual(subject, n) for n in range(4)]
    send_at = soon(subject.traits, subject.now())
    for message in messages:
        schedule(subject, message, send_at)
    both = [subject.sibling(), subject.sibling()]
    seconds = (send_at - subject.now()).total_seconds() + subject.traits.schedule_slack_s
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: one.advance(seconds), both))
    for message in messages:
        only(delivered(subject, message["to"]), f"the scheduled message to {message['to']}")


@clause("lifecycle.schedule.rule.suppressed", applies=lambda traits: traits.tells_suppressed)
def schedule_suppressed(subject: Subject) -> None:
    """Nothing that is scheduled is ever delivered to a recipient who opted out."""
    subject, message = opted_out(subject)
    receipt = schedule(subject, message, soon(subject.traits, subject.now()))
    holds(
        receipt.status in ("suppressed", "scheduled"),
        "the status must be suppressed or scheduled",
        seen=receipt,
    )
    subject.advance(DAY)
    same(subject.observe("delivered"), [], "messages to a recipient who opted out")


@clause("lifecycle.schedule.rule.payload")
def schedule_payload(subject: Subject) -> None:
    """Under a known key another send_at, or another message, is a key conflict, and the first one stays."""
    message, send_at = usual(subject), soon(subject.traits, subject.now())
    first = {"message": message, "send_at": send_at, "idempotency_key": subject.key()}
    subject.call("schedule", **first)
    for change in ({"send_at": send_at + timedelta(seconds=1)}, {"message": {**message, "text": "Dear {{name}}"}}):
        refused(subject.attempt("schedule", **{**first, **change}), "key_conflict")
    on_time(subject, message, send_at)


@clause("lifecycle.schedule.rule.key_scope")
def key_scope(subject: Subject) -> None:
    """A key's scope is its operation: one key sends one message and schedules another."""
    key, message, send_at = subject.key(), usual(subject), soon(subject.traits, subject.now())
    subject.call("send", message=message, idempotency_key=key)
    schedule(subject, message, send_at, idempotency_key=key)
    step_to(subject, send_at + timedelta(seconds=subject.traits.schedule_slack_s))
    same(len(delivered(subject, message["to"])), 2, "messages, one sent and one scheduled")
