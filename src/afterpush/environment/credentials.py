"""Which variables are set, and where; their values are never looked at here beyond being empty."""

from collections.abc import Iterator

from afterpush.environment.report import Credential, Problem, warning
from afterpush.infra.configuration.environment_variables import Environment

PURPOSES = {
    "DIGITALOCEAN_TOKEN": "ask the App Platform API (scope app:read is enough)",
    "DIGITALOCEAN_ACCESS_TOKEN": "the same, where DIGITALOCEAN_TOKEN is not set (doctl's name)",
    "DIGITALOCEAN_API_URL": "another address of that API",
    "AFTERPUSH_APP": "which app, where it cannot be found from the repository",
    "DB_HOST": "ask the deployments table",
    "DB_PORT": "its port (25060)",
    "DB_USER": "its user (doadmin)",
    "DB_PASS": "its password",
    "DB_NAME": "its database (defaultdb)",
    "DB_SSL_CA": "verify its certificate",
    "DB_SSL_MODE": "how its connection is secured (REQUIRED)",
    "HEALTH_URL": "ask the app itself",
    "AFTERPUSH_REPO": "act on another repository than the current folder's",
    "AFTERPUSH": "0 switches our hooks off",
    "HUSKY": "0 switches husky's hooks off",
}


def find_credentials(environment: Environment, webhook: str | None) -> list[Credential]:
    """Every variable by name, with its source; the environment's own value goes before that of `.env`."""
    purposes = PURPOSES | ({webhook: "tell a webhook of verdicts"} if webhook else {})
    sources = ((name, environment.source_of(name), purpose) for name, purpose in purposes.items())
    return [Credential(name, source is not None, source, purpose) for name, source, purpose in sources]


def credential_problems(credentials: list[Credential], webhook: str | None) -> Iterator[Problem]:
    """Halves of pairs: what is set and has no effect."""
    present = {credential.name for credential in credentials if credential.present}
    if "DB_PASS" in present and "DB_HOST" not in present:
        works = "the other sources; the table is not asked"
        yield warning("DB_PASS is set, but DB_HOST is not", "set DB_HOST", works)
    if "DB_HOST" in present and "DB_PASS" not in present:
        works = "the table, if it needs no password"
        yield warning("DB_HOST is set, but DB_PASS is not", "set DB_PASS", works)
    if webhook and webhook not in present:
        what = f"notify.webhook_env names {webhook}, which is not set"
        yield warning(what, f"set {webhook}, or take the key out", "everything but that message")
