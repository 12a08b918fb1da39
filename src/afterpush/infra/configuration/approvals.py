"""The user's yes to what a repository's files can make us run.

A clone brings commands (`push.check`, `notify.command`, ...), hooks and a `.env`. Nothing of it runs before
the user has said yes to exactly that text in this clone, as direnv does with an `.envrc`: the yes is kept in
the git folder, which no commit reaches, with a hash of each part, and a part that changes is asked for again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder, read_bytes, write_private
from afterpush.infra.invocation import command
from afterpush.infra.printable import command_line, one_line

if TYPE_CHECKING:
    from afterpush.infra.configuration.settings import Settings

VARIABLE = "AFTERPUSH_TRUST"
_RECORD = "trust.json"
_CONFIG = "config/afterpush.yaml"


@dataclass(frozen=True)
class Item:
    """One thing that could run, or decide where a secret goes: its name, its file, and its very text."""

    what: str
    where: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(
            f"{self.what}\0{self.where}\0{self.text}".encode("utf-8", "surrogatepass")
        ).hexdigest()

    def shown(self) -> str:
        """`push.check (config/afterpush.yaml): npm test`, for people."""
        return f"{one_line(self.what)} ({one_line(self.where)}): {command_line(self.text)}"


class Trust:
    """The record of one clone, shared by its worktrees. `environment` is the process's own."""

    def __init__(self, git_folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = git_folder / "afterpush"
        self._environment = os.environ if environment is None else environment

    @property
    def is_given_by_variable(self) -> bool:
        """Whether AFTERPUSH_TRUST=1 says yes to everything: for CI."""
        return self._environment.get(VARIABLE) == "1"

    def has(self, item: Item) -> bool:
        """Whether the user said yes to this very text."""
        return self.is_given_by_variable or item.sha256 in self._recorded()

    def has_all(self, items: Iterable[Item]) -> bool:
        """Whether a yes was said here, and covers all of these."""
        recorded = self._recorded()
        return self.is_given_by_variable or (
            self._path.is_file() and all(item.sha256 in recorded for item in items)
        )

    def missing(self, items: Iterable[Item]) -> list[Item]:
        """Those of the items that nobody said yes to."""
        return [item for item in items if not self.has(item)]

    def say_yes(self, items: Iterable[Item]) -> None:
        """Adds a yes to each of the items. Raises AfterpushError when it cannot be kept."""
        private_folder(self._folder)
        entries = {item.sha256: {"what": item.what, "where": item.where} for item in items}
        write_private(self._path, json.dumps(self._recorded() | entries, indent=1) + "\n")

    def revoke(self) -> None:
        """Takes every yes of this clone back."""
        self._path.unlink(missing_ok=True)

    def require(self, items: Sequence[Item], ask: Callable[[str], bool] | None = None) -> None:
        """Raises AfterpushError (exit 2), naming what would run, unless all of the items have the user's yes.

        `ask` puts a question to a user who can answer; a yes is kept.
        """
        missing = self.missing(items)
        if not missing:
            return
        named = "; ".join(item.shown() for item in missing)
        if ask is not None and ask(f"this repository would run {named}. Run it, now and later?"):
            self.say_yes(missing)
            return
        raise AfterpushError(
            f"not run: {named}: nobody said yes to it in this clone; read it, then {command('env.trust')}"
        )

    @property
    def _path(self) -> Path:
        return self._folder / _RECORD

    def _recorded(self) -> dict[str, object]:
        try:
            document = json.loads(read_bytes(self._path, limit=1 << 20, follow=False))
        except (OSError, ValueError, RecursionError):
            return {}  # Without a record that can be read nothing has a yes.
        return document if isinstance(document, dict) else {}


def configured_items(settings: "Settings") -> list[Item]:
    """Every command that the configuration names, and where and with which secrets they run."""
    commands: list[tuple[str, object]] = [
        ("push.check", settings.push.check),
        *(
            (f"documents.lock_files.{name}.regenerate", file.regenerate)
            for name, file in (settings.documents.lock_files or {}).items()
        ),
        ("migrate.server", settings.migrate.server if "://" in settings.migrate.server else None),
        ("swarm.command", settings.swarm.command),
        ("swarm.check", settings.swarm.check),
        ("swarm.hosts", settings.swarm.hosts),
        ("swarm.scheduler", settings.swarm.scheduler),
        ("notify.command", settings.notify.command),
        ("commands.variables", settings.commands.variables),
    ]
    return [configured(what, words) for what, words in commands if words]


def configured(what: str, words: object) -> Item:
    """The item of one command of the configuration: a shell line, or a list of words."""
    text = words if isinstance(words, str) else json.dumps(words, ensure_ascii=False)
    return Item(what, _CONFIG, str(text))


def commands_with(settings: "Settings", command: Item) -> list[Item]:
    """What a command needs a yes to: itself, and the secrets that the configuration would pass to it."""
    names = settings.commands.variables
    return [command, configured("commands.variables", names)] if names else [command]


def passed_variables(settings: "Settings", trust: Trust) -> list[str]:
    """The secrets that commands of the configuration get: those that it names, after a yes to the list."""
    names = settings.commands.variables
    return names if names and trust.has(configured("commands.variables", names)) else []


def file_item(what: str, root: Path, path: str) -> Item | None:
    """The item of a file of the work tree that would be run; None when no regular file is there."""
    try:
        content = read_bytes(root / path, limit=4 << 20)
    except OSError:
        return None
    return Item(what, path, content.decode("utf-8", "surrogateescape"))
