"""What the hooks keep between a push and its watch: notes that somebody must take, and what is still to tell.

pre-push leaves a note of what it arms a watcher for. The watcher holds it locked while it works, and takes it
away with its result. A note that nobody holds is a watch that died with its surroundings. That, and every
other push that could not be watched, is reported once at the next push, and by `hooks.status`,
`deploy.status` and `env.check` until a later push is watched. In `.git/afterpush/hooks`:

    push-4711@1234t   for this `git push`, a line for each ref: "origin 3a5c60a... 9f2d11c... refs/heads/main"
    unwatched         one line each: new|told TAB sha TAB why
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from afterpush.hooks.push_process import identity_of
from afterpush.hooks.ref_updates import RefUpdate
from afterpush.infra.errors import AfterpushError
from afterpush.infra.files import cure_for_writing, write_atomic
from afterpush.infra.git import common_folder, own_git_folder
from afterpush.infra.invocation import command
from afterpush.infra.locks import is_locked, locked
from afterpush.infra.processes.identity import is_running
from afterpush.infra.processes.process_table import argv_of, running
from afterpush.infra.state import StateFolder, feature_folder

UNWATCHED = "unwatched"
TOLD_NAMES = "told-names"
LAST_PUSH = "afterpush-last-push"
NEW, TOLD = "new", "told"
MOST_LINES = 50
WAIT_SECONDS = 1800
LOST = "its watcher was ended together with what it ran in"


def hooks_place(repo: Path) -> Path:
    """`<git folder>/afterpush/hooks`, shared by all worktrees; it need not be there yet."""
    return common_folder(repo) / "afterpush" / "hooks"


def hooks_folder(repo: Path) -> Path:
    """The same, made if needed, and private. Raises AfterpushError."""
    return feature_folder(repo, "hooks")


def leave_note(folder: Path, push: str, remote: str, updates: Sequence[RefUpdate]) -> None:
    """Written before the watcher is started. Raises AfterpushError."""
    path = _note(folder, push)
    try:
        with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{remote} {each.sha} {each.old} {each.ref}\n" for each in updates)
        path.chmod(0o600)
    except OSError as error:
        raise AfterpushError(f"cannot write {path}: {error.strerror}; {cure_for_writing(path)}") from error


@contextlib.contextmanager
def taken_note(folder: Path, push: str) -> Iterator[float | None]:
    """Holds the note of a push for a block, and removes it at the end; yields when the push began (pre-push
    read git's lines then), None where there was no note.

    One `git push` may have several watchers: with `--enforce` pre-push arms one, and so does each move of a
    tracking ref. One is at work at a time; the next finds in the record what was served. Raises
    AfterpushError where another one works for longer than `WAIT_SECONDS`.
    """
    path = _note(folder, push)
    began_at = _left_at(path)
    with locked(path, wait_seconds=WAIT_SECONDS, doing="watching a push"):
        try:
            yield began_at
        finally:
            path.unlink(missing_ok=True)


def _note(folder: Path, push: str) -> Path:
    return folder / f"push-{push}"


def _left_at(note: Path) -> float | None:
    """None where there is no such note, or its watcher has just taken it away."""
    with contextlib.suppress(FileNotFoundError):
        return note.stat().st_mtime
    return None


def _refs_noted(note: Path) -> list[tuple[str, str]]:
    """`(sha, ref)` of each line of a note; nothing where its watcher has just taken it away."""
    with contextlib.suppress(OSError):
        lines = note.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        words = (line.split(" ", 3) for line in lines)
        return [(each[1], each[3]) for each in words if len(each) == 4]
    return []


def later_push(folder: Path, push: str, ref: str) -> bool:
    """Whether another push of the ref has been armed since: it is the one to be looked for then."""
    mine = _note(folder, push)
    began = _left_at(mine) or 0.0
    others = [path for path in folder.glob("push-*") if path != mine and (_left_at(path) or 0.0) >= began]
    return any(ref == noted for path in others for _, noted in _refs_noted(path))


_Line = tuple[str, str, str]


class Unwatched:
    """The pushes that were not watched, each with its reason."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / UNWATCHED

    def add(self, sha: str, reason: str) -> None:
        """Keeps it for the next push; the same reason again is no news."""

        def added(lines: list[_Line]) -> list[_Line]:
            is_known = any(state == TOLD and why == reason for state, _, why in lines)
            kept = [line for line in lines if line[1] != sha]
            return [*kept, (TOLD if is_known else NEW, sha, " ".join(reason.split()))]

        self._change(added)

    def settle(self) -> None:
        """A push could be watched: whatever comes next is news again."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def to_tell(self) -> list[str]:
        """Sentences that nobody has seen yet; from now on they count as seen."""
        self._collect()
        fresh = [line for line in self._lines() if line[0] == NEW]
        if fresh:
            self._change(lambda lines: [(TOLD, *line[1:]) if line in fresh else line for line in lines])
        return _sentences([(sha, why) for _, sha, why in fresh])

    def known(self) -> list[str]:
        """All of them, seen or not."""
        self._collect()
        return _sentences([(sha, why) for _, sha, why in self._lines()])

    def _collect(self) -> None:
        """Takes the notes whose watcher died. As long as its push runs, a watcher may only be on its way."""
        notes = [note for note in self._folder.glob("push-*") if not _is_pushing(note)]
        watched = _running_watches() if notes else set()
        for note in notes:
            push = note.name.removeprefix("push-")
            shas = dict.fromkeys(sha for sha, _ in _refs_noted(note))
            with contextlib.suppress(OSError, AfterpushError):
                if watched.isdisjoint((push, sha) for sha in shas) and not is_locked(note):
                    for sha in shas:
                        self.add(sha, LOST)
                    note.unlink()

    def _lines(self) -> list[_Line]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        parts = (line.split("\t", 2) for line in text.splitlines())
        return [(part[0], part[1], part[2]) for part in parts if len(part) == 3]

    def _change(self, change: Callable[[list[_Line]], list[_Line]]) -> None:
        """One process at a time; where nothing can be written, nothing is kept."""
        lock = self._path.with_name(f"{UNWATCHED}.lock")
        with (
            contextlib.suppress(OSError, AfterpushError),
            locked(lock, wait_seconds=10, doing="noting a push"),
        ):
            lines = change(self._lines())[-MOST_LINES:]
            write_atomic(self._path, "".join("\t".join(line) + "\n" for line in lines), 0o600)


def unwatched_pushes(repo: Path) -> list[str]:
    """The pushes of this clone that were not watched, a sentence each; nothing is written."""
    folder = hooks_place(repo)
    return Unwatched(folder).known() if folder.is_dir() else []


def _sentences(unwatched: Sequence[tuple[str, str]]) -> list[str]:
    """The newest one comes last: it is the last push, for one that was watched has removed the others."""
    whose = [f"push of {sha[:7]}" for sha, _ in unwatched[:-1]] + ["last push"]
    return [
        f"the {who} was not watched: {why}; {command(f'deploy.monitor --sha={sha[:7]}')} watches it"
        for who, (sha, why) in zip(whose, unwatched, strict=False)
    ]


def _is_pushing(note: Path) -> bool:
    """Whether the `git push` that a note is named for still runs."""
    with contextlib.suppress(ValueError):  # A name that is not ours.
        push = identity_of(note.name.removeprefix("push-"))
        return push is not None and is_running(push)
    return False


def _running_watches() -> set[tuple[str, str]]:
    """`(push, commit)` of the watchers that run now, from their arguments: `4711@1234t SHA:OLD:REF`.

    The commit alone would not do: another clone on this machine may be pushing it, too.
    """
    watches: set[tuple[str, str]] = set()
    for words in (argv_of(entry.pid) for entry in running()):
        shas = {word.partition(":")[0] for word in words if word.count(":") >= 2 and ":refs/" in word}
        watches |= {(word, sha) for word in words for sha in shas}
    return watches


def say_once(folder: Path, sentence: str) -> bool:
    """Whether the sentence was never said in this clone; from now on it was."""
    path = folder / TOLD_NAMES
    with contextlib.suppress(OSError):
        said = path.read_bytes().splitlines() if path.exists() else []
        line = sentence.encode("utf-8", "surrogateescape")
        if line in said:
            return False
        write_atomic(path, b"".join(each + b"\n" for each in [*said[-4 * MOST_LINES :], line]), 0o600)
    return True


def remember_last_push(repo: Path, sha: str) -> None:
    """The last push of this worktree: its outcome is reported at the next one."""
    with contextlib.suppress(OSError, AfterpushError):
        write_atomic(own_git_folder(repo) / LAST_PUSH, f"{sha}\n", 0o600)


def outcome_to_tell(repo: Path, state: StateFolder) -> str | None:
    """How the last push of this worktree ended, reported once; None while nobody knows.

    A result that cannot be read is no reason to disturb a push: it is passed over.
    """
    path = own_git_folder(repo) / LAST_PUSH
    try:
        result = state.result(path.read_text(encoding="ascii").strip())
        document = json.loads(result.read_text(encoding="utf-8"))
        path.unlink()
    except (OSError, ValueError):
        return None
    from afterpush.digitalocean.notify import Notification

    return (
        f"the last push, {Notification.from_document(document).line()}"
        if isinstance(document, dict)
        else None
    )
