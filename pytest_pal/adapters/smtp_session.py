"""One attempt to hand one mail to an SMTP server, within a bound, with every failure in the taxonomy."""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..errors import NonRetryableError, ProviderError, RetryableError

GREETING = "[127.0.0.1]"
"""What EHLO says where no name is configured: smtplib's own fallback, without its look-up."""

_CODES = {
    **dict.fromkeys((500, 501, 503, 555), "invalid"),
    **dict.fromkeys((502, 504), "unsupported"),
    **dict.fromkeys((530, 534, 535, 538), "unauthenticated"),
    **dict.fromkeys((523, 552), "payload_too_large"),
}
_PHASES = {"connect": "forbidden", "sender": "forbidden", "recipient": "invalid", "content": "content_refused"}
_RATE = re.compile(r"throttl|rate limit|too many", re.IGNORECASE)


@dataclass(frozen=True)
class Server:
    """Where mail goes. ``password`` is asked for at each login; it is used where ``username`` is given."""

    host: str
    port: int
    greeting: str = GREETING
    starttls: bool = False
    cafile: str | None = None
    username: str | None = None
    password: Callable[[], str] = field(default=str, repr=False)


class RecipientRefused(NonRetryableError):
    """The server does not take mail for this recipient; the message is its reply."""


def deliver(server: Server, sender: str, to: str, mail: bytes, *, seconds: float) -> None:
    """Hands over one mail, in at most ``seconds`` in all. Raises ProviderError.

    The outcome is unknown where the end of the mail may have reached the server and its reply did not come.
    """
    session = _Session(server, seconds)
    try:
        session.open()
        session.transmit(sender, to, mail)
    except (smtplib.SMTPException, OSError) as error:
        raise session.translated(error) from error
    finally:
        session.end()


class _Session(smtplib.SMTP):
    """smtplib's client, bounded as a whole: its own timeout starts anew with every byte that comes."""

    def __init__(self, server: Server, seconds: float) -> None:
        super().__init__(local_hostname=server.greeting, timeout=seconds)
        self._server, self._ends = server, time.monotonic() + seconds
        self._phase = "connect"
        self._sent = False

    def open(self) -> None:
        """Connects, secures and logs in, as far as the server's settings say."""
        # smtplib checks the certificate for this name; connect() does not set it.
        self._host = self._server.host
        self._accepted(self._connected())
        self.ehlo_or_helo_if_needed()
        if self._server.starttls:
            self.starttls(context=ssl.create_default_context(cafile=self._server.cafile))
            self.ehlo_or_helo_if_needed()
        if self._server.username is not None:
            self._log_in(self._server.username, self._server.password())

    def transmit(self, sender: str, to: str, mail: bytes) -> None:
        self._phase = "sender"
        self._accepted(self.mail(sender, [f"size={len(mail)}"] if self.has_extn("size") else []))
        self._phase = "recipient"
        self._accepted(self.rcpt(to))
        self._phase = "content"
        self._accepted(self.docmd("DATA"), expected=range(354, 355))
        self._sent = True
        self.send(re.sub(rb"(?m)^\.", b"..", mail.removesuffix(b"\r\n")) + b"\r\n.\r\n")
        self._accepted(self.getreply())

    def end(self) -> None:
        """Says goodbye where there is time for it; what was delivered stays delivered."""
        with suppress(smtplib.SMTPException, OSError):
            self.quit()
        self.close()

    def translated(self, error: Exception) -> ProviderError:
        """The error of the taxonomy for one of smtplib, ssl or the socket."""
        if isinstance(error, smtplib.SMTPResponseException):
            return self._answered(error.smtp_code, error.smtp_error)
        if isinstance(error, smtplib.SMTPNotSupportedError) or type(error) is smtplib.SMTPException:
            return NonRetryableError("unsupported", f"the mail server: {error}")
        timed_out = TimeoutError in (type(error), type(error.__context__))
        return self._lost("timeout" if timed_out else "connection", str(error))

    # what smtplib calls

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock, self._remaining)
        return super().getreply()

    # how it is done

    def _remaining(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the attempt took too long")
        return left

    def _connected(self) -> tuple[int, bytes]:
        """The greeting of the first address that answers; all share the time there is."""
        failed: OSError = OSError(f"{self._server.host} has no address")
        for *_, address in socket.getaddrinfo(self._server.host, self._server.port, type=socket.SOCK_STREAM):
            self.timeout = self._remaining()
            try:
                return self.connect(str(address[0]), int(address[1]))
            except smtplib.SMTPException:
                raise
            except OSError as error:
                failed = error
        raise failed

    def _log_in(self, username: str, password: str) -> None:
        """Once, by the best way there is: smtplib's login() would try a wrong password by every other way too.

        A server may say in its reply what it was sent; that reply does not travel on.
        """
        if not (username + password).isascii():
            raise NonRetryableError("not_configured", "user name and password of an SMTP login must be ASCII")
        self.user, self.password = username, password
        ways: dict[str, Any] = {"CRAM-MD5": self.auth_cram_md5, "PLAIN": self.auth_plain, "LOGIN": self.auth_login}
        offered = self.esmtp_features.get("auth", "").upper().split()
        way = next((name for name in ways if name in offered), None)
        if way is None:
            raise smtplib.SMTPNotSupportedError(f"the server offers no login by {', '.join(ways)}")
        try:
            self.auth(way, ways[way])
            return
        except smtplib.SMTPResponseException as error:
            code = error.smtp_code
        raise smtplib.SMTPAuthenticationError(code, b"(the reply is withheld)")

    def _accepted(self, reply: tuple[int, bytes], expected: range = range(200, 300)) -> None:
        if reply[0] not in expected:
            raise smtplib.SMTPResponseException(*reply)

    def _answered(self, code: int, reply: bytes | str) -> ProviderError:
        """smtplib's own complaints about a reply are str, and its code for an unreadable one is -1."""
        if isinstance(reply, str) or not 400 <= code < 600:
            return self._lost("malformed_reply", f"the mail server's reply to {self._phase} is no SMTP reply")
        text = f"{code} {reply.decode('ascii', 'replace')}"
        details = {"smtp_code": code, "phase": self._phase}
        if code < 500:
            return RetryableError("rate_limited" if _RATE.search(text) else "unavailable", text, details=details)
        kind = RecipientRefused if self._phase == "recipient" else NonRetryableError
        return kind(_CODES.get(code, _PHASES[self._phase]), text, details=details)

    def _lost(self, code: str, text: str) -> ProviderError:
        if self._sent:
            return NonRetryableError(code, text, outcome_unknown=True)
        return NonRetryableError(code, text) if code == "malformed_reply" else RetryableError(code, text)


class _Lines:
    """The lines of a socket, each byte within the time that remains. An unfinished line is no line."""

    def __init__(self, sock: socket.socket, remaining: Callable[[], float]) -> None:
        self._sock, self._remaining, self._read = sock, remaining, b""

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._read and len(self._read) < limit:
            self._sock.settimeout(self._remaining())
            received = self._sock.recv(4_096)
            if not received:
                return b""
            self._read += received
        end = min(self._read.find(b"\n") + 1 or limit, limit)
        line, self._read = self._read[:end], self._read[end:]
        return line

    def close(self) -> None:
        """The socket is its owner's."""
