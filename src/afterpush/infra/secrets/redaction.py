"""The removal of secrets from text: all that the variables hold, and the shapes that issuers publish."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

from afterpush.infra.secrets import REDACTED, TOKEN_SHAPES, Secret

_LEAST = 6
# A name is judged by its words: COMPASS_MODE has no password in it, and PWD alone is a folder.
_WORDS = frozenset(
    "PASS PASSWD PASSWORD PASSPHRASE PWD TOKEN SECRET SECRETS KEY APIKEY CREDENTIAL CREDENTIALS DSN "
    "HOOK WEBHOOK AUTH SIG SIGNATURE DBPASS PGPASS SSHPASS MYSQLPASS".split()
)
_ENDINGS = ("PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "APIKEY", "WEBHOOK", "CREDENTIALS")
# What these words end is about a secret and not one: a path, a name, a duration.
_ABOUT = frozenset(
    "FILE PATH DIR FOLDER ID NAME TYPE USER ALGORITHM ALG TTL SECONDS MINUTES DAYS LENGTH SIZE LIMIT COUNT "
    "SOCK SOCKET HOST PORT ENABLED REQUIRED MODE VERSION EXPIRY EXPIRES PREFIX SUFFIX FORMAT HEADER PROVIDER "
    "METHOD STYLE LAYOUT COLUMN FIELD INDEX".split()
)
_HOOKS = frozenset(("HOOK", "WEBHOOK"))
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://")


def is_secret_name(name: str) -> bool:
    """Whether a variable or a parameter of this name holds a secret: `STRIPE_KEY`, `MYSQL_PWD`, `api-key`."""
    words = _words(name)
    if not words or name in ("PWD", "OLDPWD") or name.startswith("GIT_CONFIG_"):
        return False
    if words[-1] in _ABOUT or "PUBLIC" in words or "PUBLISHABLE" in words:
        return False
    return any(word in _WORDS or word.endswith(_ENDINGS) for word in words)


def _words(name: str) -> list[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)  # accessToken, as parameters are written.
    return [word for word in re.split(r"[^A-Za-z]+", spaced.upper()) if word]


def secrets_in(variables: Iterable[tuple[str, str]], named: Iterable[str] = ()) -> list[Secret]:
    """Everything in these variables that no text may show; `named` are names that hold a secret anyhow."""
    found: dict[str, None] = {}
    for name, value in variables:
        is_url = _URL.match(value) is not None
        if is_url:
            found |= dict.fromkeys(
                _in_url(value, is_hook=name in named or not _HOOKS.isdisjoint(_words(name)))
            )
        elif name in named or is_secret_name(name):
            found |= dict.fromkeys(_whole(value))
    return [Secret(value) for value in found if len(value) >= _LEAST]


def _whole(value: str) -> Iterator[str]:
    """A value, what is before its `@` in a DSN without a scheme, and the lines of a key."""
    yield value.strip()
    if inner := re.match(r"[^\s:/@]{1,64}:([^\s/@]+)@", value):
        yield inner[1]
    if "\n" in value:
        yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 16)


def _in_url(url: str, *, is_hook: bool) -> Iterator[str]:
    """The password of a URL, its user where that is a token, secrets of its query, a webhook's path."""
    try:
        parts = urlsplit(url.strip())
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        yield url  # No URL that anybody can read: all of it is hidden.
        return
    pieces = [password, unquote(password)]
    if parts.scheme in ("http", "https") and user and not password and len(user) >= 8:
        pieces.append(user)
    pairs = [pair.partition("=") for pair in f"{parts.query}&{parts.fragment}".split("&")]
    for name, _, value in pairs:
        if is_hook or is_secret_name(unquote_plus(name)):
            pieces += [value, unquote_plus(value)]
    if is_hook:
        pieces += [part for part in (parts.path, *parts.path.split("/")) if len(part) >= 16]
    pieces = [piece for piece in pieces if len(piece) >= 4]
    if pieces or (is_hook and parts.path.strip("/")):
        yield url.strip()
    yield from pieces


# One of these is in every text of a shape. Searching for them first makes ordinary lines four times as
# fast: an expression is tried at every position, a plain string is not.
_STEMS = {
    "DigitalOcean token": ("_v1_", "AVNS_", "DO00"),
    "GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "GitLab token": ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glagent-"),
    "AWS access key": ("AKIA", "ASIA"),
    "AWS secret key": ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    "Slack token": ("xox", "xapp-"),
    "Slack webhook": ("hooks.slack.com",),
    "Stripe key": ("k_live_", "k_test_", "whsec_"),
    "OpenAI or Anthropic key": ("sk-",),
    "Google API key": ("AIza", "GOCSPX-", "ya29."),
    "npm token": ("npm_",),
    "PyPI token": ("pypi-AgE",),
    "token of a hosted service": tuple(
        "SG. hf_ lin_api_ ntn_ shpat_ shpca_ shppa_ shpss_ sntrys_ sntryu_ dckr_ pscale_ gsk_ xai- rubygems_ "
        "dp. nfp_ HRKU- glsa_ dapi sbp_ SK AGE-SECRET-KEY-1 ATATT3 :AA /api/webhooks/".split()
    ),
    "JSON Web Token": ("eyJ",),
    "private key": ("PRIVATE KEY",),
    "password in a URL": ("://",),
}


class Redactor:
    """Replaces known secrets and well-known token shapes in text by `[REDACTED]`, in linear time."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets if len(secret.reveal()) >= 4}
        spellings = (
            values
            | {quote(value, safe="") for value in values}
            | {quote_plus(value) for value in values}
            | {value.replace("/", r"\/") for value in values}  # As JSON of PHP and of some loggers has it.
        )
        longest_first = sorted(spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(REDACTED, text)
        for name, shape in TOKEN_SHAPES.items():
            if any(stem in text for stem in _STEMS[name]):
                text = shape.sub(_without_secret, text)
        return text


def _without_secret(found: re.Match[str]) -> str:
    secret = found.groupdict().get("secret")
    return found[0].replace(secret, REDACTED) if secret else REDACTED
