"""A rendered message as the bytes of a mail: RFC 5322 and MIME, with every character kept."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.message import Message as Mail
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any

METADATA = "X-Metadata"
_LONGEST_LINE = 60
_WORD_BYTES = 39


def compose(sender: str, row: Mapping[str, Any], now: datetime) -> bytes:
    """The mail of ``row``: id, to, subject, text, html, metadata. ``sender`` is the From header, in ASCII."""
    mail = _bodies(row)
    domain = sender.rstrip(">").rpartition("@")[2]
    headers = {
        "From": sender,
        "To": row["to"],
        "Subject": header(row["subject"]),
        "Date": format_datetime(now),
        "Message-ID": f"<{row['id']}@{domain}>",
    }
    if row["metadata"]:
        headers[METADATA] = encoded(json.dumps(row["metadata"]))
    for name, value in headers.items():
        mail[name] = value
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))


def header(text: str) -> str:
    """A header's text as it is where it is short and plain, else in encoded words."""
    plain = text.isascii() and text.isprintable() and text == text.strip() and "=?" not in text
    return text if plain and len(text) <= _LONGEST_LINE else encoded(text)


def encoded(text: str) -> str:
    """RFC 2047: words in base64, each with whole characters. A blank between two words is no part of the text."""
    return " ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in _words(text))


def _words(text: str) -> Iterator[bytes]:
    word = b""
    for char in text:
        if len(word) + len(char.encode()) > _WORD_BYTES:
            yield word
            word = b""
        word += char.encode()
    yield word


def _bodies(row: Mapping[str, Any]) -> Mail:
    """One part, or two to choose from. Base64 keeps line ends, long lines and lone dots as they are."""
    kinds = {"plain": row["text"], "html": row["html"]}
    parts = [MIMEText(body, kind, "utf-8") for kind, body in kinds.items() if body is not None]
    if len(parts) == 1:
        return parts[0]
    # A boundary with an underscore cannot stand in base64; one made of the id is the same in every run.
    return MIMEMultipart("alternative", boundary=f"=_{row['id']}", _subparts=parts)
