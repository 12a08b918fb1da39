"""Claims on tasks, by first push wins: a ref of the remote that only one manager can create.

The ref `refs/afterpush/claims/TASK` points to a commit without files whose message says who works on the task
and until when. The remote itself is the judge: a claim is pushed expecting that the ref is absent, taken over
expecting the expired claim, renewed and released expecting our own.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from afterpush.infra.clock import Clock, rfc3339
from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git_text
from afterpush.infra.git.leases import ABSENT, Change, fetched_refs, push_changes
from afterpush.infra.log_tail import first_words

PREFIX = "refs/afterpush/claims/"
_TRIES = 5


@dataclass(frozen=True)
class Claimant:
    """Who claims: a clone (a random name that it keeps), and the manager in it."""

    clone: str
    host: str
    pid: int


@dataclass(frozen=True)
class Claim:
    """What a claim commit says; `expires_at` is in seconds since the epoch."""

    sha: str
    task: str
    clone: str
    host: str
    pid: int
    expires_at: float

    def __str__(self) -> str:
        return f"claimed by process {self.pid} on {self.host} until {rfc3339(self.expires_at)}"


@dataclass
class Held:
    """A claim of ours; `sha` changes with each renewal, under `lock`."""

    task: str
    sha: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    lost: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False


class Claims:
    """The claims of one manager on one remote."""

    def __init__(
        self,
        repo: Path,
        remote: str,
        claimant: Claimant,
        clock: Clock,
        seconds: float,
        token: Callable[[], str],
    ) -> None:
        self._repo, self._remote, self._claimant = repo, remote, claimant
        self._clock, self._seconds, self._token = clock, seconds, token
        self._empty_tree: str | None = None
        self._held: list[Held] = []

    def acquire(self, task: str) -> Held | Claim:
        """Our claim, or the one that somebody else holds. Only for a task whose lock this manager has.

        A claim of this clone is taken over at once: its holder here is dead, or we had not the lock.
        """
        sha = self._written(task)
        expected = ABSENT
        for _ in range(_TRIES):
            pushed = push_changes(self._repo, self._remote, [Change(PREFIX + task, sha, expected)])
            if pushed.landed:
                held = Held(task, sha)
                self._held.append(held)
                return held
            if not pushed.is_rejected:
                raise AfterpushError(
                    f"claiming {task} on {self._remote}: git says: {first_words(pushed.said)}"
                )
            there = read_claims(self._repo, self._remote, task).get(task)
            if there and there.clone != self._claimant.clone and there.expires_at > self._clock.now():
                return there
            expected = there.sha if there else ABSENT
        raise AfterpushError(f"claiming {task} on {self._remote}: git says: {first_words(pushed.said)}")

    def renew_all(self) -> None:
        """Moves the expiry of every claim that is held; one that somebody has taken over is marked lost."""
        for held in list(self._held):
            with held.lock:
                if held.is_over or held.lost.is_set():
                    continue
                sha = self._written(held.task)
                change = Change(PREFIX + held.task, sha, held.sha)
                pushed = push_changes(self._repo, self._remote, [change])
                if pushed.landed:
                    held.sha = sha
                elif pushed.is_rejected:
                    held.lost.set()

    def release(self, held: Held) -> None:
        """Gives the task up. A claim that is not ours any more, or a silent remote, changes nothing."""
        with held.lock:
            if not held.is_over and not held.lost.is_set():
                push_changes(self._repo, self._remote, [Change(PREFIX + held.task, ABSENT, held.sha)])
            held.is_over = True

    def _written(self, task: str) -> str:
        if self._empty_tree is None:
            self._empty_tree = git_text(self._repo, "mktree", doing="writing a claim", input=b"")
        facts = asdict(self._claimant) | {
            "task": task,
            "expires_at": self._clock.now() + self._seconds,
            "token": self._token(),
        }
        message = f"Claim {task}\n\n{json.dumps(facts)}\n".encode()
        return git_text(self._repo, "commit-tree", self._empty_tree, doing="writing a claim", input=message)


def read_claims(repo: Path, remote: str, pattern: str = "*") -> dict[str, Claim]:
    """The claims on tasks as the remote has them now; one that nobody can read counts as expired."""
    refs = fetched_refs(repo, remote, PREFIX + pattern)
    return {
        ref.removeprefix(PREFIX): parse_claim(
            sha,
            ref.removeprefix(PREFIX),
            git_text(repo, "show", "-s", "--format=%B", sha, "--", doing="reading a claim"),
        )
        for ref, sha in refs.items()
    }


def parse_claim(sha: str, task: str, message: str) -> Claim:
    """A claim from its commit's message."""
    try:
        facts = json.loads(message.partition("\n\n")[2])
        said = str(facts["clone"]), str(facts["host"]), int(facts["pid"]), float(facts["expires_at"])
        return Claim(sha, task, *said)
    except (ValueError, KeyError, TypeError):
        return Claim(sha, task, "", "unknown", 0, 0.0)
