"""What a name and a value show of a secret: words of both, and forms of values. Pure text."""

import re
from enum import Enum
from typing import Final

from afterpush.appspec.templates import has_template
from afterpush.infra.secrets import TOKEN_SHAPES


class Value(Enum):
    """What a value is, as far as it shows."""

    HARMLESS = "harmless"
    PLACEHOLDER = "placeholder"
    REFERENCE = "reference"
    TOKEN = "token"
    UNKNOWN = "unknown"


# Whole words of the name, so that KEYCLOAK_URL, TOKENIZER and BYPASS_CACHE are none; the longer ones also at
# the end of a word (PGPASSWORD, CLIENTSECRET). Humps are cut first: dbPassword is db_Password. PWD alone is
# the working directory.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASS(?:WD|PHRASE|CODE)?|PAT|SALT|PEPPER|CREDENTIALS?|CREDS?|TOKENS?"
    r"|[A-Z0-9]*(?:PASSWORDS?|SECRETS?|(?:AUTH|ACCESS|API)TOKENS?|(?:API|ACCESS)_?KEYS?)"
    r"|(?:PRIVATE|SIGNING|ENCRYPTION|SECRET|AUTH|MASTER|SSH|HMAC|SESSION|COOKIE|JWT|ADMIN|SERVICE|LICENSE)_?KEYS?)"
    r"(?=$|_)|_(?:PWD|PW)(?=$|_)|^(?:DB|PG|MYSQL)(?:PWD|PW)$",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Behind the secret's word: the value is about a secret, and not it: JWT_TOKEN_TTL, PASSWORD_HASHER. A
