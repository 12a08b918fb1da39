"""Candidates in the object store: branches merged one after another onto a commit, without any worktree."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from afterpush.infra.errors import AfterpushError
from afterpush.infra.git import git_text, is_ancestor
from afterpush.infra.git.fetch_push import Target
from afterpush.infra.git.merge_tree import Merging, TreeMerge, merge_trees
from afterpush.infra.git.objects import signs_commits, write_commit
from afterpush.infra.git.submodules import new_gitlinks
from afterpush.infra.git.unmerged import Unmerged
from afterpush.infra.invocation import program
from afterpush.swarm.merge_queue.model import Candidate, Cause, Entry, LeftOut, Link

# merge-ort moves a file out of the way of a folder, to its name with the side's name behind it.
_MOVED_AWAY = re.compile(r"~[0-9a-f]{40,64}(?:_\d+)?$")


@dataclass
class Composer:
    """Merges branches as the user's git would, shared documents by meaning; each merge is made once.

    `message` gives the merge commit's message, `again` the task to run after a resolved conflict. Calls must
    come from one thread at a time.
    """

    repo: Path
    target: Target
    merging: Merging
    message: Callable[[Entry], str]
    again: Callable[[Entry], str]
    _merged: dict[tuple[str, str], "Link | LeftOut"] = field(default_factory=dict)
    _trees: dict[str, str] = field(default_factory=dict)
    _composed: dict[tuple[str, tuple[str, ...]], Candidate] = field(default_factory=dict)

    @cached_property
    def _signs(self) -> bool:
        return signs_commits(self.repo)

    def __call__(self, base: str, entries: tuple[Entry, ...]) -> Candidate:
        key = (base, tuple(entry.sha for entry in entries))
        if key not in self._composed:
            self._composed[key] = self._chained(base, entries)
        return self._composed[key]

    def _chained(self, base: str, entries: tuple[Entry, ...]) -> Candidate:
        candidate = self._chain(base, entries, one_by_one=False)
        if candidate.links and new_gitlinks(self.repo, base, candidate.tree):
            return self._chain(base, entries, one_by_one=True)
        return candidate

    def _chain(self, base: str, entries: tuple[Entry, ...], *, one_by_one: bool) -> Candidate:
        """`one_by_one`: some branch holds a repository of its own as a bare link; it is left out."""
        links: list[Link] = []
        left_out: list[LeftOut] = []
        head = base
        for entry in entries:
            made = self._onto(head, entry)
            if isinstance(made, Link) and one_by_one:
                made = self._without_strangers(head, made)
            if isinstance(made, LeftOut):
                on_base = head == base or isinstance(self._onto(base, entry), LeftOut)
                left_out.append(replace(made, on_base=on_base))
            else:
                links.append(made)
                head = made.commit
        return Candidate(base, self._tree(base), tuple(links), tuple(left_out))

    def _onto(self, head: str, entry: Entry) -> Link | LeftOut:
        key = (head, entry.sha)
        if key not in self._merged:
            self._merged[key] = self._merge(head, entry)
        return self._merged[key]

    def _merge(self, head: str, entry: Entry) -> Link | LeftOut:
        try:
            merged = merge_trees(self.repo, head, entry.sha, options=self.merging.options)
            if not merged.is_clean and not merged.conflicted_paths:
                raise AfterpushError(f"merging {entry.branch}: git says: {merged.said or 'nothing'}")
        except AfterpushError as error:
            return LeftOut(entry.branch, Cause.UNMERGEABLE, str(error))
        if not merged.is_clean:
            return LeftOut(entry.branch, Cause.CONFLICT, self._conflict(entry, merged))
        if merged.tree == self._tree(head):
            is_there = is_ancestor(self.repo, entry.sha, head)
            said = f"its {'commits are' if is_there else 'change is'} on {self.target} already"
            return LeftOut(entry.branch, Cause.CONTAINED, said, sha=entry.sha if is_there else head)
        commit = write_commit(
            self.repo, merged.tree, [head, entry.sha], self.message(entry).encode(), sign=self._signs
        )
        self._trees[commit] = merged.tree
        return Link(entry.branch, entry.sha, commit, merged.tree)

    def _conflict(self, entry: Entry, merged: TreeMerge) -> str:
        where = _contended(self.repo, merged, self.merging)
        return (
            f"conflict with {self.target} in {where}; resolve it on {entry.branch}, "
            f"then {program()} {self.again(entry)}"
        )

    def _without_strangers(self, head: str, link: Link) -> Link | LeftOut:
        strangers = new_gitlinks(self.repo, head, link.tree)
        if not strangers:
            return link
        said = (
            f"{', '.join(strangers)} is a git repository of its own, whose files would not be on main: "
            f"remove its .git folder or make it a submodule; {link.branch} stays"
        )
        return LeftOut(link.branch, Cause.REPOSITORY_INSIDE, said)

    def _tree(self, commit: str) -> str:
        if commit not in self._trees:
            self._trees[commit] = git_text(
                self.repo, "rev-parse", f"{commit}^{{tree}}", doing="reading a tree"
            )
        return self._trees[commit]


def _contended(repo: Path, merged: TreeMerge, merging: Merging) -> str:
    """The paths that both sides have changed, each with the reason where there is one to tell."""
    told = []
    for path in merged.conflicted_paths:
        entry = next((entry for entry in merged.conflicts if entry.path == path), None)
        reasons = _reasons(repo, path, entry, merged, merging)
        name = _MOVED_AWAY.sub("", path)
        told.append(f"{name} ({'; '.join(reasons)})" if reasons else name)
    return ", ".join(told)


def _reasons(
    repo: Path, path: str, entry: Unmerged | None, merged: TreeMerge, merging: Merging
) -> tuple[str, ...]:
    if _MOVED_AWAY.search(path):
        return ("a file on one side, a folder on the other",)
    if entry is None:
        return tuple(message for message in merged.messages if path in message)[:1]
    if entry.ours is None or entry.theirs is None:
        if entry.base:
            is_gone = entry.ours is None
            there, here = ("deleted", "changed") if is_gone else ("changed", "deleted")
            return (f"{there} on main, {here} on the branch",)
        return tuple(message for message in merged.messages if path in message)[:1]
    if not (entry.ours.is_file and entry.theirs.is_file):
        return ("no regular file on both sides",)
    return merging.explained(repo, entry)
