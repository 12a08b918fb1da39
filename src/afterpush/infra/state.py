"""Where afterpush keeps its state for a repository, and the names of the files there."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import private_folder
from afterpush.infra.git import common_folder, main_worktree
from afterpush.infra.git.tracked_files import tracked
from afterpush.infra.printable import one_line
from afterpush.infra.safe_paths import Gate, Refused

VARIABLE = "AFTERPUSH_STATE_DIR"
MONITOR_FILE = re.compile(
    r"\.?deployment-(?:status|monitor)-(?P<short>[0-9a-f]{7})(?:\.[a-z_]+)?\.(?P<ending>log|result|pid|lock)"
)
"""The names of the monitors' files, those of the logs that they caught too."""


@dataclass(frozen=True)
class StateFolder:
    """The files of the monitors. With `prefix` "." they lie in the repository's root, hidden."""

    path: Path
    history: Path
    prefix: str = ""

    def log(self, sha: str) -> Path:
        return self._file("deployment-status", sha, "log")

    def captured_log(self, sha: str, kind: str) -> Path:
        """Where a monitor keeps what it caught of the platform's log of one type: build, deploy, ..."""
        return self._file("deployment-status", sha, f"{kind}.log")

    def good_log(self, app_id: str) -> Path:
        """Where the hashes of the lines of an app's last good build and deploy logs are."""
        return self.path / f"{self.prefix}deployment-good-{app_id[:12]}.hashes"

    def result(self, sha: str) -> Path:
        return self._file("deployment-status", sha, "result")

    def pid(self, sha: str) -> Path:
        return self._file("deployment-monitor", sha, "pid")

    def lock(self, sha: str) -> Path:
        return self._file("deployment-monitor", sha, "lock")

    @property
    def pushes(self) -> Path:
        """The record of pushes of this repository, where its history is."""
        return self.history.with_name("pushes.jsonl")

    def _file(self, kind: str, sha: str, ending: str) -> Path:
        return self.path / f"{self.prefix}{kind}-{sha[:7]}.{ending}"

    def ready(self) -> "StateFolder":
        """The same folder, made if needed. Raises AfterpushError when it cannot be."""
        if not self.prefix:  # Else it is the root of the work tree, whose mode is the user's.
            private_folder(self.path)
        private_folder(self.history.parent)
        return self


def state_folder(repo: Path, state_dir: str | None = None) -> StateFolder:
    """The state folder of a repository: shared by its worktrees, in the git folder unless configured.

    `state_dir` is `deploy.state_dir`: a folder below the main worktree's root; `.` means the root itself,
    where the files are hidden ones (the history stays in the git folder: nothing ignores it there). Only the
    user's variable AFTERPUSH_STATE_DIR names one elsewhere. Raises AfterpushError (exit 2).
    """
    in_git = common_folder(repo) / "afterpush"
    named = os.environ.get(VARIABLE)
    if named:
        path = Path(named).expanduser().absolute()
        return StateFolder(path, path / "history.db")
    if state_dir is None:
        return StateFolder(in_git, in_git / "history.db")
    root = main_worktree(repo)
    path = _below(root, state_dir)
    is_root = path == root.resolve()
    folder = StateFolder(
        path, in_git / "history.db" if is_root else path / "history.db", "." if is_root else ""
    )
    _require_untracked(root, folder)
    return folder


def _below(root: Path, state_dir: str) -> Path:
    try:
        return Gate(root).folder(state_dir)
    except Refused as error:
        raise Refused(
            f"deploy.state_dir: {error}; a folder elsewhere is yours to name, by the variable {VARIABLE}"
        ) from error


def _require_untracked(root: Path, folder: StateFolder) -> None:
    """State that somebody committed is no state of ours: a forged verdict, or a link to a file elsewhere."""
    # Signs of a pattern in the folder's own name are none: `st[a]te` is a folder.
    place = re.sub(r"([\\*?\[])", r"\\\1", folder.path.relative_to(root.resolve()).as_posix())
    own = () if folder.prefix else ("history.db*", "pushes.jsonl")
    names = ("deployment-status-*", "deployment-monitor-*", "deployment-good-*", *own)
    found = tracked(root, [f":(glob){place}/{folder.prefix}{name}" for name in names])
    if found:
        raise AfterpushError(
            f"deploy.state_dir: git tracks {one_line(found[0])}, so that it is no state of this machine; "
            "take it out of the repository (git rm), or name another folder"
        )


def feature_folder(repo: Path, feature: str) -> Path:
    """A private folder for one feature's own state, in the git folder (shared by all worktrees)."""
    private_folder(common_folder(repo) / "afterpush")
    return private_folder(common_folder(repo) / "afterpush" / feature)