# set, since an expression of a hundred alternatives takes longer to compile than a spec to judge.
_ABOUT = frozenset(
    """
    TTL LENGTH LEN NAME NAMES ID IDS URL URLS URI HOST PORT PATH PATHS FILE FILES DIR FOLDER HEADER
    HEADERS ISSUER AUDIENCE TYPE TYPES PREFIX SUFFIX ROUNDS COUNT COST ITERATIONS SECONDS MINUTES
    HOURS DAYS ENABLE ENABLED DISABLED REQUIRE REQUIRED POLICY FIELD PARAM VERSION HASHER HASHERS
    HASHING LIFETIME LIFESPAN DURATION AGE TIMEOUT ENDPOINT PROVIDER PROVIDERS BACKEND STRATEGY
    PROJECT SECURE ONLY HTTPONLY SITE SAMESITE DOMAIN REGION BUCKET MODE FORMAT CLASS DRIVER STORE
    STORAGE MANAGER ENGINE ROTATION LOCATION SCOPE SCOPES LABEL SIZE LIMIT BUDGET WINDOW INTERVAL
    VALIDITY RESET SOURCE SERVICE USER USERNAME EMAIL ALLOWED COMPLEXITY STRENGTH VALIDATOR
    VALIDATORS METHOD FLOW GRANT ROLE CACHE ENV TABLE COLUMN
    """.split()
)
_ABOUT_STARTS = ("EXPIR", "MIN", "MAX", "ALG", "SUPPORT")
_AT_FRONT = frozenset("MAX MIN NUM ALLOW ENABLE DISABLE REQUIRE USE SKIP CORS IS HAS SHOW HIDE FORCE".split())
# What these tools find in the environment of a build goes into the page that everybody loads.
_BUILT_INTO_THE_PAGE = tuple(
    f"{tool}_"
    for tool in """
    VITE NEXT_PUBLIC NUXT_PUBLIC REACT_APP VUE_APP GATSBY EXPO_PUBLIC PUBLIC NG_APP NX_PUBLIC
    STORYBOOK SNOWPACK_PUBLIC
    """.split()
)
_PUBLIC_WORDS = frozenset("PUBLIC PUBLISHABLE SITEKEY ANON DSN".split())
_PUBLIC_VALUE = re.compile(
    r"(?:pk_(?:live|test)_|sb_publishable_|phc_|pk\.|G-|GTM-|UA-|AW-|ca-pub-|ssh-(?:rsa|ed25519) )\S+.*"
    r"|-----BEGIN (?:PUBLIC KEY|CERTIFICATE)-----.*|https://[0-9a-f]{32}@[\w.-]+/\d+",
    re.DOTALL,
)
# Of a page's own keys these two are public by design: Firebase's and Maps' key, Supabase's anonymous token.
_PUBLIC_IN_A_PAGE = ("Google API key", "JSON Web Token")
_MORE_SHAPES: Final = {
    "Resend key": re.compile(r"\bre_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{16,}\b"),
    "Mailgun key": re.compile(r"\bkey-[0-9a-f]{32}\b"),
    "Teams webhook": re.compile(r"https://[\w-]{1,63}\.webhook\.office\.com/webhookb2/\S{20,}"),
    "Discord webhook": re.compile(
        r"https://(?:\w{1,10}\.)?discord(?:app)?\.com/api/webhooks/\d{5,}/[\w-]{16,}"
    ),
    "key of Laravel": re.compile(r"^base64:[A-Za-z0-9+/]{30,}={0,2}$"),
    "password in a query": re.compile(
        r"^(?:jdbc:)?[a-z][a-z0-9+:]{0,40}://[^\s?]{1,500}\?(?:\S{0,500}&)?password=(?P<secret>[^\s&${}<>]{3,200})",
        re.IGNORECASE,
    ),
}
_SHAPES = TOKEN_SHAPES | _MORE_SHAPES
_UNITS = r"ms|[smhdwy]|sec\w*|min\w*|hours?|days?|weeks?|months?|years?"
_HARMLESS = re.compile(
    rf"(?:-+|n/?a|true|false|yes|no|on|off|none|null|nil|auto|default|[\d.,_]+\s?(?:{_UNITS})?"
    r"|test|dev(?:elopment)?|prod(?:uction)?|local|(?:~|\.{0,2})/(?:[\w.@-]+/)*[\w.@-]+"
    r"|(?:https?|postgres(?:ql)?|redis|mysql)://[\w.:-]+(?:/[\w./-]*)?)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\$\{[^{}]+\}|\$\([^()]+\)|(?:op|vault|aws-?sm|gcp-?sm|doppler|infisical|ref|secretref|ssm)(?:\+\w+)?:/{0,2}.+"
    r"|arn:aws:[\w:/-]+|projects/[\w-]+/secrets/.+",
)
_WRAPPED = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\{\{.*\}\}|#?\{[\w .-]+\}#?|%%?\w+%%?|__\w+__|@@?\w+@@?|\(\([^()]*\)\)"
    r"|[*•.xX#?_-]{3,}"
    # A prefix and filling: sk-proj-..., whsec_xxxx, AKIAXXXXXXXX; and AWS's own AKIAIOSFODNN7EXAMPLE.
    r"|(?:[A-Za-z]{1,8}[-_.:]?){1,3}?(?:[xX*•#]{3,}+|\.{3}|…)(?:[-_.]?[xX*•#]++)*+|[\w/+]{8,40}EXAMPLE(?:KEY)?"
)
# A part to fill in: mongodb+srv://<user>:<password>@host.
_PART = re.compile(r"<[A-Za-z][A-Za-z _-]{2,40}>|\{\{[^{}]*\}\}")
# Words, and what may be between them: a random text that happens to hold `todo` is no placeholder.
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’]*(?:\d{0,2}[\s_\-.:,/!]+(?:[A-Za-z][A-Za-z'’]*|\d{1,4}))*[\d!.]{0,4}")
_TELLING = frozenset(
    """
    redacted masked hidden removed todo tbd fixme sample dummy fake fill add put enter paste set
    provide managed here unset empty random required optional my string choose pick openssl
    autogenerated
    """.split()
)
_TELLING_STARTS = tuple(
    "change replace your placeholder example insert configure generate mypass mysecret mytoken mykey".split()
)
_LONGEST_PLACEHOLDER = 80
_BARE = re.compile(
    r"(?:(?:password|passwd|pass|secret|token|api|key|value|string|none|admin|root|postgres|user"
    r"|something|some|super|top|very|my|test|default|sensitive)[-_ ]?)+\d{0,3}!?",
    re.IGNORECASE,
)


def is_secret_name(key: str) -> bool:
    """Whether a variable's value is a secret by its name: DB_PASSWORD is, PASSWORD_HASHER is not."""
    words = _HUMP.sub("_", key).upper()
    if is_public_name(key) or words.partition("_")[0] in _AT_FRONT:
        return False
    found = list(_SECRET_NAME.finditer(words))
    behind = words[found[-1].end() :].split("_") if found else []
    return bool(found) and not any(word in _ABOUT or word.startswith(_ABOUT_STARTS) for word in behind)


def is_public_name(key: str) -> bool:
    """Whether everybody may know the value: it is built into a page, or public by its name."""
    words = _HUMP.sub("_", key).upper()
    is_public = not _PUBLIC_WORDS.isdisjoint(words.split("_")) or "SITE_KEY" in words or "CLIENT_ID" in words
    return is_public or key.startswith(_BUILT_INTO_THE_PAGE)


def judged(text: str, key: str = "") -> tuple[Value, str]:
    """What a value is; of a token, whose. `key` is the variable's name."""
    if _WRAPPED.fullmatch(text) or _PART.search(text):
        return Value.PLACEHOLDER, ""
    for name, pattern in _SHAPES.items():
        found = pattern.search(text)
        if found and not (name in _PUBLIC_IN_A_PAGE and is_public_name(key)):
            secret = found["secret"] if "secret" in pattern.groupindex else found[0]
            if is_placeholder(secret) or has_template(secret):
                return Value.PLACEHOLDER, ""
            return Value.TOKEN, name
    if _REFERENCE.search(text) or has_template(text):
        return Value.REFERENCE, ""
    if is_placeholder(text):
        return Value.PLACEHOLDER, ""
    is_open = _HARMLESS.fullmatch(text) or _PUBLIC_VALUE.fullmatch(text)
    return (Value.HARMLESS if is_open else Value.UNKNOWN), ""


def is_placeholder(text: str) -> bool:
    """Whether a text asks to be replaced: CHANGE_ME, <your password>, __SECRET__, SET_IN_DASHBOARD."""
    if _WRAPPED.fullmatch(text) or _BARE.fullmatch(text):
        return True
    # changeMe is change_Me; what follows is read in small letters.
    words = re.split(r"[\s_\-.:,/!'’]+", _HUMP.sub("_", text).lower())
    is_told = any(word.rstrip("0123456789") in _TELLING or word.startswith(_TELLING_STARTS) for word in words)
    return len(text) <= _LONGEST_PLACEHOLDER and is_told and bool(_WORDS.fullmatch(text))
