"""Secrets in logs: the known ones and the well-known shapes, and what is after a telling name."""

import re
from collections.abc import Callable

from afterpush.infra.secrets import REDACTED
from afterpush.infra.secrets.redaction import Redactor

WELL_KNOWN = Redactor()
# The words alone: what is before them in a name is no part of what is replaced, and to look for it
# would take time that grows with the square of a line's length.
_NAME = (
    r"(?:password|passwd|passphrase|secret|token|credential|db_pass"
    r"|(?:api|access|private|auth|account)[_-]?key)[\w.-]{0,64}"
)
_ASSIGNED = re.compile(
    rf"""(?P<name>{_NAME}(?:["']?\s{{0,16}}=\s{{0,16}}["']?|["']\s{{0,16}}:\s{{0,16}}["'])
        |(?:^|[\s?&;])--[\w.-]{{0,64}}?{_NAME}[=\ ])
        (?P<value>[^\s"'&;,}}\]]{{4,}})""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADER = re.compile(
    r"(?P<name>\b(?:authorization|x-api-key|x-auth-token|cookie|set-cookie)\b[\"']?\s{0,16}[:=]\s{0,16}[\"']?)(?P<value>[^\"'\r\n]{4,})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<name>\b(?:bearer|basic)\s{1,16})(?P<value>[A-Za-z0-9+/._~=-]{12,})", re.IGNORECASE)

# One of these, in small letters, is in every text of a shape.
_SHAPES = {
    _ASSIGNED: ("pass", "secret", "token", "credential", "key"),
    _HEADER: ("authorization", "x-api-key", "x-auth-token", "cookie"),
    _BEARER: ("bearer", "basic"),
}


def redact_log(text: str, redact: Callable[[str], str] = WELL_KNOWN) -> str:
    """A piece of a log without secrets: those that `redact` knows, and values beside telling names."""
    text = redact(text)
    folded = text.casefold()
    for shape, stems in _SHAPES.items():
        if any(stem in folded for stem in stems):
            text = shape.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    value = found["value"]
    harmless = value.startswith((REDACTED[:5], "$", "<", "***")) or value.lower() in _WORDS
    return found[0] if harmless else found["name"] + REDACTED


_WORDS = frozenset("null none undefined true false missing required empty process.env string".split())
