"""LifecycleProvider: its payloads, traits, operations and observer. Bodies are Unicode text."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import AfterValidator, Field, model_validator

from ...model.fields import ID
from ...model.operation import operation
from ...model.payload import Observed, Output, Payload, Traits
from ...model.values import (
    Flag,
    Instant,
    InstantRoundedUp,
    JsonMap,
    Key,
    PlainText,
    Text,
    no_control_characters,
)
from ...primitives.render import missing_variables, render

Channel = Literal["email", "sms", "push"]
CHANNELS: tuple[Channel, ...] = ("email", "sms", "push")
_NOT_IN_A_RECIPIENT = frozenset(",<>")
_NOT_IN_A_HEADER = frozenset("\r\n\0")


def _one_recipient(value: str) -> str:
    if any(char in _NOT_IN_A_RECIPIENT or char.isspace() for char in value):
        raise ValueError("must be one address, number or token, without comma, blank or angle brackets")
    return value


def _flat(values: Any) -> Any:
    nested = sorted(name for name, value in values.items() if isinstance(value, dict | tuple))
    if nested:
        raise ValueError(f"variables must not be nested: {', '.join(nested)}")
    return values


def _labels(pairs: Any) -> Any:
    for key, value in pairs.items():
        no_control_characters(key)
        if not key or not isinstance(value, str):
            raise ValueError("metadata must be strings by names that are not empty")
        if _NOT_IN_A_HEADER & set(value):
            raise ValueError("metadata values must not contain CR, LF or NUL")
    return pairs


Recipient = Annotated[PlainText, Field(min_length=1), AfterValidator(_one_recipient)]
Body = Annotated[Text, Field(min_length=1)]
Variables = Annotated[JsonMap, AfterValidator(_flat)]
Metadata = Annotated[JsonMap, AfterValidator(_labels)]


class LifecycleTraits(Traits):
    """What messaging vendors differ in. All times are seconds.

    ``channels``: what the adapter sends by; another channel is refused as unsupported or invalid.
    ``schedule_max_ahead_s`` None: any time ahead. ``template_variables``: whether the adapter knows which
    variables a vendor-stored template needs. ``tells_suppressed`` false: the vendor's reply does not say
    that a recipient opted out.
    """

    channels: tuple[Channel, ...] = Field(default=CHANNELS, min_length=1)
    schedule_min_lead_s: float = Field(default=0, ge=0, le=900)
    schedule_max_ahead_s: float | None = Field(default=None, ge=259_200)
    schedule_slack_s: float = Field(default=0, ge=0, le=60)
    template_variables: Literal["known", "unknown"] = "unknown"
    tells_suppressed: Flag = True


class Message(Payload):
    """One message to one recipient; ``{{name}}`` in subject, text and html stands for a variable.

    Email needs a subject and text or html; sms and push take text only. ``template`` names one that the
    vendor stores, with no subject, text or html beside it.
    """

    to: Recipient
    channel: Channel
    subject: Body | None = None
    text: Body | None = None
    html: Body | None = None
    template: Annotated[PlainText, Field(min_length=1)] | None = None
    variables: Variables = Field(default_factory=dict)
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_the_channel(self) -> Self:
        if self.template is not None:
            if (self.subject, self.text, self.html) != (None, None, None):
                raise ValueError("a stored template has no subject, text or html beside it")
        elif self.channel == "email":
            if self.subject is None or (self.text is None and self.html is None):
                raise ValueError("an email needs a subject, and text or html")
        elif self.text is None or self.subject is not None or self.html is not None:
            raise ValueError(f"{self.channel} takes text only")
        return self

    @model_validator(mode="after")
    def _subject_on_one_line(self) -> Self:
        no_control_characters(render(self.subject or "", self.variables))
        return self

    def missing(self) -> list[str]:
        """The variables that subject, text and html use and that are not given, sorted."""
        return missing_variables(self.variables, self.subject, self.text, self.html)


def _complete(message: Message) -> Message:
    if message.missing():
        raise ValueError(f"variables are missing: {', '.join(message.missing())}")
    return message


CompleteMessage = Annotated[Message, AfterValidator(_complete)]


class Receipt(Output):
    """``accepted`` never means delivered; ``suppressed``: the recipient opted out, nothing is delivered."""

    id: Annotated[Key, ID]
    status: Literal["accepted", "scheduled", "suppressed"]


class Preview(Output):
    """What would be delivered. ``missing``: variables that are not given, sorted; they stay as written.

    What the vendor adds on delivery (a footer, a tracking pixel) is in ``extensions.added``: the texts as
    they are delivered, each by itself, in a list or by part.
    """

    to: Text
    channel: Channel
    subject: Text | None = None
    text: Text | None = None
    html: Text | None = None
    missing: tuple[Text, ...] = ()


class LifecycleProvider(Protocol):
    """Sends messages from one sender, who is ``config['sender']``.

    For an adapter in process ``config['suppressed']`` is a recipient who opted out, and
    ``config['templates']`` holds stored templates: name -> subject, text, html. A harness of an adapter with
    a vendor says them in ``given``: suppressed, template (a name) and template_variables (all of its variables).
    """

    @operation("write", "key", unit="recipient", entity="message")
    def send(self, message: CompleteMessage, *, idempotency_key: Key) -> Receipt:
        """Hands one message to the vendor, to be delivered now: accepted or suppressed."""

    @operation("write", "key", unit="recipient", entity="message")
    def schedule(self, message: CompleteMessage, send_at: InstantRoundedUp, *, idempotency_key: Key) -> Receipt:
        """Has one message delivered within [send_at, send_at + slack], once: scheduled or suppressed."""

    @operation("read", "repeatable", unit="recipient", entity="message")
    def preview(self, message: Message) -> Preview:
        """The message as it would be delivered, without any effect."""


class ObservedMessage(Observed):
    """What one recipient gets, rendered."""

    id: str
    to: str
    channel: Channel
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    metadata: JsonMap = Field(default_factory=dict)


class DeliveredMessage(ObservedMessage):
    """``at``: the instant of the delivery, where the vendor says it; whole seconds are enough."""

    at: Instant | None = None


class ScheduledMessage(ObservedMessage):
    """A message that waits for ``send_at``."""

    send_at: Instant


class LifecycleObserver(Protocol):
    """A second pair of eyes on what recipients got, and on what waits to be sent."""

    def delivered(self) -> Sequence[DeliveredMessage]: ...

    def scheduled(self) -> Sequence[ScheduledMessage]: ...
