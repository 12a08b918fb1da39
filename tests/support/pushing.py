"""A repository whose pushes are watched, and what its watchers did."""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.cli import Answer, afterpush
from tests.support.hook_tools import run_husky
from tests.support.processes import command_lines, folder_of
from tests.support.repositories import Repository, copied, lasting_folder, make_repository
from tests.support.waiting import wait_until

DEADLINE_SECONDS = 60
LONG_WAY = {"AFTERPUSH_AGAIN": "1"}
"""Has the file `run` call the program at once."""
_WATCHER = ("afterpush.hooks", "afterpush/hooks/run", "hooks.p")
# In the background a hook's script is still named after the hook until it starts the watcher.
_HOOK = ("/pre-push", "/reference-transaction")


@dataclass(frozen=True)
class Watched:
    """A repository with installed hooks whose post-push only records how it was called."""

    repository: Repository
    takes_shortcut: bool = True

    @property
    def path(self) -> Path:
        return self.repository.path

    def push(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`git push WORDS`, to its end and to the end of every watcher that it armed."""
        done = subprocess.run(
            ["git", "push", *words],
            cwd=cwd or self.path,
            env=dict(os.environ) | ({} if self.takes_shortcut else LONG_WAY) | dict(env or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )
        self.settle()
        return done

    def settle(self) -> None:
        """Waits until no watcher of this repository runs, except those that look for a refused push again;
        they are ended."""
        # Twice: a process that is just being started shows no command line for a moment.
        wait_until(lambda: not self._at_work() and not self._at_work(), "the watchers end")
        waiting = [process for process in self.watchers() if self._is_waiting(process)]
        for process in waiting:
            process.kill()
            process.wait(DEADLINE_SECONDS)
        for note in (self.path / ".git/afterpush/hooks").glob("push-*") if waiting else ():
            note.unlink()

    def _at_work(self) -> list[psutil.Process]:
        return [each for each in self._processes(*_WATCHER, *_HOOK) if not self._is_waiting(each)]

    def _is_waiting(self, process: psutil.Process) -> bool:
        """Whether the watcher looks again, in a while, for each commit that it was started for."""
        again = [line for line in self.log.splitlines() if "looking again" in line]
        try:
            shas = [word.partition(":")[0] for word in process.cmdline() if ":refs/" in word]
        except psutil.Error:
            return False
        return bool(shas) and all(any(sha[:7] in line for line in again) for sha in shas)

    def watchers(self) -> list[psutil.Process]:
        """Processes of ours that a push has left behind."""
        return self._processes(*_WATCHER)

    def _processes(self, *parts: str) -> list[psutil.Process]:
        found = []
        for pid, line in command_lines().items():
            if any(part in line for part in parts):
                folder = folder_of(pid)
                with suppress(psutil.Error):
                    if folder and folder.is_relative_to(self.path.parent):
                        found.append(psutil.Process(pid))
        return found

    def recorded(self) -> list[str]:
        """`SHA REF` of each run of post-push, in order."""
        record = self.path.parent / "record"
        return record.read_text().splitlines() if record.exists() else []

    @property
    def log(self) -> str:
        path = self.path / ".git/afterpush/hooks/watcher.log"
        return path.read_text() if path.exists() else ""


def record_post_push(repository: Repository, before: str = ":") -> None:
    """A post-push that writes down its arguments, after the shell command `before`."""
    record = "${0%/*}/../../record"
    repository.write(".husky/post-push", f'{before}\nprintf "%s %s\\n" "$2" "$4" >>"{record}"\n')


def install(repository: Repository, manager: str, *flags: str) -> Answer:
    """`hooks.install`, after husky itself where husky is the manager."""
    if manager == "husky":
        run_husky(repository.path)
    answer = afterpush("hooks.install", *flags, cwd=repository.path)
    assert answer.code == 0, answer.out + answer.err
    return answer


def watched_copy(repository: Repository, manager: str, *flags: str) -> Watched:
    """What `watched` makes of a repository to which nothing was done, copied from one that was installed."""
    for path in (repository.path, repository.remote):
        shutil.rmtree(path)
    copied(_installed(manager, flags), repository)
    return Watched(repository, takes_shortcut=manager != "husky")


@functools.cache
def _installed(manager: str, flags: tuple[str, ...]) -> Repository:
    return watched(make_repository(lasting_folder()), manager, *flags).repository


def watched(repository: Repository, manager: str, *flags: str) -> Watched:
    """Hooks are installed and recorded, and nothing is left to commit.

    With the manager `shortcut` it is git, and pushes need no Python; with husky they go the long way.
    """
    install(repository, "git" if manager == "shortcut" else manager, *flags)
    record_post_push(repository)
    repository.commit("Hooks")
    repository.git("push", "--no-verify", "--quiet", "origin", "main")
    here = Watched(repository, takes_shortcut=manager != "husky")
    here.settle()
    (repository.path.parent / "record").unlink(missing_ok=True)
    (repository.path / ".git/afterpush/hooks/watcher.log").unlink(missing_ok=True)
    return here
