"""LifecycleProvider for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/lifecycle/protocol.py; change that one.
"""

from typing import Protocol

from ...contracts.lifecycle.protocol import CompleteMessage, Message, Preview, Receipt
from ...model.values import InstantRoundedUp, Key


class AsyncLifecycleProvider(Protocol):
    """Sends messages from one sender, who is ``config['sender']``.

    For an adapter in process ``config['suppressed']`` is a recipient who opted out, and
    ``config['templates']`` holds stored templates: name -> subject, text, html. A harness of an adapter with
    a vendor says them in ``given``: suppressed, template (a name) and template_variables (all of its variables)."""

    async def send(self, message: CompleteMessage, *, idempotency_key: Key) -> Receipt:
        """Hands one message to the vendor, to be delivered now: accepted or suppressed."""

    async def schedule(self, message: CompleteMessage, send_at: InstantRoundedUp, *, idempotency_key: Key) -> Receipt:
        """Has one message delivered within [send_at, send_at + slack], once: scheduled or suppressed."""

    async def preview(self, message: Message) -> Preview:
        """The message as it would be delivered, without any effect."""


class LifecycleCaller(Protocol):
    """Sends messages from one sender, who is ``config['sender']``.

    For an adapter in process ``config['suppressed']`` is a recipient who opted out, and
    ``config['templates']`` holds stored templates: name -> subject, text, html. A harness of an adapter with
    a vendor says them in ``given``: suppressed, template (a name) and template_variables (all of its variables)."""

    def send(self, message: CompleteMessage, *, idempotency_key: Key | None = ...) -> Receipt:
        """Hands one message to the vendor, to be delivered now: accepted or suppressed."""

    def schedule(
        self, message: CompleteMessage, send_at: InstantRoundedUp, *, idempotency_key: Key | None = ...
    ) -> Receipt:
        """Has one message delivered within [send_at, send_at + slack], once: scheduled or suppressed."""

    def preview(self, message: Message) -> Preview:
        """The message as it would be delivered, without any effect."""

    def close(self) -> None: ...


class AsyncLifecycleCaller(Protocol):
    """Sends messages from one sender, who is ``config['sender']``.

    For an adapter in process ``config['suppressed']`` is a recipient who opted out, and
    ``config['templates']`` holds stored templates: name -> subject, text, html. A harness of an adapter with
    a vendor says them in ``given``: suppressed, template (a name) and template_variables (all of its variables)."""

    async def send(self, message: CompleteMessage, *, idempotency_key: Key | None = ...) -> Receipt:
        """Hands one message to the vendor, to be delivered now: accepted or suppressed."""

    async def schedule(
        self, message: CompleteMessage, send_at: InstantRoundedUp, *, idempotency_key: Key | None = ...
    ) -> Receipt:
        """Has one message delivered within [send_at, send_at + slack], once: scheduled or suppressed."""

    async def preview(self, message: Message) -> Preview:
        """The message as it would be delivered, without any effect."""

    async def aclose(self) -> None: ...
