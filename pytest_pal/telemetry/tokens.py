"""Secrets that their shape gives away: tokens that vendors mark by a prefix, JWTs, private keys, credentials of URLs.

The shapes are those that vendors publish (their documentation of token formats and of secret scanning), written
loosely: a few characters too many cost nothing, one too few would leave the end of a secret standing.
"""

import re
from collections.abc import Iterator

from .views import Span, decoded

_PREFIXED = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",  # AWS access keys
    r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[\w+/=-]{16,}",  # AWS session tokens
    r"[prs]k_(?:live|test|prod)_\w{8,}",  # Stripe, Clerk
    r"whsec_[\w+/=-]{12,}",  # Stripe, Resend: webhooks
    r"gh[oprsu]_\w{12,}",  # GitHub
    r"github_pat_\w{12,}",
    r"gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent)-[\w.-]{12,}",  # GitLab
    r"xox[a-z](?:\.xox[a-z])?-[\w.-]{8,}",  # Slack
    r"xapp-[\w-]{12,}",
    r"AIza[\w-]{20,}",  # Google
    r"GOCSPX-[\w-]{12,}",
    r"sk-(?=[\w-]{0,60}\d)[\w-]{12,}",  # OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse
    r"sess-(?=[\w-]{0,60}\d)[\w-]{20,}",
    r"[SA][KC][0-9a-f]{32}(?![0-9A-Za-z])",  # Twilio
    r"key-[0-9a-f]{24,}",  # Mailgun
    r"[0-9a-f]{32}-us\d{1,2}(?!\w)",  # Mailchimp
    r"xkeysib-[\w-]{16,}",  # Brevo
    r"re_(?=\w{0,60}\d)[A-Za-z0-9]{6,}_[A-Za-z0-9]{12,}",  # Resend
    r"ph[a-z]_(?=\w{0,60}\d)[A-Za-z0-9]{24,}",  # PostHog
    r"(?:npm|hf|gsk|sbp|pul|rdme|fio-u|dp\.pt)_[A-Za-z0-9]{20,}",  # npm, Hugging Face, Groq, Supabase, ...
    r"pypi-[\w-]{20,}",
    r"rubygems_[0-9a-f]{20,}",
    r"dckr_(?:pat|oat)_[\w-]{12,}",  # Docker
    r"(?:xai|pplx|nvapi|tvly|csk|fw|sntrys|sntryu|PMAK|NRAK|CFPAT)[-_](?=[\w-]{0,60}\d)[\w-]{20,}",
    r"r8_[A-Za-z0-9]{20,}",  # Replicate
    r"d(?:op|oo|or)_v1_[0-9a-f]{20,}",  # DigitalOcean
    r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{16,}",  # Shopify
    r"sq0[a-z]{3}-[\w-]{12,}",  # Square
    r"EAA[A-Za-z0-9]{40,}",  # Meta
    r"(?:lin_api|figd|glsa|glc|ntn|pat|pcsk|lsv2_pt|lsv2_sk|pscale_tkn|pscale_pw)_(?=[\w-]{0,60}\d)[\w-]{20,}",
    r"dapi[0-9a-f]{32}",  # Databricks
    r"AT(?:ATT|CTT|BB)[\w=-]{20,}",  # Atlassian
    r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    r"eyJ[\w-]{8,1000}={0,2}\.[\w-]*={0,2}(?:\.[\w-]*){0,3}",  # JWT, JWE
)
_DOTTED = (
    r"SG\.[\w-]{12,}(?:\.[\w-]+)?",  # SendGrid
    r"ya29\.[\w.-]{12,}",  # Google
    r"hv[bsr]\.[\w-]{12,}",  # Vault
    r"1//0[\w-]{20,}",  # Google refresh tokens
    r"\d{8,10}:AA[\w-]{30,}",  # Telegram
    r"[MNO][A-Za-z\d]{22,40}\.[\w-]{6}\.[\w-]{27,}",  # Discord
)
_DISCORD_HEAD = r"[MNO][\w-]{22,40}\."
_MARKS_OF_DOTTED = ("SG.", "ya29.", "hvs.", "hvb.", "hvr.", "1//0", ":AA")
_HEAD = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join((*_PREFIXED, _DISCORD_HEAD))})")
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXED)})")
_DOTTED_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_DOTTED)})")
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_BEARER = re.compile(r"bearer[ \t:=]{1,4}((?=[\w.~+/-]{0,60}\d|[\w.~+/-]{20})[\w.~+/-]{6,}=*)", re.IGNORECASE)
_BASIC = re.compile(r"basic[ \t]{1,4}([A-Za-z0-9+/_-]{6,}={0,2})", re.IGNORECASE)
_USER_OPTION = re.compile(r"""(?: -u|--user)[ =]["']?[^\s:"']{1,128}:([^\s"']+)""")
_USERINFO = re.compile(r"""://([^\s/?\#"'<>\\]{0,512}@)""")
_HOOKS = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks)/([\w/-]{12,})"
)
_LONG_NAME = 16


def token_spans(text: str, low: str, runs: str) -> Iterator[Span]:
    """Where tokens of a known shape stand.

    ``low`` is the text in lower case; ``runs`` are its long runs of token characters, where all but a few begin.
    """
    found = _HEAD.search(runs)
    if found:
        yield from (match.span() for match in _TOKEN.finditer(text))
    if found or any(map(text.__contains__, _MARKS_OF_DOTTED)):
        yield from (match.span() for match in _DOTTED_TOKEN.finditer(text))
    if "bearer" in low:
        yield from (match.span(1) for match in _BEARER.finditer(text))
    if "basic" in low:
        yield from (match.span(1) for match in _BASIC.finditer(text) if _is_pair(match[1]))
    if " -u " in text or "--user" in text:
        yield from (match.span(1) for match in _USER_OPTION.finditer(text))
    if "-----BEGIN" in text:
        yield from (match.span() for match in _KEY_BLOCK.finditer(text))
    if "://" in text:
        yield from _address_spans(text, low)


def _is_pair(encoded: str) -> bool:
    """Whether this is base64 of ``user:password``, and not a word after "basic"."""
    return any(":" in text for _, text in decoded(encoded))


def _address_spans(text: str, low: str) -> Iterator[Span]:
    """The password of a URL; also its user, where that is as long as a token or stands alone."""
    if "@" in text:
        for match in _USERINFO.finditer(text):
            start, end = match.span(1)
            user, colon, password = match[1][:-1].partition(":")
            if len(user) >= _LONG_NAME:
                yield start, end - 1
            elif colon and password:
                yield start + len(user) + 1, end - 1
    if "webhook" in low or "hooks." in low:
        yield from (match.span(1) for match in _HOOKS.finditer(text))
