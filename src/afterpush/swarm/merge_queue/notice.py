"""What a branch's agent reads: a file in its worktree that no commit takes in."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from afterpush.infra.files import write_atomic
from afterpush.infra.git import current_branch, main_worktree
from afterpush.infra.git.leftovers import ignore_here
from afterpush.infra.git.worktrees import linked_worktrees
from afterpush.infra.invocation import command
from afterpush.infra.log_tail import last_lines
from afterpush.swarm.merge_queue.model import Entry, State

NOTICE = ".afterpush-queue.md"
_MOST_BYTES, _LINES = 16384, 40


def leave_notices(repo: Path, entries: Sequence[Entry], target: str, redact: Callable[[str], str]) -> None:
    """For each branch with a worktree: writes why it has not landed, or removes an old notice.

    A worktree that cannot be written to changes nothing: the queue's own answer has the reason too.
    """
    places = _worktrees(repo)
    for entry in entries:
        place = places.get(entry.branch)
        if place is None:
            continue
        with suppress(OSError):
            if entry.state in (State.EVICTED, State.CONFLICT):
                ignore_here(repo, f"/{NOTICE}")
                write_atomic(place / NOTICE, redact(_text(entry, target)), mode=0o600)
            else:
                (place / NOTICE).unlink(missing_ok=True)


def _worktrees(repo: Path) -> dict[str, Path]:
    """The worktrees by the branches that are checked out in them."""
    found = {linked.branch: linked.path for linked in linked_worktrees(repo) if linked.path.is_dir()}
    main = main_worktree(repo)
    return {branch: path for branch, path in {**found, current_branch(main): main}.items() if branch}


def _text(entry: Entry, target: str) -> str:
    lines = [f"# {entry.branch} has not landed on {target}", "", f"{entry.state}: {entry.reason}", ""]
    tail = "\n".join(last_lines(Path(entry.log), _MOST_BYTES)[-_LINES:] if entry.log else [])
    if tail:
        lines += ["The last lines of the check:", "", "```", tail, "```", ""]
    again = f"queue.run --branch={entry.branch}"
    what = f"Merge {target} and resolve the conflict" if entry.state is State.CONFLICT else "Mend it"
    return "\n".join([*lines, f"{what} here, commit, then run: {command(again)}", ""])
