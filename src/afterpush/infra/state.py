"""Where afterpush keeps its state for a repository, and the names of the files there."""

from dataclasses import dataclass
from pathlib import Path

from afterpush.infra.files import private_folder
from afterpush.infra.git import common_folder, main_worktree


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
        for folder in {self.path, self.history.parent}:
            private_folder(folder)
        return self


def state_folder(repo: Path, state_dir: str | None = None) -> StateFolder:
    """The state folder of a repository: shared by its worktrees, in the git folder unless configured.

    `state_dir` is `deploy.state_dir`: a folder, relative to the main worktree's root; `.` means the root
    itself, where the files are hidden ones (the history stays in the git folder: nothing ignores it there).
    """
    in_git = common_folder(repo) / "afterpush"
    if state_dir is None:
        return StateFolder(in_git, in_git / "history.db")
    root = main_worktree(repo)
    path = (root / Path(state_dir).expanduser()).resolve()
    if path == root.resolve():
        return StateFolder(path, in_git / "history.db", prefix=".")
    return StateFolder(path, path / "history.db")


def room_folder(repo: Path, room: str) -> Path:
    """A private folder for one room's own state, in the git folder (shared by all worktrees)."""
    private_folder(common_folder(repo) / "afterpush")
    return private_folder(common_folder(repo) / "afterpush" / room)
