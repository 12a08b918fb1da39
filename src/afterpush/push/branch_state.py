"""The worktree while a push is tried: moved to the commit that goes out, and put back when it does not."""

from collections.abc import Callable, Sequence
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git
from afterpush.infra.git.local_changes import (
    apply_stash,
    changes_as_commit,
    discard_changes,
    drop_stash,
    list_stash,
    move_worktree,
    set_ref,
    stash_name,
    tracked_changes,
)
from afterpush.infra.invocation import program
from afterpush.infra.processes.signals import uninterrupted
from afterpush.push.journal import PushJournal, PushState

Note = Callable[[str], None]
STASH_MESSAGE = "afterpush push: your changes, set aside"
STRAY_MESSAGE = "afterpush push: changes made while it ran"


class BranchState:
    """Where the branch and its worktree are; every move is in the journal before it is made.

    A signal waits until a move is complete: half of one could not be put back without guessing.
    """

    def __init__(
        self,
        repo: Path,
        branch_ref: str,
        original: str,
        journal: PushJournal,
        note: Note,
        merge_options: Sequence[str] = (),
        *,
        is_clean: bool = False,
    ) -> None:
        self.repo = repo
        self.at = original
        self._entry = PushState(branch_ref, original)
        self._journal = journal
        self._note = note
        self._merge_options = merge_options
        self._is_known_clean = is_clean

    @property
    def original(self) -> str:
        return self._entry.original

    @uninterrupted()
    def clear(self) -> None:
        """Sets tracked changes aside, so that what is checked is what is pushed."""
        if self._entry.stash or self._is_known_clean:
            return
        stash = changes_as_commit(self.repo, STASH_MESSAGE)
        if stash is None:
            return
        self._record(PushState(self._entry.branch_ref, self.original, self._entry.moved_to, stash))
        list_stash(self.repo, stash, STASH_MESSAGE)
        discard_changes(self.repo)
        self._is_known_clean = True

    @uninterrupted()
    def move(self, tip: str, why: str) -> str | None:
        """Moves branch, index and work tree to a commit; None, or why git refuses (then nothing has moved).

        Raises AfterpushError when somebody else has moved the branch.
        """
        if tip == self.at:
            return None
        if not self._is_in_place():
            raise AfterpushError(
                f"putting your work tree on {tip[:7]}: {self._entry.branch_ref} was moved meanwhile; "
                "push again"
            )
        self.clear()
        moved_to = (*self._entry.moved_to, tip)
        self._record(PushState(self._entry.branch_ref, self.original, moved_to, self._entry.stash))
        refused = move_worktree(self.repo, self.at, tip)
        if refused:
            return refused
        set_ref(self.repo, self._entry.branch_ref, tip, self.at, why)
        self.at = tip
        return None

    @uninterrupted()
    def put_back(self) -> None:
        """Everything as it was before: branch, index, work tree, stash list."""
        if self._is_in_place():
            self._shelve_strays()
            self._return_to_original()
        else:
            self._note(
                f"{self._entry.branch_ref} was moved meanwhile and stays; it was at {self.original[:7]}"
            )
        self.unstash()
        self._journal.clear()

    def _is_in_place(self) -> bool:
        """Whether the branch is still checked out here and where we put it: nobody committed meanwhile."""
        said = git(self.repo, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD").text.split()
        return said == [self.at, self._entry.branch_ref]

    def _return_to_original(self) -> None:
        if self.at == self.original:
            return
        refused = move_worktree(self.repo, self.at, self.original)
        if refused:
            raise AfterpushError(
                f"putting {self._entry.branch_ref} back to {self.original[:7]}: {refused}; "
                f"the next push tries again"
            )
        set_ref(self.repo, self._entry.branch_ref, self.original, self.at, "afterpush push: put back")
        self.at = self.original

    def _shelve_strays(self) -> None:
        """Changes that appeared meanwhile (a check that rewrites files, an editor) must not be lost."""
        is_moved = self.at != self.original or self._entry.stash
        stray = changes_as_commit(self.repo, STRAY_MESSAGE) if is_moved else None
        if stray is not None:
            list_stash(self.repo, stray, STRAY_MESSAGE)
            discard_changes(self.repo)
            self._note(
                f"tracked files changed while the push ran; they are in {stash_name(self.repo, stray)}"
            )

    @uninterrupted()
    def finish(self) -> None:
        """The push landed: what was set aside comes back on top of it."""
        self.unstash()
        self._journal.clear()

    def unstash(self) -> None:
        """Brings the changes back; where they do not fit they stay in the stash list, and that is said."""
        stash = self._entry.stash
        if stash is None:
            return
        if tracked_changes(self.repo) or not apply_stash(self.repo, stash, self._merge_options):
            self._note(
                "your changes do not fit on what was pushed; they are safe in "
                f"{stash_name(self.repo, stash)}: git stash pop, then {program()} conflicts.resolve"
            )
        else:
            drop_stash(self.repo, stash)
        self._entry = PushState(self._entry.branch_ref, self.original, self._entry.moved_to)

    def _record(self, entry: PushState) -> None:
        self._journal.write(entry)
        self._entry = entry
