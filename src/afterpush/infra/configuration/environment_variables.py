"""Variables with their source: the process's own environment, and the gaps that `.env` fills.

A secret goes only where its own source says, as npm binds a credential to its registry (npm/cli#5378). The
environment is the user's own, so that an address which he exported may be used with a secret of his `.env`;
never the other way round:

    exported DIGITALOCEAN_TOKEN, DIGITALOCEAN_API_URL in .env           refused
    DIGITALOCEAN_TOKEN in .env,  DIGITALOCEAN_API_URL in .env           used
    DIGITALOCEAN_TOKEN in .env,  DIGITALOCEAN_API_URL exported          used
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import read_bytes, read_text
from afterpush.infra.invocation import command
from afterpush.infra.printable import one_line
from afterpush.infra.secrets import OUR_SECRETS, TOKENS, Secret
from afterpush.infra.secrets.redaction import Redactor, secrets_in

if TYPE_CHECKING:
    from afterpush.infra.configuration.approvals import Item

FILE_LIMIT = 1 << 20

PUBLIC_API = "https://api.digitalocean.com"
# The variables that decide where a secret goes, with their defaults.
API_ADDRESS = {"DIGITALOCEAN_API_URL": PUBLIC_API}
DATABASE_ADDRESS = {
    "DB_HOST": "",
    "DB_PORT": "25060",
    "DB_USER": "doadmin",
    "DB_NAME": "defaultdb",
    "DB_SSL_MODE": "REQUIRED",
    "DB_SSL_CA": "",
}
# What `.env` may give: names that are documented in .env.example. Switches are for one command, and the
# environment's alone.
NAMES = OUR_SECRETS | {*API_ADDRESS, *DATABASE_ADDRESS, "AFTERPUSH_APP", "HEALTH_URL"}


@dataclass(frozen=True)
class Environment:
    """Variables by name. Prints no value."""

    own: Mapping[str, str]
    in_file: Mapping[str, str] = field(default_factory=dict)
    refusal: str | None = None
    """Why the file gives nothing; None when it may."""
    also_secret: frozenset[str] = frozenset()
    """Names that the configuration says hold a secret (`notify.webhook_env`)."""
    tell: Callable[[str], None] = field(default=lambda _: None, compare=False)
    """Called with where a secret goes, when that is not the usual host."""

    def get(self, name: str, default: str = "") -> str:
        """A variable that is no secret; empty counts as unset. Raises AfterpushError where only a refused
        file has it."""
        return self.own.get(name) or self._from_file(name) or default

    def secret(self, name: str) -> Secret | None:
        """A secret variable, wrapped; None when unset or empty. Raises AfterpushError as `get` does."""
        value = self.get(name)
        return Secret(value) if value else None

    def token(self) -> Secret | None:
        """The platform's token, under the first of its names that is set."""
        return next(filter(None, map(self.secret, TOKENS)), None)

    def source_of(self, name: str) -> str | None:
        """`environment` or `.env`, where the value would come from; None when it is unset."""
        if self.own.get(name):
            return "environment"
        is_ours = name in NAMES or name in self.also_secret
        return ".env" if is_ours and self.in_file.get(name) and not self.refusal else None

    def is_own(self, name: str) -> bool:
        """Whether the value comes from the environment itself."""
        return bool(self.own.get(name))

    def require_one_source(self, secrets: Iterable[str], addresses: Mapping[str, str]) -> None:
        """Raises AfterpushError (exit 2) where a secret of the environment would go to an address of `.env`.

        `addresses` are names with their defaults, the host first: to spell out a default leads nowhere else.
        A host that is not the default is shown; where there is no default, one that a file names.
        """
        secret = next((name for name in secrets if self.get(name)), None)
        if secret is None:
            return
        changed = [name for name, default in addresses.items() if self.get(name, default) != default]
        led = [name for name in changed if not self.is_own(name)]
        if led and self.is_own(secret):
            names = ", ".join(led)
            raise AfterpushError(
                f"{names} in .env would decide where {secret} of your environment goes; a secret goes only "
                f"where its own source says: export {names} as well, or move {secret} into .env"
            )
        host = next(iter(addresses))
        if host in changed and (addresses[host] or not self.is_own(host)):
            place = one_line(self.get(host).rpartition("@")[2])
            source = "the environment" if self.is_own(host) else ".env"
            self.tell(f"{secret} goes to {place} ({host} of {source})")

    def redactor(self) -> Redactor:
        """Takes every secret of both sources out of text, also those of a file that gives nothing."""
        return Redactor(secrets_in((*self.in_file.items(), *self.own.items()), self.also_secret))

    def telling(self, *names: str | None) -> "Environment":
        """The same, knowing that variables of these names hold a secret."""
        return replace(self, also_secret=self.also_secret | frozenset(filter(None, names)))

    def for_child(self) -> dict[str, str]:
        """The environment that we were given, for a process of ours: `.env` reaches no child."""
        return dict(self.own)

    def for_command(self, passed: Iterable[str] = ()) -> dict[str, str]:
        """The same for a command of the team's: without our secrets, but for the names in `passed`."""
        hidden = (OUR_SECRETS | self.also_secret) - set(passed)
        return {name: value for name, value in self.own.items() if name not in hidden}

    def _from_file(self, name: str) -> str | None:
        if name not in NAMES and name not in self.also_secret:
            return None
        value = self.in_file.get(name)
        if value and self.refusal:
            raise AfterpushError(self.refusal)
        return value

    def __repr__(self) -> str:
        return f"Environment({len(self.own)} variables, {len(self.in_file)} in .env)"


