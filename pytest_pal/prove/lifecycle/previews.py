"""Wrong in preview: it shows something else, or it is more than a look."""

import re
from datetime import timedelta

from ...contracts.lifecycle.protocol import Message
from ...mocks.lifecycle import MockLifecycle
from ..saboteur import RECORDED, Saboteur
from .changes import Json, as_previewed


class RemembersPreviews(MockLifecycle):
    def preview(self, message: Message) -> Json:
        self._seen = getattr(self, "_seen", {})
        known: Json = self._seen.setdefault((message.to, message.text), super().preview(message))
        return known


class PreviewCancels(MockLifecycle):
    def preview(self, message: Message) -> Json:
        with self._box as state:
            state["messages"] = {id: row for id, row in state["messages"].items() if row["to"] != message.to}
        return super().preview(message)


class PreviewSends(MockLifecycle):
    def preview(self, message: Message) -> Json:
        with self._box as state:
            self._post(state, message, self._ctx.clock.now() + timedelta(hours=1), "scheduled")
        return super().preview(message)


class KnowsEveryTemplate(MockLifecycle):
    def preview(self, message: Message) -> Json:
        if message.template is not None and message.template not in self._templates:
            return {"to": message.to, "channel": message.channel, "text": ""}
        return super().preview(message)


def without_names(message: Message, seen: Json) -> Json:
    return {"text": re.sub(r"\{\{.*?\}\}", "", seen["text"] or "")}


def without_blanks(message: Message, seen: Json) -> Json:
    return {"text": re.sub(r"\{\{ (.*?) \}\}", r"{{\1}}", seen["text"] or "")}


SHOWS, MISSING = "lifecycle.preview.rule.shows", "lifecycle.preview.rule.missing"

SABOTEURS = (
    Saboteur("previews_to_you", as_previewed(lambda message, seen: {"to": "you@example.com"}), SHOWS, RECORDED),
    Saboteur("previews_emails", as_previewed(lambda message, seen: {"channel": "email"}), SHOWS, RECORDED),
    Saboteur(
        "subject_of_the_text",
        as_previewed(lambda message, seen: {"subject": (seen["text"] or "")[:20]}),
        SHOWS,
        RECORDED,
    ),
    Saboteur("previews_as_written", as_previewed(lambda message, seen: {"text": message.text}), SHOWS, RECORDED),
    Saboteur("remembers_previews", RemembersPreviews, SHOWS, RECORDED),
    Saboteur("preview_sends", PreviewSends, "lifecycle.preview.rule.no_effect", RECORDED),
    Saboteur("preview_cancels", PreviewCancels, "lifecycle.preview.rule.no_effect", RECORDED),
    Saboteur("never_missing", as_previewed(lambda message, seen: {"missing": []}), MISSING, RECORDED),
    Saboteur(
        "missing_backwards", as_previewed(lambda message, seen: {"missing": seen["missing"][::-1]}), MISSING, RECORDED
    ),
    Saboteur("missing_is_blank", as_previewed(without_names), MISSING, RECORDED),
    Saboteur("missing_without_blanks", as_previewed(without_blanks), MISSING),
    Saboteur(
        "names_the_first_missing",
        as_previewed(lambda message, seen: {"missing": seen["missing"][:1]}),
        "lifecycle.preview.rule.template_missing",
        RECORDED,
    ),
    Saboteur("previews_any_template", KnowsEveryTemplate, "lifecycle.preview.bad_input.unknown_template"),
)
