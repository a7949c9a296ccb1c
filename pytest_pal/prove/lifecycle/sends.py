"""Wrong in send: what arrives is not what was written."""

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ...contracts.lifecycle.protocol import Message
from ...errors import NonRetryableError
from ...mocks.lifecycle import MockLifecycle
from ..saboteur import RECORDED, Saboteur
from .changes import Json, as_asked, as_posted, as_previewed, words

WRONG_PARTS = "nearly every message shows it"


class SendsOtherStatus(MockLifecycle):
    def send(self, message: Message, *, idempotency_key: str) -> Json:
        return {**super().send(message, idempotency_key=idempotency_key), "status": "scheduled"}


class DropsPush(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if message.channel == "push":
            del state["messages"][receipt["id"]]
        return receipt


def limited(part: str, most: int, *, channel: str = "email", sends: bool = False) -> type[MockLifecycle]:
    """A vendor that refuses a longer part, counted in bytes; ``sends``: it refuses after it has sent."""

    class Wrong(MockLifecycle):
        def send(self, message: Message, *, idempotency_key: str) -> Json:
            over = message.channel == channel and len((getattr(message, part) or "").encode()) > most
            receipt = {} if over and not sends else super().send(message, idempotency_key=idempotency_key)
            if over:
                raise NonRetryableError("payload_too_large", f"at most {most} bytes")
            return receipt

    return Wrong


class TemplateWithoutVariables(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if message.template:
            parts = self._parts(message)
            message = message.model_copy(update={"template": None, **{k: words(v, str) for k, v in parts.items()}})
            message = message.model_copy(update={"variables": dict.fromkeys(message.variables, "")})
        return super()._post(state, message, due, status)


class EmptyTemplatePreview(MockLifecycle):
    def preview(self, message: Message) -> Json:
        return {**super().preview(message), **({"text": None, "html": None} if message.template else {})}

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        receipt = super()._post(state, message, due, status)
        if message.template:
            state["messages"][receipt["id"]] |= {"text": None, "html": None}
        return receipt


class InjectsHeaders(MockLifecycle):
    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if not message.template:
            return super()._post(state, message, due, status)
        broken = message.variables
        receipt = super()._post(
            state, message.model_copy(update={"variables": dict.fromkeys(broken, "x")}), due, status
        )
        state["messages"][receipt["id"]]["subject"] = f"Welcome, {broken['name']}"
        return receipt


class InventsTemplates(MockLifecycle):
    """Knows no template that it does not have to read."""

    def _parts(self, message: Message) -> Any:
        if message.template is not None and message.template not in self._templates:
            return {"subject": "Hello", "text": "Hello", "html": None}
        return super()._parts(message)


class BlankForMissing(MockLifecycle):
    """Puts nothing in the place of a variable that a template needs."""

    def _post(self, state: Any, message: Message, due: datetime, status: str) -> Json:
        if message.template is not None:
            blank = {"name": "", "code": "", **message.variables}
            message = message.model_copy(update={"variables": blank})
        return super()._post(state, message, due, status)


class SmsByEmail(MockLifecycle):
    """Says that it has no sms, and takes them all the same."""

    traits = MockLifecycle.traits.model_copy(update={"channels": ("email", "push")})


def ascii_only(row: Json) -> Json:
    return {"text": row["text"].encode("ascii", "replace").decode()}


def with_variable(name: str, value: str) -> type[MockLifecycle]:
    """A vendor that has its own idea of one value."""
    return as_asked(lambda message: {"variables": {**message.variables, name: value}})


def with_text(change: Callable[[str], str]) -> type[MockLifecycle]:
    return as_asked(lambda message: {"text": words(message.text, change)})


def with_metadata(change: Callable[[Json], Json]) -> type[MockLifecycle]:
    return as_posted(lambda row: {"metadata": change(row["metadata"])})


def with_html(change: Callable[[str], str]) -> type[MockLifecycle]:
    return as_posted(lambda row: {"html": words(row["html"], change)})


DELIVERS, UNICODE = "lifecycle.send.rule.delivers", "lifecycle.send.rule.unicode"
LARGEST, TOO_LONG = "lifecycle.send.rule.largest", "lifecycle.send.rule.too_long"
SUBSTITUTION, ESCAPED = "lifecycle.send.rule.substitution", "lifecycle.send.rule.escaped"
TEMPLATE = "lifecycle.send.rule.template"

SABOTEURS = (
    Saboteur("sends_other_status", SendsOtherStatus, DELIVERS, RECORDED, WRONG_PARTS),
    Saboteur("drops_push", DropsPush, DELIVERS, RECORDED),
    Saboteur("sends_elsewhere", as_posted(lambda row: {"to": "else@example.com"}), DELIVERS, RECORDED, WRONG_PARTS),
    Saboteur("push_by_sms", as_posted(lambda row: {"channel": "sms"}, only="push"), DELIVERS, RECORDED),
    Saboteur("no_metadata", with_metadata(lambda pairs: {}), DELIVERS, RECORDED),
    Saboteur("one_id_for_all", as_posted(lambda row: {"id": "another"}), DELIVERS, RECORDED),
    Saboteur("text_only", as_posted(lambda row: {"html": None}), DELIVERS, RECORDED),
    Saboteur(
        "no_subject", as_posted(lambda row: {"subject": "No subject"}, only="email"), DELIVERS, RECORDED, WRONG_PARTS
    ),
    Saboteur("ascii_only", as_posted(ascii_only), UNICODE, RECORDED),
    Saboteur(
        "folds_subjects",
        as_posted(lambda row: {"subject": words(row["subject"], lambda text: text[:78])}),
        UNICODE,
        RECORDED,
    ),
    Saboteur("short_metadata", with_metadata(lambda pairs: {k: v[:9] for k, v in pairs.items()}), UNICODE, RECORDED),
    Saboteur("lowers_addresses", as_posted(lambda row: {"to": row["to"].lower()}), UNICODE),
    Saboteur("long_lines_are_cut", with_html(lambda text: text[:998]), "lifecycle.send.rule.html_only", RECORDED),
    Saboteur("strips_texts", as_posted(lambda row: {"text": words(row["text"], str.strip)}), UNICODE),
    Saboteur(
        "strips_lines",
        as_posted(lambda row: {"text": words(row["text"], lambda text: text.replace(" \n", "\n"))}),
        UNICODE,
    ),
    Saboteur("lowers_metadata", with_metadata(lambda pairs: {k.lower(): v for k, v in pairs.items()}), UNICODE),
    Saboteur("strips_metadata", with_metadata(lambda pairs: {k: v.strip() for k, v in pairs.items()}), UNICODE),
    Saboteur("previews_to_lower", as_previewed(lambda message, seen: {"to": seen["to"].lower()}), UNICODE),
    Saboteur("small_texts", limited("text", 50_000), LARGEST),
    Saboteur("small_html", limited("html", 50_000), LARGEST),
    Saboteur("subjects_in_bytes", limited("subject", 200), LARGEST, RECORDED),
    Saboteur("sms_in_bytes", limited("text", 1_000, channel="sms"), LARGEST),
    Saboteur(
        "cuts_silently", as_posted(lambda row: {"text": words(row["text"], lambda text: text[:100_000])}), TOO_LONG
    ),
    Saboteur("refuses_after_it_sent", limited("text", 100_000, sends=True), TOO_LONG),
    Saboteur("cuts_sms", as_posted(lambda row: {"text": row["text"][:900]}, only="sms"), LARGEST, RECORDED),
    Saboteur("five_pairs", with_metadata(lambda pairs: dict([*pairs.items()][:5])), LARGEST),
    Saboteur("true_is_capital", with_variable("yes", "True"), SUBSTITUTION),
    Saboteur("null_is_none", with_variable("none", "None"), SUBSTITUTION),
    Saboteur("whole_is_float", with_variable("whole", "20.0"), SUBSTITUTION),
    Saboteur("expands_values", with_variable("again", "true"), SUBSTITUTION),
    Saboteur("long_is_scientific", with_variable("long", "1.23457e+06"), SUBSTITUTION),
    Saboteur("no_blanks", with_text(lambda text: text.replace("{{ ", "{ ")), SUBSTITUTION, RECORDED),
    Saboteur("numbers_are_names", with_text(lambda text: text.replace("{{1}}", "no name")), SUBSTITUTION, RECORDED),
    Saboteur("never_escapes", with_html(html.unescape), ESCAPED),
    Saboteur("escapes_texts", as_posted(lambda row: {"text": html.escape(row["text"] or "")}), ESCAPED, RECORDED),
    Saboteur("template_without_variables", TemplateWithoutVariables, TEMPLATE, RECORDED),
    Saboteur("empty_template_preview", EmptyTemplatePreview, TEMPLATE, RECORDED),
    Saboteur("injects_headers", InjectsHeaders, "lifecycle.send.rule.template_header", RECORDED),
    Saboteur("invents_templates", InventsTemplates, "lifecycle.send.bad_input.unknown_template", RECORDED),
    Saboteur("blank_for_missing", BlankForMissing, "lifecycle.send.bad_input.missing_template_variable", RECORDED),
    Saboteur(
        "no_sms_but_takes_them",
        SmsByEmail,
        "lifecycle.send.bad_input.foreign_channel",
        RECORDED,
        operations=("schedule", "preview"),
    ),
)
