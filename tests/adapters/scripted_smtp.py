"""An SMTP server on loopback that answers as it is told: refuses, hangs, drips, or hangs up."""

import re
import socket
import threading
from collections.abc import Mapping

HANG, DRIP, CLOSE = "hang", "drip", "close"
Answer = bytes | str
HEALTHY: Mapping[str, Answer] = {
    "connect": b"220 ready",
    "EHLO": b"250 ready",
    "HELO": b"250 ready",
    "MAIL": b"250 OK",
    "RCPT": b"250 OK",
    "DATA": b"354 go on",
    ".": b"250 taken",
    "QUIT": b"221 bye",
    "content": b"",
}


class ScriptedSmtp:
    """``answers``: by the command's verb, ``connect``, ``content`` (each line of a mail), ``end`` (its lone dot).

    Bytes get CRLF. `HANG` says nothing more, `DRIP` says one byte after another for ever, `CLOSE` hangs up; a `str`
    besides these is sent as it is, and then hung up on. ``mails`` holds what came up to a lone dot.
    """

    def __init__(self, **answers: Answer) -> None:
        self._answers = {**HEALTHY, **{name.replace("end", "."): answer for name, answer in answers.items()}}
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self.mails: list[bytes] = []
        self.lines: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "ScriptedSmtp":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: object) -> None:
        asked, content = "connect", b""
        try:
            while self._said(connection, asked):
                line: bytes = lines.readline()  # type: ignore[attr-defined]
                if not line:
                    return
                self.lines.append(line)
                if asked in ("DATA", "content") and line != b".\r\n":
                    asked, content = "content", content + line
                elif asked in ("DATA", "content"):
                    self.mails.append(re.sub(rb"(?m)^\.\.", b".", content))
                    asked, content = ".", b""
                else:
                    asked = line.split()[0].decode().upper()
        except OSError:
            return

    def _said(self, connection: socket.socket, asked: str) -> bool:
        """True where the conversation goes on."""
        answer = self._answers.get(asked, b"500 what?")
        if answer == HANG:
            self._over.wait(10)
        elif answer == DRIP:
            while not self._over.wait(0.005):
                connection.sendall(b"2")
        elif isinstance(answer, str):
            connection.sendall(b"" if answer == CLOSE else answer.encode())
        elif answer:
            connection.sendall(answer + b"\r\n")
        return isinstance(answer, bytes)
