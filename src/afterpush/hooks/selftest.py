"""Proving that a push here reaches us: a real `git push` into a temporary bare repository.

No ref, no remote and no file of the repository changes, and nothing is watched: by a variable that only
counts for a push into that very folder, each link of the chain leaves a mark there instead.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.clock import Clock
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import clean_environment, common_folder, git_text
from afterpush.infra.processes import run

SELF_TEST_VARIABLE = "AFTERPUSH_SELF_TEST"
PUSH_SECONDS = 120
WATCHER_SECONDS = 30


@dataclass(frozen=True)
class SelfTest:
    """The folder of a self-test that is under way."""

    folder: Path

    @classmethod
    def of(cls, variable: str | None, url: str) -> "SelfTest | None":
        """The self-test that the variable names, if this push goes into its folder."""
        test = cls(Path(variable)) if variable else None
        return test if test and url == str(test.remote) and test.remote.is_dir() else None

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def log(self) -> Path:
        return self.folder / "watcher.log"

    def mark(self, link: str) -> None:
        """A link of the chain was reached: `hook`, `post-push`."""
        (self.folder / link).touch()

    def is_marked(self, link: str) -> bool:
        return (self.folder / link).exists()


@dataclass(frozen=True)
class Evidence:
    """How far a push got: to our hook, through git, and by the watcher to post-push."""

    hook_ran: bool
    push_code: int
    post_push_ran: bool
    said: str = ""

    @property
    def is_armed(self) -> bool:
        """A push that another hook refused has no landing to prove; that ours was asked is then enough."""
        return self.hook_ran and (self.post_push_ran or self.push_code != 0)


def run_self_test(repo: Path, branch: str, environment: Mapping[str, str], clock: Clock) -> Evidence:
    """Pushes HEAD to `branch` of a throw-away repository. Raises AfterpushError without any commit.

    Hooks of others run too, as in any push.
    """
    with temporary_folder("afterpush-self-test-") as folder:
        test = SelfTest(folder)
        _make_remote(repo, test.remote)
        env = clean_environment(environment) | {SELF_TEST_VARIABLE: str(folder)}
        done = run(_push_command(test.remote, branch), cwd=repo, env=env, timeout_seconds=PUSH_SECONDS)
        deadline = clock.monotonic() + WATCHER_SECONDS
        if test.is_marked("hook") and done.code == 0:
            while not test.is_marked("post-push") and clock.monotonic() < deadline:
                clock.sleep(0.02)
        said = done.error_text if done.code else _text(test.log)
        return Evidence(test.is_marked("hook"), done.code, test.is_marked("post-push"), said)


def _make_remote(repo: Path, remote: Path) -> None:
    git_text(
        remote.parent, "init", "--quiet", "--bare", remote, doing="making a repository for the self-test"
    )
    # It borrows the objects, so that a push of a large history copies nothing.
    objects = remote / "objects" / "info" / "alternates"
    objects.write_bytes(os.fsencode(common_folder(repo) / "objects") + b"\n")


def _push_command(remote: Path, branch: str) -> list[str]:
    options = ["-c", "push.followTags=false", "-c", "push.gpgSign=false", "-c", "push.recurseSubmodules=no"]
    return ["git", *options, "push", "--quiet", str(remote), f"HEAD:refs/heads/{branch}"]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def self_test_folder(variable: str | None) -> SelfTest | None:
    """The self-test that runs us behind the watcher."""
    test = SelfTest(Path(variable)) if variable else None
    return test if test and test.remote.is_dir() else None
