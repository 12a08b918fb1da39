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


def _any_of(words: str) -> str:
    return "|".join(words.split())


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
# Behind the secret's word: the value is about a secret, and not it: JWT_TOKEN_TTL, PASSWORD_HASHER.
_ABOUT_WORDS = r"""
    TTL EXPIR\w* LENGTH LEN MIN\w* MAX\w* NAMES? IDS? URLS? URI HOST PORT PATHS? FILES? DIR FOLDER
    HEADERS? ISSUER AUDIENCE ALG\w* TYPES? PREFIX SUFFIX ROUNDS COUNT COST ITERATIONS SECONDS MINUTES
    HOURS DAYS ENABLED? DISABLED REQUIRED? POLICY FIELD PARAM VERSION HASH(?:ER|ERS|ING) LIFETIME
    LIFESPAN DURATION AGE TIMEOUT ENDPOINT PROVIDERS? BACKEND STRATEGY PROJECT SECURE HTTP_?ONLY
    SAME_?SITE DOMAIN REGION BUCKET MODE FORMAT CLASS DRIVER STORE STORAGE MANAGER ENGINE ROTATION
    LOCATION SCOPES? LABEL SIZE LIMIT BUDGET WINDOW INTERVAL VALIDITY RESET SOURCE SERVICE USER(?:NAME)?
    EMAIL ALLOWED COMPLEXITY STRENGTH VALIDATORS? METHOD FLOW GRANT ROLE CACHE ENV TABLE COLUMN
    SUPPORT\w*
"""
_ABOUT = re.compile(rf"_(?:{_any_of(_ABOUT_WORDS)})(?=$|_)", re.IGNORECASE)
_FRONT_WORDS = "MAX MIN NUM ALLOW ENABLE DISABLE REQUIRE USE SKIP CORS IS HAS SHOW HIDE FORCE"
_AT_FRONT = re.compile(rf"^(?:{_any_of(_FRONT_WORDS)})_", re.IGNORECASE)
# What these tools find in the environment of a build goes into the page that everybody loads.
_PAGE_PREFIXES = """
    VITE NEXT_PUBLIC NUXT_PUBLIC REACT_APP VUE_APP GATSBY EXPO_PUBLIC PUBLIC NG_APP NX_PUBLIC STORYBOOK
    SNOWPACK_PUBLIC
"""
_BUILT_INTO_THE_PAGE = re.compile(rf"^(?:{_any_of(_PAGE_PREFIXES)})_")
_PUBLIC_NAME = re.compile(r"(?:^|_)(?:PUBLIC|PUBLISHABLE|SITE_?KEY|ANON|CLIENT_ID|DSN)(?:$|_)", re.IGNORECASE)
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
_UNITS = r"ms|[smhdwy]|sec\w*|min\w*|hours?|days?|weeks?|months?|years?"
_HARMLESS = re.compile(
    rf"(?:true|false|yes|no|on|off|none|null|nil|auto|default|[\d.,_]+\s?(?:{_UNITS})?"
    r"|test|dev(?:elopment)?|prod(?:uction)?|local|(?:~|\.{0,2})/(?:[\w.@-]+/)*[\w.@-]+"
    r"|(?:https?|postgres(?:ql)?|redis|mysql)://[\w.:-]+(?:/[\w./-]*)?)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\$\{[^{}]+\}|\$\([^()]+\)|(?:op|vault|aws-?sm|gcp-?sm|doppler|infisical|ref|secretref|ssm)(?:\+\w+)?:/{0,2}.+"
    r"|arn:aws:[\w:/-]+|projects/[\w-]+/secrets/.+",
)
_WRAPPED = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\{\{.*\}\}|\{[\w .-]+\}|%\w+%|__\w+__|@@?\w+@@?|\(\([^()]*\)\)|[*•.xX#?_-]{3,}"
)
# Words, and what may stand between them: a random text that happens to hold `todo` is no placeholder.
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’]*(?:[\s_\-.:,/!]+(?:[A-Za-z][A-Za-z'’]*|\d{1,4}))*[\d!.]{0,4}")
_TELLING_WORDS = r"""
    change(?:d|_?me|_?this|_?it|_in)?\w{0,12} replace\w* your\w* my_?(?:password|secret|key|token)
    redacted masked hidden removed placeholder\w* todo tbd fix_?me example\w* sample dummy fake
    insert\w* fill add put enter paste set use_a provide configure\w* generate\w* managed see here to_be
    in_dashboard in_console update_?me edit_?me secret_goes some same_as from via not_set unset empty
    n_a the random long required optional secure_?(?:random|password|secret)
"""
_TELLING = re.compile(rf"(?:^|_)(?:{_any_of(_TELLING_WORDS)})(?:_|$)")
_BARE = re.compile(
    r"(?:password|passwd|pass|secret|token|api_?key|key|value|string|none|admin|root|postgres|user)\d{0,3}",
    re.IGNORECASE,
)


def is_secret_name(key: str) -> bool:
    """Whether a variable's value is a secret by its name: DB_PASSWORD is, PASSWORD_HASHER is not."""
    words = _HUMP.sub("_", key)
    if is_public_name(key) or _AT_FRONT.search(words):
        return False
    found = list(_SECRET_NAME.finditer(words))
    return bool(found) and not _ABOUT.search(words, found[-1].end())


def is_public_name(key: str) -> bool:
    """Whether everybody may know the value: it is built into a page, or public by its name."""
    return bool(_BUILT_INTO_THE_PAGE.search(key) or _PUBLIC_NAME.search(_HUMP.sub("_", key)))


def judged(text: str, key: str = "") -> tuple[Value, str]:
    """What a value is; of a token, whose. `key` is the variable's name."""
    if _WRAPPED.fullmatch(text):
        return Value.PLACEHOLDER, ""
    for name, pattern in (TOKEN_SHAPES | _MORE_SHAPES).items():
        found = pattern.search(text)
        if found and not (name in _PUBLIC_IN_A_PAGE and is_public_name(key)):
            secret = found["secret"] if "secret" in pattern.groupindex else ""
            if secret and (is_placeholder(secret) or has_template(secret)):
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
    words = re.sub(r"[\s\-.:,/!'’]+", "_", _HUMP.sub("_", text)).lower()
    return len(text) <= 80 and bool(_WORDS.fullmatch(text)) and bool(_TELLING.search(words))
