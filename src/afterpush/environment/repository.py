"""The repository's side: remote, hooks, state folder, `.env`, migrations, notifications."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.digitalocean.notify import FIELDS
from afterpush.environment.report import Check, Problem, error, warning
from afterpush.infra.configuration.environment_variables import Environment
from afterpush.infra.configuration.settings import Migrate
from afterpush.infra.database_server.choice import choose
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git
from afterpush.infra.globs import matching
from afterpush.infra.invocation import command, program


@dataclass(frozen=True)
class EnvFile:
    """`.env` at the root: its permission bits, and what git does with it."""

    exists: bool
    mode: int
    is_ignored: bool
    is_tracked: bool


def read_env_file(root: Path) -> EnvFile:
    """Looks at the file without reading it."""
    path = root / ".env"
    ignored = git(root, "check-ignore", "--quiet", "--no-index", "--", ".env").code == 0
    tracked = git(root, "ls-files", "--error-unmatch", "--", ".env").code == 0
    try:
        return EnvFile(True, stat.S_IMODE(path.stat().st_mode), ignored, tracked)
    except OSError:
        return EnvFile(False, 0, ignored, tracked)


def env_file_check(found: EnvFile) -> tuple[Check, list[Problem]]:
    """Others must not read it, and git must not keep it."""
    if not found.exists:
        return Check(".env", True, "not there; the environment alone is used"), []
    problems = list(_env_file_problems(found))
    tracked = ["tracked"] if found.is_tracked else []
    words = [f"mode {found.mode:04o}", *tracked, "ignored" if found.is_ignored else "not ignored"]
    return Check(".env", not problems, ", ".join(words)), problems


def _env_file_problems(found: EnvFile) -> Iterator[Problem]:
    if found.mode & 0o077:
        who = "everybody" if found.mode & 0o007 else "its group"
        what = f".env can be read by {who} on this machine (mode {found.mode:04o})"
        yield warning(what, "chmod 600 .env", "everything")
    if found.is_tracked:
        cure = "git rm --cached .env, add it to .gitignore, and replace the secrets"
        yield warning(".env is tracked by git: its secrets are in the history", cure, "everything")
    elif not found.is_ignored:
        what = ".env is not ignored by git: the next git add . would commit it"
        yield warning(what, "echo .env >> .gitignore", "everything")


def state_check(folder: Path) -> tuple[Check, list[Problem]]:
    """Whether the monitors can write their files; nothing is left there."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        if not place.is_dir():
            raise NotADirectoryError(20, f"{place} is no folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(13, "permission denied")
        with tempfile.NamedTemporaryFile(dir=place, prefix=".afterpush-check-") as file:
            file.write(b"\0" * 65536)
            file.flush()
            os.fsync(file.fileno())
    except OSError as failure:
        said = (failure.strerror or str(failure)).lower()
        problem = error(
            f"the state folder {folder} cannot be written: {said}",
            f"make {place} writable and see that its disk has room, or name another in deploy.state_dir",
            "watching in the foreground; no background monitor, no history",
        )
        return Check("state", False, f"{folder}: {said}"), [problem]
    return Check("state", True, f"{folder} is writable"), []


def remote_check(name: str, urls: list[str]) -> tuple[Check, list[Problem]]:
    """The remote that pushes are proved against. `urls` are shown: they must be redacted."""
    if urls:
        return Check("remote", True, f"{name}: {', '.join(urls)}"), []
    problem = warning(
        f"there is no remote {name}",
        f"git remote add {name} URL, or set push.remote",
        "watching a commit that is named, with AFTERPUSH_APP set",
    )
    return Check("remote", False, f"no remote {name}"), [problem]


@dataclass(frozen=True)
class Hooks:
    """Who runs the hooks and from where, whether that is ready, calls us, and what switches it off; the
    program that they call, tried; and the pushes that were not watched."""

    manager: str
    folder: Path
    is_prepared: bool
    calls_us: bool
    off: str | None
    program: str | None = None
    is_program_good: bool = True
    unwatched: Sequence[str] = ()


def hooks_check(hooks: Hooks) -> tuple[Check, list[Problem]]:
    """Whether a push starts a watch by itself, as far as can be seen without one (`inv hooks.status`)."""
    problems = list(_hooks_problems(hooks))
    called = "a push starts a watch" if hooks.calls_us else "a push starts no watch"
    by = f", by {hooks.program}" if hooks.program and hooks.calls_us else ""
    return Check("hooks", not problems, f"{hooks.manager}: {called} ({hooks.folder}){by}"), problems


def _hooks_problems(hooks: Hooks) -> Iterator[Problem]:
    works, install = f"{program()} deploy.monitor after a push", command("hooks.install")
    if hooks.off:
        yield warning(f"the hooks are switched off by {hooks.off}", f"unset {hooks.off}", works)
    if not hooks.is_prepared:
        what = f"{hooks.manager}'s hooks folder {hooks.folder} is not there: git runs no hook here"
        yield warning(what, f"npm install, or npx husky, or (in a linked worktree) {install}", works)
    elif not hooks.calls_us:
        yield warning("no hook of this repository starts a watch", install, works)
    elif not hooks.is_program_good:
        yield warning(f"the hooks call {hooks.program}, which does not run", install, works)
    for text in hooks.unwatched:
        yield warning(text, command("hooks.status"), works)


def migrations_check(root: Path, migrate: Migrate, environment: Environment) -> tuple[Check, list[Problem]]:
    """The server that `migrate.*` would use; nothing is started or connected to."""
    try:
        if not matching(root, migrate.sources):
            return Check("migrations", True, f"none: no file matches {', '.join(migrate.sources)}"), []
        return Check("migrations", True, f"read by {choose(migrate.server, environment).said}"), []
    except AfterpushError as error:
        what, _, cure = str(error).partition("; ")
        return Check("migrations", False, str(error)), [
            warning(what, cure or "correct migrate.server", "all but migrate.*")
        ]


def notify_check(command: Sequence[str], path: str | None) -> tuple[Check, list[Problem]]:
    """`notify.command`: is its program there, and are there no fields that nobody fills in?"""
    if not command:
        return Check("notify", True, "no command is configured"), []
    works = "all but the notification"
    problems = []
    if shutil.which(command[0], path=path) is None:
        what = f"notify.command: {command[0]} is not on PATH"
        problems.append(warning(what, f"install it, or correct notify.command: {command[0]}", works))
    unknown = sorted({name for word in command for name in re.findall(r"\{(\w+)\}", word)} - set(FIELDS))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        what = f"notify.command: nothing fills in {', '.join(f'{{{name}}}' for name in unknown)}"
        problems.append(warning(what, f"use one of {known}", works))
    return Check("notify", not problems, command[0]), problems