def read_environment(root: Path | None, process: Mapping[str, str] | None = None) -> Environment:
    """The environment, with the gaps filled from `.env` in `root`.

    Raises AfterpushError for a `.env` line that is no assignment (its number is named, its text is not).
    """
    own = dict(os.environ if process is None else process)
    path = root / ".env" if root else None
    if root is None or path is None or not path.is_file():
        return Environment(own)
    text = read_text(path, "reading .env", limit=FILE_LIMIT)
    in_file = _assignments(text, path)
    return Environment(own, in_file, _refusal(root, own) if in_file else None)


def _assignments(text: str, path: Path) -> dict[str, str]:
    from io import StringIO

    from dotenv.main import DotEnv
    from dotenv.parser import parse_stream

    for binding in parse_stream(StringIO(text)):
        if binding.error:
            raise AfterpushError(
                f"reading {path}: line {binding.original.line} is not NAME=value; "
                "correct it (.env.example shows the form)"
            )
    values = DotEnv(None, StringIO(text), interpolate=False).dict()
    return {name: value for name, value in values.items() if value}


def tracked_file_item(root: Path) -> "Item | None":
    """`.env` where others can change it: it is tracked, or a link to a tracked file. None otherwise.

    What it says is hashed, but not shown: it may hold secrets.
    """
    from afterpush.infra.configuration.approvals import Item
    from afterpush.infra.git.tracked_files import tracked

    path = root / ".env"
    if not path.is_file():
        return None
    real = path.resolve()
    is_inside = real.is_relative_to(root.resolve())
    names = {".env", *([real.relative_to(root.resolve()).as_posix()] if is_inside else ())}
    if not tracked(root, sorted(names)):
        return None
    digest = hashlib.sha256(read_bytes(path, limit=FILE_LIMIT)).hexdigest()
    return Item(".env", ".env", f"variables, sha256 {digest}")


def _refusal(root: Path, own: Mapping[str, str]) -> str | None:
    """Why this file gives nothing: git tracks it, so that others can change it, and no yes was said."""
    from afterpush.infra.configuration.approvals import Trust
    from afterpush.infra.git import common_folder

    item = tracked_file_item(root)
    if item is None or Trust(common_folder(root), own).has(item):
        return None
    return (
        "git tracks .env, so others can change it, and nobody said yes to it in this clone: it gives no "
        "variable; keep it out of git (git rm --cached .env, and list it in .gitignore), "
        f"or run {command('env.trust')}"
    )
