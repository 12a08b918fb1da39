"""Environment variables: secrets in plain text, secrets without a value. No value is ever shown."""

import re
from collections.abc import Iterator

from afterpush.appspec.spec import AppSpec, SpecVariable
from afterpush.appspec.validate.problems import SpecProblem, error, warning
from afterpush.infra.secrets import TOKEN_SHAPES

# Whole words of the name, so that KEYCLOAK_URL, TOKENIZER and BYPASS_CACHE are none; the longer ones also at
# the end of a word (PGPASSWORD, CLIENTSECRET). Humps are cut first: dbPassword is db_Password.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASS(?:WD|PHRASE)?|PWD|PAT|DSN|SALT|PEPPER|CREDENTIALS?|TOKENS?"
    r"|[A-Z0-9]*(?:PASSWORDS?|SECRETS?|(?:AUTH|ACCESS|API)TOKENS?|(?:API|ACCESS)_?KEYS?)"
    r"|(?:PRIVATE|SIGNING|ENCRYPTION|SECRET|AUTH|MASTER|SSH|HMAC|SESSION|COOKIE|JWT)_?KEYS?)(?:$|_)",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Names that say that the value is about a secret, not the secret: JWT_TOKEN_TTL, PASSWORD_MIN_LENGTH.
_ABOUT = re.compile(
    r"(?:^|_)(?:TTL|EXPIR\w*|LENGTH|LEN|MIN|MAX|NAME|ID|URL|URI|HOST|PATH|FILE|DIR|HEADER|ISSUER|AUDIENCE|ALG\w*"
    r"|TYPE|PREFIX|ROUNDS|COUNT|SECONDS|MINUTES|HOURS|DAYS|ENABLED|REQUIRED|POLICY|FIELD|PUBLIC|PUBLISHABLE|VERSION)(?:$|_)",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:true|false|yes|no|none|null|[\d.]+[smhd]?|<.*>|\*+|x{3,}|change[_-]?me.*|your[_-].*|replace[_-]?me.*"
    r"|todo.*|example.*|placeholder.*|dummy|test|dev|development"
    r"|\.{0,2}/(?:[\w.-]+/)*[\w-]+\.(?:json|pem|crt|key|p12|txt|ya?ml))",
    re.IGNORECASE,
)
_ENCRYPTED = re.compile(r"EV\[[^\]]+\]")
_REFERENCE = re.compile(r"\$\{[^}]+\}")
_CURE = "set type: SECRET and put in the value that the platform encrypted (EV[...]), then change the secret"


def variable_problems(spec: AppSpec) -> Iterator[SpecProblem]:
    """Problems of all variables. Messages name keys and the shape of a value, never a value."""
    seen: set[tuple[str, str]] = set()
    for variable in spec.variables:
        owner = variable.path.partition(".envs[")[0]
        if variable.key and (owner, variable.key) in seen:
            yield error(
                variable.path,
                variable.node,
                f"the variable {variable.key} appears twice in one list",
                "remove one of them",
            )
        seen.add((owner, variable.key))
        yield from _secret_problems(variable, spec.is_template)


def _secret_problems(variable: SpecVariable, is_template: bool) -> Iterator[SpecProblem]:
    text = variable.text
    if variable.is_secret and not text:
        if not is_template:
            yield warning(
                variable.path,
                variable.node,
                f"the secret {variable.key} has no value: this spec, sent to the platform, empties it",
                "put in the encrypted value from the live spec (EV[...]), and never send this file as it is",
            )
        return
    place, node = f"{variable.path}.value", variable.value or variable.node
    if not text or _ENCRYPTED.fullmatch(text):
        return
    shape = next((name for name, pattern in TOKEN_SHAPES.items() if pattern.search(text)), None)
    if shape:
        yield error(place, node, f"the value of {variable.key} has the shape of a secret ({shape})", _CURE)
    elif _REFERENCE.search(text) or _HARMLESS.fullmatch(text):
        return
    elif variable.is_secret:
        yield error(place, node, f"the secret {variable.key} is here in plain text", _CURE)
    elif _is_secret_by_name(variable.key):
        yield error(
            place,
            node,
            f"{variable.key} is a secret by its name, and its value is here in plain text",
            _CURE,
        )


def _is_secret_by_name(key: str) -> bool:
    words = _HUMP.sub("_", key)
    return bool(_SECRET_NAME.search(words)) and not _ABOUT.search(words)
