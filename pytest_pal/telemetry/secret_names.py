"""Which names announce a secret: of mapping keys, headers, query parameters, form fields, settings, attributes."""

import re
from functools import lru_cache
from urllib.parse import unquote

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST = 120
_WORKING_DIRECTORY = "PWD"

_ENDINGS = (
    *("token", "secret", "secrets", "password", "passwords", "passwd", "passphrase", "passcode", "apikey", "apikeys"),
    *("accesskey", "secretkey", "privatekey", "jsessionid", "sessid", "authorization", "credential", "credentials"),
    *("cookie", "cookies"),
)
_WHOLE = frozenset("pwd auth jwt otp cvv cvc bearer".split())
_PAIRS = frozenset(
    "access aes api app application account auth cipher client consumer crypto deploy encryption fernet functions hmac "
    "integration license master private root rsa secret service session shared signing ssh storage subscription "
    "webhook write".split()
)
_PASS = frozenset("admin db ftp ldap mail mysql pg postgres redis root smtp user".split())
_SIGNED = frozenset("amz goog oauth request url".split())
_AFTER = frozenset("b64 base64 confirm confirmation encoded hash header hex old new raw plain plaintext value".split())
_PAGES = frozenset("page next prev previous continuation cursor pagination idempotency sync".split())
_TOKENS = frozenset({("access", "tokens"), ("refresh", "tokens"), ("api", "tokens"), ("auth", "tokens")})


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a value under this name is a secret: ``authorization``, ``X-Api-Key``, ``dbPassword``, ``set-cookie``.

    The last words decide: ``token_type`` and ``max_tokens`` are none, nor are the tokens of pages and the keys of
    idempotency. A name longer than 120 characters is not read.
    """
    if not 3 <= len(name) <= _LONGEST or name == _WORKING_DIRECTORY:
        return False
    words = [word.lower() for word in _WORDS.findall(unquote(name))]
    while len(words) > 1 and words[-1] in _AFTER:
        words.pop()
    return bool(words) and _PAGES.isdisjoint(words) and _announces(words)


def _announces(words: list[str]) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last.endswith(_ENDINGS) or last in _WHOLE or (before, last) in _TOKENS:
        return True
    if last in {"key", "keys"}:
        return before in _PAIRS
    if last == "signature":
        return before in _SIGNED
    return last == "pass" and before in _PASS
