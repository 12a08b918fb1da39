"""The remote's main as this manager knows it, and which tasks have landed on it.

Every merge commit of the swarm names its task in a trailer: that, on the remote, is the truth about what was
merged; a journal that a crash has left behind, or another clone, reads it there.
"""

import re
import threading
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git_text
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.leases import fetched_refs
from afterpush.swarm.states import attempt_in

TASK_TRAILER = "Swarm-Task"
BRANCH_TRAILER = "Swarm-Branch"


class Mainline:
    """Thread-safe: the newest commit of main that was seen, and the commits that landed tasks."""

    def __init__(self, repo: Path, target: Target) -> None:
        self._repo, self.target = repo, target
        self._lock = threading.RLock()
        self._landed: dict[str, str] = {}
        self._scanned: str | None = None
        self._tip: str | None = None

    @property
    def tip(self) -> str:
        """The newest commit that was seen; asked of the remote when none was."""
        with self._lock:
            return self._tip or self.look()[0]

    def look(self, task: str | None = None) -> tuple[str, int]:
        """Asks the remote: main's commit now, and the highest attempt of the task that has a branch there."""
        patterns = [self.target.ref, *([f"refs/heads/swarm/{task}/*"] if task else [])]
        refs = fetched_refs(self._repo, self.target.remote, *patterns, needed=self.target.ref.__eq__)
        if self.target.ref not in refs:
            raise AfterpushError(
                f"{self.target.remote} has no branch {self.target.branch}; push one first, or set push.branch"
            )
        sha = refs[self.target.ref]
        with self._lock:
            self._tip = sha
        return sha, max((attempt_in(ref, task) for ref in refs), default=0) if task else 0

    def moved_to(self, sha: str) -> None:
        """We have moved main ourselves."""
        with self._lock:
            self._tip = sha

    def landed(self, task: str) -> str | None:
        """The commit that brought the task into what is known of main."""
        with self._lock:
            if self._tip and self._scanned != self._tip:
                self._landed |= _landed_between(self._repo, self._scanned, self._tip)
                self._scanned = self._tip
            return self._landed.get(task)


def _landed_between(repo: Path, since: str | None, until: str) -> dict[str, str]:
    text = git_text(
        repo,
        *("log", "--reverse", "--format=%H%x00%(trailers:key=Swarm-Task,valueonly,separator=%x2C)%x01"),
        *(f"--grep=^{TASK_TRAILER}: ", until, *([f"^{since}"] if since else [])),
        doing="looking for merged tasks",
    )
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split("\x01"))):
        sha, _, tasks = entry.partition("\0")
        found |= dict.fromkeys(re.findall(r"[^,\s]+", tasks), sha)
    return found
