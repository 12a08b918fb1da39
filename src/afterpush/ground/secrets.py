"""Secrets that cannot be printed by accident, and the removal of secrets from text."""

import re
from collections.abc import Iterable
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus

REDACTED: Final = "[REDACTED]"

# Well-known token shapes, by the prefixes that their issuers publish. Each pattern matches the
# secret itself, or has it in the group `secret`.
TOKEN_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "DigitalOcean token": re.compile(r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "Slack webhook": re.compile(r"https://hooks\.slack\.com/services/[A-Za-z0-9/_-]{20,}"),
    "Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}\b"),
    "OpenAI or Anthropic key": re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}"),
    "Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "PyPI token": re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}"),
    "JSON Web Token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "private key": re.compile(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----)?"
    ),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@]*:(?P<secret>[^\s/@${}<>\[\]]{3,})@"),
}

# A POSIX extended expression that every line with one of these shapes matches: with it, git finds the
# few files of a push that are worth a look.
TOKEN_STEMS: Final = (
    r"do[opr]_v1_|gh[pousr]_|github_pat_|glpat-|(AKIA|ASIA)[A-Z0-9]{16}|xox[abeoprs]-|hooks\.slack\.com/services/"
    r"|[rs]k_(live|test)_|sk-[A-Za-z0-9_-]{20}|AIza|npm_[A-Za-z0-9]{36}|pypi-|eyJ[A-Za-z0-9_-]{10,}\.eyJ"
    r"|PRIVATE KEY-----|://[^ /@]*:[^ /@]{3,}@"
)


class Secret:
    """A value that shows as `[REDACTED]` everywhere; only `reveal()` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the wire only, never for a message, a file or an argument list."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialised")


class Redactor:
    """Replaces known secrets and well-known token shapes in text by `[REDACTED]`."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets if len(secret.reveal()) >= 4}
        spellings = (
            values | {quote(value, safe="") for value in values} | {quote_plus(value) for value in values}
        )
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        for shape in TOKEN_SHAPES.values():
            text = shape.sub(_without_secret, text)
        return text


def _without_secret(found: re.Match[str]) -> str:
    secret = found.groupdict().get("secret")
    return found[0].replace(secret, REDACTED) if secret else REDACTED
