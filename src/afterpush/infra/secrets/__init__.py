"""Secrets that cannot be printed by accident, and the removal of secrets from text."""

import re
from typing import Final, NoReturn

REDACTED: Final = "[REDACTED]"

TOKENS: Final = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN")
OUR_SECRETS: Final = frozenset((*TOKENS, "DB_PASS", "MYSQL_URL"))
"""The variables that hold a secret of ours."""

# Well-known token shapes, by the prefixes that their issuers publish. Each pattern matches the
# secret itself, or has it in the group `secret`. Each takes time linear in the text: what may be before
# or between has a bound, or cannot begin again inside of itself (OWASP, "Regular expression Denial of
# Service"); anybody can write a line of 200 kB into a log.
TOKEN_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "DigitalOcean token": re.compile(
        r"\bdo[opr]_v1_[0-9a-f]{64}\b|\bAVNS_[A-Za-z0-9_-]{15,}|\bDO00[A-Z0-9]{16}\b"
    ),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b"),
    "GitLab token": re.compile(r"\bgl(?:pat|dt|rt|ptt|cbt|soat|agent)-[A-Za-z0-9_-]{20,}"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "AWS secret key": re.compile(
        r"""\b(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY)["']?\s*[:=]\s*["']?(?P<secret>[A-Za-z0-9/+]{40})\b"""
    ),
    "Slack token": re.compile(r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    "Slack webhook": re.compile(
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,}"
    ),
    "Stripe key": re.compile(r"\b(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}\b"),
    # The letters alone begin many a word (`sk-fading-circle`), so without an issuer's word a digit is needed.
    "OpenAI or Anthropic key": re.compile(
        r"(?<![\w.-])sk-(?:(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|(?=[A-Za-z]*\d)[A-Za-z0-9]{20,})"
    ),
    "Google API key": re.compile(
        r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|\bGOCSPX-[A-Za-z0-9_-]{28}|\bya29\.[A-Za-z0-9_-]{50,}"
    ),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "PyPI token": re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    "token of a hosted service": re.compile(
        r"\b(?:SG\.[\w-]{22}\.[\w-]{43}|hf_[A-Za-z0-9]{34}|lin_api_\w{40}|ntn_[A-Za-z0-9]{40,}"
        r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|sntry[su]_[\w=-]{40,}|dckr_[po]at_[\w-]{27}|pscale_(?:pw|tkn)_[\w.-]{32,}"
        r"|gsk_[A-Za-z0-9]{52}|xai-[A-Za-z0-9]{70,}|rubygems_[0-9a-f]{48}|dp\.(?:pt|st|ct)\.[\w.-]{40,}"
        r"|nfp_[A-Za-z0-9]{36}|HRKU-[\w-]{36,}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|dapi[0-9a-f]{32}|sbp_[0-9a-f]{40}"
        r"|SK[0-9a-f]{32}|AGE-SECRET-KEY-1[A-Z0-9]{58}|ATATT3[\w=-]{50,}|[0-9]{8,10}:AA[\w-]{33})(?![\w-])"
        r"|https://discord(?:app)?\.com/api/webhooks/[0-9]+/[\w-]{40,}"
    ),
    "JSON Web Token": re.compile(
        r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,}"
    ),
    "private key": re.compile(
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,5}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:(?!-----BEGIN)[\s\S]){0,20000}?-----END (?:[A-Z0-9]{1,20} ){0,5}PRIVATE KEY(?: BLOCK)?-----)?"
    ),
    "password in a URL": re.compile(
        r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,256}:(?P<secret>[^\s/@${}<>\[\]]{3,1024})@"
    ),
}

# A POSIX extended expression that every line with one of these shapes matches: with it, git finds the
# few files of a push that are worth a look.
TOKEN_STEMS: Final = (
    r"do[opr]_v1_|AVNS_|DO00[A-Z0-9]{16}|aws_secret_access_key|AWS_SECRET_ACCESS_KEY"
    r"|gh[pousr]_|github_pat_|gl(pat|dt|rt|ptt|cbt|soat|agent)-|(AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[abeoprs]-|xapp-|hooks\.slack\.com/|[rs]k_(live|test)_|whsec_|sk-[A-Za-z0-9_-]{20}|AIza|GOCSPX-|ya29\."
    r"|npm_[A-Za-z0-9]{36}|pypi-AgE|eyJ[A-Za-z0-9_-]{10,}\.eyJ|PRIVATE KEY( BLOCK)?-----"
    r"|://[^ /@]*:[^ /@]{3,}@"
    r"|SG\.[A-Za-z0-9_-]{22}\.|hf_[A-Za-z0-9]{34}|lin_api_|ntn_[A-Za-z0-9]{40}|shp(at|ca|pa|ss)_|sntry[su]_"
    r"|dckr_[po]at_|pscale_(pw|tkn)_|gsk_[A-Za-z0-9]{52}|xai-[A-Za-z0-9]{70}|rubygems_|dp\.(pt|st|ct)\."
    r"|nfp_[A-Za-z0-9]{36}|HRKU-|glsa_|dapi[0-9a-f]{32}|sbp_[0-9a-f]{40}|SK[0-9a-f]{32}|AGE-SECRET-KEY-1|ATATT3"
    r"|[0-9]{8}:AA[A-Za-z0-9_-]{33}|/api/webhooks/"
)


class Secret:
    """A value that shows as `[REDACTED]` everywhere; only `reveal()` returns it."""

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
