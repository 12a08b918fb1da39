"""Proving that a push here reaches us: a real `git push` into a temporary bare repository.

The push goes the way that a real one would take: from the checked-out branch, through the hooks that git
runs, the file `run` and its shortcut, in the environment of who asks. Only where it goes to is another place:
the variable names a folder, and counts for a push into that very folder alone. Each link of the chain leaves
a mark there. No file of the repository changes, and nothing is watched.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterpush.hooks.ref_updates import BRANCH_PREFIX, RefUpdate
from afterpush.hooks.request import Request
from afterpush.infra.clock import Clock
from afterpush.infra.files import temporary_folder
from afterpush.infra.git import clean_environment, common_folder, git, git_text
from afterpush.infra.processes import run
from afterpush.infra.processes.identity import Identity

TRIAL_VARIABLE = "AFTERPUSH_SELF_TEST"
REMOTE_VARIABLE = "AFTERPUSH_SELF_TEST_REMOTE"
TRIAL_REMOTE = "afterpush-trial"
PUSH_SECONDS = 120
WATCHER_SECONDS = 30


@dataclass(frozen=True)
class Trial:
    """The folder of a trial that is under way, and the remote that a real push would have gone to."""

    folder: Path
    stands_for: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], url: str | None) -> "Trial | None":
        """The trial that the variable names, if this push goes into its folder (None: it is known to)."""
        named = environment.get(TRIAL_VARIABLE)
        trial = cls(Path(named), environment.get(REMOTE_VARIABLE, "")) if named else None
        if trial is None or not trial.remote.is_dir() or url not in (None, str(trial.remote)):
            return None
        return trial

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def log(self) -> Path:
        return self.folder / "watcher.log"

    def mark(self, link: str, *lines: str) -> None:
        """A link of the chain was reached: `hook`, `post-push`."""
        (self.folder / link).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def is_marked(self, link: str) -> bool:
        return (self.folder / link).exists()

    def text(self, link: str) -> str:
        try:
            return (self.folder / link).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""


@dataclass(frozen=True)
class Evidence:
    """How far a push got: to our hook (by `way`: shortcut or program), through git, and by the watcher to
    post-push; or why it would not have been watched."""

    way: str
    push_code: int
    post_push_ran: bool
    reason: str = ""
    said: str = ""

    @property
    def hook_ran(self) -> bool:
        return bool(self.way)

    @property
    def is_armed(self) -> bool:
        """A push that another hook refused has no landing to prove; that ours was asked is then enough."""
        return self.hook_ran and not self.reason and (self.post_push_ran or self.push_code != 0)


def try_push(
    repo: Path,
    branch: str,
    remote: str,
    environment: Mapping[str, str],
    clock: Clock,
    *,
    moves_tracking_ref: bool = False,
) -> Evidence:
    """Pushes HEAD to `branch` of a throw-away repository in place of `remote`. There must be a commit.

    Hooks of others run too, as in any push. With `moves_tracking_ref` it is a remote with a name, so that a
    reference-transaction hook sees it; its tracking ref is removed again.
    """
    with temporary_folder() as folder:
        trial = Trial(folder, remote)
        _make_remote(repo, trial.remote, branch)
        env = clean_environment(environment) | {TRIAL_VARIABLE: str(folder), REMOTE_VARIABLE: remote}
        try:
            words = _push_command(trial.remote, branch, moves_tracking_ref=moves_tracking_ref)
            done = run(words, cwd=repo, env=env, timeout_seconds=PUSH_SECONDS)
            _wait(trial, done.code, clock, is_late=moves_tracking_ref)
        finally:
            if moves_tracking_ref:
                git(repo, "update-ref", "-d", f"refs/remotes/{TRIAL_REMOTE}/{branch}")
        said = done.error_text if done.code else trial.text("watcher.log")
        way = trial.text("hook") or ("hook" if trial.is_marked("hook") else "")
        return Evidence(way, done.code, trial.is_marked("post-push"), _reason(trial), said)


def _wait(trial: Trial, push_code: int, clock: Clock, *, is_late: bool) -> None:
    deadline = clock.monotonic() + WATCHER_SECONDS
    while push_code == 0 and not trial.is_marked("post-push") and clock.monotonic() < deadline:
        if not trial.is_marked("hook") and not is_late:
            return
        if trial.is_marked("hook") and _reason(trial):
            return
        clock.sleep(0.02)


def _reason(trial: Trial) -> str:
    return "; ".join(trial.text("reason").splitlines())


def _make_remote(repo: Path, remote: Path, branch: str) -> None:
    """A bare repository that has the branch as it was before the last commit, so that one is pushed."""
    git_text(
        remote.parent, "init", "--quiet", "--bare", remote, doing="making a repository for the self-test"
    )
    # It borrows the objects, so that a push of a large history copies nothing.
    objects = remote / "objects" / "info" / "alternates"
    objects.write_bytes(os.fsencode(common_folder(repo) / "objects") + b"\n")
    before = git(repo, "rev-parse", "--verify", "--quiet", "HEAD~1^{commit}").text.strip()
    if before:
        git(remote, "update-ref", f"{BRANCH_PREFIX}{branch}", before)


def _push_command(remote: Path, branch: str, *, moves_tracking_ref: bool) -> list[str]:
    options = ["push.followTags=false", "push.gpgSign=false", "push.recurseSubmodules=no"]
    if moves_tracking_ref:
        options += [f"remote.{TRIAL_REMOTE}.url={remote}"]
        options += [f"remote.{TRIAL_REMOTE}.fetch=+refs/heads/*:refs/remotes/{TRIAL_REMOTE}/*"]
    given = [word for option in options for word in ("-c", option)]
    to = TRIAL_REMOTE if moves_tracking_ref else str(remote)
    return ["git", *given, "push", "--quiet", "--", to, f"HEAD:{BRANCH_PREFIX}{branch}"]


def landed_in_trial(trial: Trial, push: Identity, moved: Sequence[tuple[str, str]]) -> Request | None:
    """The reference-transaction hook saw the trial's own tracking ref move."""
    trial.mark("hook", "reference-transaction")
    prefix = f"refs/remotes/{TRIAL_REMOTE}/"
    updates = [
        RefUpdate(sha, ref.replace(prefix, BRANCH_PREFIX, 1), "0" * len(sha))
        for sha, ref in moved
        if ref.startswith(prefix)
    ]
    return Request(str(trial.remote), push, tuple(updates)) if updates else None
